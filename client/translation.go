package client

import "time"

// A Translation is a text of the user interface in several languages.
type Translation struct {
	ID              string  `json:"id"`
	Name            string  `json:"name"`
	Module          string  `json:"module"`
	Studio          string  `json:"studio"`
	LocalizedValues []Label `json:"localizedValues"`
	Tag             string  `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the translation in either of Aprimo's forms.
func (t *Translation) UnmarshalJSON(data []byte) error { return decodeModel(data, t) }

// MarshalJSON writes what is not zero.
func (t Translation) MarshalJSON() ([]byte, error) { return encodeModel(&t) }
