package retry

import (
	"net/http"
	"sync/atomic"
)

// A Transport is an [http.RoundTripper] that retries requests as its Policy says. The
// zero value works. It keeps to the RoundTripper contract: it never changes the request,
// closes its body on every path, and returns a response or an error, never both. It is
// safe for concurrent use; its fields must not be changed after the first call. Of several layers
// that retry, such as this one over a transport.Transport, only one retries a request.
type Transport struct {
	// Base makes one attempt. Nil means http.DefaultTransport.
	//
	// If an error of Base, or one wrapped in it, has a method Retryable() bool that
	// returns false, no further attempt follows.
	Base http.RoundTripper

	// Policy says when to retry. The zero value is the recommended one.
	Policy Policy
}

// RoundTrip sends the request, retries it as the Policy says, and returns the last response or
// error. If the request's context ends during a wait, it returns the context's error.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	call := t.Policy.Call(req)
	call.below = new(atomic.Bool)
	defer call.Close()
	for {
		next := call.Judge(call.Send(t.base()))
		if !next.Again || call.repeatedBelow() || call.Rewind() != nil {
			return call.Result()
		}
		if err := call.Rest(next.Delay); err != nil {
			return nil, err
		}
	}
}

// CloseIdleConnections closes the idle connections of the Base. It is what
// http.Client.CloseIdleConnections calls.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}
