package client

import (
	"encoding/json"
	"time"
)

// A FieldDefinition defines a field of records, classifications, files or users. Most properties
// of a single data type, such as the range of a Numeric, are in Extra.
type FieldDefinition struct {
	ID               string               `json:"id"`
	Name             string               `json:"name"`
	Label            string               `json:"label"` // in the default language
	Labels           []Label              `json:"labels"`
	DataType         string               `json:"dataType"`         // SingleLineText, OptionList, Date, …
	Scope            string               `json:"scope"`            // RecordContentGlobal, …: where it can be used
	ScopeCategory    string               `json:"scopeCategory"`    // Record, File, Classification or User
	LanguageMode     string               `json:"languageMode"`     // Single, or Multiple: one value per language
	EnabledLanguages Members[string]      `json:"enabledLanguages"` // ids
	Memberships      Members[string]      `json:"memberships"`      // ids of field groups
	Options          Members[FieldOption] `json:"items"`            // of an OptionList

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

// A FieldOption is one of the values of an OptionList. A record's field has its id.
type FieldOption struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Label     string  `json:"label"` // in the default language
	Labels    []Label `json:"labels"`
	SortIndex int     `json:"sortIndex"`
	Tag       string  `json:"tag"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (o *FieldOption) UnmarshalJSON(data []byte) error { return decodeModel(data, o) }

// MarshalJSON encodes the fields that are not zero.
func (o FieldOption) MarshalJSON() ([]byte, error) { return encodeModel(&o) }

// Members are the values of a property that holds several. In a change they are added, or
// change the members with the same ids; other members stay. To remove members, use Set:
//
//	client.Set("memberships", map[string]any{"remove": []string{group}})
type Members[T any] []T

// UnmarshalJSON decodes an array, or an object with one.
func (m *Members[T]) UnmarshalJSON(data []byte) error {
	var items Items[T]
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	*m = nil
	for _, item := range items {
		*m = append(*m, *item)
	}
	return nil
}

// MarshalJSON encodes the change that adds or updates the members.
func (m Members[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]T{"addOrUpdate": m})
}

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
	ID                    string          `json:"id"`
	Name                  string          `json:"name"`
	Labels                []Label         `json:"labels"`
	Purpose               string          `json:"purpose"`
	ParentID              string          `json:"parentId"`
	FileMode              string          `json:"fileMode"` // UploadFile, NoFile, CreateFromUrl or CreateFromSmartAgent
	DefaultFileExtensions Members[string] `json:"defaultFileExtensions"`
	IsManual              bool            `json:"isManual"`
	IsNoFile              bool            `json:"isNoFile"`

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
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Extension     string          `json:"extension"`
	Kind          string          `json:"kind"`
	MimeType      string          `json:"mimeType"`
	EngineFormat  string          `json:"engineFormat"`
	Labels        []Label         `json:"labels"`
	MediaEngines  Members[string] `json:"mediaEngines"`
	PreviewFormat string          `json:"previewFormat"` // Jpg or Png
	IsCatalogable bool            `json:"isCatalogable"`
	Tag           string          `json:"tag"`

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
	ID                 string `json:"id"`
	Name               string `json:"name"`
	Culture            string `json:"culture"` // en-US, …
	IsEnabledForFields bool   `json:"isEnabledForFields"`
	IsEnabledForUI     bool   `json:"isEnabledForUI"`
	Tag                string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

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

// A Rule runs actions when an object is saved or deleted, or daily.
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

	// Conditions and Actions are empty unless selected: Select("rule", "conditions", "actions").
	Conditions Members[RuleCondition] `json:"conditions"`
	Actions    Members[RuleAction]    `json:"actions"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (r *Rule) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON encodes the fields that are not zero.
func (r Rule) MarshalJSON() ([]byte, error) { return encodeModel(&r) }

// A RuleCondition restricts when a rule runs. Which properties apply depends on the type; those
// without a field, and values that are false or 0, are in Extra.
type RuleCondition struct {
	Type  string `json:"conditionType"` // ObjectCreated, CompareFieldValue, ClassifiedIn, RecordStatusIs, …
	Index int    `json:"index"`         // among the rule's conditions, from 0

	Expression        string `json:"expression"` // of CompareFieldValue
	Reference         string `json:"reference"`
	FieldDefinitionID string `json:"fieldDefinitionId"`
	ClassificationID  string `json:"classificationId"`
	DirectLinkOnly    bool   `json:"directLinkOnly"`
	ContentType       string `json:"contentType"`
	Status            Status `json:"status"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *RuleCondition) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c RuleCondition) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A RuleAction is what a rule does. Which properties apply depends on the type; those without a
// field, and values that are false or 0, are in Extra.
type RuleAction struct {
	Type          string `json:"actionType"`    // ClassifyRecord, SetFieldValue, ChangeRecordStatus, SendEmail, Reference, …
	Index         int    `json:"index"`         // among the rule's actions, from 0
	ExecutionTime string `json:"executionTime"` // Immediately or Delayed

	Reference         string `json:"reference"`
	FieldDefinitionID string `json:"fieldDefinitionId"`
	ClassificationID  string `json:"classificationId"`
	ContentType       string `json:"contentType"`
	Status            Status `json:"status"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (a *RuleAction) UnmarshalJSON(data []byte) error { return decodeModel(data, a) }

// MarshalJSON encodes the fields that are not zero.
func (a RuleAction) MarshalJSON() ([]byte, error) { return encodeModel(&a) }
