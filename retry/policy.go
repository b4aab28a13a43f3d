package retry

import (
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Policy says how often a request is retried and how long to wait before each retry.
// The zero value is the recommended policy: a call survives two minutes in which the tenant
// answers everything with 429, and a server failure of some seconds. In each field zero means the default and negative means off.
//
// A Policy holds no state: one serves any number of calls at the same time.
type Policy struct {
	// Throttled is how many times one call is retried after a 429. Zero means
	// 20, which takes at least two minutes with the default delays; negative
	// means never.
	Throttled int

	// Failures is how many times one call is retried after anything else that
	// may pass: a network error, or a 5xx other than 501, 505, 506, 508, 510 and 511. A
	// request that is not idempotent is only retried if the error shows that the server has
	// not processed it, see [Unprocessed]. Zero means 3; negative means never. 429s do not
	// count here.
	Failures int

	// MinDelay is about how long to wait before the first retry; each further one
	// waits about twice as long as the one before. Zero means 1 s; negative means no
	// delay.
	MinDelay time.Duration

	// MaxDelay is the longest delay without a Retry-After. Zero means 10 s, because a full
	// queue of a tenant is empty after 7 s without new requests. If it is less than
	// MinDelay, all delays are MaxDelay; negative means no delay.
	MaxDelay time.Duration

	// MaxRetryAfter is the longest Retry-After that a call waits for. If a response asks for
	// more, for example because the tenant is closed for half an hour, the caller gets the
	// response at once. Zero means 1 minute; negative means that the header is ignored. If
	// Retry-After is a date, in a response without a Date header, the call waits for at most
	// MaxRetryAfter, because the server's clock may be ahead.
	MaxRetryAfter time.Duration

	// Check decides whether a failed attempt may be retried. Nil means
	// retryablehttp.DefaultRetryPolicy. Only its first result counts. It is not called for a
	// request that is not idempotent and may have been processed, and it cannot exceed the
	// numbers of retries above. It gets errors as *url.Error, as from an http.Client. It must
	// be safe for concurrent use and must not read the body.
	Check retryablehttp.CheckRetry
}

// Call returns a new Call of the request under this Policy. The Policy must not change
// while the Call is used.
func (p *Policy) Call(req *http.Request) (c Call) {
	c.policy, c.req, c.ctx = p, req, req.Context()
	if isOnce(c.ctx) {
		c.policy = &once
	}
	//lint:ignore SA1019 programs from before contexts set it, and net/http honours it
	if req.Cancel != nil {
		c.ctx, c.stop = withCancel(req)
	}
	return c
}

// resolved returns the policy with every default filled in.
func (p *Policy) resolved() Policy {
	// At most half of what a Duration can be, so that the jitter fits in.
	most := min(max(0, orDefault(p.MaxDelay, 10*time.Second)), math.MaxInt64/2)
	return Policy{
		Throttled:     max(0, orDefault(p.Throttled, 20)),
		Failures:      max(0, orDefault(p.Failures, 3)),
		MinDelay:      max(0, min(orDefault(p.MinDelay, time.Second), most)),
		MaxDelay:      most,
		MaxRetryAfter: orDefault(p.MaxRetryAfter, time.Minute),
		Check:         p.Check,
	}
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
