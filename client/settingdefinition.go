package client

import "time"

// A SettingDefinition says what a setting can be.
type SettingDefinition struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the definition in either of Aprimo's forms.
func (s *SettingDefinition) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON writes what is not zero.
func (s SettingDefinition) MarshalJSON() ([]byte, error) { return encodeModel(&s) }
