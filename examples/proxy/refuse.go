package main

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// methods are those of Aprimo's API, and what HTTP clients ask with.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// refuse answers a request that is not passed on, and so uses no slot. It reports whether
// it did.
func (p *proxy) refuse(w http.ResponseWriter, r *http.Request) bool {
	status, why := 0, ""
	switch {
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		status, why = http.StatusMethodNotAllowed, "Aprimo's API has no such method"
	case r.RequestURI != r.URL.RequestURI() || r.RequestURI[0] != '/':
		status, why = http.StatusBadRequest, "the target cannot be passed on as it is: it must begin with / and be percent-encoded"
	case crossSite(r):
		status, why = http.StatusForbidden, "web pages of other sites cannot use this proxy"
	case p.needsToken && !hasToken(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
		status, why = http.StatusUnauthorized, "the request has no access token: send it as Authorization: Bearer TOKEN"
	case !p.headers.knownClass(r):
		status, why = http.StatusBadRequest, "the header "+p.headers.class+" must be interactive, normal or batch"
	default:
		return false
	}
	http.Error(w, why, status)
	return true
}

// crossSite reports whether a browser has sent the request for a page from elsewhere.
// Programs send neither header.
func crossSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	for _, origin := range r.Header["Origin"] {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return true
		}
	}
	return false
}

// hasToken reports whether the request has a token, which is for Aprimo to check, or is one
// for a token.
func hasToken(r *http.Request) bool {
	forToken := strings.HasPrefix(r.URL.Path, "/login/") || strings.HasPrefix(r.URL.Path, "/api/oauth/") || r.URL.Path == "/api/token"
	return cmp.Or(r.Header.Get("Authorization"), r.Header.Get("X-Access-Token")) != "" || r.Method == "POST" && forToken
}
