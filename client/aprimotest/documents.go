package aprimotest

import (
	"cmp"
	"fmt"
	"iter"
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
	c.keep(doc, id)
}

// keep keeps a document, in the place of the one that has its id.
func (c *collection) keep(doc document, id string) {
	if c.byID[id] == nil {
		c.ids = append(c.ids, id)
	}
	c.byID[id] = doc
}

// find returns the id of a document by the text in its path, in whatever case; what has a
// key of its own is found by its id as well. It returns "" if there is none.
func (c *collection) find(k *kind, id string) string {
	if c.byID[id] != nil {
		return id
	}
	for _, other := range c.ids {
		own, _ := c.byID[other]["id"].(string)
		if strings.EqualFold(other, id) || k.key != "" && own == id {
			return other
		}
	}
	return ""
}

// all returns the documents in their order, with their ids.
func (c *collection) all() iter.Seq2[string, document] {
	return func(yield func(string, document) bool) {
		for _, id := range c.ids {
			if !yield(id, c.byID[id]) {
				return
			}
		}
	}
}

// where returns the documents that fulfil a condition.
func (c *collection) where(wanted condition[document]) (found []document) {
	for _, doc := range c.all() {
		if wanted(doc) {
			found = append(found, doc)
		}
	}
	return found
}

func (c *collection) remove(id string) {
	delete(c.byID, id)
	c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
}

// collection returns the documents at the path of a list.
func (s *store) collection(path string) *collection {
	if s.docs[path] == nil {
		s.docs[path] = &collection{byID: make(map[string]document)}
	}
	return s.docs[path]
}

// lookUp finds an object of a kind by its id.
func (s *store) lookUp(k *kind, id string) (o object, ok bool) {
	if find := s.lookups[k.name]; find != nil {
		o, ok = find(id)
		o.kind, o.path = cmp.Or(o.kind, k), cmp.Or(o.path, k.path()+"/"+id)
		return o, ok
	}
	return s.inList(k, k.plural, k.path(), id)
}

// inList finds a document of the list at a path.
func (s *store) inList(k *kind, list, one, id string) (object, bool) {
	c := s.collection(list)
	found := c.find(k, id)
	return object{kind: k, doc: c.byID[found], path: one + "/" + found, list: list}, found != ""
}

// objectAt returns the object at a path such as collection/1/comment/2.
func (s *store) objectAt(at string) object {
	parts := strings.Split(at, "/")
	n := len(parts) - 2
	if n == 0 {
		k := kindAt[parts[0]]
		if k == nil {
			panic(missing("Nothing was found at '%s'.", at))
		}
		o, ok := s.lookUp(k, parts[1])
		if !ok {
			panic(missing("No %s was found with id '%s'.", k.name, parts[1]))
		}
		return o
	}
	if n >= 2 {
		owner := s.objectAt(strings.Join(parts[:n], "/"))
		for _, rel := range owner.kind.relations {
			if rel.how != '*' || rel.target.path() != parts[n] {
				continue
			}
			if o, ok := s.inList(rel.target, owner.path+"/"+rel.path, owner.path+"/"+parts[n], parts[n+1]); ok {
				return o
			}
		}
	}
	panic(missing("Nothing was found at '%s'.", at))
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

// owned refuses a request for a list if what it belongs to is not there.
func (s *store) owned(list string) {
	if owner := path.Dir(list); owner != "." {
		s.objectAt(owner)
	}
}

// documentWords are what an expression can ask of the documents of a kind: their
// members, and those of what they have the id of, as parent.name.
func (s *store) documentWords(k *kind) vocabulary[document] {
	var can vocabulary[document]
	can.words = property[document]{texts: func(doc document) []string {
		return append(textsOf(doc["labels"]), text(doc["name"]), text(doc["label"]), text(doc["identifier"]))
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
		m := cmp.Or(k.member(nil, name), k.member(nil, name+"s")) // Label is one of the labels
		switch {
		case m == nil:
			return property[document]{}, false
		case m.kind == "labels":
			return property[document]{texts: func(doc document) []string { return textsOf(doc[m.name]) }}, true
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

// textsOf returns the texts of labels.
func textsOf(labels any) (all []string) {
	for _, label := range array(labels) {
		all = append(all, text(valueOf(label, "value")))
	}
	return all
}

// array returns a value that is one, and nil of any other.
func array(v any) []any {
	all, _ := v.([]any)
	return all
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

// valueOf returns a property of a document by its name, in whatever case; nil of anything else.
func valueOf(v any, name string) any {
	doc, _ := v.(document)
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

// save notes who makes or changes a document, and does what its kind wants to be done before
// it is kept.
func (s *store) save(k *kind, id string, doc document, list string) {
	user := nameID(s.user(s.request))
	doc["~modifiedBy"] = user
	if doc["~createdBy"] == nil {
		doc["~createdBy"] = user
	}
	for _, name := range []string{"createdBy", "modifiedBy"} {
		if k.member(nil, name) != nil {
			doc[name] = doc["~"+name]
		}
	}
	if prepare := s.saves[k.name]; prepare != nil {
		prepare(id, doc, list)
	}
}

// saved does what follows from a change.
func (s *store) saved(k *kind) {
	if k.name == "classification" {
		s.settleAll()
	}
}
