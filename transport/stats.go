package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Stats is how a Transport stands at one moment.
type Stats struct {
	Queued   int `json:"queued"`    // calls that wait for their turn
	Capacity int `json:"capacity"`  // how many may wait, see WithMaxQueue
	InFlight int `json:"in_flight"` // requests that were sent and have no response header yet

	Window      int           `json:"window"`          // how many may be in flight; math.MaxInt if that is not bounded
	ServerDelay time.Duration `json:"server_delay_ns"` // how long the server lets a request wait before it begins, as far as its answers tell
	Mode        WindowMode    `json:"mode"`            // what the window is doing

	Sharing    Sharing `json:"sharing,omitempty"`     // whether the limit is shared with other processes
	Processes  int     `json:"processes,omitempty"`   // that share it, this one included; 0 if it is not made for that
	SharedRate float64 `json:"shared_rate,omitempty"` // requests a second that all of them may send now, strangers considered

	Sent        uint64 `json:"sent"`         // requests sent since New, repetitions included
	RateLimited uint64 `json:"rate_limited"` // of these, answered with 429

	PausedUntil time.Time     `json:"paused_until,omitzero"` // zero if nothing is held back
	Wait        time.Duration `json:"wait_ns"`               // how long a call would wait that came now, as far as is known

	Rate       float64    `json:"rate"`            // requests a second, the mean of the last 10 s
	Limit      float64    `json:"limit,omitempty"` // that the Limiter lets through; 0 if it does not say
	Bottleneck Bottleneck `json:"bottleneck"`      // what keeps the rate from being higher
}

// A Bottleneck names what binds the rate of a Transport.
type Bottleneck string

// What can bind the rate.
const (
	BottleneckDemand Bottleneck = "demand" // nothing: no call waits
	BottleneckLimit  Bottleneck = "limit"  // the Limiter
	BottleneckWindow Bottleneck = "window" // as many are in flight as the server answers without delay
	BottleneckHeavy  Bottleneck = "heavy"  // only heavy operations wait, for others of theirs
	BottleneckPause  Bottleneck = "pause"  // a 429 holds everybody back
)

// Stats returns the present state. It is cheap and safe for concurrent use.
func (t *Transport) Stats() Stats { return t.engine.stats() }

func (e *engine) stats() Stats {
	heavy := e.lanes.queued()
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
		Bottleneck:  BottleneckDemand,
	}
	var share shared.Share
	if p := e.source.peers(); p != nil {
		share = p.Share()
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
