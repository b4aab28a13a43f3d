package client

import "time"

// A ContentType says which fields and files records of a kind have.
type ContentType struct {
	ID                    string   `json:"id"`
	Name                  string   `json:"name"`
	Labels                []Label  `json:"labels"`
	Purpose               string   `json:"purpose"`
	ParentID              string   `json:"parentId"`
	FileMode              string   `json:"fileMode"` // UploadFile, NoFile, CreateFromUrl or CreateFromSmartAgent
	DefaultFileExtensions []string `json:"defaultFileExtensions"`
	IsManual              bool     `json:"isManual"`
	IsNoFile              bool     `json:"isNoFile"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the type in either of Aprimo's forms.
func (c *ContentType) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON writes what is not zero.
func (c ContentType) MarshalJSON() ([]byte, error) { return encodeModel(&c) }
