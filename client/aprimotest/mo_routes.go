package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

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
	sc.w.WriteHeader(http.StatusCreated)
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
	doc, verb := sc.get(), sc.r.PathValue("verb")
	state := slices.Index(strings.Fields(sc.verbs), verb)
	if state >= 0 {
		sc.stamp(doc)
		doc[sc.state] = float64(state + 1)
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
	sc.writeItems(out, key, p, len(found), func(i int) object { return k.object(found[i]) }, moQuery(sc.r))
	out.raw("}")
	return out.end()
}

// sole answers with a document of which there is one, and changes it. What the object that
// it belongs to says is in it.
func (k *kind) sole(sc moScope) any {
	invalid.when(sc.r.Method == http.MethodPut && sc.r.ContentLength == 0, "the request body is not a JSON object")
	at, of := sc.r.PathValue("path"), document{}
	if moByPath[sc.path] != nil {
		id := strings.Split(at, "/")[2]
		of = sc.objects.byID[id]
		missing.when(of == nil, "No %s was found with id '%s'.", sc.path, id)
	}
	of = union(of, sc.links)
	maps.DeleteFunc(of, func(name string, _ any) bool { return !k.members.names[name] })
	doc := union(sc.store.single(k, at).doc, sc.in)
	sc.collection(at).keep(doc, path.Base(at))
	return sc.show(object{kind: k, doc: union(of, doc)}, moQuery(sc.r))
}
