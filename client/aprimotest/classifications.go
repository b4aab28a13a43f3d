package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

func ownerOf(list string) string { return path.Base(path.Dir(list)) }

// place refuses a classification that may not be where it says: it needs a name that no
// other one there has, and is below one that exists and is not below itself, or a root.
func (s *store) place(id string, doc document, _ string) {
	if above := text(valueOf(doc, "parentNamePath")); above != "" {
		parent := s.collection("classifications").by("namePath", above)
		missing.when(parent == nil, "No classification was found with namePath '%s'.", above)
		doc["parentId"] = parent["id"]
	}
	maps.DeleteFunc(doc, func(name string, _ any) bool { return strings.EqualFold(name, "parentNamePath") })
	parent := s.parent(doc)
	missing.when(parent == nil && text(doc["parentId"]) != "", "No classification was found with id '%s'.", doc["parentId"])
	invalid.when(parent == nil && doc["isRoot"] != true && s.collection("classifications").byID[id] == nil,
		"A classification needs a parentId, a parentNamePath, or isRoot.")
	for ; parent != nil; parent = s.parent(parent) {
		invalid.when(parent["id"] == id, "A classification cannot be below itself.")
	}
	conflict := reason{cmp.Or(s.tenant.Guesses.Twin, conflict.status), conflict.kind}
	for other, twin := range s.collection("classifications").byID {
		same := text(twin["parentId"]) == text(doc["parentId"]) && strings.EqualFold(text(twin["name"]), text(doc["name"]))
		conflict.when(same && other != id, "The object cannot be saved because it already exists.") // aprimo-bosch-import looks for it
	}
}

// pathStep returns a name as a path has it (aprimo-bosch-import).
func pathStep(name string) string { return "/" + strings.ReplaceAll(name, "/", `\/`) }

func (s *store) parent(doc document) document {
	return s.collection("classifications").byID[text(doc["parentId"])]
}

// settleAll writes down what follows from the places of the classifications, after
// one was made, moved, renamed or removed.
func (s *store) settleAll() {
	c := s.collection("classifications")
	for _, doc := range c.byID {
		doc["hasChildren"] = false
	}
	for _, doc := range c.byID {
		names, labels := "", ""
		for above := doc; above != nil; above = s.parent(above) {
			names = pathStep(text(above["name"])) + names
			labels = pathStep(labelOf(above)) + labels
		}
		parent := s.parent(doc)
		doc["namePath"], doc["labelPath"], doc["isRoot"] = names, labels, parent == nil
		if parent != nil {
			parent["hasChildren"] = true
		}
	}
}

// labelOf returns the label of a document in English, or else its name.
func labelOf(doc document) string {
	label := find(array(doc["labels"]), func(label any) bool { return valueOf(label, "languageId") == englishID })
	if label == nil {
		return text(doc["name"])
	}
	return text(valueOf(label, "value"))
}

func (s *store) classificationByPath(_ http.ResponseWriter, r *http.Request) any {
	name, value := "namePath", inQuery(r, "namePath")
	if value == "" {
		name, value = "identifier", inQuery(r, "identifier")
	}
	doc := s.collection("classifications").by(name, value)
	missing.when(doc == nil, "No classification was found with %s '%s'.", name, value)
	return s.show(s.objectAt("classification/"+text(doc["id"])), newQuery(r))
}

func (s *store) ancestors(o object, _ *query) any {
	all := listing{}
	for above := s.parent(o.doc); above != nil; above = s.parent(above) {
		all = append(all, s.objectAt("classification/"+text(above["id"])))
	}
	slices.Reverse(all)
	return all
}

// ownFields are the fields of a user, a file or a classification: those that were sent, and the
// others of their scope, which are empty.
func (s *store) ownFields(o object, q *query) any {
	var all record // has a field once, though it was sent by its name as well
	sent := slices.Clone(array(o.doc["~fields"]))
	for id, doc := range s.collection("fielddefinitions").all() {
		has := slices.ContainsFunc(sent, func(item any) bool { return identity(item, nil) == id })
		if !has && strings.EqualFold(text(doc["scopeCategory"]), o.kind.name) {
			sent = append(sent, document{"id": id})
		}
	}
	for _, in := range sent {
		refusal(func() { all.changeFields([]document{s.define(in)}, nil, false) }) // unless its definition was deleted
	}
	return s.narrowed(all.fields, o, q)
}

func (s *store) searchClassifications(_ http.ResponseWriter, r *http.Request, in searchRequest) any {
	k := kindOf["classification"]
	return s.matching(r, k, k.plural, compile(in.Search, s.documentWords(k), 0))
}

// withoutInherited leaves out what is inherited: there is no entry for it.
func withoutInherited(o object) document {
	entries := slices.Clone(array(o.doc["permissions"]))
	entries = slices.DeleteFunc(entries, func(entry any) bool { return valueOf(entry, "accessRight") == "Inherit" })
	return document{"breakInheritance": o.doc["breakInheritance"], "permissions": entries}
}
