package retry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

var errCanceled = errors.New("retry: the request's Cancel channel was closed")

// Context returns the context that ends the call's waits: the request's context, or one that
// also ends when the request's Cancel channel is closed.
func (c *Call) Context() context.Context { return c.ctx }

// Ended returns nil until the Context ends, and then an error that wraps both the context's
// error and its cause.
func (c *Call) Ended() error {
	err, cause := c.ctx.Err(), context.Cause(c.ctx)
	if err == nil || errors.Is(cause, err) {
		return cause
	}
	return &endedError{err, cause}
}

// An endedError is why a context ended, with a cause of its own.
type endedError struct{ err, cause error }

func (e *endedError) Error() string { return fmt.Sprintf("%v: %v", e.err, e.cause) }

func (e *endedError) Unwrap() []error { return []error{e.err, e.cause} }

// Timeout tells net/http, and users of net.Error, whether time ran out.
func (e *endedError) Timeout() bool { return errors.Is(e.err, context.DeadlineExceeded) }

// withCancel returns a context that ends when the request's Cancel channel is closed, as
// net/http still honours it, and a function that frees it.
func withCancel(req *http.Request) (context.Context, func()) {
	//lint:ignore SA1019 programs from before contexts set it, and net/http honours it
	cancelled := req.Cancel
	ctx, cancel := context.WithCancelCause(req.Context())
	go func() {
		select {
		case <-cancelled:
			// The Timeout of an http.Client closes it at the context's deadline: then that is why.
			if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
				<-ctx.Done()
			}
			cancel(errCanceled)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
