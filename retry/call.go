package retry

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Call is one request on its way from the first attempt to the last: Send makes an
// attempt, Judge says what follows, Rest waits for it. Policy.Call makes one. It is used
// by one goroutine.
type Call struct {
	policy   *Policy
	req      *http.Request
	attempts int
	resp     *http.Response // of the last attempt
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
	// Again: another attempt is to be made after Delay. Else the caller gets the last
	// response or error.
	Again bool

	// Throttled: the attempt was answered 429.
	Throttled bool

	// Delay is how long the server is to be left alone: as long as it asked with
	// Retry-After, within the Policy's bounds, or growing with each failure. After a 429
	// that is meant for all other calls as well, also if this one ends here. It may be 0
	// although Again is set.
	Delay time.Duration
}

var errNoAnswer = errors.New("retry: the base RoundTripper returned neither a response nor an error")

// Send makes an attempt through base. From the second on, the request is a copy whose
// body comes from GetBody. Of a response and an error that a careless base returns
// together, only the error counts.
func (c *Call) Send(base http.RoundTripper) (*http.Response, error) {
	req := c.req
	if c.attempts++; c.attempts > 1 {
		req = req.WithContext(req.Context())
		if req.Body != nil && req.GetBody != nil {
			req.Body = &lateBody{open: req.GetBody}
		}
	}
	resp, err := base.RoundTrip(req)
	switch {
	case err != nil && resp != nil && resp.Body != nil:
		resp.Body.Close()
		resp = nil
	case err != nil:
		resp = nil
	case resp == nil:
		err = errNoAnswer
	}
	c.resp = resp
	return resp, err
}

// Judge decides what follows the attempt that brought resp or err. It reads no body.
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
	var asked time.Duration
	if resp != nil && p.MaxRetryAfter > 0 {
		asked = After(resp.Header, time.Now())
	}
	d := Decision{Throttled: throttled, Delay: kind.next(min(asked, p.MaxRetryAfter), p)}
	d.Again = passing && kind.used <= budget && asked <= max(0, p.MaxRetryAfter) && replayable(c.req) && c.outlives(d.Delay)
	return d
}

// Rest discards the response of the attempt that is to be repeated, and waits. It
// returns the context's error if that ends first.
func (c *Call) Rest(d time.Duration) error {
	if c.resp != nil {
		drain(c.resp.Body)
		c.resp = nil
	}
	ctx := c.req.Context()
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// final reports whether plainly nothing follows: a success, a caller that has given up,
// a refusal of our own.
func (c *Call) final(resp *http.Response, err error) bool {
	if err != nil {
		return c.req.Context().Err() != nil || !retryable(err)
	}
	return resp.StatusCode < 500 && c.policy.Check == nil
}

// passing reports whether the failure may be gone the next time. After anything but a 429
// the server may have done what a request asks for: only idempotent ones are repeated.
func (c *Call) passing(resp *http.Response, err error, throttled bool) bool {
	if !throttled && !idempotent(c.req) {
		return false
	}
	check := c.policy.Check
	if check == nil {
		// go-retryablehttp knows of errors which stay: a scheme, a header, a certificate.
		// It does not look for the last one in a wrapped error.
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			return false
		}
		check = retryablehttp.DefaultRetryPolicy
	}
	if err != nil {
		err = &url.Error{Op: c.req.Method, Err: err} // as an http.Client would return it
	}
	again, _ := check(c.req.Context(), resp, err)
	return again
}

// outlives reports whether the call's context lasts for another attempt after the delay.
// If not, the answer that we have is worth more than a timeout later.
func (c *Call) outlives(delay time.Duration) bool {
	ctx := c.req.Context()
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > delay)
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
