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
