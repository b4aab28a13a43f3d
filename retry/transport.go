package retry

import (
	"errors"
	"net/http"
	"time"
)

// A Transport is an [http.RoundTripper] that makes a request again as its Policy
// says. The zero value works. It keeps to the RoundTripper contract: it never
// changes the request, closes its body on every path, and returns a response or
// an error, never both. It is safe for concurrent use; its fields must not be
// changed after the first call.
type Transport struct {
	// Base makes one attempt. Nil means http.DefaultTransport.
	//
	// An error of its that has a method Retryable() bool, itself or wrapped, and
	// returns false is never followed by another attempt.
	Base http.RoundTripper

	// Policy says whether to try again. The zero value is the recommended one.
	Policy Policy

	// Hold, if not nil, says that the Base itself holds back an attempt that
	// follows a 429, at least until the Delay that Observe was told is over, and
	// returns for how long it would hold the one after this now. Then RoundTrip
	// does not wait itself: who waits in a queue keeps a place there, and who waits
	// outside comes back behind those that came meanwhile.
	Hold func(Attempt) time.Duration

	// Observe, if not nil, is told of each attempt as soon as it is decided what
	// follows. It runs in the call's goroutine, before the response is handed on:
	// it must not read its body.
	Observe func(Attempt)
}

// An Attempt is one sending of a request, what came back, and what follows.
type Attempt struct {
	Number   int               // 1 for the first
	Request  *http.Request     // as RoundTrip or Through was given it
	Base     http.RoundTripper // what made it
	Response *http.Response    // nil if there is none; then Err says why
	Err      error
	Again    bool // another attempt is made after Delay

	// Delay is how long the server is to be left alone after a failure: as it
	// asked with Retry-After, but no longer than the Policy allows, or growing
	// with each attempt. It is 0 after a success.
	Delay time.Duration
}

// RoundTrip sends the request, again and again where the Policy says so, and
// returns the last response or error.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.Through(t.base(), req)
}

// Through is RoundTrip through another base than t.Base: one that knows something
// about this request. Observe and Hold find it in the Attempt.
func (t *Transport) Through(base http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := attempt(base, req)
	if final(req, resp, err) {
		t.observe(Attempt{Number: 1, Request: req, Base: base, Response: resp, Err: err})
		return resp, err
	}
	return newCall(t, base, req).run(resp, err)
}

// CloseIdleConnections passes the call on to the Base, which http.Client does
// not do by itself for a wrapped transport.
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

var errNoAnswer = errors.New("retry: the base RoundTripper returned neither a response nor an error")

// attempt sends the request once and holds a careless base to the contract.
func attempt(base http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := base.RoundTrip(req)
	switch {
	case err != nil && resp != nil && resp.Body != nil:
		resp.Body.Close()
		return nil, err
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errNoAnswer
	}
	return resp, nil
}

func (t *Transport) observe(a Attempt) {
	if t.Observe != nil {
		t.Observe(a)
	}
}

// final tells whether it is plain that nothing follows: a success, a caller that
// has given up, a refusal of our own. Nearly all calls end here.
func final(req *http.Request, resp *http.Response, err error) bool {
	if err != nil {
		return req.Context().Err() != nil || !retryable(err)
	}
	return resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500
}

// retryable asks the error itself, if it has something to say.
func retryable(err error) bool {
	var verdict interface{ Retryable() bool }
	return !errors.As(err, &verdict) || verdict.Retryable()
}
