package transport

import (
	"context"
	"errors"
	"net/http"
)

// ContextWithPrepare returns a context whose requests are passed through prepare right before
// each attempt is sent. Use it to attach what expires while a call is queued, such as an access
// token. Logs and events still name the user of the request as it came to RoundTrip.
//
// prepare returns the request to send: the given one, or a changed clone of it. An error ends
// the call without another attempt. If prepare takes so long that the slot expires, the call
// waits for another slot, ahead of calls that have not been sent yet, and prepare is called
// again.
func ContextWithPrepare(ctx context.Context, prepare func(*http.Request) (*http.Request, error)) context.Context {
	v := valuesFrom(ctx)
	v.prepare = prepare
	return v.in(ctx)
}

// ContextWithReceive returns a context whose responses are passed through receive before
// RoundTrip returns them, with any status but 429. Use it to read a body that is needed whole: an error
// of receive is a failure of the attempt, such as a connection that breaks, and the retry.Policy
// decides whether another one follows. The attempt's slot is not kept meanwhile. receive may
// replace the Body; on error the Transport closes it.
func ContextWithReceive(ctx context.Context, receive func(*http.Response) error) context.Context {
	v := valuesFrom(ctx)
	v.receive = receive
	return v.in(ctx)
}

// ContextWithFlow returns a context whose requests take turns with those of other flows:
// within a Priority, the next slot goes to the flow that had the fewest lately. Without it,
// or with an empty flow, each user is a flow. A server for many programs needs it, because
// user names are not verified: a program that invents more names would get more slots. flow
// must be something that a program cannot invent, such as its address. It is not sent;
// [Transport.Queue] shows it.
func ContextWithFlow(ctx context.Context, flow string) context.Context {
	v := valuesFrom(ctx)
	v.flow = flow
	return v.in(ctx)
}

// prepared returns the request as it is to be sent.
func (v *contextValues) prepared(req *http.Request) (*http.Request, error) {
	if v.prepare == nil {
		return req, nil
	}
	req, err := v.prepare(req)
	if req == nil && err == nil {
		err = errors.New("the function of ContextWithPrepare returned no request")
	}
	return req, err
}

// received passes a response through receive, and closes it if that does not return.
func (v *contextValues) received(resp *http.Response) error {
	if v.receive == nil {
		return nil
	}
	returned := false
	defer func() {
		if !returned && resp.Body != nil {
			resp.Body.Close()
		}
	}()
	err := v.receive(resp)
	returned = true
	return err
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
	flow     string // takes turns; empty: the user does
	priority Priority
	prepare  func(*http.Request) (*http.Request, error)
	receive  func(*http.Response) error
	above    bool // there is a Transport above, of which the request is an attempt
}

type contextKey struct{}

func valuesFrom(ctx context.Context) contextValues {
	if v := storedIn(ctx); v != nil {
		return *v
	}
	return contextValues{}
}

// storedIn returns what a context holds of this package, or nil.
func storedIn(ctx context.Context) *contextValues {
	v, _ := ctx.Value(contextKey{}).(*contextValues)
	return v
}

// in returns a context that holds v.
func (v contextValues) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, &v)
}
