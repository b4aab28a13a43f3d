package client

import (
	"encoding/json"
	"strings"
)

// NoLanguage is the language id of values without a language.
const NoLanguage = "00000000000000000000000000000000"

// Fields are the values of a record.
type Fields []*Field

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Fields) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, (*Items[Field])(f))
}

// Get returns the field with the given name, ignoring case, or id. It returns nil if there is
// none; the methods of a nil Field return no values.
func (f Fields) Get(nameOrID string) *Field {
	for _, field := range f {
		if strings.EqualFold(field.Name, nameOrID) || field.ID == normalizeID(nameOrID) {
			return field
		}
	}
	return nil
}

// A Field is a field of a record with its values.
type Field struct {
	ID       string           `json:"id"`
	Name     string           `json:"fieldName"`
	Label    string           `json:"label"`
	DataType string           `json:"dataType"` // SingleLineText, OptionList, …
	Values   []LocalizedValue `json:"localizedValues"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Field) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f Field) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// Text returns the value in a language, by id, or the first value if language is "". For a
// list it returns the first item.
func (f *Field) Text(language string) string {
	if texts := f.Texts(language); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// Texts returns the values in a language, by id, or in the first language if language is "".
// Values other than text are returned as JSON.
func (f *Field) Texts(language string) []string {
	if f == nil {
		return nil
	}
	for _, v := range f.Values {
		if language == "" || v.LanguageID == normalizeID(language) {
			return v.texts()
		}
	}
	return nil
}

// A LocalizedValue is the value of a field in one language.
type LocalizedValue struct {
	LanguageID string            `json:"languageId"`
	Value      json.RawMessage   `json:"value"`  // of a single-value field
	Values     []json.RawMessage `json:"values"` // of a list field

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (v *LocalizedValue) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON encodes the fields that are not zero.
func (v LocalizedValue) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

func (v LocalizedValue) texts() []string {
	raws := v.Values
	if raws == nil {
		raws = []json.RawMessage{v.Value}
	}
	var texts []string
	for _, raw := range raws {
		var text string
		switch {
		case len(raw) == 0 || string(raw) == "null":
			continue
		case json.Unmarshal(raw, &text) != nil:
			text = string(raw)
		}
		texts = append(texts, text)
	}
	return texts
}
