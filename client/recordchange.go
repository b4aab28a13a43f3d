package client

import "encoding/json"

// A RecordChange is what is to become of a record, new or not. What is zero stays
// as it is.
type RecordChange struct {
	Status          Status                  `json:"status,omitempty"`
	ContentType     string                  `json:"contentType,omitempty"`
	Tag             string                  `json:"tag,omitempty"`
	Fields          Changes[FieldValue]     `json:"fields,omitzero"`
	Classifications Changes[Classification] `json:"classifications,omitzero"`
	Files           FileChanges             `json:"files,omitzero"`
}

// Changes are additions to a set, changes of its members, and removals.
type Changes[T any] struct {
	AddOrUpdate []T   `json:"addOrUpdate,omitempty"`
	Remove      []Ref `json:"remove,omitempty"`
}

// IsZero reports whether nothing is to change.
func (c Changes[T]) IsZero() bool { return len(c.AddOrUpdate) == 0 && len(c.Remove) == 0 }

// A Ref names an object by its id, which may have dashes.
type Ref string

// MarshalJSON writes an object with the id.
func (r Ref) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": bareID(string(r))})
}

// A FieldValue is a new value of a field.
type FieldValue struct {
	id     string
	values []newValue
}

type newValue struct {
	LanguageID string `json:"languageId"`
	Value      any    `json:"value,omitempty"`
	Values     any    `json:"values,omitempty"`
}

// SetValue gives a field, by id, a value that has no language. A nil value empties
// it.
func SetValue(field string, value any) FieldValue {
	return FieldValue{id: field}.In(NoLanguage, value)
}

// SetValues gives a field that is a list, by id, values that have no language.
// Options, classifications, users and records are given by their ids.
func SetValues(field string, values ...string) FieldValue {
	bare := make([]string, len(values)) // never null
	for i, value := range values {
		bare[i] = bareID(value)
	}
	return FieldValue{id: field, values: []newValue{{LanguageID: NoLanguage, Values: bare}}}
}

// SetText gives a field, by id, a text in a language.
func SetText(field, language, text string) FieldValue {
	return FieldValue{id: field}.In(language, text)
}

// In adds a value in another language.
func (f FieldValue) In(language string, value any) FieldValue {
	if value == nil {
		value = json.RawMessage("null")
	}
	f.values = append(f.values[:len(f.values):len(f.values)], newValue{LanguageID: bareID(language), Value: value})
	return f
}

// MarshalJSON writes the field as Aprimo's guide has it.
func (f FieldValue) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": bareID(f.id), "localizedValues": f.values})
}

// FileChanges are new files of a record, and new versions of those that it has.
type FileChanges struct {
	// Master is the token of the upload that becomes the file that the record
	// stands for. It is among AddOrUpdate as well.
	Master      string       `json:"master,omitempty"`
	AddOrUpdate []FileChange `json:"addOrUpdate,omitempty"`
	Remove      []Ref        `json:"remove,omitempty"`
}

// IsZero reports whether nothing is to change.
func (c FileChanges) IsZero() bool {
	return c.Master == "" && len(c.AddOrUpdate) == 0 && len(c.Remove) == 0
}

// A FileChange is a new file, or new versions of one that exists.
type FileChange struct {
	// ID is the file of which there is a new version. If it is empty, the
	// record gets one more file.
	ID       string              `json:"id,omitempty"`
	Versions Changes[NewVersion] `json:"versions,omitzero"`
}

// A NewVersion makes an upload a version of a file.
type NewVersion struct {
	Token        string `json:"id"` // of the upload; it can be used once
	FileName     string `json:"fileName,omitempty"`
	VersionLabel string `json:"versionLabel,omitempty"`
	Comment      string `json:"comment,omitempty"`
	Tag          string `json:"tag,omitempty"`
}

// MasterFile is the change that gives a new record its file.
func MasterFile(v NewVersion) FileChanges {
	return FileChanges{Master: v.Token, AddOrUpdate: []FileChange{{Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}

// NewFileVersion is the change that gives a file that exists, such as
// [Record].MasterFile, a new version. Without the file's id the record would get
// one more file.
func NewFileVersion(file string, v NewVersion) FileChanges {
	return FileChanges{AddOrUpdate: []FileChange{{ID: bareID(file), Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}
