package transport

import (
	"context"
	"net/http"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
)

// ContextWithUser returns a context that names the person or job on whose behalf
// its requests are made. The name appears in logs, events and alerts, and is sent
// nowhere: no header carries it. It goes before what WithIdentity or the bearer
// token say, which matters for a server that calls Aprimo as one technical user
// on behalf of many.
func ContextWithUser(ctx context.Context, user string) context.Context {
	v := valuesFrom(ctx)
	v.user = user
	return v.in(ctx)
}

// UserFromContext returns the name that ContextWithUser has set, or "".
func UserFromContext(ctx context.Context) string { return valuesFrom(ctx).user }

// userOf returns who caused a request, if its context does not tell, made harmless
// for logs and mails.
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
