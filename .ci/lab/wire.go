package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A wire brings the requests of one process to the tenant, as late as a network
// would. Without that two clients that both pace themselves exactly could lock
// into a phase in which one is always a little too late.
type wire struct {
	tenant   http.RoundTripper
	jitter   *dice
	inFlight *atomic.Int64
}

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.inFlight.Add(1)
	defer w.inFlight.Add(-1)
	if err := sleep(req.Context(), w.jitter.between(5*time.Millisecond, 45*time.Millisecond)); err != nil {
		closeBody(req)
		return nil, err
	}
	if req.URL.Path == "/api/core/orders" {
		// The simulated tenant has no orders. For the rate any POST will do, and
		// how long it takes follows from the header.
		req = req.Clone(req.Context())
		req.URL.Path = "/api/core/records"
	}
	return w.tenant.RoundTrip(req)
}
