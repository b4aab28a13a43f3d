package aprimotest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	apiPath   = "/api/core"
	orderPath = "/order/" // the Location of an order, which one client at least follows as it is
)

// newRoutes returns the API, without the tokens and the blobs.
func (t *Tenant) newRoutes() handler {
	s, dam, others := &t.store, t.store.damRoutes(), newRouter()
	others.handleAll(s.otherCalls())
	mountMO := sync.OnceFunc(func() { s.mountMO(others) }) // there are hundreds, which few tests need
	return func(w http.ResponseWriter, r *http.Request) any {
		path, isDAM := cutFold(r.URL.Path, apiPath+"/")
		isDAM = isDAM || strings.HasPrefix(path, orderPath)
		if t.RequireHeaders {
			t.checkHeaders(r, isDAM)
		}
		for language := range keys(r, "Languages") { // an address is refused, live (CHILI)
			invalid.when(language != "*" && !anID.MatchString(language), "'%s' is not the id of a language.", language)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.request = r
		other := func(part string) bool { return part != normalizeID(part) }
		missing.when(t.Strict.BareIDs && slices.ContainsFunc(strings.Split(path, "/"), other),
			"There is nothing with this id, which must be in lower case and without dashes.")
		if isDAM {
			return dam.serve(w, r, path)
		}
		if isMO(r) {
			mountMO()
		}
		return others.serve(w, r, path)
	}
}

// isMO reports whether a request is one for marketing operations.
func isMO(r *http.Request) bool {
	path, isAPI := cutFold(r.URL.Path, "/api/")
	_, isDAM := cutFold(path, "core/")
	return isAPI && !isDAM
}

// cutFold cuts a prefix in whatever case.
func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

func (s *store) damRoutes() *router {
	rt := newRouter()
	for _, k := range kindOf {
		switch {
		case k.single:
			s.mount(rt, k, "", k.name, 0)
		case k.plural != "" || s.lookups[k.name] != nil:
			s.mount(rt, k, k.plural, k.path()+"/{id}", 0)
		}
	}
	rt.handleAll(s.damCalls())
	for guess, real := range s.tenant.Guesses.Paths {
		if at := rt.below[strings.ToLower(guess)]; at != nil {
			rt.below[strings.ToLower(real)] = at
		}
	}
	return rt
}

// mount adds the routes of a kind: its list, one of it, and what belongs to that.
func (s *store) mount(rt *router, k *kind, list, one string, depth int) {
	if list != "" {
		k.handle(rt, "GET "+list, s.listDocuments(k))
		k.handle(rt, "POST "+list, s.createDocument(k))
	}
	k.handle(rt, "GET "+one, s.getDocument)
	k.handle(rt, "PUT "+one, with(s.putDocument))
	k.handle(rt, "DELETE "+one, s.deleteDocument)
	for _, rel := range k.relations {
		rt.handle("GET "+one+"/"+rel.path, s.getRelated(rel))
		switch {
		case rel.one != "":
			rt.handle("GET "+one+"/"+rel.one+"/{item}", s.getOneOf(rel))
		case rel.how == '>':
			rel.target.handle(rt, "PUT "+one+"/"+rel.path, s.putSingle(rel.target))
		case rel.how == '*' && depth < 2:
			s.mount(rt, rel.target, one+"/"+rel.path, one+"/"+rel.target.path()+"/{item}", depth+1)
		}
	}
}

// handle adds a route of the kind, unless Aprimo does not have the method.
func (k *kind) handle(rt *router, pattern string, h handler) {
	method, _, _ := strings.Cut(pattern, " ")
	if !slices.Contains(strings.Fields(k.refuse), method) {
		rt.handle(pattern, h)
	}
}

// jsonTypes are the media types of JSON that real tenants take: those that they send.
var jsonTypes = regexp.MustCompile(`^(?:application/(?:hal\+)?|text/)json\b`)

// checkHeaders refuses a request without a header that the guide requires.
func (t *Tenant) checkHeaders(r *http.Request, isDAM bool) {
	hasBody := (r.Method == http.MethodPost || r.Method == http.MethodPut) && r.ContentLength != 0
	kind := r.Header.Get("Content-Type")
	invalid := reason{cmp.Or(t.Guesses.NoHeader, invalid.status), invalid.kind}
	invalid.when(hasBody && !isForm(r) && !jsonTypes.MatchString(kind), "The header Content-Type must be application/json, not '%s'.", kind)
	if isUpload := strings.HasPrefix(r.URL.Path, "/uploads"); !isDAM && (!isUpload || !t.Strict.UploadHeaders) {
		return
	}
	version := r.Header.Get("API-VERSION")
	invalid.when(version != "1", "The header API-VERSION must be 1, not '%s'.", version)
	for _, name := range []string{"Accept", "User-Agent"} {
		invalid.when(r.Header.Get(name) == "", "The header %s is required.", name)
	}
}

// baseURL returns the address at which the tenant was asked, without a path.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return cmp.Or(r.URL.Scheme, scheme) + "://" + r.Host // in process the URL has it
}
