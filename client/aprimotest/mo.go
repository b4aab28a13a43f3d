package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moByPath has the kinds with their members, by their paths and by those of lists; cubes has
// those that have objects of their own by their key, the name of each in a search and in analytics.
var moByPath, cubes = func() (all, byKey map[string]*moKind) {
	all, byKey = make(map[string]*moKind), make(map[string]*moKind)
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
		if owner == k {
			byKey[k.key] = k
		}
	}
	for _, l := range moLists {
		all[l.path] = all[l.kind]
	}
	return all, byKey
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

// query is how marketing operations answers: always in one form.
func (sc moScope) query() *query {
	q := newQuery(sc.r)
	q.base, q.hal, q.omitNull = baseURL(sc.r)+"/api/", true, sc.tenant.Guesses.OmitNull
	return q
}

// whole returns an object with the members that were never set.
func (k *moKind) whole(doc document) document {
	zeros := make(document)
	for _, m := range k.shown.members.all {
		zeros[m.name] = m.zero
	}
	return union(zeros, doc)
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
		k := moKindOf(cmp.Or(l.kind, strings.ToLower(r.PathValue("resource"))))
		sc := moScope{s, k, r, w, l, s.moAll(k), document{}, document{}}
		steps := strings.Split(l.path, "/")
		for i, step := range steps {
			name := strings.Trim(step, "{}")
			if name == step || slices.Contains([]string{"resource", "id", "verb", "member"}, name) {
				continue
			}
			id := r.PathValue(name)
			sc.links[name] = moNumber(id)
			if above := moByPath[strings.Join(steps[:i], "/")]; above != nil {
				missing.when(!s.moAll(above).given(id), "No %s was found with id '%s'.", above.path, id)
			}
		}
		if r.Method != http.MethodGet && r.ContentLength != 0 {
			sc.in = readJSON(r)
		}
		return h(sc)
	}
}

// has reports whether an object is in the list. One that was made in Aprimo's pages
// belongs to every object that it was not given to another of.
func (sc moScope) has(doc document) bool {
	for name, value := range sc.links {
		if !strings.EqualFold(text(doc[name]), text(value)) && (doc[name] != nil || !sc.manual) {
			return false
		}
	}
	return true
}

// get returns the object whose id is in the path.
func (sc moScope) get() document {
	id := sc.r.PathValue("id")
	doc := sc.objects.byID[id]
	missing.when(doc == nil || !sc.has(doc), "No %s was found with id '%s'.", sc.path, id)
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
func (sc moScope) answer(doc document) any { return sc.show(sc.object(doc), sc.query()) }

// mountMO adds the routes of marketing operations, from the tables.
func (s *store) mountMO(rt *router) {
	for _, l := range append(slices.Clone(moLists), moList{path: "{resource}"}) {
		for call, h := range moCalls {
			method, one, _ := strings.Cut(call, " ")
			if one == "" || strings.Contains(l.path, "{") {
				rt.handle(method+" api/"+l.path+one, s.scoped(l, h))
			}
		}
	}
	for path, shape := range moSingles {
		h := s.scoped(moList{path: path, kind: strings.Split(path, "/")[0]}, moShape(path, shape).sole)
		rt.handle("GET api/"+path, h)
		rt.handle("PUT api/"+path, h)
	}
	for _, sp := range moSpecials {
		method, path, _ := strings.Cut(sp.pattern, " ")
		rt.handle(method+" api/"+path, s.scoped(moList{path: path, kind: sp.kind}, sp.do))
	}
}

func (sc moScope) index() any {
	found := sc.objects.where(func(doc document) bool { return sc.has(doc) && (sc.list.only == nil || sc.list.only(sc, doc)) })
	if !sc.list.bare {
		return sc.page(sc.moKind, cmp.Or(sc.list.key, sc.key), found)
	}
	return mapped(found, sc.answer)
}

func (sc moScope) create() any {
	doc := document{}
	sc.change(doc, sc.in)
	maps.Copy(doc, sc.links)
	sc.stamp(doc, "createdDate", "creatorId", "creator", "createdBy")
	sc.add(sc.objects, doc)
	sc.w.Header().Set("Location", baseURL(sc.r)+"/"+sc.r.PathValue("path")+"/"+text(doc[sc.id()]))
	sc.w.WriteHeader(cmp.Or(sc.tenant.Guesses.Created, sc.made, http.StatusCreated))
	return sc.answer(doc)
}

func (sc moScope) one() any { return sc.answer(sc.get()) }

// put gives an object the members of the request, and answers with it.
func (sc moScope) put() any { return sc.changed(sc.get()) }

func (sc moScope) changed(doc document) any {
	sc.change(doc, sc.in)
	sc.stamp(doc)
	return sc.answer(doc)
}

// post puts an object that is there below another one.
func (sc moScope) post() any {
	id := sc.r.PathValue("id")
	doc := sc.objects.byID[id]
	missing.when(doc == nil || len(sc.links) == 0, "No %s was found with id '%s'.", sc.path, id)
	maps.Copy(doc, sc.links)
	return sc.changed(doc)
}

func (sc moScope) remove() any {
	sc.objects.remove(text(sc.get()[sc.id()]))
	if sc.list.bare {
		return true
	}
	return nil
}

// do calls a verb of an object.
func (sc moScope) do() any {
	doc, verb := sc.get(), strings.ToLower(sc.r.PathValue("verb"))
	state := slices.Index(strings.Fields(sc.verbs), verb)
	if state >= 0 {
		sc.stamp(doc)
		number, known := sc.tenant.Guesses.States[sc.path+"/"+verb]
		if !known {
			number = state + 1
		}
		doc[sc.state] = float64(number)
		if sc.tenant.Guesses.VerbObject {
			return sc.answer(doc)
		}
		return nil
	}
	missing.when(!slices.Contains(strings.Fields(sc.acts), verb), "No HTTP resource was found that matches the request.")
	if user := sc.in["newUserId"]; user != nil {
		doc["assignedTo"] = user
	}
	maps.DeleteFunc(sc.in, func(name string, _ any) bool { return sc.shown.member(nil, name) == nil })
	return sc.changed(doc)
}

// page answers with one page of objects.
func (sc moScope) page(k *moKind, key string, found []document) any {
	p, out := windowOf(sc.r, "offset", "limit"), newJSON()
	out.add("_total", len(found))
	p.writeLinks(out, sc.r, len(found))
	out.name("_embedded", "{")
	sc.writeItems(out, key, p, len(found), func(i int) object { return k.object(found[i]) }, sc.query())
	out.raw("}")
	return out.end()
}

// sole answers with a document of which there is one, and changes it. What the object that
// it belongs to says is in it.
func (k *kind) sole(sc moScope) any {
	invalid.when(sc.r.Method == http.MethodPut && sc.r.ContentLength == 0, "the request body is not a JSON object")
	at, of := strings.ToLower(sc.r.PathValue("path")), document{}
	if moByPath[sc.path] != nil {
		id := strings.Split(at, "/")[2]
		of = sc.objects.byID[id]
		missing.when(of == nil, "No %s was found with id '%s'.", sc.path, id)
	}
	of = union(of, sc.links)
	maps.DeleteFunc(of, func(name string, _ any) bool { return !k.members.names[name] })
	doc := union(sc.store.single(k, at).doc, sc.in)
	sc.collection(at).keep(doc, path.Base(at))
	return sc.show(object{kind: k, doc: union(of, doc)}, sc.query())
}
