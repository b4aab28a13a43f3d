package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// usualLag is the most that the network takes, leastLag the least.
const leastLag, usualLag = 5 * time.Millisecond, 45 * time.Millisecond

// A wire sends the requests of one process to the tenant with the delay of a network.
// Without it two clients with exact pacing could lock into a phase in which one is always
// a little too late.
type wire struct {
	tenant   http.RoundTripper
	jitter   *dice
	lag      time.Duration // the most that the network takes; 0: there is none
	inFlight *atomic.Int64
}

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if left, ok := req.Context().Value(leftKey{}).(*time.Time); ok {
		*left = time.Now()
	}
	w.inFlight.Add(1)
	defer w.inFlight.Add(-1)
	if w.lag > 0 {
		if err := sleep(req.Context(), w.jitter.between(leastLag, w.lag)); err != nil {
			closeBody(req)
			return nil, err
		}
	}
	if req.URL.Path == "/api/core/orders" {
		// The body is not that of an order. For the limit any POST is the same, and the
		// header determines its duration.
		req = req.Clone(req.Context())
		req.URL.Path = "/api/core/records"
	}
	return w.tenant.RoundTrip(req)
}
