package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// isMO reports whether a path is one of marketing operations.
func isMO(path string) bool {
	return strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, apiPath+"/") || strings.HasPrefix(path, "/analytics/")
}

// moPath returns the request with the path that the table has: without a slash at
// the end, and with the number of an object behind its kind.
func moPath(r *http.Request) *http.Request {
	u := *r.URL
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	for _, prefix := range moSwapped {
		if id, ok := strings.CutPrefix(u.Path, "/api/"+prefix); ok {
			kind, name, _ := strings.Cut(strings.TrimSuffix(prefix, "/"), "/")
			u.Path, u.RawPath = "/api/"+kind+"/"+id+"/"+name, "/api/"+kind+"/"+url.PathEscape(id)+"/"+name
		}
	}
	out := *r
	out.URL = &u
	return &out
}

// moRoutes are those of marketing operations, from the tables.
func (s *store) moRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, l := range append(slices.Clone(moLists), moList{path: "{resource}"}) {
		for method, h := range map[string]moHandler{
			"GET": moScope.index, "POST": moScope.create,
			"GET /{id}": moOne(moScope.show), "PUT /{id}": moOne(moScope.put), "DELETE /{id}": moOne(moScope.remove), "POST /{id}": moScope.post,
		} {
			method, one, _ := strings.Cut(method, " ")
			if one == "" || strings.Contains(l.path, "{") {
				mux.Handle(method+" /api/"+l.path+one, s.scoped(l, h))
			}
		}
	}
	for path, members := range moSingles {
		mux.Handle("GET /api/"+path, s.locked(s.moSingle(path, members)))
		mux.Handle("PUT /api/"+path, s.locked(s.moSingle(path, members)))
	}
	for _, sp := range moSpecials {
		method, path, _ := strings.Cut(sp.pattern, " ")
		mux.Handle(method+" /api/"+path, s.scoped(moList{path: path, kind: sp.kind}, sp.do))
	}
	for pattern, h := range map[string]handler{
		"GET /analytics": s.analytics, "GET /analytics/meta": s.analyticsMeta,
		"GET /api/chunk/upload": s.checkChunk, "GET /api/chunk/upload/attachment": s.checkChunk,
		"POST /api/chunk/upload": s.putChunk, "POST /api/chunk/upload/attachment": s.putChunk,
		"POST /api/chunk/complete": with(s.completeChunks), "POST /api/chunk/complete/attachment": with(s.completeChunks),
	} {
		mux.Handle(pattern, s.locked(h))
	}
	return mux
}

// A moHandler answers a request for a list or for an object in it.
type moHandler func(moScope, *store, http.ResponseWriter, *http.Request) error

func (s *store) scoped(l moList, h moHandler) http.Handler {
	return s.locked(func(w http.ResponseWriter, r *http.Request) error {
		sc, err := l.scope(s, r)
		if err == nil && r.Method != http.MethodGet && r.ContentLength != 0 {
			err = readJSON(r, &sc.in)
		}
		if err != nil {
			return err
		}
		return h(sc, s, w, r)
	})
}

func (sc moScope) index(s *store, w http.ResponseWriter, r *http.Request) error {
	found := []document{}
	for _, id := range sc.all.ids {
		doc := sc.all.byID[id]
		if sc.has(doc) && (sc.list.only == nil || sc.list.only(s, r, doc)) {
			found = append(found, doc)
		}
	}
	if !sc.list.bare {
		return s.moPage(w, r, sc.moKind, cmp.Or(sc.list.key, sc.key), found)
	}
	all, q := []any{}, moQuery(r)
	for _, doc := range found {
		all = append(all, s.show(sc.object(doc), q))
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (sc moScope) create(s *store, w http.ResponseWriter, r *http.Request) error {
	doc := document{}
	sc.change(doc, sc.in)
	maps.Copy(doc, sc.links)
	s.moStamp(sc.moKind, r, doc, "createdDate", "creatorId", "creator", "createdBy", "modifiedDate", "modifiedUser", "modifiedUserId", "modifiedBy")
	sc.add(sc.all, doc)
	w.Header().Set("Location", baseURL(r)+r.URL.Path+"/"+text(doc[sc.id()]))
	writeJSON(w, http.StatusCreated, s.show(sc.object(doc), moQuery(r)))
	return nil
}

// moOne returns a handler that is given the object whose id is in the path.
func moOne(h func(sc moScope, s *store, w http.ResponseWriter, r *http.Request, doc document) error) moHandler {
	return func(sc moScope, s *store, w http.ResponseWriter, r *http.Request) error {
		doc, err := sc.get(r.PathValue("id"))
		if err != nil {
			return err
		}
		return h(sc, s, w, r, doc)
	}
}

func (sc moScope) show(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	writeJSON(w, http.StatusOK, s.show(sc.object(doc), moQuery(r)))
	return nil
}

// put gives an object the members of the request, and answers with it.
func (sc moScope) put(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	sc.change(doc, sc.in)
	s.moStamp(sc.moKind, r, doc, "modifiedDate", "modifiedUser", "modifiedUserId", "modifiedBy")
	return sc.show(s, w, r, doc)
}

// post puts an object that is there below another one, or searches a whole kind.
func (sc moScope) post(s *store, w http.ResponseWriter, r *http.Request) error {
	if len(sc.links) == 0 && r.PathValue("id") == "search" {
		return sc.search(s, w, r)
	}
	doc := sc.all.byID[r.PathValue("id")]
	if doc == nil || len(sc.links) == 0 {
		return missing("No %s was found with id '%s'.", sc.path, r.PathValue("id"))
	}
	maps.Copy(doc, sc.links)
	return sc.put(s, w, r, doc)
}

func (sc moScope) remove(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	s.remove(sc.all, text(doc[sc.id()]))
	if sc.list.bare {
		writeJSON(w, http.StatusOK, true)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// do calls a verb of an object.
func (sc moScope) do(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	verb := r.PathValue("verb")
	state := slices.Index(strings.Fields(sc.verbs), verb)
	if state < 0 && !slices.Contains(strings.Fields(sc.acts), verb) {
		return missing("No HTTP resource was found that matches the request.")
	}
	s.moStamp(sc.moKind, r, doc, "modifiedDate", "modifiedUser")
	if state >= 0 {
		doc[sc.state] = float64(state + 1)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if user := sc.in["newUserId"]; user != nil {
		doc["assignedTo"] = user
	}
	maps.DeleteFunc(sc.in, func(name string, _ any) bool { return sc.shown.member(nil, name) == nil })
	sc.change(doc, sc.in)
	return sc.show(s, w, r, doc)
}

// moSingle answers with a document of which there is one, and changes it. What the
// object that it belongs to says is in it.
func (s *store) moSingle(path, members string) handler {
	k := moShape(path, members)
	return func(w http.ResponseWriter, r *http.Request) error {
		doc, of, at := document{}, document{}, strings.TrimPrefix(r.URL.Path, "/api/")
		if owner := moByPath[strings.Split(path, "/")[0]]; owner != nil {
			var err error
			if of, err = (moScope{moKind: owner, all: s.moAll(owner)}).get(strings.Split(at, "/")[1]); err != nil {
				return err
			}
		}
		for _, m := range k.members.all {
			if value := r.PathValue(m.name); value != "" {
				doc[m.name] = moNumber(value)
			} else if value, ok := of[m.name]; ok {
				doc[m.name] = value
			}
		}
		if r.Method == http.MethodPut {
			in := document{}
			if err := readJSON(r, &in); err != nil {
				return err
			}
			if s.attached[at] == nil {
				s.attached[at] = document{}
			}
			maps.Copy(s.attached[at], in)
		}
		maps.Copy(doc, s.attached[at])
		writeJSON(w, http.StatusOK, s.show(object{kind: k, doc: doc}, moQuery(r)))
		return nil
	}
}

// moPage answers with one page of objects.
func (s *store) moPage(w http.ResponseWriter, r *http.Request, k *moKind, key string, found []document) error {
	p, err := windowOf(r, "offset", "limit")
	if err != nil {
		return err
	}
	out := newJSON()
	out.add("_total", len(found))
	out.add("_links", p.links(r, len(found)))
	out.name("_embedded", "{")
	s.writeItems(out, key, p, len(found), func(i int) object { return k.object(found[i]) }, moQuery(r))
	out.close("}")
	writeJSON(w, http.StatusOK, out.end())
	return nil
}
