package main

import (
	"net/http"
	"sync"
)

// The Adaptive Token Bucket and its constants are those of Farkiani, Liu and Crowley,
// "Rethinking HTTP API Rate Limiting: A Client-Side Approach", arXiv 2510.04516, and of the
// programs that they measured. These start at half of the limit and keep half of a window's
// requests, have no upper bound, and send one request at a time; here the limit is the bound,
// as of the other clients, and many are in flight.
const (
	atbStart = rate / 2.0
	atbKeeps = rate / 2.0
	atbMore  = 1.2  // by which each success multiplies the rate
	atbLeast = 0.01 // requests a second: the least increase, and the least rate
	atbLess  = 0.5  // part of the rate that a 429 leaves
)

// An atb multiplies its rate with each success, halves it with each 429, and retries as soon
// as it has a token.
type atb struct {
	bucket *bucket

	mu   sync.Mutex
	rate float64
}

func newATB(base http.RoundTripper) http.RoundTripper {
	b := newBucket(atbStart, atbKeeps)
	b.tokens = 1
	a := &atb{bucket: b, rate: atbStart}
	return persistent{metered{base, b, a.answered}}
}

func (a *atb) answered(rejected bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rejected {
		a.rate = max(atbLeast, atbLess*a.rate)
		a.bucket.set(a.rate, 0) // which takes the tokens
	} else {
		a.rate = atbGrown(a.rate, atbMore)
	}
	a.bucket.set(a.rate, atbKeeps)
}

// atbGrown returns a rate multiplied by a factor.
func atbGrown(r, by float64) float64 { return min(rate, max(r+atbLeast, r*by)) }

// A persistent RoundTripper retries 429s at once, until one is served: what it wraps sets the pace.
type persistent struct{ limited http.RoundTripper }

func (p persistent) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		resp, err := p.limited.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests {
			return resp, err
		}
		if req, err = again(req, resp, 0); err != nil {
			return nil, err
		}
	}
}
