package retry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Call is one request with all its attempts: Send makes an attempt, Judge decides whether
// another one follows, Rewind and Rest prepare that, Result returns the last one's result.
// Policy.Call creates a Call. It is for one goroutine, which must Close it.
type Call struct {
	policy   *Policy
	req      *http.Request
	ctx      context.Context // for the waits: the request's, or one that ends with its Cancel
	stop     func()          // frees ctx; nil if that is the request's
	attempts int
	below    *atomic.Bool   // whether a layer below has repeated the first attempt; nil if that does not matter
	body     io.ReadCloser  // for the next attempt; nil if it needs no other
	resp     *http.Response // of the last attempt; nil if it was handed over or discarded
	err      error          // of the last attempt
	answered bool           // err is of what followed its response
	failed   *failed        // nil until an attempt has failed
}

// failed is what a Call remembers of its failures. Nearly all calls succeed at once and
// pay for none of it.
type failed struct {
	policy    Policy // with every default filled in
	throttled intervals
	others    intervals
}

// A Decision is what follows an attempt.
type Decision struct {
	// Again: another attempt follows after Delay. Otherwise the caller gets the last response
	// or error.
	Again bool

	// Throttled: the attempt was answered 429.
	Throttled bool

	// Delay is how long to send nothing: the server's Retry-After, within the Policy's bounds,
	// or a delay that grows with each failure. After a 429 it applies to all other calls too,
	// even if this call ends. It may be 0 although Again is set.
	Delay time.Duration
}

var errNoAnswer = errors.New("retry: the base RoundTripper returned neither a response nor an error")

// Send makes an attempt through base. From the second attempt on, it sends a copy of the
// request with the body that Rewind has opened. If base returns a response and an error, only
// the error counts.
func (c *Call) Send(base http.RoundTripper) (*http.Response, error) {
	req := c.req
	c.attempts++
	switch {
	case c.attempts > 1:
		reportRepeated(c.ctx)
		req = req.WithContext(ContextOnce(req.Context(), new(atomic.Bool)))
	case c.below != nil:
		req = req.WithContext(contextWatched(req.Context(), c.below))
	}
	if c.body != nil {
		req.Body, c.body = c.body, nil // the base closes it
	}
	resp, err := base.RoundTrip(req)
	c.answered = err != nil && resp != nil
	if c.answered && resp.Body != nil {
		resp.Body.Close()
	}
	if err != nil {
		resp = nil
	} else if resp == nil {
		err = errNoAnswer
	}
	c.resp, c.err = resp, err
	return resp, err
}

// Judge decides what follows an attempt with the result resp or err. It does not read the body.
func (c *Call) Judge(resp *http.Response, err error) Decision {
	throttled := resp != nil && resp.StatusCode == http.StatusTooManyRequests
	if !throttled && c.final(resp, err) {
		return Decision{}
	}
	if c.failed == nil {
		c.failed = &failed{policy: c.policy.resolved()}
	}
	p, kind, budget := &c.failed.policy, &c.failed.others, c.failed.policy.Failures
	if throttled {
		kind, budget = &c.failed.throttled, p.Throttled
	}
	passing := c.passing(resp, err, throttled)
	if !passing && !throttled {
		return Decision{}
	}
	asked := c.asked(resp, p.MaxRetryAfter)
	d := Decision{Throttled: throttled, Delay: kind.next(min(asked, p.MaxRetryAfter), p)}
	d.Again = passing && kind.used <= budget && asked <= max(0, p.MaxRetryAfter) && replayable(c.req) && c.outlives(d.Delay)
	return d
}

// asked returns how long the server wants to be left alone. A date says that only against
// the server's own clock: if that is not known, and by ours the date is too far away, the
// longest wait is right for a clock that is ahead, and one more 429 the worst otherwise.
func (c *Call) asked(resp *http.Response, most time.Duration) time.Duration {
	if resp == nil || most <= 0 {
		return 0
	}
	asked := After(resp.Header, time.Now())
	if asked > most && resp.Header.Get("Date") == "" && !isDecimal(strings.TrimSpace(resp.Header.Get("Retry-After"))) {
		return most
	}
	return asked
}

// repeatedBelow reports whether a layer below has repeated the first attempt before it returned a
// result: then nothing is left to do. It repeats no other.
func (c *Call) repeatedBelow() bool {
	if !c.below.Load() {
		return false
	}
	reportRepeated(c.ctx)
	return true
}

// Rewind opens the request's body again, for the next attempt. If GetBody fails, Rewind returns
// its error: then the call ends with the result of the last attempt. If GetBody returns neither
// a body nor an error, the body is empty, as in net/http.
func (c *Call) Rewind() error {
	if c.req.Body == nil || c.req.GetBody == nil {
		return nil
	}
	body, err := c.req.GetBody()
	if err != nil {
		return fmt.Errorf("retry: the body cannot be read again: %w", err)
	}
	if body == nil {
		body = http.NoBody
	}
	c.body = body
	return nil
}

// Rest discards the response of the last attempt and waits for d. If the context ends first,
// Rest returns the error of Ended.
func (c *Call) Rest(d time.Duration) error {
	if resp := c.resp; resp != nil {
		c.resp = nil
		drain(resp.Body)
	}
	if d <= 0 {
		return c.Ended()
	}
	select {
	case <-time.After(d):
		return nil
	case <-c.ctx.Done():
		return c.Ended()
	}
}

// Result returns the response or error of the last attempt. The caller must close the response.
func (c *Call) Result() (*http.Response, error) {
	resp := c.resp
	c.resp = nil
	return resp, c.err
}

// Close closes what the Call still holds: a response that Result has not returned, and a body
// that was not sent. If closing one of them panics, Close still does the rest.
func (c *Call) Close() {
	if c.stop != nil {
		defer c.stop()
	}
	if c.body != nil {
		defer c.body.Close()
	}
	if c.resp != nil && c.resp.Body != nil {
		c.resp.Body.Close()
	}
}

// final reports whether plainly nothing follows: a success, a caller that has given up,
// a refusal of our own.
func (c *Call) final(resp *http.Response, err error) bool {
	if err != nil {
		return c.Ended() != nil || !retryable(err)
	}
	return c.policy.Check == nil && (resp.StatusCode < 500 || slices.Contains(lastingStatus, resp.StatusCode))
}

// passing reports whether the failure may be gone the next time. After anything but a 429,
// or a request that was not processed, the server may have done what a request asks for: only
// idempotent ones are repeated.
func (c *Call) passing(resp *http.Response, err error, throttled bool) bool {
	if !throttled && !idempotent(c.req) && (c.answered || !Unprocessed(err)) {
		return false
	}
	check := c.policy.Check
	if check == nil {
		if err != nil && permanent(err) {
			return false
		}
		check = retryablehttp.DefaultRetryPolicy
	}
	if err != nil {
		err = &url.Error{Op: c.req.Method, Err: err} // as an http.Client would return it
	}
	again, _ := check(c.ctx, resp, err)
	return again
}

// outlives reports whether the call's context lasts for another attempt after the delay.
// If not, the answer that we have is worth more than a timeout later.
func (c *Call) outlives(delay time.Duration) bool {
	deadline, ok := c.ctx.Deadline()
	return c.ctx.Err() == nil && (!ok || time.Until(deadline) > delay)
}

// retryable asks the error itself, if it has something to say.
func retryable(err error) bool {
	var verdict interface{ Retryable() bool }
	return !errors.As(err, &verdict) || verdict.Retryable()
}

// replayable reports whether the body can be sent a second time.
func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// idempotent follows net/http: the safe methods, PUT and DELETE, and any request
// that carries an idempotency key. A key that is set but empty is not sent, so
// it can mark a POST that only searches.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	_, key := req.Header["Idempotency-Key"]
	_, xkey := req.Header["X-Idempotency-Key"]
	return key || xkey
}
