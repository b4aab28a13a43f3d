package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A router finds the handler of a request by its path. What is fixed in a path is found in
// any case, and before what a wildcard stands for; slashes that separate nothing are ignored,
// as IIS does.
type router struct {
	below  map[string]*router // by the next part of the path, in lower case; "" is any
	routes map[string]route   // by the method
}

type route struct {
	pattern []string
	handler handler
}

func newRouter() *router { return &router{make(map[string]*router), make(map[string]route)} }

// handle adds a pattern as http.ServeMux has them, such as "GET record/{id}". Of two for the
// same the later one counts.
func (rt *router) handle(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if part = strings.ToLower(part); part[0] == '{' {
			part = ""
		}
		if rt.below[part] == nil {
			rt.below[part] = newRouter()
		}
		rt = rt.below[part]
	}
	rt.routes[method] = route{parts, h}
}

func (rt *router) handleAll(handlers map[string]handler) {
	for pattern, h := range handlers {
		rt.handle(pattern, h)
	}
}

// find returns what is at a path: what has a method, or else anything; nil if nothing is
// there.
func (rt *router) find(method string, parts []string) *router {
	switch {
	case rt == nil, len(parts) == 0 && len(rt.routes) == 0:
		return nil
	case len(parts) == 0:
		return rt
	}
	var found *router
	for _, name := range []string{strings.ToLower(parts[0]), ""} {
		at := rt.below[name].find(method, parts[1:])
		if at != nil && at.routes[method].handler != nil {
			return at
		}
		found = cmp.Or(found, at)
	}
	return found
}

// serve answers a request for a path, and leaves the path as answers have it in
// the request.
func (rt *router) serve(w http.ResponseWriter, r *http.Request, path string) any {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	found := rt.find(method, parts)
	missing.when(found == nil, "No HTTP resource was found that matches the request.")
	to, ok := found.routes[method]
	if !ok {
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(found.routes)), ", "))
		refused := reason{http.StatusMethodNotAllowed, "System.NotSupportedException"}
		panic(refused.because("The requested resource does not support http method '%s'.", r.Method))
	}
	for i, name := range to.pattern {
		if name[0] != '{' {
			parts[i] = name
			continue
		}
		parts[i] = normalizeID(parts[i])
		r.SetPathValue(strings.Trim(name, "{}"), parts[i])
	}
	r.SetPathValue("path", strings.Join(parts, "/"))
	return to.handler(w, r)
}
