package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	maxTries   = 10
	maxBackoff = 20 * time.Second
)

// A retrying RoundTripper retries 429s as common libraries do: after 1, 2, 4 … seconds,
// half of them random. All clients but ours use it, outside their limiter, so that
// retries are limited too.
type retrying struct{ limited http.RoundTripper }

func (r retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	backoff := time.Second
	for try := 1; ; try++ {
		resp, err := r.limited.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests || try == maxTries {
			return resp, err
		}
		if req, err = again(req, resp, backoff/2+rand.N(backoff/2)); err != nil {
			return nil, err
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// again returns the request with a fresh body, d after its last answer.
func again(req *http.Request, resp *http.Response, d time.Duration) (*http.Request, error) {
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err := sleep(req.Context(), d); err != nil {
		return nil, err
	}
	if req.GetBody == nil {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = body
	return req, nil
}

// sleep returns after d, or with the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
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

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
