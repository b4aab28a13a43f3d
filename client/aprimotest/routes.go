package aprimotest

import "net/http"

const apiPath = "/api/core"

// newRoutes returns the API, without the tokens.
func (t *Tenant) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiPath+"/records", t.store.list)
	mux.HandleFunc("POST "+apiPath+"/records", t.store.create)
	mux.HandleFunc("GET "+apiPath+"/record/{id}", t.store.get)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		notRouted(mux, w, r)
	})
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
