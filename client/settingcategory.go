package client

import "time"

// A SettingCategory is some settings that are shown together.
type SettingCategory struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the category in either of Aprimo's forms.
func (s *SettingCategory) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON writes what is not zero.
func (s SettingCategory) MarshalJSON() ([]byte, error) { return encodeModel(&s) }
