package aprimotest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	noLanguage = "00000000000000000000000000000000"
	englishID  = "c2bd4f9bbb954bcb80c31e924c9c26dc" // the same at every tenant
	titleField = "Title"
)

// A field is the value of a field of a record.
type field struct {
	ID        string           `json:"id"`
	FieldID   string           `json:"fieldId"` // other names of the id, in requests
	Name      string           `json:"fieldName"`
	OtherName string           `json:"name"`
	Label     string           `json:"-"`
	DataType  string           `json:"-"`
	Localized []localizedValue `json:"localizedValues"`
}

// A localizedValue is what a field has in one language.
type localizedValue struct {
	Language   string          `json:"languageId"`
	Value      json.RawMessage `json:"value"`
	HasDay     any             `json:"hasDay"`
	HasMonth   any             `json:"hasMonth"`
	Values     []any           `json:"values"`
	Links      []any           `json:"links"`
	Parents    []any           `json:"parents"`
	Children   []any           `json:"children"`
	Hyperlinks []any           `json:"hyperlinks"`
	modified   time.Time
}

// valueNames have what a value has in an answer, by its data type, if it is not a value alone;
// live, of two tenants, but for RecordList, UserGroupList and LanguageList, of which JS has the names.
var valueNames = map[string][]string{
	"Date": {"value", "hasDay", "hasMonth", "aiInfluenced"},

	"TextList": {"values", "aiInfluenced"}, "OptionList": {"values", "aiInfluenced"}, "ClassificationList": {"values", "aiInfluenced"},
	"RecordList": {"values", "aiInfluenced"}, "UserList": {"values"}, "UserGroupList": {"values"}, "LanguageList": {"values", "aiInfluenced"},
	"HyperlinkList": {"hyperlinks"}, "RecordLink": {"links", "parents", "children"},
}

// of returns what a value has under a name.
func (l *localizedValue) of(name string) any {
	switch name {
	case "value":
		return json.RawMessage(cmp.Or(string(l.Value), "null"))
	case "hasDay":
		return l.HasDay
	case "hasMonth":
		return l.HasMonth
	case "aiInfluenced":
		return false
	}
	many := map[string][]any{"values": l.Values, "links": l.Links, "parents": l.Parents, "children": l.Children, "hyperlinks": l.Hyperlinks}[name]
	if len(many) == 0 {
		return nil
	}
	return many
}

// document returns a field as answers have it; speaks says of which languages.
func (f *field) document(speaks func(any) bool) document {
	values := []any{}
	names := valueNames[f.DataType]
	if names == nil {
		names = []string{"value", "aiInfluenced"}
	}
	for _, l := range f.Localized {
		value := document{"languageId": l.Language, "readOnly": nil, "modifiedOn": stamp(l.modified)}
		for _, name := range names {
			value[name] = l.of(name)
		}
		if speaks == nil || speaks(value) {
			values = append(values, value)
		}
	}
	return document{"id": f.ID, "fieldName": f.Name, "label": f.Label, "dataType": f.DataType, "localizedValues": values}
}

// texts returns what search compares: strings without their quotes.
func (f *field) texts() (all []string) {
	for _, l := range f.Localized {
		all = append(all, l.texts()...)
	}
	return all
}

func (l *localizedValue) texts() (all []string) {
	var value any
	json.Unmarshal(l.Value, &value)
	for _, v := range slices.Concat([]any{value}, l.Values, l.Links, l.Parents, l.Children, l.Hyperlinks) {
		if doc, ok := v.(document); ok {
			v = cmp.Or(valueOf(doc, "recordId"), valueOf(doc, "url"))
		}
		if t := text(v); t != "" {
			all = append(all, t)
		}
	}
	return all
}

// definitionOf finds a definition by its id or else by its name; nil if there is
// none.
func (s *store) definitionOf(id, name string) document {
	c := s.collection("fielddefinitions")
	if doc := c.byID[id]; doc != nil || id != "" {
		return doc
	}
	for _, doc := range c.byID {
		if name != "" && strings.EqualFold(text(doc["name"]), name) {
			return doc
		}
	}
	return nil
}

// define adds to a field of a request what its definition says. It is found by its
// id, or by its name.
func (s *store) define(f *field) {
	id, name := cmp.Or(f.ID, f.FieldID), cmp.Or(f.OtherName, f.Name)
	definition := s.definitionOf(id, name)
	if definition == nil {
		panic(missing("No field definition was found with id '%s'.", cmp.Or(id, name)))
	}
	f.ID, f.Name, f.DataType = text(definition["id"]), text(definition["name"]), text(definition["dataType"])
	f.Label = cmp.Or(text(definition["label"]), labelOf(definition))
	for i := range f.Localized {
		l := &f.Localized[i]
		l.modified = time.Now()
		l.Language = cmp.Or(l.Language, noLanguage)
		if l.Language != noLanguage && s.collection("languages").byID[l.Language] == nil {
			panic(invalid("No language was found with id '%s'.", l.Language))
		}
		f.check(l)
	}
}

// check makes a value of what a request has, if it fits the field.
func (f *field) check(l *localizedValue) {
	for _, item := range slices.Concat(l.Links, l.Parents, l.Children) {
		if doc, ok := item.(document); !ok || text(valueOf(doc, "recordId")) == "" {
			panic(invalid("The links of field '%s' must be objects with a recordId.", f.Name))
		}
	}
	var value any
	json.Unmarshal(l.Value, &value)
	hasValue := value != nil && value != ""
	switch {
	case slices.Contains(valueNames[f.DataType], "values"):
		if l.Values == nil && hasValue {
			l.Values = []any{value}
		}
	case f.DataType == "HyperlinkList":
		l.Hyperlinks, l.Values = append(l.Hyperlinks, l.Values...), nil
	case f.DataType == "Date" && hasValue:
		l.HasDay, l.HasMonth = cmp.Or(l.HasDay, any(true)), cmp.Or(l.HasMonth, any(true))
	case len(l.Values) > 0 && l.Value == nil:
		l.Value, _ = json.Marshal(l.Values[0])
	}
}

func (rec *record) changeFields(put []field, remove []ref) {
	rec.fields = slices.DeleteFunc(slices.Clone(rec.fields), func(f field) bool { return slices.Contains(remove, ref(f.ID)) })
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

// put replaces the values of the languages that are given; the links that are not named
// stay, such as the parents if the children are changed.
func (f *field) put(values []localizedValue) {
	f.Localized = slices.Clone(f.Localized)
	for _, l := range values {
		i := slices.IndexFunc(f.Localized, func(old localizedValue) bool { return l.Language == old.Language })
		if i < 0 {
			f.Localized = append(f.Localized, l)
			continue
		}
		old := f.Localized[i]
		for links, before := range map[*[]any][]any{&l.Links: old.Links, &l.Parents: old.Parents, &l.Children: old.Children} {
			if *links == nil {
				*links = before
			}
		}
		f.Localized[i] = l
	}
}

func (s *store) fieldsOf(rec *record) []field {
	if !rec.generated {
		return rec.fields
	}
	title, _ := json.Marshal(rec.name())
	return []field{{
		ID: seedID("fielddefinitions", titleField), Name: titleField, Label: titleField, DataType: "SingleLineText",
		Localized: []localizedValue{{Language: noLanguage, Value: title, modified: rec.modified}},
	}}
}

// recordFields are the fields of a record that select-record-fields names, by name
// or id, or those of the groups in select-record-fieldgroups; all without either.
func (s *store) recordFields(o object, q *query) any {
	wanted, groups := keys(q.r, "Select-Record-Fields"), keys(q.r, "Select-Record-FieldGroups")
	members := s.membersOf(groups)
	all := listing{}
	for _, f := range s.withDefaults(o.of.(*record), q) {
		if (wanted != nil || groups != nil) && !wanted[strings.ToLower(f.Name)] && !wanted[f.ID] && !members[f.ID] {
			continue
		}
		all = append(all, object{kind: kindOf["field"], doc: f.document(q.speaks), path: o.path + "/field/" + f.ID})
	}
	return all
}

// withDefaults are the fields of a record and those that are empty but have a
// default value, unless select-resolve-default-values is false.
func (s *store) withDefaults(rec *record, q *query) []field {
	all := slices.Clone(s.fieldsOf(rec))
	if strings.EqualFold(q.r.Header.Get("Select-Resolve-Default-Values"), "false") {
		return all
	}
	for id, definition := range s.collection("fielddefinitions").all() {
		value := text(definition["defaultValue"])
		has := slices.ContainsFunc(all, func(f field) bool { return f.ID == id })
		if has || value == "" || strings.HasPrefix(value, "<ref:") {
			continue
		}
		raw, _ := json.Marshal(value)
		f := field{ID: id, Localized: []localizedValue{{Value: raw}}}
		s.define(&f)
		all = append(all, f)
	}
	return all
}

// membersOf returns the ids of the fields in groups that are named, or whose ids
// are given.
func (s *store) membersOf(groups map[string]bool) map[string]bool {
	all, wanted := make(map[string]bool), make(map[string]bool)
	for id, doc := range s.collection("fieldgroups").byID {
		if wanted[id] = groups[id] || groups[strings.ToLower(text(doc["name"]))]; wanted[id] {
			for _, member := range array(doc["~members"]) {
				all[identity(member, nil)] = true
			}
		}
	}
	for id, doc := range s.collection("fielddefinitions").byID {
		for _, group := range array(doc["memberships"]) {
			all[id] = all[id] || wanted[text(group)] || groups[text(group)]
		}
	}
	return all
}

// nameItems gives the items of an option list ids, and a field the label that it
// has in English.
func (s *store) nameItems(_ string, doc document, _ string) {
	for _, item := range array(doc["items"]) {
		if option, ok := item.(document); ok && text(option["id"]) == "" {
			option["id"] = s.newID()
		}
	}
	if text(doc["label"]) == "" {
		doc["label"] = labelOf(doc)
	}
}
