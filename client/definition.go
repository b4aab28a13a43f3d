package client

import "time"

// A FieldDefinition defines a field of records, classifications, files or users. Properties
// of a single data type, such as the items of an OptionList, are in Extra.
type FieldDefinition struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Label            string   `json:"label"` // in the default language
	Labels           []Label  `json:"labels"`
	DataType         string   `json:"dataType"`         // SingleLineText, OptionList, Date, …
	Scope            string   `json:"scope"`            // RecordContentGlobal, …: where it can be used
	ScopeCategory    string   `json:"scopeCategory"`    // Record, File, Classification or User
	LanguageMode     string   `json:"languageMode"`     // Single, or Multiple: one value per language
	EnabledLanguages []string `json:"enabledLanguages"` // ids
	Memberships      []string `json:"memberships"`      // ids of field groups

	IsRequired         bool `json:"isRequired"`
	IsReadOnly         bool `json:"isReadOnly"`
	IsUniqueIdentifier bool `json:"isUniqueIdentifier"`
	Indexed            bool `json:"indexed"` // searchable

	DefaultValue           string `json:"defaultValue"`
	HelpText               string `json:"helpText"`
	Validation             string `json:"validation"`
	ValidationErrorMessage string `json:"validationErrorMessage"`
	SortIndex              int    `json:"sortIndex"`
	Tag                    string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *FieldDefinition) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f FieldDefinition) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FieldGroup is a group of field definitions.
type FieldGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tag  string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *FieldGroup) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f FieldGroup) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A ContentType defines the fields and files of a kind of record.
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *ContentType) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c ContentType) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A FileType defines how files with an extension are processed.
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *FileType) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f FileType) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A Language is a language for localized values.
type Language struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Culture   string `json:"culture"`
	IsDefault bool   `json:"isDefault"`
	IsEnabled bool   `json:"isEnabled"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *Language) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l Language) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A Translation is a user interface text in several languages.
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (t *Translation) UnmarshalJSON(data []byte) error { return decodeModel(data, t) }

// MarshalJSON encodes the fields that are not zero.
func (t Translation) MarshalJSON() ([]byte, error) { return encodeModel(&t) }

// A Rule runs actions when an object is saved or deleted, or daily. Request its conditions
// and actions with Select("rule", "conditions", "actions"); they are in Extra.
type Rule struct {
	ID                  string `json:"id"`
	Name                string `json:"name"`
	Enabled             bool   `json:"enabled"`
	Target              string `json:"target"`     // Record, Classification, User, …
	Trigger             string `json:"trigger"`    // WhenSavedOrDeleted or Daily
	Expression          string `json:"expression"` // of a daily rule
	IncludeDraftRecords bool   `json:"includeDraftRecords"`
	IsInternal          bool   `json:"isInternal"`
	Version             int    `json:"version"`
	Tag                 string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (r *Rule) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON encodes the fields that are not zero.
func (r Rule) MarshalJSON() ([]byte, error) { return encodeModel(&r) }
