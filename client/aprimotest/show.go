package aprimotest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// An object is something that an answer shows.
type object struct {
	kind *kind
	doc  document // what is known of it
	path string   // below /api/core/
	list string   // the path of the list that it is kept in
	of   any      // the *record or *part that it is
}

// A query is how a request wants to be answered.
type query struct {
	r         *http.Request
	base      string // the address of /api/core/
	hal       bool   // application/hal+json: with links, and selected parts in _embedded
	omitNull  bool   // members without a value are left out
	listed    bool   // the objects are in a list, where some parts of a record are not shown
	languages map[string]bool
	language  string                     // the one language that was asked for; labels that have none in it are the name (CHILI, live)
	wanted    map[string]map[string]bool // what is selected, by the name of the kind
	depth     map[*kind]int              // how often a kind is on the path to what is shown now
}

// occurrences is how often one kind of resource may be on the path from the top of
// an answer down to what is embedded in it.
const occurrences = 2

func newQuery(r *http.Request) *query {
	accept := r.Header.Get("Accept")
	q := &query{
		r: r, base: baseURL(r) + apiPath + "/", wanted: make(map[string]map[string]bool), depth: make(map[*kind]int),
		hal: strings.Contains(accept, "hal+json") || !strings.Contains(accept, "/json"), languages: keys(r, "Languages"),
	}
	if len(q.languages) == 1 && !q.languages["*"] {
		q.language = slices.Collect(maps.Keys(q.languages))[0]
	}
	if q.languages == nil {
		q.languages = map[string]bool{englishID: true}
	}
	q.languages[noLanguage] = true
	return q
}

// keys returns the keys of a header as select-record, in lower case; ids are bare.
func keys(r *http.Request, header string) map[string]bool {
	lines := strings.Join(r.Header.Values(header), ",")
	if strings.Trim(lines, " ,") == "" {
		return nil
	}
	all := make(map[string]bool)
	for key := range strings.SplitSeq(lines, ",") {
		if name, err := url.PathUnescape(strings.TrimSpace(key)); err == nil && name != "" {
			all[strings.ToLower(normalizeID(name))] = true
		}
	}
	return all
}

func (q *query) selected(k *kind) map[string]bool {
	all, ok := q.wanted[k.name]
	if !ok {
		all = keys(q.r, "Select-"+k.name)
		q.wanted[k.name] = all
	}
	return all
}

// speaks reports whether the request wants texts of a language.
func (q *query) speaks(text any) bool {
	language, _ := valueOf(text, "languageId").(string)
	return q.languages["*"] || language == "" || q.languages[language]
}

// show returns an object as the request wants to see it.
func (s *store) show(o object, q *query) json.RawMessage {
	out := new(jsonText)
	s.write(out, o, q)
	return out.data
}

// write writes an object as the request wants to see it: its members in the order of the
// table, what else was sent, and what it links to.
func (s *store) write(out *jsonText, o object, q *query) {
	if overlay := s.overlays[o.kind.name]; overlay != nil {
		o.doc = overlay(o)
	}
	out.raw("{")
	wanted, shape := q.selected(o.kind), o.kind.shown(o.doc)
	for _, m := range shape.all {
		if value := s.showMember(m, o, q, wanted); !m.unshown && (value != nil || !q.omitNull) {
			out.add(m.name, value)
		}
	}
	for _, name := range shape.more(o.doc) {
		out.add(name, o.doc[name])
	}
	if !q.hal {
		for _, rel := range o.kind.linked {
			if !o.kind.members.names[rel.name] { // of two with one name the member is shown
				out.add(rel.name, s.selected(o, rel, q, wanted))
			}
		}
	} else if len(o.kind.relations) > 0 || o.path != "" {
		s.writeLinks(out, o, q, wanted)
	}
	out.raw("}")
}

// more returns the names of what is shown of a document beside its members.
func (sh shape) more(doc document) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(doc)), func(name string) bool { return strings.HasPrefix(name, "~") || sh.names[name] })
}

// writeLinks writes the links of an object and, in _embedded, what of them is selected.
func (s *store) writeLinks(out *jsonText, o object, q *query, wanted map[string]bool) {
	out.name("_links", "{")
	for _, rel := range o.kind.linked {
		out.link(rel.link, rel.key, q.base+rel.address(o))
	}
	if o.path != "" {
		out.link("self", "", q.base+o.path)
	}
	out.raw("}")
	embedded := newJSON()
	for _, rel := range o.kind.linked {
		if rel.in(wanted) {
			embedded.add(rel.link, s.selected(o, rel, q, wanted))
		}
	}
	if len(embedded.data) > 1 {
		out.add("_embedded", embedded.end())
	}
}

func (rel *relation) in(wanted map[string]bool) bool { return wanted[rel.key] || wanted[rel.link] }

// selected returns what a relation leads to if it is selected, and nil if it is not.
func (s *store) selected(o object, rel *relation, q *query, wanted map[string]bool) any {
	first := q.depth[o.kind] == 0
	if !rel.in(wanted) || q.listed && first && slices.Contains(notInLists, o.kind.name+"."+rel.link) {
		return nil
	}
	q.depth[o.kind]++
	defer func() { q.depth[o.kind]-- }()
	return s.follow(o, rel, q)
}

func (s *store) showMember(m *member, o object, q *query, wanted map[string]bool) any {
	value := o.doc[m.name]
	if m.kind == "labels" && value != nil {
		value = slices.DeleteFunc(slices.Clone(array(value)), func(text any) bool { return !q.speaks(text) })
	}
	if name := o.doc["name"]; m.name == "labels" && q.language != "" && len(array(value)) == 0 && name != nil {
		value = []any{document{"languageId": q.language, "value": name}}
	}
	switch {
	case m.hidden && !wanted[strings.ToLower(m.name)]:
		return nil
	case m.kind == "items":
		return s.list(m.elements(o, value), o.path+"/"+strings.ToLower(m.name), false, q)
	case value == nil:
		return m.zero
	case m.element != nil && array(value) != nil:
		return mapped(m.elements(o, value), func(element object) any { return s.show(element, q) })
	}
	return value
}

// elements are the objects in a set of another.
func (m *member) elements(o object, set any) listing {
	return mapped(array(set), func(item any) object {
		doc, _ := item.(document)
		element := object{kind: m.element, doc: doc}
		if id := text(doc[m.element.keyName()]); id != "" && m.element.one != "-" {
			element.path = o.path + "/" + id
		}
		return element
	})
}

// list returns a list that is a part of an answer.
func (s *store) list(all listing, path string, paged bool, q *query) json.RawMessage {
	all = slices.DeleteFunc(slices.Clone(all), func(o object) bool { return q.depth[o.kind] >= occurrences })
	out := listOf(mapped(all, func(o object) any { return s.show(o, q) }), path, q)
	if paged {
		out.add("page", 1)
		out.add("pageSize", defaultPageSize)
		out.add("totalCount", len(all))
	}
	return out.end()
}

func listOf(items []any, path string, q *query) *jsonText {
	out := newJSON()
	out.add("items", items)
	if q.hal {
		out.name("_links", "{")
		out.link("self", "", q.base+path)
		out.raw("}")
	}
	return out
}

// address returns where a relation of an object leads to, below /api/core/.
func (rel *relation) address(o object) string {
	if id, _ := o.doc[rel.idOf].(string); id != "" && rel.how == '@' {
		return rel.target.path() + "/" + id
	}
	return o.path + "/" + rel.path
}

// A listing is what a relation leads to, if it is many.
type listing []object

// follow returns what a relation of an object leads to, as it is shown; nil if there is nothing.
func (s *store) follow(o object, rel *relation, q *query) any {
	switch value := s.related(o, rel, q).(type) {
	case object:
		if q.depth[value.kind] >= occurrences {
			return nil
		}
		return s.show(value, q)
	case listing:
		return s.list(value, rel.address(o), rel.paged, q)
	default:
		return value
	}
}

// related returns what a relation of an object leads to: an object, a listing, what is shown
// as it is, or nil.
func (s *store) related(o object, rel *relation, q *query) any {
	if find := s.finders[o.kind.name+"."+rel.link]; find != nil {
		return find(o, q)
	}
	path := o.path + "/" + rel.path
	switch rel.how {
	case '@':
		if found := s.lookUp(rel.target, text(o.doc[rel.idOf])); found.doc != nil {
			return found
		}
	case '>':
		return s.single(rel.target, path)
	case '*':
		return listing(mapped(s.collection(path).ids, func(id string) object {
			return object{kind: rel.target, doc: s.docs[path].byID[id], path: o.path + "/" + rel.target.path() + "/" + id}
		}))
	case '<':
		return s.referring(o, rel.target, rel.idOf)
	case '#':
		return s.sent(o, rel, q)
	case '&':
		return s.partsOf(o, rel)
	case '!':
		return s.imageOf(o, rel)
	}
	return nil
}

// referring returns the documents of a kind that have the id of an object as a member, or that
// of the version that a rendition is of.
func (s *store) referring(o object, k *kind, member string) listing {
	referred := path.Base(o.path)
	if p, ok := o.of.(*part); ok {
		referred = p.id
	}
	ids := s.collection(k.plural).which(func(doc document) bool { return doc[member] == referred })
	return mapped(ids, func(id string) object { return s.objectAt(k.path() + "/" + id) })
}

// sent returns the set that was sent with an object under the name of a relation.
func (s *store) sent(o object, rel *relation, q *query) any {
	if rel.target == nil {
		return listOf(append([]any{}, array(o.doc[rel.idOf])...), o.path+"/"+rel.path, q).end()
	}
	all, element := listing{}, rel.element()
	for _, item := range array(o.doc[rel.idOf]) {
		if doc, ok := item.(document); element != nil && ok {
			found := object{kind: element, doc: doc}
			if rel.one != "" {
				found.path = o.path + "/" + rel.one + "/" + identity(doc, element)
			}
			all = append(all, found)
		} else if found := s.lookUp(rel.target, identity(item, nil)); found.doc != nil {
			all = append(all, found)
		}
	}
	return all
}

// element returns the kind of what is sent as a set and has no place of its own; nil if
// it has.
func (rel *relation) element() *kind {
	if rel.target == nil || rel.target.one != "-" {
		return nil
	}
	return rel.target
}
