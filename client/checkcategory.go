package client

import "time"

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
