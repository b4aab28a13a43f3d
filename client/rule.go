package client

import "time"

// A Rule does something when an object is saved or deleted, or each day. Its conditions
// and actions come with Select("rule", "conditions", "actions"), in Extra.
type Rule struct {
	ID                  string `json:"id"`
	Name                string `json:"name"`
	Enabled             bool   `json:"enabled"`
	Target              string `json:"target"`     // Record, Classification, User, …
	Trigger             string `json:"trigger"`    // WhenSavedOrDeleted or Daily
	Expression          string `json:"expression"` // of a daily one
	IncludeDraftRecords bool   `json:"includeDraftRecords"`
	IsInternal          bool   `json:"isInternal"`
	Version             int    `json:"version"`
	Tag                 string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the rule in either of Aprimo's forms.
func (r *Rule) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON writes what is not zero.
func (r Rule) MarshalJSON() ([]byte, error) { return encodeModel(&r) }
