package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// An UnknownOutcomeError means that a call may have had its effect although it failed: the
// request was sent, but its answer was lost. Do not just repeat the call; Error says what to
// do instead. A call that certainly had no effect has another error.
type UnknownOutcomeError struct {
	ID  string // of the object or order, if it is known
	Err error  // why the outcome is unknown

	created bool // it was done, but with what result is unknown
	advice  string
}

// Error returns the reason and what to do.
func (e *UnknownOutcomeError) Error() string { return e.Err.Error() + ": " + e.advice }

// Unwrap returns the reason, for example an *Error or a context's error.
func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

const (
	lookFirst   = "it is unknown whether this was done: look before you repeat it"
	lookInstead = "this was done, but its result is unknown: look for it instead of repeating it"
)

// outcome returns the error of a call that failed. It is an *UnknownOutcomeError if the call
// may have had its effect, unless repeating it does no harm.
func (k call) outcome(e *Error) error {
	_, repeatable := k.header["Idempotency-Key"]
	if k.method != http.MethodPost && k.method != http.MethodPatch || repeatable || e.Attempt == 0 {
		return e
	}
	switch {
	case e.Status/100 == 2 && !e.page:
		return &UnknownOutcomeError{Err: e, created: true, advice: lookInstead}
	case e.page || e.Status == 0 && !unsent(e) || failing(e.Status):
		return &UnknownOutcomeError{Err: e, advice: lookFirst}
	}
	return e
}

// unsent reports whether an error without a response shows that the last attempt did not
// reach the server. The attempts before it were answered, or it would be another error.
func unsent(err error) bool {
	return !retryable(err) || retry.Unprocessed(err)
}

// retryable returns false for errors that say that they are no failure of the server.
func retryable(err error) bool {
	var verdict interface{ Retryable() bool }
	return !errors.As(err, &verdict) || verdict.Retryable()
}

// failing reports whether a status tells that a server failed, rather than refused.
func failing(status int) bool {
	return status == http.StatusRequestTimeout || status >= 500 && status != http.StatusNotImplemented
}

// passes reports whether a call that failed may succeed later.
func passes(ctx context.Context, err error) bool {
	var e *Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return false
	}
	for errors.As(e.cause, &e) { // a call fails with the error of its token
	}
	switch {
	case e.Status != 0:
		return failing(e.Status) || e.Status == http.StatusTooManyRequests || errors.As(e.cause, new(brokenBody))
	case errors.Is(e, transport.ErrQueueFull) || errors.Is(e, errSilent):
		return true
	case !retryable(e):
		return false
	}
	again, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, &url.Error{Op: e.Method, Err: e.cause})
	return again
}
