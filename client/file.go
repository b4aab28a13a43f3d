package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// FileVersions reads versions of files, and what checks have found in them. Versions
// are made by changing their record.
type FileVersions struct{ c *Client }

// Get reads a version. Its renditions, previews and links come with
// [SelectFileVersion].
func (r *FileVersions) Get(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "fileversion", id)
}

// AdditionalFile reads a file that belongs to a version.
func (r *FileVersions) AdditionalFile(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "additionalfile", id)
}

// CheckResults reads what the checks of a version have found.
func (r *FileVersions) CheckResults(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*CheckResult, error] {
	return list[CheckResult](ctx, r.c, call{method: http.MethodGet, path: []string{"fileversion", id, "checkresults"}, paging: byPage}.listing(opts))
}

// AddCheckResult tells the result of a check that was made elsewhere.
func (r *FileVersions) AddCheckResult(ctx context.Context, id string, result *CheckResult, opts ...CallOption) (*CheckResult, error) {
	return create[CheckResult](ctx, r.c, []string{"fileversion", id, "checkresults"}, result, opts)
}

// A CheckResult is what a check has found in a file version.
type CheckResult struct {
	ID            string `json:"id"`
	CheckID       string `json:"checkId"`
	FileVersionID string `json:"fileVersionId"`
	Outcome       string `json:"outcome"` // pass, fail, warning or info
	Description   string `json:"description"`

	Extra Extra
}

// UnmarshalJSON reads the result in either of Aprimo's forms.
func (c *CheckResult) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON writes what is not zero.
func (c CheckResult) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A File is one of the files of a record, with all its versions.
type File struct {
	ID       string             `json:"id"`
	Versions Items[FileVersion] `json:"versions"`

	Extra Extra
}

// UnmarshalJSON reads the file in either of Aprimo's forms.
func (f *File) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f File) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FileVersion is a file as it was uploaded.
type FileVersion struct {
	ID              string    `json:"id"`
	FileName        string    `json:"fileName"`
	FileExtension   string    `json:"fileExtension"`
	FileSize        int64     `json:"fileSize"` // in bytes
	VersionNumber   int       `json:"versionNumber"`
	VersionLabel    string    `json:"versionLabel"`
	IsLatest        bool      `json:"isLatest"`
	FileState       string    `json:"fileState"`
	ProcessingState string    `json:"fileProcessingState"`
	Comment         string    `json:"comment"`
	Tag             string    `json:"tag"`
	CreatedOn       time.Time `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the version in either of Aprimo's forms.
func (v *FileVersion) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON writes what is not zero.
func (v FileVersion) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

// An Image is where a preview or thumbnail can be fetched.
type Image struct {
	// URI is signed, for some 30 hours. It is to be fetched by a client that
	// sends no token: with one, the answer is 403. It is not under the limit.
	URI       string `json:"uri"`
	Extension string `json:"extension"`
	Width     int    `json:"width"`  // in pixels
	Height    int    `json:"height"` // in pixels
	Size      int64  `json:"size"`   // in bytes

	Extra Extra
}

// UnmarshalJSON reads the image in either of Aprimo's forms.
func (i *Image) UnmarshalJSON(data []byte) error { return decodeModel(data, i) }

// MarshalJSON writes what is not zero.
func (i Image) MarshalJSON() ([]byte, error) { return encodeModel(&i) }

// A Check examines file versions by the check framework.
type Check struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	ActionClass     string `json:"actionClass"`
	ActionTypeID    string `json:"actionTypeId"`
	CheckCategoryID string `json:"checkCategoryId"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the check in either of Aprimo's forms.
func (c *Check) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON writes what is not zero.
func (c Check) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A CheckCategory is some checks that are shown together.
type CheckCategory struct {
	ID   string `json:"id"`
	Name string `json:"name"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the category in either of Aprimo's forms.
func (c *CheckCategory) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON writes what is not zero.
func (c CheckCategory) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A PublicLink is where a file of a record can be read by everybody, on a CDN.
type PublicLink struct {
	ID       string `json:"id"`
	URI      string `json:"uri"`
	Provider string `json:"provider"`
	Status   string `json:"status"` // Pending, Published, Failed, Overwritten, Tobedeleted

	RecordID         string `json:"recordId"`
	FileVersionID    string `json:"fileVersionId"`
	AdditionalFileID string `json:"additionalFileId"`
	RenditionName    string `json:"renditionName"`
	FileSize         int64  `json:"fileSize"` // bytes

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the link in either of Aprimo's forms.
func (l *PublicLink) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON writes what is not zero.
func (l PublicLink) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A Watermark is put over files that are delivered.
type Watermark struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the watermark in either of Aprimo's forms.
func (w *Watermark) UnmarshalJSON(data []byte) error { return decodeModel(data, w) }

// MarshalJSON writes what is not zero.
func (w Watermark) MarshalJSON() ([]byte, error) { return encodeModel(&w) }
