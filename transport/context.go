package transport

import (
	"context"
	"net/http"
)

// ContextWithPrepare returns a context whose requests are passed through prepare
// right before each attempt is sent, when its turn has come: the place to attach
// what must not grow old in the queue, such as an access token. Logs and events
// still name the user of the request as it came to RoundTrip.
//
// prepare returns the request to send: a clone of the one it is given, which it
// must not change, or that one itself. Its error ends the call without an attempt
// more. If it takes so long that the slot is gone, the call waits for another one,
// ahead of those that have not had a turn yet, and prepare is called again.
func ContextWithPrepare(ctx context.Context, prepare func(*http.Request) (*http.Request, error)) context.Context {
	v := valuesFrom(ctx)
	v.prepare = prepare
	return v.in(ctx)
}

// prepared returns the request as it is to be sent.
func (v contextValues) prepared(req *http.Request) (*http.Request, error) {
	if v.prepare == nil {
		return req, nil
	}
	return v.prepare(req)
}

// A prepareError is why a request could not be made ready to be sent.
type prepareError struct{ error }

func (e *prepareError) Error() string { return "transport: not sent: " + e.error.Error() }

func (e *prepareError) Unwrap() error { return e.error }

// Retryable tells package retry that this is no failure of the server.
func (e *prepareError) Retryable() bool { return false }

// contextValues holds all that this package keeps in a context, so that one lookup
// suffices for each call.
type contextValues struct {
	user     string
	priority Priority
	prepare  func(*http.Request) (*http.Request, error)
	above    *hook // of the attempt of another Transport that the request is; nil if it is none
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
