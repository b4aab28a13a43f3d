package transport

import (
	"net/http"
	"strings"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// Operation returns a request's method and path, with every identifier in the path replaced
// by {id}: "GET /api/core/record/{id}". Delays, counts and log lines are grouped by it. The
// query is dropped. The URL need not be valid, and nothing in it is decoded.
func Operation(method, url string) string {
	return method + " " + route(pathOf(url))
}

// An operation is Operation's two parts, which costs less to make.
type operation = gate.Operation

func operationOf(req *http.Request) operation {
	if req.URL == nil { // the base will say so
		return operation{Method: req.Method}
	}
	return operation{Method: req.Method, Route: route(req.URL.Path)}
}

func operationNamed(name string) operation {
	method, route, _ := strings.Cut(name, " ")
	return operation{Method: method, Route: route}
}

// maxRoute is longer than any path of the API; what is behind it does not tell
// operations apart.
const maxRoute = 1024

func route(path string) string {
	if len(path) > maxRoute {
		path = path[:maxRoute]
	}
	if !strings.ContainsAny(path, "0123456789") && !strings.Contains(path, auditlog.Redacted) {
		return path // as most are: nothing to copy
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if isID(s) {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

func pathOf(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// isID tells whether a path segment names one thing of many: it is a number, or
// it has a digit and is at least 20 characters long, as GUIDs and upload tokens
// are and no route of the API is, or it is a token that auditlog.SafeURL has hidden.
func isID(s string) bool {
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return s == auditlog.Redacted || digits > 0 && (digits == len(s) || len(s) >= 20)
}
