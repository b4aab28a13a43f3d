package client

import (
	"context"
	"iter"
	"net/http"
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
