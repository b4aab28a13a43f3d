package transport

import (
	"context"
	"net/http"
)

// told is what a context tells of its requests, in one value: so all of it is
// found with one look-up, on the way of every request.
type told struct {
	user     string
	priority Priority
	prepare  func(*http.Request) (*http.Request, error)
}

type toldKey struct{}

func toldBy(ctx context.Context) told {
	if t, ok := ctx.Value(toldKey{}).(*told); ok {
		return *t
	}
	return told{}
}

// in returns a context that tells this.
func (t told) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, toldKey{}, &t)
}
