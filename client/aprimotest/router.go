package aprimotest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A router finds the handler for a path below /api/core/. What is fixed in a path
// is found in any case, an id with or without dashes, and slashes that separate
// nothing are ignored, as IIS does.
type router struct {
	fixed    map[string]*router
	wild     *router
	name     string // of the part of the path that wild stands for
	handlers map[string]handler
}

// handle adds a pattern as http.ServeMux has them.
func (rt *router) handle(method, pattern string, h handler) {
	for part := range strings.SplitSeq(pattern, "/") {
		next := &rt.wild
		if name, ok := strings.CutPrefix(part, "{"); ok {
			rt.name = strings.TrimSuffix(name, "}")
		} else {
			if rt.fixed == nil {
				rt.fixed = make(map[string]*router)
			}
			found := rt.fixed[part]
			next = &found
			if found == nil {
				found = new(router)
				rt.fixed[part] = found
			}
		}
		if *next == nil {
			*next = new(router)
		}
		rt = *next
	}
	if rt.handlers == nil {
		rt.handlers = make(map[string]handler)
	}
	rt.handlers[method] = h
}

// serve answers a request for a path, and leaves the path as answers have it in
// the request.
func (rt *router) serve(w http.ResponseWriter, r *http.Request, path string, strict bool) {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	for i, part := range parts {
		lower := strings.ToLower(part)
		switch next := rt.fixed[lower]; {
		case next != nil:
			rt, parts[i] = next, lower
		case rt.wild != nil:
			if !strict {
				parts[i] = normalizeID(part)
			}
			r.SetPathValue(rt.name, parts[i])
			rt = rt.wild
		default:
			notServed(w, r, "")
			return
		}
	}
	r.SetPathValue("path", strings.Join(parts, "/"))
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := rt.handlers[method]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	notServed(w, r, strings.Join(slices.Sorted(maps.Keys(rt.handlers)), ", "))
}
