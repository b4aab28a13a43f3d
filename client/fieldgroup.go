package client

import "time"

// A FieldGroup is some field definitions that are used together.
type FieldGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the group in either of Aprimo's forms.
func (f *FieldGroup) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f FieldGroup) MarshalJSON() ([]byte, error) { return encodeModel(&f) }
