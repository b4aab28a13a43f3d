package client

import "time"

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
