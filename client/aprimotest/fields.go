package aprimotest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	noLanguage = "00000000000000000000000000000000"
	englishID  = "c2bd4f9bbb954bcb80c31e924c9c26dc" // the same at every tenant
	titleField = "Title"
)

// listMembers are what a value can have a list in.
var listMembers = []string{"values", "links", "parents", "children", "hyperlinks"}

// hasMember reports whether values of a field have a member.
func hasMember(dataType, name string) bool {
	return kindOf["localizedvalue"].shown(document{"~dataType": dataType}).names[name]
}

// localized returns what a field has in each language.
func localized(f document) []document {
	return mapped(array(f["localizedValues"]), func(item any) document { return item.(document) })
}

// fieldTexts returns what search compares.
func fieldTexts(f document) (all []string) {
	for _, l := range localized(f) {
		all = append(all, valueTexts(l)...)
	}
	return all
}

// valueTexts returns the texts of a value, of links the ids and addresses.
func valueTexts(l document) (all []string) {
	for _, name := range append([]string{"value"}, listMembers...) {
		values, isList := l[name].([]any)
		if !isList {
			values = []any{l[name]}
		}
		for _, v := range values {
			if doc, ok := v.(document); ok {
				v = cmp.Or(valueOf(doc, "recordId"), valueOf(doc, "url"))
			}
			if t := text(v); t != "" {
				all = append(all, t)
			}
		}
	}
	return all
}

// define returns a field of a request as it is kept, with what its definition says. It is
// found by its id, or by its name.
func (s *store) define(in any) document {
	id := cmp.Or(text(valueOf(in, "id")), text(valueOf(in, "fieldId")))
	name := cmp.Or(text(valueOf(in, "name")), text(valueOf(in, "fieldName")))
	definitions := s.collection("fielddefinitions")
	definition := definitions.byID[id]
	if id == "" {
		definition = definitions.by("name", name)
	}
	missing.when(definition == nil, "No field definition was found with id '%s'.", cmp.Or(id, name))
	f := document{
		"id": definition["id"], "fieldName": definition["name"], "dataType": definition["dataType"],
		"label": cmp.Or(text(definition["label"]), labelOf(definition)),
	}
	values := []any{}
	for _, sent := range array(valueOf(in, "localizedValues")) {
		l := document{"languageId": cmp.Or(text(valueOf(sent, "languageId")), noLanguage), "modifiedOn": time.Now(), "~dataType": f["dataType"]}
		invalid.when(l["languageId"] != noLanguage && s.collection("languages").byID[text(l["languageId"])] == nil,
			"No language was found with id '%s'.", l["languageId"])
		for _, name := range append([]string{"value", "hasDay", "hasMonth"}, listMembers...) {
			value := valueOf(sent, name)
			_, isList := value.([]any)
			invalid.when(value != nil && !isList && slices.Contains(listMembers, name), "The %s of field '%s' must be an array.", name, f["fieldName"])
			if value != nil {
				l[name] = value
			}
		}
		fit(f, l)
		values = append(values, l)
	}
	f["localizedValues"] = values
	return f
}

// fit makes a value of what a request has, if it fits the field.
func fit(f, l document) {
	for _, item := range slices.Concat(array(l["links"]), array(l["parents"]), array(l["children"])) {
		invalid.when(text(valueOf(item, "recordId")) == "", "The links of field '%s' must be objects with a recordId.", f["fieldName"])
	}
	value, values, kind := l["value"], array(l["values"]), text(f["dataType"])
	hasValue := value != nil && value != ""
	switch {
	case hasMember(kind, "values"):
		if values == nil && hasValue {
			l["values"] = []any{value}
		}
		if kind != "TextList" {
			bareIDs(l["values"])
		}
	case kind == "HyperlinkList":
		l["hyperlinks"] = append(array(l["hyperlinks"]), values...)
		delete(l, "values")
	case kind == "Date" && hasValue:
		l["hasDay"], l["hasMonth"] = cmp.Or(l["hasDay"], any(true)), cmp.Or(l["hasMonth"], any(true))
	case len(values) > 0 && value == nil:
		l["value"] = values[0]
	}
}

// changeFields gives a record the values of the fields and languages that are given. The links
// that are not named stay, such as the parents if the children are changed, unless they are replaced.
func (rec *record) changeFields(put []document, removed []any, replaced bool) {
	rec.fields = slices.DeleteFunc(slices.Clone(rec.fields), func(f document) bool {
		return slices.ContainsFunc(removed, func(item any) bool {
			return identity(item, nil) == f["id"] || strings.EqualFold(identity(item, nil), text(f["fieldName"]))
		})
	})
	for _, f := range put {
		i := placeOf(&rec.fields, func(old document) bool { return old["id"] == f["id"] })
		values := slices.Clone(array(rec.fields[i]["localizedValues"]))
		for _, l := range localized(f) {
			at := placeOf(&values, func(old any) bool { return old.(document)["languageId"] == l["languageId"] })
			for _, links := range []string{"links", "parents", "children"} {
				if old := valueOf(values[at], links); l[links] == nil && old != nil && !replaced {
					l[links] = old
				}
			}
			maps.DeleteFunc(l, func(_ string, value any) bool { all, isList := value.([]any); return isList && len(all) == 0 })
			values[at] = l
		}
		changed := maps.Clone(f)
		changed["localizedValues"], rec.fields[i] = values, changed
		if texts := fieldTexts(f); f["fieldName"] == titleField && len(texts) > 0 {
			rec.title = texts[0]
		}
	}
}

func (s *store) fieldsOf(rec *record) []document {
	if !rec.generated {
		return rec.fields
	}
	return []document{{
		"id": titleID, "fieldName": titleField, "label": titleField, "dataType": "SingleLineText",
		"localizedValues": []any{document{"languageId": noLanguage, "value": rec.name(), "modifiedOn": rec.modified, "~dataType": "SingleLineText"}},
	}}
}

var titleID = seedID("fielddefinitions", titleField)

// narrowed returns those of an object's fields that select-{kind}-fields names, by name or id,
// or those of the groups in select-{kind}-fieldgroups; all without either.
func (s *store) narrowed(fields []document, o object, q *query) listing {
	wanted, groups := keys(q.r, "Select-"+o.kind.name+"-Fields"), keys(q.r, "Select-"+o.kind.name+"-FieldGroups")
	members := s.membersOf(groups)
	all := listing{}
	for _, f := range fields {
		id := text(f["id"])
		if wanted == nil && groups == nil || wanted[strings.ToLower(text(f["fieldName"]))] || wanted[id] || members[id] {
			all = append(all, object{kind: kindOf["field"], doc: f, path: o.path + "/field/" + id})
		}
	}
	return all
}

// withDefaults are the fields of a record and those that are empty but have a
// default value, unless select-resolve-default-values is false.
func (s *store) withDefaults(rec *record, q *query) []document {
	all := slices.Clone(s.fieldsOf(rec))
	if strings.EqualFold(q.r.Header.Get("Select-Resolve-Default-Values"), "false") {
		return all
	}
	for id, definition := range s.collection("fielddefinitions").all() {
		value := text(definition["defaultValue"])
		has := slices.ContainsFunc(all, func(f document) bool { return f["id"] == id })
		if !has && value != "" && !strings.HasPrefix(value, "<ref:") {
			all = append(all, s.define(document{"id": id, "localizedValues": []any{document{"value": value}}}))
		}
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
