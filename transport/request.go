package transport

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// This file has what a request says of itself: who caused it, and which operation it is.

// ContextWithUser returns a context that names the person or job for which its requests
// are made. The name appears in logs, events and alerts; no header carries it. It takes
// precedence over WithIdentity and the bearer token. A server needs it if it calls Aprimo
// as one technical user for many people.
func ContextWithUser(ctx context.Context, user string) context.Context {
	v := valuesFrom(ctx)
	v.user = user
	return v.in(ctx)
}

// UserFromContext returns the name set by ContextWithUser, or "".
func UserFromContext(ctx context.Context) string { return valuesFrom(ctx).user }

// userOf returns who caused a request, in a form that is harmless in logs and mails: the
// name from its context, else the identity's, else the token's.
func userOf(req *http.Request, fromContext string, identity func(*http.Request) string) string {
	user := fromContext
	if user == "" && identity != nil {
		user = identity(req)
	}
	if user == "" {
		user = tokenUser(req.Header)
	}
	return auditlog.Clean(user)
}

// tokenUser returns the user that a request's access token names, or "". The names
// of the headers are in their canonical form, which costs nothing to look up.
func tokenUser(h http.Header) string {
	for _, value := range h["Authorization"] {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
			return TokenUser(strings.TrimSpace(token))
		}
	}
	if older := h["X-Access-Token"]; len(older) > 0 { // of the marketing-operations API
		return TokenUser(older[0])
	}
	return ""
}

// userClaims are the claims of an Aprimo token that identify its user: names before numbers,
// persons before clients. The first ones are in the sample of
// Aprimo's guide to the DAM API, the others in its discovery document.
var userClaims = [...]string{
	"dam-login", "preferred_username", "username", "email", "name",
	"dam-uid", "UID", "sub", "client_id",
}

// maxToken bounds the work for a header that may hold anything.
const maxToken = 64 << 10

// TokenUser returns the user that an access token of Aprimo names, in the form that logs and
// events use, or "" if it is not a JSON Web Token (RFC 7519) or names none. The login name comes
// first, the client's id last. The signature is not checked, so do not use the name to decide
// what somebody may do.
func TokenUser(token string) string {
	if token == "" || len(token) > maxToken {
		return ""
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	for _, name := range userClaims {
		if user := claimText(claims[name]); user != "" {
			return user
		}
	}
	return ""
}

// claimText returns a claim that is a string or, as Aprimo's UID may be, a
// number.
func claimText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

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
	if digits(path) == 0 && !strings.Contains(path, auditlog.Redacted) {
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
	n := digits(s)
	return s == auditlog.Redacted || n > 0 && (n == len(s) || len(s) >= 20)
}

func digits(s string) (n int) {
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			n++
		}
	}
	return n
}
