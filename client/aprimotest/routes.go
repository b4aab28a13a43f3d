package aprimotest

import (
	"net/http"
	"strings"
)

const (
	apiPath      = "/api/core"
	segmentsPath = "/uploads/segments"
)

// newRoutes returns the API, without the tokens and the blobs.
func (t *Tenant) newRoutes() http.Handler {
	dam, mo := t.store.damRoutes(), t.store.moRoutes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux := dam
		if strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, apiPath+"/") {
			mux = mo
		}
		if t.RequireHeaders {
			if err := checkHeaders(r, mux == mo); err != nil {
				writeException(w, http.StatusBadRequest, badRequest, err.Error())
				return
			}
		}
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		notRouted(mux, w, r)
	})
}

func (s *store) damRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /records":                         s.listRecords,
		"POST /records":                        s.createRecord,
		"GET /record/{id}":                     s.getRecord,
		"PUT /record/{id}":                     s.putRecord,
		"DELETE /record/{id}":                  s.deleteRecord,
		"POST /record/{id}/locks":              s.createLock,
		"GET /record/{id}/trail":               s.getTrail,
		"GET /record/{id}/trail/entry/{entry}": s.getEntry,
		"GET /record/{id}/field/{field}":       s.getField,
		"GET /fileversion/{id}":                s.getVersion,
		"GET /additionalfile/{id}":             s.getAdditional,
		"POST /file/{id}/checkouts":            s.checkOut,
		"DELETE /file/{id}/checkouts":          s.undoCheckOut,
		"POST /search/records":                 s.searchRecords,
		"POST /search/records/suggestions":     s.suggest,
		"POST /search/classifications":         s.searchClassifications,
		"GET /classification":                  s.classificationByPath,
		"GET /classification/{id}/children":    s.classificationChildren,
		"GET /collection/{id}/records":         s.getCollectionRecords,
		"PUT /collection/{id}/records":         s.putCollectionRecords,
		"GET /orders":                          s.listOrders,
		"GET /fileversion/{id}/checkresults":   s.listCheckResults,
		"POST /fileversion/{id}/checkresults":  s.createCheckResult,
		"GET /calculatedpermission/{name}":     s.getCalculatedPermission,
		"POST /orders":                         s.createOrder,
		"GET /order/{id}":                      s.getOrder,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+apiPath+path, s.locked(h))
	}
	for _, p := range parts {
		if p.path != "" {
			mux.Handle("GET "+apiPath+"/record/{id}"+p.path, s.locked(s.getPart(p.name)))
		}
	}
	for _, sub := range subresources {
		mux.Handle("GET "+apiPath+sub.path, s.locked(s.getSubresource(sub.owner)))
		if !sub.readOnly {
			mux.Handle("PUT "+apiPath+sub.path, s.locked(s.putSubresource(sub.owner)))
		}
	}
	for _, res := range resources {
		one := apiPath + "/" + res.singular + "/{id}"
		mux.Handle("GET "+apiPath+"/"+res.plural, s.locked(s.listDocuments(res)))
		mux.Handle("POST "+apiPath+"/"+res.plural, s.locked(s.createDocument(res)))
		mux.Handle("GET "+one, s.locked(s.getDocument(res)))
		mux.Handle("PUT "+one, s.locked(s.putDocument(res)))
		mux.Handle("DELETE "+one, s.locked(s.deleteDocument(res)))
	}
	mux.Handle("POST /uploads", s.locked(s.postUpload))
	mux.Handle("POST "+segmentsPath, s.locked(s.openSegments))
	mux.Handle("POST "+segmentsPath+"/{token}", s.locked(s.putSegment))
	mux.Handle("POST "+segmentsPath+"/{token}/commit", s.locked(s.commitSegments))
	mux.Handle("DELETE "+segmentsPath+"/{token}", s.locked(s.cancelSegments))
	return mux
}

// notRouted answers 404 or 405, as the mux would, but in the words of the API.
func notRouted(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	a := newAnswer()
	mux.ServeHTTP(a, r)
	if a.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", a.header.Get("Allow"))
		writeException(w, a.status, "System.NotSupportedException",
			"The requested resource does not support http method '"+r.Method+"'.")
		return
	}
	writeException(w, http.StatusNotFound, notFound, "No HTTP resource was found that matches the request.")
}

// checkHeaders returns an error if a header is not there that the guide requires.
func checkHeaders(r *http.Request, mo bool) error {
	hasBody := r.Method == http.MethodPost || r.Method == http.MethodPut
	kind := r.Header.Get("Content-Type")
	if hasBody && !isForm(r) && !strings.HasPrefix(kind, "application/json") {
		return invalid("The header Content-Type must be application/json, not '%s'.", kind)
	}
	if mo {
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
