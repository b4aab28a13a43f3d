package transport

import (
	"context"
	"net/http"
)

// contextValues holds all that this package keeps in a context, so that one lookup
// suffices for each call.
type contextValues struct {
	user     string
	priority Priority
	prepare  func(*http.Request) (*http.Request, error)
}

type contextKey struct{}

func valuesFrom(ctx context.Context) contextValues {
	if v, ok := ctx.Value(contextKey{}).(*contextValues); ok {
		return *v
	}
	return contextValues{}
}

// in returns a context that holds v.
func (v contextValues) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, &v)
}
