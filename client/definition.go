package client

import "time"

// A FieldDefinition says what can be in a field of records, classifications, files or
// users. What belongs to one data type alone, such as the items of an OptionList, is in
// Extra.
type FieldDefinition struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Label            string   `json:"label"` // in the default language
	Labels           []Label  `json:"labels"`
	DataType         string   `json:"dataType"`         // SingleLineText, OptionList, Date, …
	Scope            string   `json:"scope"`            // RecordContentGlobal, …: where it can be used
	ScopeCategory    string   `json:"scopeCategory"`    // Record, File, Classification or User
	LanguageMode     string   `json:"languageMode"`     // Single, or Multiple: a value for each language
	EnabledLanguages []string `json:"enabledLanguages"` // ids
	Memberships      []string `json:"memberships"`      // ids of field groups

	IsRequired         bool `json:"isRequired"`
	IsReadOnly         bool `json:"isReadOnly"`
	IsUniqueIdentifier bool `json:"isUniqueIdentifier"`
	Indexed            bool `json:"indexed"` // it can be searched

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

// UnmarshalJSON reads the definition in either of Aprimo's forms.
func (f *FieldDefinition) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f FieldDefinition) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

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

// A Rule does something when an object is saved or deleted, or each day. Its conditions
// and actions come with Select("rule", "conditions", "actions"), in Extra.
type Rule struct {
	ID                  string `json:"id"`
	Name                string `json:"name"`
	Enabled             bool   `json:"enabled"`
	Target              string `json:"target"`     // Record, Classification, User, …
	Trigger             string `json:"trigger"`    // WhenSavedOrDeleted or Daily
	Expression          string `json:"expression"` // of a daily one
	IncludeDraftRecords bool   `json:"includeDraftRecords"`
	IsInternal          bool   `json:"isInternal"`
	Version             int    `json:"version"`
	Tag                 string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the rule in either of Aprimo's forms.
func (r *Rule) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON writes what is not zero.
func (r Rule) MarshalJSON() ([]byte, error) { return encodeModel(&r) }
