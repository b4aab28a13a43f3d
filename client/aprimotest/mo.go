package aprimotest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moByPath has the kinds with their members.
var moByPath = func() map[string]*moKind {
	all := make(map[string]*moKind)
	for _, k := range moKinds {
		k.shown = moShape(k.path, k.members)
		all[k.path] = &k
	}
	for _, k := range all {
		k.store = cmp.Or(k.store, k.path)
		owner := all[k.store]
		k.manual = owner.manual
		if k.members == "" {
			k.shown = owner.shown
		}
	}
	return all
}()

// moShape reads the members of a kind: a name, a mark (# number, ? boolean, [] list,
// {} object, none for text), and a value if it is not zero. What follows a bar can be null.
func moShape(path, members string) *kind {
	k := &kind{name: "mo/" + path, members: shape{names: make(map[string]bool)}}
	always, optional, _ := strings.Cut(members, "|")
	required := len(strings.Fields(always))
	for i, item := range append(strings.Fields(always), strings.Fields(optional)...) {
		item, value, has := strings.Cut(item, "=")
		m := member{name: strings.TrimRight(item, "#?[]{}")}
		m.kind = map[string]string{"": "text", "#": "number", "?": "flag", "[]": "set", "{}": "object"}[strings.TrimPrefix(item, m.name)]
		switch {
		case m.kind == "set":
			m.zero = []any{}
		case !has && i >= required:
		case m.kind == "number":
			m.zero = moNumber(cmp.Or(value, "0"))
		case m.kind == "flag":
			m.zero = value == "true"
		default:
			m.zero = value
		}
		k.members.all, k.members.names[m.name] = append(k.members.all, m), true
	}
	return k
}

// moKindOf returns the kind with a name in the paths; one that is in no table is
// kept as it was sent.
func moKindOf(path string) *moKind {
	if k := moByPath[path]; k != nil {
		return k
	}
	return &moKind{path: path, store: path, key: path, shown: moShape(path, "id#")}
}

func (k *moKind) id() string { return k.shown.members.all[0].name }

// object returns an object as an answer shows it.
func (k *moKind) object(doc document) object {
	return object{kind: k.shown, doc: doc, path: k.path + "/" + text(doc[k.id()])}
}

// moQuery is how marketing operations answers: always in one form.
func moQuery(r *http.Request) *query {
	q := newQuery(r)
	q.base, q.hal = baseURL(r)+"/api/", true
	return q
}

// whole returns an object with the members that were never set.
func (k *moKind) whole(doc document) document {
	out := make(document, len(doc))
	for _, m := range k.shown.members.all {
		out[m.name] = m.zero
	}
	maps.Copy(out, doc)
	return out
}

// change gives an object the members of a request, whose names can be in any case.
func (k *moKind) change(doc, in document) {
	delete(in, k.id())
	for name, value := range in {
		if m := k.shown.member(nil, name); m != nil {
			name = m.name
		}
		doc[name] = value
	}
}

// moAll returns the objects of a kind. Of one that no call makes there is one.
func (s *store) moAll(k *moKind) *collection {
	all := s.collection("mo/" + k.store)
	if owner := moKindOf(k.store); owner.manual && all.last == 0 {
		owner.add(all, owner.start(all))
	}
	return all
}

// start returns the object of a kind that is there at the start.
func (k *moKind) start(all *collection) document {
	doc := document{}
	if k.first != "" {
		if err := json.Unmarshal([]byte(k.first), &doc); err != nil {
			panic(err) // a table of this package
		}
		all.last = int(doc[k.id()].(float64)) - 1
		return doc
	}
	for _, m := range k.shown.members.all {
		if m.zero == "" {
			doc[m.name] = k.key + " 1"
		}
	}
	return doc
}

// add keeps an object under the next number.
func (k *moKind) add(all *collection, doc document) {
	all.last++
	id := strconv.Itoa(all.last)
	doc[k.id()] = moNumber(id)
	if k.shown.members.all[0].kind == "text" {
		doc[k.id()] = id
	}
	all.ids, all.byID[id] = append(all.ids, id), doc
}

// given reports whether an object has or had an id: what is below one that was
// deleted can still be asked for.
func (c *collection) given(id string) bool {
	n, err := strconv.Atoi(id)
	return c.byID[id] != nil || err == nil && n > 0 && n <= c.last
}

// moNumber returns the number of a path or a table, or what it is instead.
func moNumber(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return float64(n)
	}
	return text
}

// moStamp sets when and by whom an object was changed, in the members that it has.
func (s *store) moStamp(k *moKind, r *http.Request, doc document, names ...string) {
	for _, name := range names {
		if k.shown.member(nil, name) == nil {
			continue
		}
		doc[name] = moNumber(userNumber(s.user(r)))
		if strings.HasSuffix(name, "Date") {
			doc[name] = stamp(time.Now())
		}
	}
}

// A moList is a list of objects: all of a kind, or those below another object.
type moList struct {
	path string
	kind string // "" for the one in the path
	key  string // in _embedded, if it is not the kind's
	bare bool   // a list is an array, and a deletion is answered true
	only func(*store, *http.Request, document) bool
}

// A moScope is what a request for a list can see and change.
type moScope struct {
	*moKind
	list  moList
	all   *collection
	links document // the members that an object below another one has
	in    document // the body of the request, which can be left out
}

// scope returns what a request is about, or an error if what that is below is not there.
func (l moList) scope(s *store, r *http.Request) (moScope, error) {
	k := moKindOf(cmp.Or(l.kind, r.PathValue("resource")))
	sc := moScope{k, l, s.moAll(k), document{}, document{}}
	steps := strings.Split(l.path, "/")
	for i, step := range steps {
		name := strings.Trim(step, "{}")
		if name == step || slices.Contains([]string{"resource", "id", "verb", "member"}, name) {
			continue
		}
		id := r.PathValue(name)
		sc.links[name] = moNumber(id)
		if above := moBelow(steps[:i]); above != nil && !s.moAll(above).given(id) {
			return sc, missing("No %s was found with id '%s'.", above.path, id)
		}
	}
	return sc, nil
}

// moBelow returns the kind of the objects at a path, nil if it is in no table.
func moBelow(steps []string) *moKind {
	if len(steps) == 1 {
		return moByPath[steps[0]]
	}
	path := strings.Join(steps, "/")
	for _, l := range moLists {
		if l.path == path {
			return moByPath[l.kind]
		}
	}
	return nil
}

// has reports whether an object is in the list. One that was made in Aprimo's pages
// belongs to every object that it was not given to another of.
func (sc moScope) has(doc document) bool {
	for name, value := range sc.links {
		if doc[name] == nil && sc.manual {
			continue
		}
		if text(doc[name]) != text(value) {
			return false
		}
	}
	return true
}

func (sc moScope) get(id string) (document, error) {
	if doc := sc.all.byID[id]; doc != nil && sc.has(doc) {
		return doc, nil
	}
	return nil, missing("No %s was found with id '%s'.", sc.path, id)
}
