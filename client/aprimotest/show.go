package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// An object is something that an answer shows.
type object struct {
	kind *kind
	doc  document // what is known of it
	path string   // below /api/core/
	list string   // the path of the list that it is kept in
	of   any      // the *record, *file or *version that it is
}

// A query is how a request wants to be answered.
type query struct {
	r         *http.Request
	base      string // the address of /api/core/
	hal       bool   // application/hal+json: with links, and selected parts in _embedded
	listed    bool   // the objects are in a list, where some parts of a record are not shown
	languages map[string]bool
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
	if q.languages == nil {
		q.languages = map[string]bool{englishID: true}
	}
	q.languages[noLanguage] = true
	return q
}

// keys returns the keys of a header as select-record, in lower case; ids are bare.
func keys(r *http.Request, header string) map[string]bool {
	lines := r.Header.Values(header)
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return nil
	}
	all := make(map[string]bool)
	for key := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if name, err := url.PathUnescape(strings.TrimSpace(key)); err == nil {
			all[strings.ToLower(bareID(name))] = true
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
	doc, _ := text.(document)
	language, _ := doc["languageId"].(string)
	return q.languages["*"] || language == "" || q.languages[language]
}

// show returns an object as the request wants to see it.
func (s *store) show(o object, q *query) document {
	if overlay := s.overlays[o.kind.name]; overlay != nil {
		o.doc = overlay(o)
	}
	out := document{}
	wanted := q.selected(o.kind)
	for name, value := range o.doc {
		if name[0] != '~' && name != "createdOn" && name != "modifiedOn" {
			out[name] = value
		}
	}
	for _, m := range o.kind.shown(o.doc) {
		if !m.unshown {
			out[m.name] = s.showMember(m, o, q, wanted)
		}
	}
	q.depth[o.kind]++
	defer func() { q.depth[o.kind]-- }()
	links, embedded := links{}, document{}
	for i := range o.kind.relations {
		rel := &o.kind.relations[i]
		if rel.unlinked {
			continue
		}
		asked := wanted[rel.key] || wanted[rel.link]
		var value any
		if asked && !(q.listed && q.depth[o.kind] == 1 && slices.Contains(notInLists, o.kind.name+"."+rel.link)) {
			value = s.follow(o, rel, q)
		}
		switch {
		case !q.hal:
			if out[rel.name] == nil { // of two with one name the property is shown
				out[rel.name] = value
			}
			continue
		case asked:
			embedded[rel.link] = value
		}
		links[rel.link] = link{q.base + rel.address(o), rel.key}
	}
	if q.hal {
		if o.path != "" {
			links["self"] = link{Href: q.base + o.path}
		}
		if len(links) > 0 {
			out["_links"] = links
		}
		if len(embedded) > 0 {
			out["_embedded"] = embedded
		}
	}
	return out
}

// notInLists is what the records of a list do not show, whatever is selected.
var notInLists = []string{"record.classifications", "record.files", "record.permissions", "record.locks"}

func (s *store) showMember(m member, o object, q *query, wanted map[string]bool) any {
	value, ok := o.doc[m.name]
	switch {
	case m.hidden && !wanted[strings.ToLower(m.name)]:
		return nil
	case !ok || value == nil:
		return m.zero
	case m.kind == "labels":
		texts, _ := value.([]any)
		return slices.DeleteFunc(slices.Clone(texts), func(text any) bool { return !q.speaks(text) })
	case m.element != nil:
		items, _ := value.([]any)
		shown := make([]any, 0, len(items))
		for _, item := range items {
			doc, _ := item.(document)
			path := ""
			if id := text(doc[m.element.keyName()]); id != "" && m.element.one != "-" {
				path = o.path + "/" + id
			}
			shown = append(shown, s.show(object{kind: m.element, doc: doc, path: path}, q))
		}
		return shown
	}
	return value
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

// follow returns what a relation of an object leads to; nil if there is nothing.
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

// related is follow, before it is shown.
func (s *store) related(o object, rel *relation, q *query) any {
	if find := s.finders[o.kind.name+"."+rel.link]; find != nil {
		return find(o, q)
	}
	path := o.path + "/" + rel.path
	switch rel.how {
	case '@':
		id, _ := o.doc[rel.idOf].(string)
		if found, err := s.lookUp(rel.target, id); err == nil {
			return found
		}
		return nil
	case '>':
		return object{kind: rel.target, doc: s.attached[path], path: path}
	case '*':
		all := listing{}
		for _, id := range s.collection(path).ids {
			all = append(all, object{kind: rel.target, doc: s.docs[path].byID[id], path: o.path + "/" + rel.target.path() + "/" + id})
		}
		return all
	case '#':
		return s.sent(o, rel, q)
	}
	return nil
}

// sent returns the set that was sent with an object under the name of a relation.
func (s *store) sent(o object, rel *relation, q *query) any {
	items, _ := o.doc[rel.idOf].([]any)
	if rel.target == nil {
		out := s.list(nil, o.path+"/"+rel.path, false, q)
		out["items"] = append([]any{}, items...)
		return out
	}
	all := listing{}
	for _, item := range items {
		id, _ := item.(string)
		if found, err := s.lookUp(rel.target, cmp.Or(id, identity(item))); err == nil {
			all = append(all, found)
		}
	}
	return all
}

// list returns a list that is a part of an answer.
func (s *store) list(all listing, path string, paged bool, q *query) document {
	items := []any{}
	for _, o := range all {
		if q.depth[o.kind] < occurrences {
			items = append(items, s.show(o, q))
		}
	}
	out := document{"items": items}
	if paged {
		maps.Copy(out, document{"page": 1, "pageSize": defaultPageSize, "totalCount": len(items)})
	}
	if q.hal {
		out["_links"] = links{"self": {Href: q.base + path}}
	}
	return out
}

type links map[string]link

type link struct {
	Href string `json:"href"`
	Key  string `json:"select-key,omitempty"`
}
