package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// mountMO adds the routes of marketing operations, from the tables.
func (s *store) mountMO(rt *router) {
	for _, l := range append(slices.Clone(moLists), moList{path: "{resource}"}) {
		for method, h := range map[string]func(moScope) any{
			"GET": moScope.index, "POST": moScope.create,
			"GET /{id}": moScope.one, "PUT /{id}": moScope.put, "DELETE /{id}": moScope.remove, "POST /{id}": moScope.post,
		} {
			method, one, _ := strings.Cut(method, " ")
			if one == "" || strings.Contains(l.path, "{") {
				rt.handle(method+" api/"+l.path+one, s.scoped(l, h))
			}
		}
	}
	for path, shape := range moSingles {
		rt.handle("GET api/"+path, s.moSingle(path, shape))
		rt.handle("PUT api/"+path, s.moSingle(path, shape))
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
	all := []any{}
	for _, doc := range found {
		all = append(all, sc.answer(doc))
	}
	return all
}

func (sc moScope) create() any {
	doc := document{}
	sc.change(doc, sc.in)
	maps.Copy(doc, sc.links)
	sc.stamp(doc, "createdDate", "creatorId", "creator", "createdBy")
	sc.add(sc.objects, doc)
	sc.w.Header().Set("Location", baseURL(sc.r)+"/"+sc.r.PathValue("path")+"/"+text(doc[sc.id()]))
	sc.w.WriteHeader(cmp.Or(sc.made, http.StatusCreated))
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

// post puts an object that is there below another one, or searches a whole kind.
func (sc moScope) post() any {
	id := sc.r.PathValue("id")
	if len(sc.links) == 0 && id == "search" {
		return sc.search()
	}
	doc := sc.objects.byID[id]
	if doc == nil || len(sc.links) == 0 {
		panic(missing("No %s was found with id '%s'.", sc.path, id))
	}
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
	doc, verb := sc.get(), sc.r.PathValue("verb")
	state := slices.Index(strings.Fields(sc.verbs), verb)
	if state >= 0 {
		sc.stamp(doc)
		doc[sc.state] = float64(state + 1)
		return nil
	}
	if !slices.Contains(strings.Fields(sc.acts), verb) {
		panic(missing("No HTTP resource was found that matches the request."))
	}
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
	out.add("_links", p.links(sc.r, len(found)))
	out.name("_embedded", "{")
	sc.writeItems(out, key, p, len(found), func(i int) object { return k.object(found[i]) }, moQuery(sc.r))
	out.raw("}")
	return out.end()
}

// moSingle answers with a document of which there is one, and changes it. What the
// object that it belongs to says is in it.
func (s *store) moSingle(path, shape string) handler {
	k := moShape(path, shape)
	return func(_ http.ResponseWriter, r *http.Request) any {
		doc, of, at := document{}, document{}, r.PathValue("path")
		if steps := strings.Split(at, "/"); moByPath[steps[1]] != nil {
			owner := moByPath[steps[1]]
			r.SetPathValue("id", steps[2])
			of = moScope{moKind: owner, r: r, objects: s.moAll(owner)}.get()
		}
		for _, m := range k.members.all {
			if value := r.PathValue(m.name); value != "" {
				doc[m.name] = moNumber(value)
			} else if value, ok := of[m.name]; ok {
				doc[m.name] = value
			}
		}
		if r.Method == http.MethodPut {
			if s.attached[at] == nil {
				s.attached[at] = document{}
			}
			maps.Copy(s.attached[at], readJSON(r))
		}
		maps.Copy(doc, s.attached[at])
		return s.show(object{kind: k, doc: doc}, moQuery(r))
	}
}
