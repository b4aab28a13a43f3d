package main

import (
	"net/http"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	limiter "golang.org/x/time/rate"
)

// A failsafe limits the requests in flight with failsafe-go's adaptive limiter and its
// defaults. The limiter compares delays with a mean of earlier ones, over all operations.
type failsafe struct {
	limit adaptivelimiter.AdaptiveLimiter[*http.Response]
	base  http.RoundTripper
}

func newFailsafe(base http.RoundTripper) http.RoundTripper {
	limit := adaptivelimiter.NewWithDefaults[*http.Response]()
	return retrying{paced{limiter.NewLimiter(rate, 1), failsafe{limit, base}}}
}

func (f failsafe) RoundTrip(req *http.Request) (*http.Response, error) {
	permit, err := f.limit.AcquirePermit(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := f.base.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusTooManyRequests {
		permit.Drop() // its duration means nothing
	} else {
		permit.Record()
	}
	return resp, err
}
