package transport

import (
	"context"
	"net/http"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
)

// ContextWithUser returns a context that names the person or job for which its requests
// are made. The name appears in logs, events and alerts; no header carries it. It takes
// precedence over WithIdentity and the bearer token. A server needs it if it calls Aprimo
// as one technical user for many people.
func ContextWithUser(ctx context.Context, user string) context.Context {
	t := toldBy(ctx)
	t.user = user
	return t.in(ctx)
}

// UserFromContext returns the name set by ContextWithUser, or "".
func UserFromContext(ctx context.Context) string { return toldBy(ctx).user }

// userOf returns who caused a request, in a form that is harmless in logs and mails: the
// name that its context told, else the identity's, else the token's.
func userOf(req *http.Request, told string, identity func(*http.Request) string) string {
	user := told
	if user == "" && identity != nil {
		user = identity(req)
	}
	if user == "" {
		user = tokenUser(req.Header)
	}
	return auditlog.Clean(user)
}
