package main

import (
	"net/http"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	limiter "golang.org/x/time/rate"
)

// A failsafe bounds what is in flight by failsafe-go's adaptive limiter, as it is
// by default. It compares the delay with a mean of earlier delays, of all
// operations together.
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
		permit.Drop() // how long it took says nothing
	} else {
		permit.Record()
	}
	return resp, err
}
