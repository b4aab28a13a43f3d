package main

import (
	"net/http"

	limiter "golang.org/x/time/rate"
)

// static keeps to the tenant's limit as if there were no others.
func static(base http.RoundTripper) http.RoundTripper {
	return retrying{paced{limiter.NewLimiter(rate, 1), base}}
}

// paced sends one request every 1/15 s.
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
