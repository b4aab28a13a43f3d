package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Files reads the files of records and checks them out. To add a file or a version, change
// the record.
type Files struct{ c *Client }

// Get returns a file. Request its versions with Select("file", "fileversions").
func (r *Files) Get(ctx context.Context, id string, opts ...CallOption) (*File, error) {
	return get[File](ctx, r.c, opts, "file", id)
}

// Versions lists the versions of a file.
func (r *Files) Versions(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*FileVersion, error] {
	return listAt[FileVersion](ctx, r.c, opts, "file", id, "fileversions")
}

// LatestVersion returns the latest version of a file.
func (r *Files) LatestVersion(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "file", id, "latestversion")
}

// CheckOut reserves a file: only the token's user can then add versions to it. A new version,
// see [NewFileVersion], checks the file in again, and so does CheckIn.
func (r *Files) CheckOut(ctx context.Context, id string, opts ...CallOption) error {
	_, err := r.c.do(ctx, call{method: http.MethodPost, path: []string{"file", id, "checkouts"}}.with(opts))
	return err
}

// CheckIn ends a check-out without a new version.
func (r *Files) CheckIn(ctx context.Context, id string, opts ...CallOption) error {
	return remove(ctx, r.c, []string{"file", id, "checkouts"}, opts)
}

// A File is a file of a record, with all its versions. Versions, users and images are zero
// unless a call selects them.
type File struct {
	ID            string             `json:"id"`
	Versions      Items[FileVersion] `json:"fileVersions" also:"versions"`
	LatestVersion *FileVersion       `json:"latestFileVersion" also:"latestVersion"`
	Preview       *Image             `json:"preview"`
	Thumbnail     *Image             `json:"thumbnail"`

	CheckedOut   bool      `json:"checkedOut"`
	CheckedOutOn time.Time `json:"checkedOutOn"` // zero if it is not checked out
	CheckedOutBy *User     `json:"checkedOutBy"`

	// WatermarkType is None, InheritFromFile, UseSetting or UseSpecified: WatermarkID.
	WatermarkType string     `json:"watermarkType"`
	WatermarkID   string     `json:"watermarkId"`
	Watermark     *Watermark `json:"watermark"`

	Fields    Fields    `json:"fields"`
	CreatedOn time.Time `json:"createdOn"`
	CreatedBy *User     `json:"createdBy"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *File) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f File) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// An Image is a preview or thumbnail.
type Image struct {
	// URI is a signed link, valid for some hours. Fetch it with [Downloads] or
	// another client that sends no token: with a token, the storage responds with 403.
	// Aprimo's limit does not apply.
	URI       string `json:"uri"`
	Extension string `json:"extension"`
	Width     int    `json:"width"`  // pixels
	Height    int    `json:"height"` // pixels
	Size      int64  `json:"size"`   // bytes

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (i *Image) UnmarshalJSON(data []byte) error { return decodeModel(data, i) }

// MarshalJSON encodes the fields that are not zero.
func (i Image) MarshalJSON() ([]byte, error) { return encodeModel(&i) }

// A Watermark is applied to delivered files.
type Watermark struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Position string `json:"position"` // topleft, middlecenter, bottomright, …
	Image    *Image `json:"image"`    // if selected
	Tag      string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (w *Watermark) UnmarshalJSON(data []byte) error { return decodeModel(data, w) }

// MarshalJSON encodes the fields that are not zero.
func (w Watermark) MarshalJSON() ([]byte, error) { return encodeModel(&w) }
