package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A call is one request whose first attempt failed, on its way to the last.
//
// It stands on both sides of go-retryablehttp: below it as the RoundTripper that
// makes an attempt, beside it as the hooks that judge one. What go-retryablehttp
// itself sees is a stand-in, never the caller's request nor a real response: it
// would write to the one, follow the other's redirects, read bodies into memory,
// and close connections that belong to others.
type call struct {
	transport *Transport
	policy    Policy
	base      http.RoundTripper
	req       *http.Request

	number    int // attempts made
	resp      *http.Response
	err       error
	throttled delays
	failures  delays
	again     bool // the last attempt is to be repeated, and has not been yet
	delay     time.Duration
}

func newCall(t *Transport, base http.RoundTripper, req *http.Request) *call {
	return &call{transport: t, policy: t.Policy.resolved(), base: base, req: req}
}

// run goes on from what the first attempt brought.
func (c *call) run(resp *http.Response, err error) (*http.Response, error) {
	c.resp, c.err = resp, err
	client := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: c},
		RetryMax:     math.MaxInt, // the budgets are the Policy's
		CheckRetry:   c.judge,
		Backoff:      c.wait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	standIn, _ := http.NewRequestWithContext(c.req.Context(), http.MethodGet, "http://stand-in", nil)
	_, err = client.Do(&retryablehttp.Request{Request: standIn})
	if c.again {
		return nil, err // the context ended while we waited
	}
	return c.resp, c.err
}

// RoundTrip makes the next attempt for go-retryablehttp. The first one has been
// made already and is only told.
func (c *call) RoundTrip(standIn *http.Request) (*http.Response, error) {
	c.number++
	if c.number > 1 {
		c.resp, c.err = c.repeat()
	}
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{StatusCode: c.resp.StatusCode, Body: http.NoBody, Request: standIn}, nil
}

func (c *call) repeat() (*http.Response, error) {
	req := c.req.WithContext(c.req.Context()) // a copy, for the body
	if req.Body != nil && req.GetBody != nil {
		req.Body = &lateBody{open: req.GetBody}
	}
	return attempt(c.base, req)
}

// judge is go-retryablehttp's CheckRetry: it decides, tells, and clears away the
// response of an attempt that will be repeated.
func (c *call) judge(context.Context, *http.Response, error) (bool, error) {
	c.again, c.delay = c.decide()
	c.transport.observe(c.attempt())
	if c.held() {
		c.delay = 0
	}
	if c.again && c.resp != nil {
		drain(c.resp.Body)
		c.resp = nil
	}
	return c.again, nil
}

// attempt is what is told of the last one.
func (c *call) attempt() Attempt {
	return Attempt{
		Number: c.number, Request: c.req, Base: c.base, Response: c.resp, Err: c.err, Again: c.again, Delay: c.delay,
	}
}

// wait is go-retryablehttp's Backoff.
func (c *call) wait(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.delay }

// held tells whether the Base does the waiting.
func (c *call) held() bool { return c.limited() && c.transport.Hold != nil }

func (c *call) limited() bool {
	return c.resp != nil && c.resp.StatusCode == http.StatusTooManyRequests
}

// decide answers: again, and how long is the server to be left alone?
func (c *call) decide() (again bool, delay time.Duration) {
	kind, budget := &c.failures, c.policy.Failures
	if c.limited() {
		kind, budget = &c.throttled, c.policy.Throttled
	} else if !idempotent(c.req) || !c.passing() {
		return false, 0
	}
	var asked time.Duration
	if c.resp != nil && c.policy.MaxRetryAfter > 0 {
		asked = After(c.resp.Header, time.Now())
	}
	delay = kind.next(min(asked, c.policy.MaxRetryAfter), c.policy)
	again = kind.used <= budget &&
		asked <= max(0, c.policy.MaxRetryAfter) &&
		replayable(c.req) &&
		c.outlives(delay)
	return again, delay
}

// outlives tells whether the call's context lasts for another attempt after the
// delay. If not, the answer that we have is worth more than a timeout later.
func (c *call) outlives(delay time.Duration) bool {
	ctx := c.req.Context()
	if c.held() {
		delay = max(delay, c.transport.Hold(c.attempt()))
	}
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > delay)
}

// passing tells whether a failure other than a 429 may be gone the next time.
// go-retryablehttp knows which errors stay: a certificate, a scheme, a header.
func (c *call) passing() bool {
	if c.err == nil {
		again, _ := retryablehttp.DefaultRetryPolicy(c.req.Context(), c.resp, nil)
		return again
	}
	if !retryable(c.err) {
		return false
	}
	var cert *tls.CertificateVerificationError
	if errors.As(c.err, &cert) {
		return false // known to go-retryablehttp too, but not when wrapped
	}
	again, _ := retryablehttp.DefaultRetryPolicy(c.req.Context(), nil, &url.Error{Err: c.err})
	return again
}

// replayable tells whether the body can be sent a second time.
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
