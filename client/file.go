package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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

// FileChanges adds files to a record, adds versions to its files, and removes files.
type FileChanges struct {
	// Master is the token of the upload that becomes the record's main file. That
	// upload must also be in AddOrUpdate; see [MasterFile].
	Master      string       `json:"master,omitempty"`
	AddOrUpdate []FileChange `json:"addOrUpdate,omitempty"`
	Remove      []Ref        `json:"remove,omitempty"`
}

// IsZero reports whether there are no changes.
func (c FileChanges) IsZero() bool {
	return c.Master == "" && len(c.AddOrUpdate) == 0 && len(c.Remove) == 0
}

// A FileChange adds a file, or changes an existing one or its versions.
type FileChange struct {
	// ID is the file to change. If it is empty, the record gets another file.
	ID       string              `json:"id,omitempty"`
	Versions Changes[NewVersion] `json:"versions,omitzero"`

	// WatermarkType is None, InheritFromFile, UseSetting or UseSpecified: WatermarkID.
	WatermarkType string `json:"watermarkType,omitempty"`
	WatermarkID   string `json:"watermarkId,omitempty"`
}

// A NewVersion turns an upload into a version of a file, or changes an existing version. The
// fields that are zero in a change keep their values.
type NewVersion struct {
	Token string `json:"-"` // of the upload; it can be used once
	ID    string `json:"-"` // of an existing version, if Token is empty

	FileName     string `json:"fileName,omitempty"`
	VersionLabel string `json:"versionLabel,omitempty"`
	Comment      string `json:"comment,omitempty"`
	Tag          string `json:"tag,omitempty"`

	AdditionalFiles Changes[NewAdditionalFile] `json:"additionalFiles,omitzero"`
	Previews        Changes[NewPreview]        `json:"previews,omitzero"`

	// PublicationItems replace the version's. An empty slice that is not nil removes them.
	PublicationItems []PublicationItem `json:"publicationItems,omitzero"`

	// WatermarkType and WatermarkID are as in FileChange.
	WatermarkType string `json:"watermarkType,omitempty"`
	WatermarkID   string `json:"watermarkId,omitempty"`
}

// MarshalJSON encodes the version in the form of Aprimo's guide, where the id is the token of
// a new version.
func (v NewVersion) MarshalJSON() ([]byte, error) {
	if v.Token == "" && v.ID == "" {
		return nil, errors.New("a NewVersion has neither Token nor ID: upload the file and set Token, or set ID to change a version")
	}
	type plain NewVersion
	return json.Marshal(struct {
		ID string `json:"id"`
		plain
	}{cmp.Or(v.Token, normalizeID(v.ID)), plain(v)})
}

// A NewAdditionalFile adds a file to a version, such as a subtitle or a crop.
type NewAdditionalFile struct {
	Token    string `json:"id"` // of the upload, or the id of an additional file to change
	Label    string `json:"label,omitempty"`
	FileName string `json:"filename,omitempty"`
	Type     string `json:"type,omitempty"` // see [AdditionalFile]
	Tag      string `json:"tag,omitempty"`
}

// A NewPreview adds a preview to a version.
type NewPreview struct {
	Token      string `json:"id"` // of the upload, or the id of a preview to change
	Label      string `json:"label,omitempty"`
	PageNumber int    `json:"pageNumber,omitempty"` // from 1
	Tag        string `json:"tag,omitempty"`
}

// A PublicationItem says which file version a page of a publication shows.
type PublicationItem struct {
	PageNumber          int    `json:"pageNumber"`
	TargetFileVersionID string `json:"targetFileVersionId"`
}

// MasterFile returns the change that sets the main file of a new record.
func MasterFile(v NewVersion) FileChanges {
	return FileChanges{Master: v.Token, AddOrUpdate: []FileChange{{Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}

// NewFileVersion returns the change that adds a version to an existing file, by the file's
// id, for example that of [Record].MasterFile. With an empty id the record gets another
// file.
func NewFileVersion(file string, v NewVersion) FileChanges {
	return FileChanges{AddOrUpdate: []FileChange{{ID: normalizeID(file), Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}

// ChangedVersion returns the change to an existing version, by the ids of the file and of the
// version. v has no Token.
func ChangedVersion(file, version string, v NewVersion) FileChanges {
	v.ID = version
	return NewFileVersion(file, v)
}
