package aprimotest

import (
	"net/http"
	"strings"
)

// place gives a classification its place in the tree.
func (s *store) place(doc document) error {
	name, _ := doc["name"].(string)
	if name == "" || strings.Contains(name, "/") {
		return invalid("'%s' is not a name of a classification.", name)
	}
	path := "/" + name
	parent, _ := doc["parentId"].(string)
	if parent != "" {
		above := s.docs["classifications"].byID[parent]
		if above == nil {
			return missing("No classification was found with id '%s'.", parent)
		}
		path = above["namePath"].(string) + path
	}
	doc["namePath"], doc["isRoot"] = path, parent == ""
	return nil
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
			res := resource{singular: "classification"}
			writeJSON(w, http.StatusOK, res.linked(r, id, c.byID[id]))
			return nil
		}
	}
	return missing("No classification was found with %s '%s'.", name, value)
}

func (s *store) classificationChildren(w http.ResponseWriter, r *http.Request) error {
	c := s.docs["classifications"]
	if c.byID[r.PathValue("id")] == nil {
		return missing("No classification was found with id '%s'.", r.PathValue("id"))
	}
	children := []any{}
	for _, id := range c.ids {
		if c.byID[id]["parentId"] == r.PathValue("id") {
			children = append(children, c.byID[id])
		}
	}
	writeJSON(w, http.StatusOK, list(children))
	return nil
}

// searchClassifications finds by name, namePath or id: the expression is one
// comparison, such as Name = 'Assets' or Id = ?.
func (s *store) searchClassifications(w http.ResponseWriter, r *http.Request) error {
	var in searchRequest
	if err := readJSON(r, &in); err != nil {
		return err
	}
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	if in.Search == nil {
		return invalid("The request has no searchExpression.")
	}
	read := parser{store: s, expression: *in.Search, tokens: scan(in.Search.Expression)}
	word, _ := read.takeKind('w')
	name := map[string]string{"id": "id", "name": "name", "namepath": "namePath", "identifier": "identifier"}[strings.ToLower(word)]
	if name == "" || !read.take("=") {
		return invalid("The search expression '%s' is not simulated for classifications.", in.Search.Expression)
	}
	value, err := read.value()
	if err == nil && len(read.tokens) > 0 {
		err = read.unexpected()
	}
	if err != nil {
		return err
	}
	found := []any{}
	c := s.docs["classifications"]
	for _, id := range c.ids {
		if text, _ := c.byID[id][name].(string); strings.EqualFold(text, value) {
			found = append(found, c.byID[id])
		}
	}
	first, last := p.bounds(len(found))
	writePaged(w, r, p, found[first:last], len(found), nil)
	return nil
}
