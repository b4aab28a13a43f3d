package client

import "time"

// A FileType is how files with an extension are treated.
type FileType struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Extension     string   `json:"extension"`
	Kind          string   `json:"kind"`
	MimeType      string   `json:"mimeType"`
	EngineFormat  string   `json:"engineFormat"`
	Labels        []Label  `json:"labels"`
	MediaEngines  []string `json:"mediaEngines"`
	PreviewFormat string   `json:"previewFormat"` // Jpg or Png
	IsCatalogable bool     `json:"isCatalogable"`
	Tag           string   `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the type in either of Aprimo's forms.
func (f *FileType) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f FileType) MarshalJSON() ([]byte, error) { return encodeModel(&f) }
