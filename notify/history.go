package notify

import (
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

const maxHistory = 60 // minutes

// A history is the last hour, a minute each, in order.
type history []Minute

// observe counts an event.
func (h *history) observe(e transport.Event, at time.Time) {
	if e.Kind != transport.Done && e.Kind != transport.RateLimited {
		return
	}
	m := h.minute(at)
	if m == nil {
		return
	}
	if e.Kind == transport.RateLimited {
		m.Limited++
	} else {
		m.Sent += e.Attempt
	}
	m.Delay = max(m.Delay, e.ServerDelay)
}

// add takes in what somebody else has counted.
func (h *history) add(more []Minute) {
	for _, n := range more {
		if m := h.minute(n.Time); m != nil {
			m.Limited += n.Limited
			m.Sent += n.Sent
			m.Delay = max(m.Delay, n.Delay)
		}
	}
}

// since returns what there is more than in an earlier one.
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

// minute returns the one of a point in time, or nil if that is too old. The
// newest is the usual one.
func (h *history) minute(at time.Time) *Minute {
	at = at.Round(0).Truncate(time.Minute)
	i := len(*h)
	for i > 0 && (*h)[i-1].Time.After(at) {
		i--
	}
	if i > 0 && (*h)[i-1].Time.Equal(at) {
		return &(*h)[i-1]
	}
	if i == 0 && len(*h) == maxHistory {
		return nil
	}
	*h = slices.Insert(*h, i, Minute{Time: at})
	if len(*h) > maxHistory {
		*h = slices.Delete(*h, 0, 1)
		i--
	}
	return &(*h)[i]
}
