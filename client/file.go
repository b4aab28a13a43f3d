package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// FileVersions reads versions of files and the results of checks. To create a version,
// change its record.
type FileVersions struct{ c *Client }

// Get returns a version. Request its renditions, previews and links with
// [SelectFileVersion].
func (r *FileVersions) Get(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "fileversion", id)
}

// AdditionalFile returns an additional file of a version, by the id of that file.
func (r *FileVersions) AdditionalFile(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "additionalfile", id)
}

// CheckResults lists the results of checks for a version.
func (r *FileVersions) CheckResults(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*CheckResult, error] {
	return list[CheckResult](ctx, r.c, call{method: http.MethodGet, path: []string{"fileversion", id, "checkresults"}, paging: byPage}.listing(opts))
}

// AddCheckResult adds the result of a check that was run outside Aprimo.
func (r *FileVersions) AddCheckResult(ctx context.Context, id string, result *CheckResult, opts ...CallOption) (*CheckResult, error) {
	return create[CheckResult](ctx, r.c, []string{"fileversion", id, "checkresults"}, result, opts)
}

// A CheckResult is the result of a check for a file version.
type CheckResult struct {
	ID            string `json:"id"`
	CheckID       string `json:"checkId"`
	FileVersionID string `json:"fileVersionId"`
	Outcome       string `json:"outcome"` // pass, fail, warning or info
	Description   string `json:"description"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *CheckResult) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c CheckResult) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A File is a file of a record, with all its versions.
type File struct {
	ID       string             `json:"id"`
	Versions Items[FileVersion] `json:"versions"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *File) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f File) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FileVersion is one uploaded version of a file.
type FileVersion struct {
	ID              string    `json:"id"`
	FileName        string    `json:"fileName"`
	FileExtension   string    `json:"fileExtension"`
	FileSize        int64     `json:"fileSize"` // bytes
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (v *FileVersion) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON encodes the fields that are not zero.
func (v FileVersion) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

// An Image is a preview or thumbnail.
type Image struct {
	// URI is a signed link, valid for about 30 hours. Fetch it with [Downloads] or
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

// A Check examines file versions, as part of the check framework.
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Check) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Check) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A CheckCategory is a group of checks.
type CheckCategory struct {
	ID   string `json:"id"`
	Name string `json:"name"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *CheckCategory) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c CheckCategory) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A PublicLink is a public URL of a record's file on a CDN.
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *PublicLink) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l PublicLink) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A Watermark is applied to delivered files.
type Watermark struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (w *Watermark) UnmarshalJSON(data []byte) error { return decodeModel(data, w) }

// MarshalJSON encodes the fields that are not zero.
func (w Watermark) MarshalJSON() ([]byte, error) { return encodeModel(&w) }
