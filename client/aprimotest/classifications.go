package aprimotest

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

func ownerOf(list string) string { return path.Base(path.Dir(list)) }

// place looks whether a classification may be where it says: with a name, and
// below one that exists and is not below itself, or as a root.
func (s *store) place(id string, doc document, _ string) error {
	name, _ := doc["name"].(string)
	if strings.Contains(name, "/") {
		return invalid("'%s' is not a name of a classification.", name)
	}
	if above, ok := doc["parentNamePath"].(string); ok {
		parent := s.byPath("namePath", above)
		if parent == nil {
			return missing("No classification was found with namePath '%s'.", above)
		}
		doc["parentId"] = parent["id"]
		delete(doc, "parentNamePath")
	}
	if parent, _ := doc["parentId"].(string); parent != "" && s.parent(doc) == nil {
		return missing("No classification was found with id '%s'.", parent)
	}
	old := s.collection("classifications").byID[id]
	if s.parent(doc) == nil && doc["isRoot"] != true && old == nil {
		return invalid("A classification needs a parentId, a parentNamePath, or isRoot.")
	}
	for above := s.parent(doc); above != nil; above = s.parent(above) {
		if above["id"] == id {
			return invalid("A classification cannot be below itself.")
		}
	}
	return nil
}

func (s *store) parent(doc document) document {
	id, _ := doc["parentId"].(string)
	return s.collection("classifications").byID[id]
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
			names = "/" + text(above["name"]) + names
			labels = "/" + labelOf(above) + labels
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
	labels, _ := doc["labels"].([]any)
	for _, item := range labels {
		if label, _ := item.(document); label["languageId"] == englishID {
			return text(label["value"])
		}
	}
	return text(doc["name"])
}

// byPath finds a classification by its namePath or its identifier, in whatever
// case; nil if there is none.
func (s *store) byPath(name, value string) document {
	c := s.collection("classifications")
	for _, id := range c.ids {
		if has := text(c.byID[id][name]); value != "" && strings.EqualFold(strings.Trim(has, "/"), strings.Trim(value, "/")) {
			return c.byID[id]
		}
	}
	return nil
}

func (s *store) classificationByPath(w http.ResponseWriter, r *http.Request) error {
	name, value := "namePath", inQuery(r, "namePath")
	if value == "" {
		name, value = "identifier", inQuery(r, "identifier")
	}
	doc := s.byPath(name, value)
	if doc == nil {
		return missing("No classification was found with %s '%s'.", name, value)
	}
	o, err := s.lookUp(kindOf["classification"], text(doc["id"]))
	if err == nil {
		s.writeObject(w, r, http.StatusOK, o)
	}
	return err
}

func (s *store) ancestors(o object, _ *query) any {
	all := listing{}
	for above := s.parent(o.doc); above != nil; above = s.parent(above) {
		found, _ := s.lookUp(o.kind, text(above["id"]))
		all = append(all, found)
	}
	slices.Reverse(all)
	return all
}

func (s *store) children(o object, _ *query) any {
	all := listing{}
	c := s.collection("classifications")
	for _, id := range c.ids {
		if c.byID[id]["parentId"] == o.doc["id"] {
			found, _ := s.lookUp(o.kind, id)
			all = append(all, found)
		}
	}
	return all
}

// classificationFields are the fields that were sent, and those that are registered
// on a classification or on all, which are empty.
func (s *store) classificationFields(o object, q *query) any {
	all := listing{}
	show := func(f field, values []any) {
		if s.define(&f) != nil {
			return
		}
		doc := f.document(nil)
		doc["localizedValues"] = values
		all = append(all, object{kind: kindOf["field"], doc: doc, path: o.path + "/field/" + f.ID})
	}
	items, _ := o.doc["~fields"].([]any)
	sent := make(map[string]bool)
	for _, item := range items {
		doc, _ := item.(document)
		values, _ := valueOf(doc, "localizedValues").([]any)
		sent[identity(item, nil)] = true
		show(field{ID: text(valueOf(doc, "id")), FieldID: text(valueOf(doc, "fieldId")), OtherName: text(valueOf(doc, "name"))}, values)
	}
	c := s.collection("fielddefinitions")
	for _, id := range c.ids {
		if c.byID[id]["scopeCategory"] == "Classification" && !sent[id] {
			show(field{ID: id}, []any{})
		}
	}
	return all
}

func (s *store) searchClassifications(w http.ResponseWriter, r *http.Request, in searchRequest) error {
	k := kindOf["classification"]
	c, err := compile(in.Search, s.documentWords(k), 0)
	if err != nil {
		return err
	}
	return s.writeDocuments(w, r, k, k.plural, c)
}

// withoutInherited leaves out what is inherited: there is no entry for it.
func withoutInherited(o object) document {
	doc := document{"breakInheritance": o.doc["breakInheritance"]}
	items, _ := o.doc["permissions"].([]any)
	doc["permissions"] = slices.DeleteFunc(slices.Clone(items), func(item any) bool {
		entry, _ := item.(document)
		return entry["accessRight"] == "Inherit"
	})
	return doc
}

// breakInheritance adds the administrators, who keep their rights.
func breakInheritance(_ string, doc document, _ string) error {
	if doc["breakInheritance"] == true {
		var err error
		doc["permissions"], err = merged(doc["permissions"], document{"addOrUpdate": []any{
			document{"userGroupId": seedID("usergroups", "Administrators"), "accessRight": "Fullcontrol"}}}, kindOf["classificationpermission"])
		return err
	}
	return nil
}
