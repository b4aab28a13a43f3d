package aprimotest

import (
	"net/http"
	"strings"
)

// place looks whether a classification may be where it says: with a name, and
// below one that exists and is not below itself.
func (s *store) place(id string, doc document) error {
	name, _ := doc["name"].(string)
	if name == "" || strings.Contains(name, "/") {
		return invalid("'%s' is not a name of a classification.", name)
	}
	if parent, _ := doc["parentId"].(string); parent != "" && s.parent(doc) == nil {
		return missing("No classification was found with id '%s'.", parent)
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
	return s.docs["classifications"].byID[id]
}

// settle writes down what follows from the place of a classification.
func (s *store) settle(doc document) {
	path := ""
	for above := doc; above != nil; above = s.parent(above) {
		path = "/" + above["name"].(string) + path
	}
	parent := s.parent(doc)
	doc["namePath"], doc["isRoot"] = path, parent == nil
	if parent != nil {
		parent["hasChildren"] = true
	}
}

// settleAll does so for all, after one was moved, renamed or removed.
func (s *store) settleAll() {
	c := s.docs["classifications"]
	for _, doc := range c.byID {
		doc["hasChildren"] = false
	}
	for _, doc := range c.byID {
		s.settle(doc)
	}
}

// classificationByPath finds one by its namePath or its identifier.
func (s *store) classificationByPath(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	name, value := "namePath", query.Get("namePath")
	if value == "" {
		name, value = "identifier", query.Get("identifier")
	}
	c := s.docs["classifications"]
	for _, id := range c.ids {
		if value != "" && c.byID[id][name] == value {
			writeJSON(w, http.StatusOK, classifications.linked(r, id, c.byID[id]))
			return nil
		}
	}
	return missing("No classification was found with %s '%s'.", name, value)
}

func (s *store) classificationChildren(w http.ResponseWriter, r *http.Request) error {
	id, _, err := s.askedDocument(classifications, r)
	if err != nil {
		return err
	}
	c := s.docs["classifications"]
	ids, err := c.find(func(doc document) bool { return doc["parentId"] == id }, r)
	if err != nil {
		return err
	}
	children := []document{}
	for _, id := range ids {
		children = append(children, classifications.linked(r, id, c.byID[id]))
	}
	writeJSON(w, http.StatusOK, list(children))
	return nil
}

func (s *store) searchClassifications(w http.ResponseWriter, r *http.Request) error {
	var in searchRequest
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Search == nil {
		return invalid("The request has no searchExpression.")
	}
	match, err := documentFilter(*in.Search)
	if err != nil {
		return err
	}
	return s.writeDocuments(w, r, classifications, match)
}
