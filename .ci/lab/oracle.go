package main

import (
	"context"
	"net/http"
	"time"
)

// glance is how often an oracle looks.
const glance = time.Millisecond

// An oracle sees the server's queue, which no client can: it sends a request as soon as
// nobody waits, without a network. So everything that is free is used, and at most one request
// of ours is in a stranger's way.
type oracle struct {
	tenant http.RoundTripper
	queued func() int
	turn   chan struct{} // held by the one that looks
}

// oracleTeam are processes that take turns.
func oracleTeam(_ context.Context, b *bench) maker {
	o := &oracle{tenant: b.tenant.Transport(), queued: b.tenant.Queued, turn: make(chan struct{}, 1)}
	return func(base http.RoundTripper) http.RoundTripper {
		w := base.(wire)
		w.tenant, w.lag = o, 0
		return w
	}
}

func (o *oracle) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case o.turn <- struct{}{}:
	case <-req.Context().Done():
		closeBody(req)
		return nil, req.Context().Err()
	}
	for o.queued() > 0 {
		if err := sleep(req.Context(), glance); err != nil {
			<-o.turn
			closeBody(req)
			return nil, err
		}
	}
	time.AfterFunc(glance, func() { <-o.turn }) // by then this one is in the queue
	return o.tenant.RoundTrip(req)
}
