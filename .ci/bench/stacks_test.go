package bench

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A stack builds the RoundTripper of an http.Client. Retries, if any, are outside the
// limiter, so that each attempt waits, and have no delay and no logging.
type stack struct {
	name string
	over func(http.RoundTripper, limit) http.RoundTripper
}

// Each benchmark measures the stacks that it applies to.
var (
	bare          = stack{"bare", func(base http.RoundTripper, _ limit) http.RoundTripper { return base }}
	byHand        = stack{"by-hand", func(base http.RoundTripper, _ limit) http.RoundTripper { return resend{base} }}
	xTime         = stack{"x-time-rate", overXTime}
	retryableHTTP = stack{"retryablehttp+x-time", overRetryable}
	failsafeHTTP  = stack{"failsafehttp", overFailsafe}
	ours          = stack{"ours", func(base http.RoundTripper, l limit) http.RoundTripper {
		return overOurs(base, transport.WithLimiter(l.ours()))
	}}
	oursXTime = stack{"ours+x-time", func(base http.RoundTripper, l limit) http.RoundTripper {
		return overOurs(base, transport.WithLimiter(l.xTime()))
	}}
	oursObserved = stack{"ours+observer", func(base http.RoundTripper, l limit) http.RoundTripper {
		return overOurs(base, transport.WithLimiter(l.ours()), transport.WithObserver(ignore))
	}}
)

func ignore(context.Context, transport.Event) {}

func overOurs(base http.RoundTripper, opts ...transport.Option) *transport.Transport {
	return transport.New(append(opts,
		transport.WithBase(base),
		transport.WithMaxQueue(waiters),
		transport.WithRetry(retry.Policy{MinDelay: -1, MaxDelay: -1}),
		transport.WithLogger(zerolog.Nop()))...)
}

// waitFirst is what programs with x/time/rate usually do.
type waitFirst struct {
	limiter *rate.Limiter
	base    http.RoundTripper
}

func (w waitFirst) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := w.limiter.Wait(req.Context()); err != nil {
		return nil, err
	}
	return w.base.RoundTrip(req)
}

func overXTime(base http.RoundTripper, l limit) http.RoundTripper {
	return waitFirst{l.xTime(), base}
}

func overRetryable(base http.RoundTripper, l limit) http.RoundTripper {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: overXTime(base, l)}
	client.Logger = nil
	client.Backoff = func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 }
	return &retryablehttp.RoundTripper{Client: client}
}

func overFailsafe(base http.RoundTripper, l limit) http.RoundTripper {
	again := failsafehttp.NewRetryPolicyBuilder().Build() // no delay is its default
	return failsafehttp.NewRoundTripper(base, again, l.failsafe())
}

// resend is the minimal retry: the baseline where bare does not apply.
type resend struct{ base http.RoundTripper }

func (r resend) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.base.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests {
		return resp, err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	again := req.WithContext(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return r.base.RoundTrip(again)
}

// A limit is n requests per time, in a burst too. The zero value is no limit.
type limit struct {
	n   int
	per time.Duration
}

func (l limit) xTime() *rate.Limiter {
	if l.n == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Every(l.per/time.Duration(l.n)), l.n)
}

// failsafe returns the smooth limiter, whose slots are evenly spaced.
func (l limit) failsafe() ratelimiter.RateLimiter[*http.Response] {
	interval := time.Nanosecond
	if l.n > 0 {
		interval = l.per / time.Duration(l.n)
	}
	return ratelimiter.NewSmoothBuilderWithMaxRate[*http.Response](interval).WithMaxWaitTime(-1).Build()
}

// ours returns our limiter. It has no "unlimited": instead it gets a limit that two cores
// cannot reach, with a ring that still fits their caches.
func (l limit) ours() transport.Limiter {
	if l.n == 0 {
		return transport.NewLimiter(1<<16, 10*time.Millisecond)
	}
	return transport.NewLimiter(l.n, l.per)
}

// A base is a RoundTripper made of a func.
type base func(*http.Request) (*http.Response, error)

func (b base) RoundTrip(req *http.Request) (*http.Response, error) { return b(req) }

func answer(req *http.Request, status int) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}
}

func answerOK(req *http.Request) (*http.Response, error) { return answer(req, http.StatusOK), nil }

// get returns a request whose context can be cancelled, as in most programs; waiting with
// another is cheaper.
func get(b *testing.B, ctx context.Context, url string) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	return req
}

// mustSucceed sends a request through a stack and frees its connection.
func mustSucceed(b *testing.B, rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		b.Error(err)
		return
	}
	if resp.StatusCode != http.StatusOK {
		b.Errorf("got %d, want 200", resp.StatusCode)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}
