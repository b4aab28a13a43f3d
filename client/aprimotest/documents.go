package aprimotest

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
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
	return find(c.ids, func(other string) bool {
		own, _ := c.byID[other]["id"].(string)
		return strings.EqualFold(other, id) || k.key != "" && own == id
	})
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

// by returns the first document with a text as a member, in whatever case and with or without
// slashes around it; nil if there is none.
func (c *collection) by(member, value string) document {
	return c.byID[find(c.ids, func(id string) bool {
		return value != "" && strings.EqualFold(strings.Trim(text(c.byID[id][member]), "/"), strings.Trim(value, "/"))
	})]
}

// which returns the ids of the documents that fulfil a condition.
func (c *collection) which(wanted condition[document]) []string {
	return slices.DeleteFunc(slices.Clone(c.ids), func(id string) bool { return !wanted(c.byID[id]) })
}

// where returns the documents that fulfil a condition.
func (c *collection) where(wanted condition[document]) []document {
	return mapped(c.which(wanted), func(id string) document { return c.byID[id] })
}

func (c *collection) remove(id string) {
	delete(c.byID, id)
	c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
}

// union returns a document with the members of all; of two with one name the later one counts.
func union(docs ...document) document {
	all := make(document)
	for _, doc := range docs {
		maps.Copy(all, doc)
	}
	return all
}

// collection returns the documents at the path of a list.
func (s *store) collection(path string) *collection {
	if s.docs[path] == nil {
		s.docs[path] = &collection{byID: make(map[string]document)}
	}
	return s.docs[path]
}

// lookUp finds an object of a kind by its id. It has no document if there is none.
func (s *store) lookUp(k *kind, id string) object {
	find := s.lookups[k.name]
	if find == nil {
		return s.inList(k, k.plural, k.path(), id)
	}
	o := find(id)
	o.kind, o.path = cmp.Or(o.kind, k), cmp.Or(o.path, k.path()+"/"+id)
	return o
}

// inList finds a document of the list at a path, as lookUp does.
func (s *store) inList(k *kind, list, one, id string) object {
	c := s.collection(list)
	found := c.find(k, id)
	return object{kind: k, doc: c.byID[found], path: one + "/" + found, list: list}
}

// single returns the one document at a path: of the tenant, or of an object.
func (s *store) single(k *kind, at string) object {
	return object{kind: k, doc: s.collection(at).byID[path.Base(at)], path: at, list: at}
}

// objectAt returns the object at a path such as collection/1/comment/2.
func (s *store) objectAt(at string) object {
	if k := kindOf[at]; k != nil && k.single {
		return s.single(k, at)
	}
	parts := strings.Split(at, "/")
	n := len(parts) - 2
	if n == 0 {
		k := kindAt[parts[0]]
		missing.when(k == nil, "Nothing was found at '%s'.", at)
		o := s.lookUp(k, parts[1])
		missing.when(o.doc == nil, "No %s was found with id '%s'.", k.name, parts[1])
		return o
	}
	if n >= 2 {
		owner := s.objectAt(strings.Join(parts[:n], "/"))
		for _, rel := range owner.kind.relations {
			if rel.how == '*' && rel.target.path() == parts[n] {
				if o := s.inList(rel.target, owner.path+"/"+rel.path, owner.path+"/"+parts[n], parts[n+1]); o.doc != nil {
					return o
				}
			}
		}
	}
	panic(missing.because("Nothing was found at '%s'.", at))
}

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
	can.words = property[document]{wholeWords: s.tenant.Guesses.WholeWords, texts: func(doc document) []string {
		return append(textsOf(doc["labels"]), text(doc["name"]), text(doc["label"]), text(doc["identifier"]))
	}}
	can.property = func(name, _ string) (property[document], bool) {
		name, further, _ := strings.Cut(name, ".")
		if rel := k.relation(name); rel != nil && rel.how == '@' {
			return property[document]{texts: func(doc document) []string {
				if further == "" || further == "id" {
					return []string{text(doc[rel.idOf])}
				}
				return []string{text(valueOf(s.lookUp(rel.target, text(doc[rel.idOf])).doc, further))}
			}}, true
		}
		m := cmp.Or(k.member(nil, name), k.member(nil, name+"s")) // Label is one of the labels
		if m == nil {
			return property[document]{}, false
		}
		if m.kind == "labels" {
			return property[document]{texts: func(doc document) []string { return textsOf(doc[m.name]) }}, true
		}
		if read := orders[m.kind]; read != nil {
			return property[document]{order: m.kind, number: func(doc document) float64 { n, _ := read(text(doc[m.name])); return n }}, true
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
func textsOf(labels any) []string {
	return mapped(array(labels), func(label any) string { return text(valueOf(label, "value")) })
}

// mapped returns what a function makes of each element.
func mapped[T, U any](all []T, f func(T) U) []U {
	made := make([]U, len(all))
	for i, one := range all {
		made[i] = f(one)
	}
	return made
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
	doc["~createdBy"] = cmp.Or(doc["~createdBy"], any(user))
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
