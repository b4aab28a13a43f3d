package aprimotest

import (
	"cmp"
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
		k.store, k.shown = cmp.Or(k.store, k.path), moShape(k.path, k.shape)
		all[k.path] = &k
	}
	for _, k := range all {
		owner := all[k.store]
		k.manual = owner.manual
		if k.shape == "" {
			k.shown = owner.shown
		}
	}
	return all
}()

func moShape(path, shape string) *kind {
	return &kind{name: "mo/" + path, members: parseShape(shape, nil)}
}

// moKindOf returns the kind with a name in the paths; one that is in no table is
// kept as it was sent.
func moKindOf(path string) *moKind {
	if k := moByPath[path]; k != nil {
		return k
	}
	return &moKind{path: path, store: path, key: path, shown: moShape(path, "id number")}
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
		owner.start(all)
	}
	return all
}

// start adds the objects of a kind that are there at the start.
func (k *moKind) start(all *collection) {
	for _, first := range k.first {
		all.last = int(first[k.id()].(float64)) - 1
		k.add(all, maps.Clone(first))
	}
	if k.first != nil {
		return
	}
	doc := document{}
	for _, m := range k.shown.members.all {
		if m.zero == "" {
			doc[m.name] = k.key + " 1"
		}
	}
	k.add(all, doc)
}

// add keeps an object under the next number.
func (k *moKind) add(all *collection, doc document) {
	all.last++
	id := strconv.Itoa(all.last)
	doc[k.id()] = moNumber(id)
	if k.shown.members.all[0].kind == "text" {
		doc[k.id()] = id
	}
	all.keep(doc, id)
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

// A moScope is a request for a list or for an object in it, and what it can see and change.
type moScope struct {
	*store
	*moKind
	r       *http.Request
	w       http.ResponseWriter
	list    moList
	objects *collection
	links   document // the members that an object below another one has
	in      document // the body of the request, which can be left out
}

// scoped returns the handler of the requests for a list or for an object in it.
func (s *store) scoped(l moList, h func(moScope) any) handler {
	return func(w http.ResponseWriter, r *http.Request) any {
		k := moKindOf(cmp.Or(l.kind, r.PathValue("resource")))
		sc := moScope{s, k, r, w, l, s.moAll(k), document{}, document{}}
		steps := strings.Split(l.path, "/")
		for i, step := range steps {
			name := strings.Trim(step, "{}")
			if name == step || slices.Contains([]string{"resource", "id", "verb", "member"}, name) {
				continue
			}
			id := r.PathValue(name)
			sc.links[name] = moNumber(id)
			if above := moBelow(steps[:i]); above != nil && !s.moAll(above).given(id) {
				panic(missing("No %s was found with id '%s'.", above.path, id))
			}
		}
		if r.Method != http.MethodGet && r.ContentLength != 0 {
			sc.in = readJSON(r)
		}
		return h(sc)
	}
}

// moBelow returns the kind of the objects at a path, nil if it is in no table.
func moBelow(steps []string) *moKind {
	path := strings.Join(steps, "/")
	if l := find(moLists, func(l *moList) bool { return l.path == path }); l != nil {
		path = l.kind
	}
	return moByPath[path]
}

// has reports whether an object is in the list. One that was made in Aprimo's pages
// belongs to every object that it was not given to another of.
func (sc moScope) has(doc document) bool {
	for name, value := range sc.links {
		if text(doc[name]) != text(value) && (doc[name] != nil || !sc.manual) {
			return false
		}
	}
	return true
}

// get returns the object whose id is in the path.
func (sc moScope) get() document {
	id := sc.r.PathValue("id")
	doc := sc.objects.byID[id]
	if doc == nil || !sc.has(doc) {
		panic(missing("No %s was found with id '%s'.", sc.path, id))
	}
	return doc
}

// stamp sets when and by whom an object was changed, in the members that it has.
func (sc moScope) stamp(doc document, names ...string) {
	for _, name := range append(names, "modifiedDate", "modifiedUser", "modifiedUserId", "modifiedBy") {
		switch {
		case sc.shown.member(nil, name) == nil:
		case strings.HasSuffix(name, "Date"):
			doc[name] = stamp(time.Now())
		default:
			doc[name] = moNumber(userNumber(sc.user(sc.r)))
		}
	}
}

// answer answers with an object.
func (sc moScope) answer(doc document) any { return sc.show(sc.object(doc), moQuery(sc.r)) }
