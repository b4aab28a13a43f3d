package main

import (
	"net/http"
	"sync"
	"time"
)

const (
	aimdMin  = 0.5 // requests a second
	aimdMore = 0.5 // more for each second without a 429
	aimdLess = 0.7 // part of the rate that a 429 leaves
)

// An aimd limits its rate by additive increase and multiplicative decrease on a 429, as
// TCP does. It learns nothing until the server's queue is full.
type aimd struct {
	bucket *bucket

	mu            sync.Mutex
	rate          float64
	changed, fell time.Time
}

func newAIMD(base http.RoundTripper) http.RoundTripper {
	now := time.Now()
	a := &aimd{bucket: newBucket(rate, 1), rate: rate, changed: now, fell: now}
	return retrying{metered{base, a.bucket, a.answered}}
}

func (a *aimd) answered(rejected bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	switch {
	case !rejected:
		a.rate = min(rate, a.rate+aimdMore*now.Sub(a.changed).Seconds())
	case now.Sub(a.fell) >= time.Second: // several at once count as one
		a.rate = max(aimdMin, a.rate*aimdLess)
		a.fell = now
	}
	a.changed = now
	a.bucket.set(a.rate, 1)
}
