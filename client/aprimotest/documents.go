package aprimotest

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

type document = map[string]any

// A collection has the documents of one list, in the order in which they were made.
type collection struct {
	last int // number given to one, if their keys are numbers
	ids  []string
	byID map[string]document
}

func (c *collection) add(doc document, id string, now time.Time) {
	doc["createdOn"], doc["modifiedOn"] = stamp(now), stamp(now)
	c.ids = append(c.ids, id)
	c.byID[id] = doc
}

// find returns the id of a document by the text in its path, in whatever case;
// what has a key of its own is found by its id as well.
func (c *collection) find(k *kind, id string) (string, bool) {
	if c.byID[id] != nil {
		return id, true
	}
	for _, other := range c.ids {
		own, _ := c.byID[other]["id"].(string)
		if strings.EqualFold(other, id) || k.key != "" && own == id {
			return other, true
		}
	}
	return "", false
}

// collection returns the documents at the path of a list.
func (s *store) collection(path string) *collection {
	if s.docs[path] == nil {
		s.docs[path] = &collection{byID: make(map[string]document)}
	}
	return s.docs[path]
}

// lookUp returns an object of a kind by its id.
func (s *store) lookUp(k *kind, id string) (object, error) {
	if find := s.lookups[k.name]; find != nil {
		if o, ok := find(id); ok {
			o.kind, o.path = cmp.Or(o.kind, k), k.path()+"/"+id
			return o, nil
		}
	} else if k.plural != "" {
		return s.inList(k, k.plural, k.path(), id)
	}
	return object{}, missing("No %s was found with id '%s'.", k.name, id)
}

// inList returns a document of the list at a path.
func (s *store) inList(k *kind, list, one, id string) (object, error) {
	c := s.collection(list)
	found, ok := c.find(k, id)
	if !ok {
		return object{}, missing("No %s was found with id '%s'.", k.name, id)
	}
	return object{kind: k, doc: c.byID[found], path: one + "/" + found, list: list}, nil
}

// objectAt returns the object at a path such as collection/1/comment/2.
func (s *store) objectAt(at string) (object, error) {
	parts := strings.Split(at, "/")
	if len(parts) == 2 {
		if k := kindAt[parts[0]]; k != nil {
			return s.lookUp(k, parts[1])
		}
	}
	if len(parts) < 4 {
		return object{}, missing("Nothing was found at '%s'.", at)
	}
	n := len(parts) - 2
	owner, err := s.objectAt(strings.Join(parts[:n], "/"))
	if err != nil {
		return object{}, err
	}
	for _, rel := range owner.kind.relations {
		if rel.how == '*' && rel.target.path() == parts[n] {
			return s.inList(rel.target, owner.path+"/"+rel.path, owner.path+"/"+parts[n], parts[n+1])
		}
	}
	return object{}, missing("Nothing was found at '%s'.", at)
}

// kindAt has the kinds by the paths of one.
var kindAt = func() map[string]*kind {
	all := make(map[string]*kind)
	for _, k := range kindOf {
		if k.one != "-" {
			all[k.path()] = k
		}
	}
	return all
}()

// owned returns an error if what a list belongs to is not there.
func (s *store) owned(list string) error {
	if owner := path.Dir(list); owner != "." {
		_, err := s.objectAt(owner)
		return err
	}
	return nil
}

// documentWords are what an expression can ask of the documents of a kind: their
// members, and those of what they have the id of, as parent.name.
func (s *store) documentWords(k *kind) vocabulary[document] {
	var can vocabulary[document]
	can.words = property[document]{texts: func(doc document) []string {
		return []string{text(doc["name"]), text(doc["label"]), text(doc["identifier"])}
	}}
	can.property = func(name, _ string) (property[document], bool) {
		name, further, _ := strings.Cut(name, ".")
		if rel := k.relation(name); rel != nil && rel.how == '@' {
			return property[document]{texts: func(doc document) []string {
				if further == "" || further == "id" {
					return []string{text(doc[rel.idOf])}
				}
				o, _ := s.lookUp(rel.target, text(doc[rel.idOf]))
				return []string{text(valueOf(o.doc, further))}
			}}, true
		}
		m := k.member(nil, name)
		switch {
		case m == nil:
			return property[document]{}, false
		case m.kind == "time":
			return property[document]{time: func(doc document) time.Time { t, _ := parseTime(text(doc[m.name])); return t }}, true
		case m.kind == "number":
			return property[document]{number: func(doc document) float64 { n, _ := doc[m.name].(float64); return n }}, true
		}
		return property[document]{texts: func(doc document) []string {
			if doc[m.name] == nil {
				return []string{text(m.zero)}
			}
			return withPaths(text(doc[m.name]))
		}}, true
	}
	return can
}

// text returns a value as an expression compares it; "" for null.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// valueOf returns a property of a document by its name, in whatever case.
func valueOf(doc document, name string) any {
	if value, ok := doc[name]; ok {
		return value
	}
	for key, value := range doc {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}

// sign notes who makes or changes a document.
func (s *store) sign(doc document, r *http.Request) {
	user := nameID(s.user(r))
	doc["~modifiedBy"] = user
	if doc["~createdBy"] == nil {
		doc["~createdBy"] = user
	}
}

// save does what a kind wants to be done before a document is kept.
func (s *store) save(k *kind, id string, doc document, list string) error {
	for name, value := range map[string]any{"createdBy": doc["~createdBy"], "modifiedBy": doc["~modifiedBy"]} {
		if m := k.member(nil, name); m != nil {
			doc[name] = value
		}
	}
	if m := k.member(nil, "fileVersionId"); m != nil && m.unchanging && list != k.plural {
		doc["fileVersionId"] = path.Base(path.Dir(list))
	}
	if prepare := s.saves[k.name]; prepare != nil {
		return prepare(id, doc, list)
	}
	return nil
}

// saved does what follows from a change.
func (s *store) saved(k *kind) {
	if k.name == "classification" {
		s.settleAll()
	}
}

func (s *store) remove(c *collection, id string) {
	delete(c.byID, id)
	c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
}
