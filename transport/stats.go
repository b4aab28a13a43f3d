package transport

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Stats is the state of a Transport at one moment.
type Stats struct {
	Queued   int `json:"queued"`    // calls in the local queue
	Capacity int `json:"capacity"`  // the size of the queue, see WithMaxQueue
	InFlight int `json:"in_flight"` // requests without a response header

	Window      int           `json:"window"`          // the most that may be in flight; math.MaxInt if not bounded
	ServerDelay time.Duration `json:"server_delay_ns"` // estimated time that a request waits at the server before it begins
	Mode        WindowMode    `json:"mode"`            // what the window is doing
	Others      Others        `json:"others,omitzero"` // what other programs use of the tenant

	Sharing    Sharing `json:"sharing,omitempty"`     // whether the limit is shared with other processes
	Processes  int     `json:"processes,omitempty"`   // that share it, this one included; 0 if the Limiter shares nothing
	SharedRate float64 `json:"shared_rate,omitempty"` // requests per second that these may send together now

	Sent        uint64 `json:"sent"`         // requests sent since New, retries included
	RateLimited uint64 `json:"rate_limited"` // of these, answered with 429

	PausedUntil time.Time     `json:"paused_until,omitzero"` // zero without a pause
	Wait        time.Duration `json:"wait_ns"`               // the expected wait of a new call, as far as known

	Rate       float64    `json:"rate"`            // requests a second, the mean of the last 10 s
	Limit      float64    `json:"limit,omitempty"` // the rate of the Limiter in requests per second; 0 if not known
	Bottleneck Bottleneck `json:"bottleneck"`      // what keeps the rate from being higher
}

// Others is how many requests a second all programs but this one send to the tenant: for a
// Limiter that is shared, all programs but those that share it. It can be inferred only
// while calls wait and the tenant is saturated; otherwise it is zero.
type Others struct {
	Rate   float64 `json:"rate"`   // requests a second, the mean of the last 10 s
	Stddev float64 `json:"stddev"` // the standard deviation of Rate; more than 0 if Rate is known
}

// A Bottleneck names what limits the rate of a Transport.
type Bottleneck string

// What can limit the rate.
const (
	BottleneckDemand Bottleneck = "demand" // nothing: no call waits
	BottleneckLimit  Bottleneck = "limit"  // the Limiter
	BottleneckWindow Bottleneck = "window" // WithWindow: enough requests are in flight
	BottleneckHeavy  Bottleneck = "heavy"  // only heavy operations wait, for other heavy ones
	BottleneckPause  Bottleneck = "pause"  // a 429 pauses all calls
)

// Stats returns the current state. It is cheap and safe for concurrent use.
func (t *Transport) Stats() Stats { return t.engine.stats() }

func (e *engine) stats() Stats {
	heavy := e.bulkheads.queued()
	e.queue.Lock()
	defer e.queue.Unlock()
	now := gate.Now()
	s := Stats{
		Queued:      e.queue.Len() + heavy,
		Capacity:    e.maxQueue,
		InFlight:    e.inFlight,
		Window:      e.window.Room(now),
		ServerDelay: e.window.Delay(),
		Mode:        e.window.Mode(now),
		Sent:        e.sent,
		RateLimited: e.limited,
		Rate:        e.window.Rate(now),
		Limit:       e.source.limit(),
		Wait:        e.expect(now, e.queue.Len()),
		Others:      e.others(now),
		Bottleneck:  BottleneckDemand,
	}
	var share shared.Share
	if e.peers != nil {
		share = e.peers.Share()
		s.Sharing, s.Processes, s.SharedRate = share.Sharing, share.Processes, share.Rate
	}
	switch held := max(e.pause.remaining(now), time.Until(share.PausedUntil)); {
	case held > 0:
		s.PausedUntil, s.Bottleneck = time.Now().Add(held), BottleneckPause
	case e.queue.Len() > 0 && e.window.InFlight() >= s.Window:
		s.Bottleneck = BottleneckWindow
	case e.queue.Len() > 0:
		s.Bottleneck = BottleneckLimit
	case s.Queued > 0:
		s.Bottleneck = BottleneckHeavy
	}
	return s
}

// others returns what is known of other programs. The lock is held.
func (e *engine) others(now gate.Instant) (o Others) {
	if e.backlogged(now) && now.Sub(e.backlog.paused) >= congestion.RateSpan {
		o.Rate, o.Stddev = e.window.Others(now)
	}
	return o
}

// QueueCount is how many calls of one user wait in one class.
type QueueCount struct {
	Priority Priority
	User     string // or what ContextWithFlow has set; empty if unknown
	Heavy    bool   // in the bulkhead of a heavy operation, before the queue
	Calls    int
}

// Queue returns the number of queued calls by class and user: the highest class first, and in
// each class the user with the most calls first. Its cost grows with the number of users and
// retried calls in the queue, so use it for a display and not for each call. It is safe for
// concurrent use.
func (t *Transport) Queue() []QueueCount {
	all := counts(&t.engine.queue, false, nil)
	for _, l := range t.engine.bulkheads {
		all = counts(&l.queue, true, all)
	}
	return summed(all)
}

// counts appends to all who waits in q.
func counts(q *fairqueue.Queue, heavy bool, all []QueueCount) []QueueCount {
	for _, c := range q.Counts() {
		all = append(all, QueueCount{priorityOf(c.Class), c.Flow, heavy, c.Waiting})
	}
	return all
}

// summed adds up what belongs together.
func summed(all []QueueCount) []QueueCount {
	who := func(a, b QueueCount) int {
		c := cmp.Or(cmp.Compare(b.Priority, a.Priority), strings.Compare(a.User, b.User))
		if c == 0 && a.Heavy != b.Heavy {
			c = -1
			if a.Heavy {
				c = 1
			}
		}
		return c
	}
	slices.SortFunc(all, who)
	sums := all[:0]
	for _, w := range all {
		if n := len(sums); n > 0 && who(sums[n-1], w) == 0 {
			sums[n-1].Calls += w.Calls
		} else {
			sums = append(sums, w)
		}
	}
	slices.SortStableFunc(sums, func(a, b QueueCount) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), b.Calls-a.Calls)
	})
	return sums
}

// A WindowMode is what the window, the bound on the requests in flight, is doing.
type WindowMode = congestion.Mode

// The modes of the window.
const (
	// ModeOff: WithWindow has switched it off.
	ModeOff = congestion.Off
	// ModeOpening: it grows with each answer, until requests queue at Aprimo.
	ModeOpening = congestion.Opening
	// ModeSteady: it keeps a few of our requests in the server's queue, so that no free
	// capacity is wasted.
	ModeSteady = congestion.Steady
	// ModeProbing: for a moment it allows one request in flight, to measure the server
	// without our queue.
	ModeProbing = congestion.Probing
	// ModeCompeting: other programs keep the server's queue full. It keeps a fixed share, so
	// that our calls do not starve.
	ModeCompeting = congestion.Competing
)
