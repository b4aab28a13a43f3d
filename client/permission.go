package client

// A Permission is something that users may be allowed to do.
type Permission struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value"` // of a calculated one: None, Granted or Denied

	Extra Extra
}

// UnmarshalJSON reads the permission in either of Aprimo's forms.
func (p *Permission) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON writes what is not zero.
func (p Permission) MarshalJSON() ([]byte, error) { return encodeModel(&p) }
