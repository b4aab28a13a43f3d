package client

import (
	"context"
	"iter"
	"time"
)

// CheckResults lists the results of checks for a version.
func (r *FileVersions) CheckResults(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*CheckResult, error] {
	return listAt[CheckResult](ctx, r.c, opts, "fileversion", id, "checkresults")
}

// CheckResult returns a result of a check for a version. Request its findings with
// Select("fileversioncheckresult", "findings").
func (r *FileVersions) CheckResult(ctx context.Context, id, result string, opts ...CallOption) (*CheckResult, error) {
	return get[CheckResult](ctx, r.c, opts, checkResult(id, result)...)
}

// AddCheckResult adds the result of a check that was run outside Aprimo.
func (r *FileVersions) AddCheckResult(ctx context.Context, id string, result *CheckResult, opts ...CallOption) (*CheckResult, error) {
	return create[CheckResult](ctx, r.c, []string{"fileversion", id, "checkresults"}, result, opts)
}

// UpdateCheckResult changes the Outcome or Description of a result. Fields that are zero keep
// their values.
func (r *FileVersions) UpdateCheckResult(ctx context.Context, id, result string, change *CheckResult, opts ...CallOption) error {
	return update(ctx, r.c, checkResult(id, result), change, opts)
}

// DeleteCheckResult deletes a result.
func (r *FileVersions) DeleteCheckResult(ctx context.Context, id, result string, opts ...CallOption) error {
	return remove(ctx, r.c, checkResult(id, result), opts)
}

// Findings lists the findings of a result.
func (r *FileVersions) Findings(ctx context.Context, id, result string, opts ...CallOption) iter.Seq2[*CheckFinding, error] {
	return listAt[CheckFinding](ctx, r.c, opts, checkResult(id, result, "findings")...)
}

// Finding returns a finding of a result, by its id or its occurrence.
func (r *FileVersions) Finding(ctx context.Context, id, result, finding string, opts ...CallOption) (*CheckFinding, error) {
	return get[CheckFinding](ctx, r.c, opts, checkResult(id, result, "findings", finding)...)
}

// AddFinding adds a finding to a result.
func (r *FileVersions) AddFinding(ctx context.Context, id, result string, finding *CheckFinding, opts ...CallOption) (*CheckFinding, error) {
	return create[CheckFinding](ctx, r.c, checkResult(id, result, "findings"), finding, opts)
}

// UpdateFinding changes a finding, by its id or its occurrence. Fields that are zero keep their
// values.
func (r *FileVersions) UpdateFinding(ctx context.Context, id, result, finding string, change *CheckFinding, opts ...CallOption) error {
	return update(ctx, r.c, checkResult(id, result, "findings", finding), change, opts)
}

// DeleteFinding deletes a finding, by its id or its occurrence.
func (r *FileVersions) DeleteFinding(ctx context.Context, id, result, finding string, opts ...CallOption) error {
	return remove(ctx, r.c, checkResult(id, result, "findings", finding), opts)
}

// checkResult returns the path of a result, or of a part of it.
func checkResult(version, result string, below ...string) []string {
	return append([]string{"fileversion", version, "checkresult", result}, below...)
}

// A CheckResult is the result of a check for a file version.
type CheckResult struct {
	ID            string              `json:"id"`
	CheckID       string              `json:"checkId"`
	FileVersionID string              `json:"fileVersionId"`
	Outcome       string              `json:"outcome"` // pass, fail, warning or info
	Description   string              `json:"description"`
	CreatedOn     time.Time           `json:"createdOn"`
	CreatedBy     string              `json:"createdBy"` // id of the user
	Findings      Items[CheckFinding] `json:"findings"`  // if selected

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *CheckResult) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c CheckResult) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A CheckFinding is a place where a check found something.
type CheckFinding struct {
	ID                 string `json:"id"`
	FileVersionCheckID string `json:"fileVersionCheckId"`
	Occurrence         int    `json:"occurrence"` // number within the result, from 1
	Outcome            string `json:"outcome"`    // as in CheckResult
	Finding            string `json:"finding"`
	Explanation        string `json:"explanation"`
	Recommendation     string `json:"recommendation"`
	AdditionalData     string `json:"additionalData"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *CheckFinding) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f CheckFinding) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A Check examines file versions, as part of the check framework.
type Check struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	ActionClass     string `json:"actionClass"`
	ActionTypeID    string `json:"actionTypeId"`
	CheckCategoryID string `json:"checkCategoryId"`

	CreatedOn  time.Time `json:"createdOn"`
	CreatedBy  string    `json:"createdBy"` // id of the user
	ModifiedOn time.Time `json:"modifiedOn"`
	ModifiedBy string    `json:"modifiedBy"` // id of the user

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

// An ActionType is what a check can do.
type ActionType struct {
	ID   string `json:"id"`
	Name string `json:"name"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (a *ActionType) UnmarshalJSON(data []byte) error { return decodeModel(data, a) }

// MarshalJSON encodes the fields that are not zero.
func (a ActionType) MarshalJSON() ([]byte, error) { return encodeModel(&a) }
