package client

// A Language is one in which values of a tenant can be.
type Language struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Culture   string `json:"culture"`
	IsDefault bool   `json:"isDefault"`
	IsEnabled bool   `json:"isEnabled"`

	Extra Extra
}

// UnmarshalJSON reads the language in either of Aprimo's forms.
func (l *Language) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON writes what is not zero.
func (l Language) MarshalJSON() ([]byte, error) { return encodeModel(&l) }
