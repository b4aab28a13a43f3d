package notify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// counts is what one process has counted since it told the board last. The zero
// value is ready for use.
type counts struct {
	hits      [len(levels)]tally // in the order of levels
	lost      int
	recovered int
	refused   int
	paused    int

	queued      int // these three at the last event
	delay       time.Duration
	serverDelay time.Duration
}

// observe counts an event that happened at a point in time of the Alerter's own
// clock, and tells whether it was one that an alert counts.
func (c *counts) observe(e transport.Event, at time.Time, r Rule, hot bool) (hit bool) {
	switch {
	case e.Kind == transport.RateLimited:
		hit = c.hit(1, e, at, r)
		c.queued, c.delay, c.serverDelay = e.Queued, e.Delay, e.ServerDelay
	case e.Kind == transport.Refused:
		c.refused++
	case e.Kind == transport.Paused:
		c.paused++
	case e.Kind != transport.Done:
	case isLost(e):
		c.lost++
		hit = c.hit(2, e, at, r)
	case e.Attempt > 1 && e.Status > 0 && e.Status < 400:
		c.recovered++
	}
	if hot {
		c.queued, c.serverDelay = e.Queued, e.ServerDelay
		hit = c.hit(0, e, at, r) || hit
	}
	return hit
}

// forget drops what came of calls before there was any trouble: it is not what came
// of the trouble.
func (c *counts) forget() { c.lost, c.recovered, c.refused, c.paused = 0, 0, 0, 0 }

func (c *counts) hit(level int, e transport.Event, at time.Time, r Rule) bool {
	limit := r.limit(levels[level])
	if limit > 0 {
		c.hits[level].add(sample(e), at, limit)
	}
	return limit > 0
}

// isLost tells whether a call that is done was given up after all its attempts.
func isLost(e transport.Event) bool {
	switch {
	case e.Status == http.StatusTooManyRequests:
		return true
	case e.Attempt < 2 || errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded):
		return false
	case e.Status == 0:
		return e.Err != nil
	}
	return e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout
}

// A saturation notices that the server's delay or our queue is long without a
// break, and counts one event a second from when that has lasted long enough.
type saturation struct {
	since, seen, told time.Time
}

func (s *saturation) hot(e transport.Event, at time.Time, r Rule) bool {
	if r.MaxDelay == 0 {
		return false
	}
	if e.ServerDelay <= r.MaxDelay && (e.Capacity <= 0 || e.Queued*5 <= e.Capacity*4) {
		s.since = time.Time{}
		return false
	}
	if s.since.IsZero() || at.Sub(s.seen) > saturatedGap { // two slow calls an hour apart say nothing of the time between
		s.since = at
	}
	s.seen = at
	if at.Sub(s.since) < saturatedFor || at.Sub(s.told) < time.Second {
		return false
	}
	s.told = at
	return true
}
