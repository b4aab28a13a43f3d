package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A bucket is a token bucket whose rate may change at any time.
type bucket struct {
	turn chan struct{} // held by the one that waits for the next token

	mu           sync.Mutex
	rate, keeps  float64
	tokens       float64
	lastRefilled time.Time
	held         time.Time // no token is given until then
}

func newBucket(rate, keeps float64) *bucket {
	return &bucket{turn: make(chan struct{}, 1), rate: rate, keeps: keeps, tokens: keeps, lastRefilled: time.Now()}
}

// set changes the rate and the size.
func (b *bucket) set(rate, keeps float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	b.rate, b.keeps = rate, keeps
	b.tokens = min(b.tokens, keeps)
}

// hold gives no token until a time.
func (b *bucket) hold(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = until
}

func (b *bucket) refill() {
	now := time.Now()
	b.tokens = min(b.keeps, b.tokens+b.rate*now.Sub(b.lastRefilled).Seconds())
	b.lastRefilled = now
}

// wait takes the next token.
func (b *bucket) wait(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turn }()
	for {
		missing := b.take()
		if missing <= 0 {
			return nil
		}
		// The rate may rise meanwhile.
		if err := sleep(ctx, min(missing, time.Second/10)); err != nil {
			return err
		}
	}
}

// take takes a token, or returns the time until there is one.
func (b *bucket) take() (missing time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	if held := time.Until(b.held); held > 0 {
		return held
	}
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return max(time.Nanosecond, time.Duration((1-b.tokens)/b.rate*float64(time.Second)))
}

// A metered sends a request when its bucket has a token, and says whether it was answered 429.
type metered struct {
	base     http.RoundTripper
	bucket   *bucket
	answered func(rejected bool)
}

func (m metered) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := m.bucket.wait(req.Context()); err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := m.base.RoundTrip(req)
	if err == nil {
		m.answered(resp.StatusCode == http.StatusTooManyRequests)
	}
	return resp, err
}
