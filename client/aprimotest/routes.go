package aprimotest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	apiPath      = "/api/core"
	uploadsPath  = "/uploads"
	segmentsPath = "/uploads/segments"
	orderPath    = "/order/" // the Location of an order, which one client at least follows as it is
)

// newRoutes returns the API, without the tokens and the blobs.
func (t *Tenant) newRoutes() http.Handler {
	dam, uploads := t.store.damRoutes(), t.store.uploadRoutes()
	mo := sync.OnceValue(t.store.moRoutes) // there are hundreds, which few tests need
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isDAM := cutFold(r.URL.Path, apiPath+"/")
		isUpload := strings.HasPrefix(r.URL.Path, uploadsPath)
		isMO := !isDAM && isMO(r.URL.Path)
		if t.RequireHeaders {
			if err := t.checkHeaders(r, isMO, isUpload); err != nil {
				writeException(w, http.StatusBadRequest, badRequest, err.Error())
				return
			}
		}
		switch {
		case isUpload:
			trimmed := *r.URL // the caller's is not ours to change
			trimmed.Path, trimmed.RawPath = strings.TrimSuffix(r.URL.Path, "/"), strings.TrimSuffix(r.URL.RawPath, "/")
			r.URL = &trimmed
			serveMux(uploads, w, r)
		case isMO:
			serveMux(mo(), w, moPath(r))
		case !isDAM && !strings.HasPrefix(path, orderPath):
			notServed(w, r, "")
		default:
			t.store.mu.Lock()
			defer t.store.mu.Unlock()
			t.store.request = r
			dam.serve(w, r, path, t.Strict.BareIDs)
		}
	})
}

// cutFold cuts a prefix in whatever case.
func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// serveMux answers as a mux does, but 404 and 405 in the words of the API.
func serveMux(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	if _, pattern := mux.Handler(r); pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	a := newAnswer()
	mux.ServeHTTP(a, r)
	notServed(w, r, a.header.Get("Allow"))
}

// notServed answers a request for which there is no handler.
func notServed(w http.ResponseWriter, r *http.Request, allow string) {
	if allow == "" {
		writeException(w, http.StatusNotFound, notFound, "No HTTP resource was found that matches the request.")
		return
	}
	w.Header().Set("Allow", allow)
	writeException(w, http.StatusMethodNotAllowed, "System.NotSupportedException",
		"The requested resource does not support http method '"+r.Method+"'.")
}

func (s *store) damRoutes() *router {
	rt := new(router)
	for _, k := range kindOf {
		switch {
		case k.single:
			rt.handle("GET", k.name, s.getSingle(k))
			if k.refuse == "" {
				rt.handle("PUT", k.name, s.putSingle(k))
			}
		case k.plural != "" || s.lookups[k.name] != nil:
			s.mount(rt, k, k.plural, k.path()+"/{id}", 0)
		}
	}
	for pattern, h := range s.handlers() {
		method, path, _ := strings.Cut(pattern, " ")
		rt.handle(method, path, h)
	}
	return rt
}

// handlers are those that no table describes.
func (s *store) handlers() map[string]handler {
	return map[string]handler{
		"GET records":                              s.listRecords,
		"POST records":                             with(s.createRecord),
		"PUT record/{id}":                          with(s.putRecord),
		"DELETE record/{id}":                       s.ofRecord(s.deleteRecord),
		"POST record/{id}/locks":                   with(s.createLock),
		"GET record/{id}/trail":                    s.ofRecord(s.getTrail),
		"GET record/{id}/trail/entry/{entry}":      s.ofRecord(s.getEntry),
		"GET record/{id}/image/preview/download":   s.ofRecord(s.downloadImage),
		"GET record/{id}/image/thumbnail/download": s.ofRecord(s.downloadImage),
		"POST file/{id}/checkouts":                 s.checkOut,
		"DELETE file/{id}/checkouts":               s.undoCheckOut,
		"POST search/records":                      with(s.searchRecords),
		"POST search/records/suggestions":          with(s.suggest),
		"POST search/classifications":              with(s.searchClassifications),
		"GET classification":                       s.classificationByPath,
		"GET collection/{id}/records":              s.getCollectionRecords,
		"PUT collection/{id}/records":              with(s.putCollectionRecords),
		"POST collection/{id}/records":             with(s.putCollectionRecords),
		"PUT collection/{id}/comments/status":      with(s.readComments),
		"POST orders":                              with(s.createOrder),
		"GET settings":                             s.listSettings,
		"GET setting/{id}":                         s.getSetting,
		"PUT setting/{id}":                         with(s.putSetting),
		"DELETE statistics":                        s.deleteStatistics,
		"POST uploads":                             s.postUpload,
	}
}

// mount adds the routes of a kind: its list, one of it, and what belongs to that.
func (s *store) mount(rt *router, k *kind, list, one string, depth int) {
	add := func(method, path string, h handler) {
		if !slices.Contains(strings.Fields(k.refuse), method) {
			rt.handle(method, path, h)
		}
	}
	if list != "" {
		add("GET", list, s.listDocuments(k))
		add("POST", list, s.createDocument(k))
		add("PUT", one, with(s.putDocument))
		add("DELETE", one, s.deleteDocument)
	}
	add("GET", one, s.getDocument)
	for i := range k.relations {
		rel := &k.relations[i]
		rt.handle("GET", one+"/"+rel.path, s.getRelated(rel))
		switch {
		case rel.one != "":
			rt.handle("GET", one+"/"+rel.one+"/{item}", s.getOneOf(rel))
		case rel.how == '>' && rel.target.refuse == "":
			rt.handle("PUT", one+"/"+rel.path, s.putSingle(rel.target))
		case rel.how == '*' && depth < 2:
			s.mount(rt, rel.target, one+"/"+rel.path, one+"/"+rel.target.path()+"/{item}", depth+1)
		}
	}
}

func (s *store) uploadRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("POST "+uploadsPath, s.locked(s.postUpload))
	mux.Handle("GET "+uploadsPath+"/{token}", s.locked(s.getUpload))
	mux.Handle("DELETE "+uploadsPath+"/{token}", s.locked(s.cancelUpload))
	mux.Handle("POST "+segmentsPath, s.locked(with(s.openSegments)))
	mux.Handle("POST "+segmentsPath+"/{token}", s.locked(s.putSegment))
	mux.Handle("POST "+segmentsPath+"/{token}/commit", s.locked(with(s.commitSegments)))
	mux.Handle("DELETE "+segmentsPath+"/{token}", s.locked(s.cancelUpload))
	return mux
}

// jsonTypes are the media types of JSON that real tenants take: those that they send.
var jsonTypes = regexp.MustCompile(`^(?:application/(?:hal\+)?|text/)json\b`)

// checkHeaders returns an error if a header is not there that the guide requires.
func (t *Tenant) checkHeaders(r *http.Request, mo, upload bool) error {
	hasBody := (r.Method == http.MethodPost || r.Method == http.MethodPut) && r.ContentLength != 0
	kind := r.Header.Get("Content-Type")
	if hasBody && !isForm(r) && !jsonTypes.MatchString(kind) {
		return invalid("The header Content-Type must be application/json, not '%s'.", kind)
	}
	if mo || upload && !t.Strict.UploadHeaders {
		return nil
	}
	if version := r.Header.Get("API-VERSION"); version != "1" {
		return invalid("The header API-VERSION must be 1, not '%s'.", version)
	}
	for _, name := range []string{"Accept", "User-Agent"} {
		if r.Header.Get(name) == "" {
			return invalid("The header %s is required.", name)
		}
	}
	return nil
}

// baseURL returns the address at which the tenant was asked, without a path.
func baseURL(r *http.Request) string {
	switch {
	case r.URL.Scheme != "": // in process
		return r.URL.Scheme + "://" + r.Host
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
