package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	maxSamples = 3  // of the first events, and of the last
	maxHistory = 60 // minutes
)

// counts is what one process has counted since it last updated the shared state. The
// zero value is ready to use.
type counts struct {
	hits [len(conditions)]tally // in the order of conditions
	seen Alert                  // the consequences, and how things stood at the last event
}

// observe counts an event that happened at a point in time of the Alerter's own
// clock, and reports whether a condition counts it.
func (c *counts) observe(e transport.Event, at time.Time, r Rule, saturated bool) (hit bool) {
	switch {
	case e.Kind == transport.RateLimited:
		hit = c.hit(Throttled, e, at, r)
		c.seen.Queued, c.seen.Again, c.seen.Delay, c.seen.ServerDelay = e.Queued, e.Again, e.Delay, e.ServerDelay
	case e.Kind == transport.Refused:
		if isRefused(e) {
			c.seen.Refused++
			hit = c.hit(Refusing, e, at, r)
		}
	case e.Kind == transport.Paused:
		c.seen.Paused++
	case e.Kind != transport.Done:
	case isLost(e):
		c.seen.Lost++
		if isUnconfirmed(e) {
			c.seen.Unconfirmed++
		}
		hit = c.hit(Failing, e, at, r)
	case e.Attempt > 1 && e.Status > 0 && e.Status < 400:
		c.seen.Recovered++
	}
	if saturated {
		c.seen.Queued, c.seen.ServerDelay = e.Queued, e.ServerDelay
		hit = c.hit(Saturated, e, at, r) || hit
	}
	return hit
}

func (c *counts) hit(condition Condition, e transport.Event, at time.Time, r Rule) bool {
	limit := r.limit(condition)
	if limit > 0 {
		c.hits[slices.Index(conditions[:], condition)].add(sample(e), at, limit)
	}
	if known(e.Others) {
		c.seen.OthersSent = e.Others
	}
	return limit > 0
}

// isLost reports whether a call that is done was given up after all its attempts.
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

// isRefused reports whether a rejected call was never sent because it does not fit. A
// program that ends rejects calls too, and one that was sent before is lost or not.
func isRefused(e transport.Event) bool {
	return e.Attempt == 0 && !errors.Is(e.Err, transport.ErrShutdown)
}

// isUnconfirmed reports whether a lost call may have been carried out, and done something.
func isUnconfirmed(e transport.Event) bool {
	switch e.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return e.Status != http.StatusTooManyRequests
}

// A saturation detects that the server's delay or our queue stays long. Once that has
// lasted long enough it counts one event a second.
type saturation struct {
	since, seen, counted time.Time
}

func (s *saturation) observe(e transport.Event, at time.Time, r Rule) (hit bool) {
	if r.MaxDelay == 0 {
		return false
	}
	if e.ServerDelay <= r.MaxDelay && (e.Capacity <= 0 || e.Queued*5 <= e.Capacity*4) {
		s.since = time.Time{}
		return false
	}
	if s.since.IsZero() || at.Sub(s.seen) > saturatedGap { // two slow calls an hour apart say nothing about the time between
		s.since = at
	}
	s.seen = at
	if at.Sub(s.since) < saturatedFor || at.Sub(s.counted) < time.Second {
		return false
	}
	s.counted = at
	return true
}

// A tally is what was counted of one condition, in constant memory. The zero value is
// ready to use.
type tally struct {
	count    int
	times    []time.Time // of the last events, at least as many as make an alert due
	users    topk.Counter
	ops      topk.Counter
	answers  int               // 429s among the events
	inFlight int               // the sum of our requests at the server, at these
	samples  []transport.Event // the first and the last, each once
	tenant   string
}

// add counts an event, given as a sample, that happened at a point in time of the
// Alerter's own clock.
func (t *tally) add(e transport.Event, at time.Time, limit int) {
	if t.count == 0 {
		t.tenant = tenantOf(e.URL)
	}
	if len(t.times)/2 >= limit { // drop half of them at once, not one each time
		t.times = append(t.times[:0], t.times[len(t.times)-limit:]...)
	}
	t.times = append(t.times, at)
	t.users.Add(e.User)
	t.ops.Add(operation(e.Method, e.URL))
	if e.Status == http.StatusTooManyRequests {
		t.answers++
		t.inFlight += min(max(0, e.InFlight), tenantQueue)
	}
	if len(t.samples) == 2*maxSamples {
		t.samples = slices.Delete(t.samples, maxSamples, maxSamples+1)
	}
	t.samples = append(t.samples, e)
	t.count++
}

// sum returns what a process has counted whose clock is behind by so much.
func (t *tally) sum(process string, behind time.Duration) Alert {
	return Alert{
		Since: t.times[0].Add(behind), Latest: t.times[len(t.times)-1].Add(behind), Total: t.count, Tenant: t.tenant,
		Users: t.users.Top(maxCounted), Operations: t.ops.Top(maxCounted), Hosts: []Tally{{Name: process, Count: t.count}},
		Samples: t.samples,
	}
}

// sample returns what is kept of an event. It must not keep long strings alive, or
// what an error refers to.
func sample(e transport.Event) transport.Event {
	e.User = strings.Clone(clean(e.User, maxText))
	e.Method = strings.Clone(clean(e.Method, maxText))
	url, _, _ := strings.Cut(e.URL, "?")
	e.URL = strings.Clone(clean(url, maxText))
	e.Err = nil
	return e
}

// A history is the last hour, minute by minute, in order.
type history []Minute

// observe counts an attempt, in the minute when it was sent: so there are never more 429s
// in a minute than requests. A call that is done may have had an event about its last one.
func (h *history) observe(e transport.Event, at time.Time) {
	last := e.Kind == transport.Done && e.Attempt > 0 && !e.Reported
	if e.Kind != transport.RateLimited && e.Kind != transport.Retrying && !last {
		return
	}
	m := Minute{Time: at.Add(-max(0, e.Took)), Sent: 1, ServerDelay: e.ServerDelay}
	if e.Kind == transport.RateLimited {
		m.Limited = 1
	}
	h.add([]Minute{m})
}

// add adds what was counted elsewhere.
func (h *history) add(more []Minute) {
	for _, n := range more {
		if m := h.minute(n.Time); m != nil {
			m.Limited += n.Limited
			m.Sent += n.Sent
			m.ServerDelay = max(m.ServerDelay, n.ServerDelay)
		}
	}
}

// since returns what was added since an earlier history.
func (h history) since(base history) (more []Minute) {
	for _, m := range h {
		if i := slices.IndexFunc(base, func(o Minute) bool { return o.Time.Equal(m.Time) }); i >= 0 {
			m.Limited -= base[i].Limited
			m.Sent -= base[i].Sent
		}
		more = append(more, m)
	}
	return more
}

// minute returns the Minute of a point in time, or nil if that is too long ago.
func (h *history) minute(at time.Time) *Minute {
	at = at.Round(0).Truncate(time.Minute)
	i, found := slices.BinarySearchFunc(*h, at, func(m Minute, at time.Time) int { return m.Time.Compare(at) })
	switch {
	case found:
		return &(*h)[i]
	case len(*h) < maxHistory:
		*h = slices.Insert(*h, i, Minute{Time: at})
		return &(*h)[i]
	case i == 0:
		return nil
	}
	*h = slices.Delete(slices.Insert(*h, i, Minute{Time: at}), 0, 1)
	return &(*h)[i-1]
}
