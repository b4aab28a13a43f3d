package main

import (
	"net/http"

	limiter "golang.org/x/time/rate"
)

// static keeps to the tenant's rate as if it had the tenant for itself.
func static(base http.RoundTripper) http.RoundTripper {
	return retrying{paced{limiter.NewLimiter(rate, 1), base}}
}

// paced sends one request each 1/15 of a second.
type paced struct {
	limit *limiter.Limiter
	base  http.RoundTripper
}

func (p paced) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.limit.Wait(req.Context()); err != nil {
		closeBody(req)
		return nil, err
	}
	return p.base.RoundTrip(req)
}
