package aprimotest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

const (
	noLanguage = "00000000000000000000000000000000"
	titleField = "Title"
)

// A field is the value of a field of a record, in the shape of the API.
type field struct {
	ID        string           `json:"id"`
	FieldID   string           `json:"fieldId,omitempty"` // another name of the id, in requests
	Name      string           `json:"fieldName"`
	Label     string           `json:"label"`
	DataType  string           `json:"dataType"`
	Localized []localizedValue `json:"localizedValues"`
}

type localizedValue struct {
	Language string            `json:"languageId"`
	Value    json.RawMessage   `json:"value,omitempty"`
	Values   []json.RawMessage `json:"values,omitempty"`
	ReadOnly bool              `json:"readOnly"`
	Modified string            `json:"modifiedOn,omitempty"`
}

// texts returns what search compares: strings without their quotes.
func (f *field) texts() (all []string) {
	for _, l := range f.Localized {
		for _, raw := range append(l.Values, l.Value) {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			if text != "" {
				all = append(all, text)
			}
		}
	}
	return all
}

// define adds to a field of a request what its definition says.
func (s *store) define(f *field) error {
	f.ID = cmp.Or(f.ID, f.FieldID)
	f.FieldID = ""
	definition := s.docs["fielddefinitions"].byID[f.ID]
	if definition == nil {
		return missing("No field definition was found with id '%s'.", f.ID)
	}
	f.Name, _ = definition["name"].(string)
	f.Label, _ = definition["label"].(string)
	f.DataType, _ = definition["dataType"].(string)
	for i, l := range f.Localized {
		f.Localized[i].Language = cmp.Or(l.Language, noLanguage)
		if l.Language != "" && l.Language != noLanguage && s.docs["languages"].byID[l.Language] == nil {
			return invalid("No language was found with id '%s'.", l.Language)
		}
	}
	return nil
}

func (rec *record) changeFields(put []field, remove []ref) {
	rec.fields = slices.DeleteFunc(rec.fields, func(f field) bool { return slices.Contains(remove, ref(f.ID)) })
	for _, f := range put {
		i := slices.IndexFunc(rec.fields, func(old field) bool { return old.ID == f.ID })
		if i < 0 {
			rec.fields = append(rec.fields, f)
		} else {
			rec.fields[i].put(f.Localized)
		}
		if texts := f.texts(); f.Name == titleField && len(texts) > 0 {
			rec.title = texts[0]
		}
	}
}

// put replaces the values of the languages that are given.
func (f *field) put(values []localizedValue) {
	f.Localized = slices.DeleteFunc(slices.Clone(f.Localized), func(old localizedValue) bool {
		return slices.ContainsFunc(values, func(l localizedValue) bool { return l.Language == old.Language })
	})
	f.Localized = append(f.Localized, values...)
}

func (s *store) fieldsOf(rec *record) []field {
	if !rec.generated {
		return rec.fields
	}
	title, _ := json.Marshal(rec.name())
	return []field{{
		ID: seedID("fielddefinitions", titleField), Name: titleField, Label: titleField, DataType: "SingleLineText",
		Localized: []localizedValue{{Language: seedID("languages", "English"), Value: title, Modified: stamp(rec.modified)}},
	}}
}

func (s *store) classificationsOf(rec *record) []string {
	if !rec.generated {
		return rec.classifications
	}
	return []string{seedID("classifications", "Assets")}
}

// getField returns one field of a record, by the id of its definition.
func (s *store) getField(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	for _, f := range s.fieldsOf(rec) {
		if f.ID == r.PathValue("field") {
			writeJSON(w, http.StatusOK, f)
			return nil
		}
	}
	return missing("Record '%s' has no field with id '%s'.", rec.id(), r.PathValue("field"))
}

// selectedFields returns the fields of a record that select-record-fields names,
// by name or id; all without it.
func (s *store) selectedFields(rec *record, r *http.Request) []field {
	all := s.fieldsOf(rec)
	wanted := keys(r, "Select-Record-Fields")
	if len(wanted) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(f field) bool {
		return !wanted[strings.ToLower(f.Name)] && !wanted[f.ID]
	})
}
