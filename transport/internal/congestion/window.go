package congestion

import (
	"math"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A Window is a gate.Gate that bounds the requests in flight. Like any Gate it is guarded
// by the engine's lock.
type Window struct {
	off   bool
	limit float64 // requests a second
	most  float64 // the largest size; 0: no bound
	state State

	joint  bool         // the limiter steers the rate of all processes together instead
	shared shared.Share // what is known of these

	inflight inflight
	sends    meter
	peak     float64       // the most in flight since the last step
	answers  int64         // that the estimate has learnt from
	freed    chan struct{} // closed when there may be room again; nil if nobody waits
	short    bool          // a request had to wait for room since the last step
	lacked   gate.Instant  // when one last had to
	entered  gate.Instant  // when the last request began
	limited  gate.Instant  // the last 429

	delay    delayEstimator
	judgment judgment
}

var _ gate.Gate = (*Window)(nil)

// A Mode is what a Window is doing.
type Mode string

// The modes of a Window.
const (
	Off       Mode = "off"       // it bounds nothing
	Opening   Mode = "opening"   // it grows with each answer, until it meets a queue
	Steady    Mode = "steady"    // it keeps a few requests in the server's queue
	Probing   Mode = "probing"   // it lets one request be in flight, to measure without a queue
	Competing Mode = "competing" // it keeps a fixed share, as others keep the queue full
)

const (
	// plenty, in answers a second, bounds the sampling rate: more would add nothing and
	// cost time. (Judgement.)
	plenty = 1000

	// lackedWithin is how recently a request must have waited for room in the window: if
	// none did, there is nothing for a probe to find out, and no queue of ours. (Judgement.)
	lackedWithin = 3 * time.Second

	// sharedLacks is the part of the limit below which the rate of processes together makes
	// requests wait. (Judgement.)
	sharedLacks = 0.95

	// lookAgain is how long a request waits for room before it asks again by itself, since
	// a request in flight may have ceased to count, see countedFor. (Judgement.)
	lookAgain = time.Second
)

// New returns a Window for a limit of rate requests a second. At most most requests are in
// flight; 0 means no bound beyond the adaptive one, less than 0 switches the Window off.
func New(rate float64, most int) *Window {
	return &Window{off: most < 0, limit: rate, most: float64(most), state: Start(0, Scope{Limit: rate}, 0)}
}

// SetRate changes the limit, in requests a second.
func (w *Window) SetRate(rate float64) { w.limit = rate }

// Mode returns what the window is doing.
func (w *Window) Mode(now gate.Instant) Mode {
	switch {
	case w.off:
		return Off
	case w.state.Probe.Active(now):
		return Probing
	}
	return w.state.Mode
}

// Room returns how many requests may be in flight now; math.MaxInt if that is not bounded.
func (w *Window) Room(now gate.Instant) int {
	switch {
	case w.off:
		return math.MaxInt
	case w.joint && w.most > 0:
		return int(w.most)
	case w.joint:
		return math.MaxInt
	case w.most > 0:
		return max(1, int(min(w.state.room(now), w.most)))
	}
	return int(w.state.room(now))
}

// InFlight returns how many requests count as in flight.
func (w *Window) InFlight() int { return w.inflight.n }

// Rate returns the requests a second that were sent over the last 10 s.
func (w *Window) Rate(now gate.Instant) float64 { return w.sends.rate(now) }

// Delay returns the delay that the server adds.
func (w *Window) Delay() time.Duration {
	return seconds(w.delay.delay()).Round(time.Millisecond)
}

// Open reports whether there is room for one more request.
func (w *Window) Open(now gate.Instant) (wait gate.Wait, open bool) {
	if w.off {
		return wait, true
	}
	if !w.joint && !now.Before(w.state.Probe.Next) {
		w.step(now)
	}
	w.inflight.advance(now)
	if w.inflight.n < w.Room(now) {
		// In a queue that rivals keep full, places come one by one.
		gap := w.entered.Add(seconds(1 / w.limit)).Sub(now)
		if w.state.Mode == Competing && gap > 0 {
			return gate.Wait{AtMost: gap}, false
		}
		return wait, true
	}
	w.short, w.lacked = true, now
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	wait = gate.Wait{AtMost: lookAgain, Sooner: w.freed}
	if w.state.Probe.Active(now) {
		wait.AtMost = w.state.Probe.Until.Sub(now)
	}
	return wait, false
}

// SentAgain counts a request that net/http sends again by itself while it is in flight.
func (w *Window) SentAgain(now gate.Instant) { w.sends.add(now) }

// Begin counts a request.
func (w *Window) Begin(now gate.Instant) {
	w.inflight.add(now)
	w.sends.add(now)
	w.entered = now
	w.peak = max(w.peak, float64(w.inflight.n))
}

// Cancel takes Begin back.
func (w *Window) Cancel(granted, now gate.Instant) {
	w.sends.undo()
	w.leave(granted, now)
}

// End makes room and learns from the answer.
func (w *Window) End(o gate.Outcome) {
	w.leave(o.Granted, o.Ended)
	switch {
	case w.off:
		return
	case o.Status == http.StatusTooManyRequests && !w.joint:
		w.limited = o.Ended
	case w.limit > plenty && o.Ended.Sub(w.delay.at) < time.Second/plenty:
		return
	case served(o.Status):
		w.learn(o)
	default:
		return
	}
	if !w.joint {
		w.step(o.Ended)
	}
}

// served reports whether the application has answered, be it with a refusal: that tells as
// much about its queue as a success. A gateway's own answers do not.
func served(status int) bool {
	switch status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

func (w *Window) leave(granted, now gate.Instant) {
	w.inflight.remove(granted, now)
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
}

func (w *Window) learn(o gate.Outcome) {
	calm := !w.lacking(o.Ended) && w.delay.queue < calmDelay
	class := o.Status / 100
	if class < 4 {
		class = 2
	}
	l := w.delay.op(work{o.Operation, class})
	w.delay.sample(l, o.Ended.Sub(o.Sent), calm, w.state.Probe.includes(o.Sent, l), o.Ended)
	w.answers++
}

// lacking reports whether a request had to wait for room recently.
func (w *Window) lacking(now gate.Instant) bool { return now.Sub(w.lacked) <= lackedWithin }

// boundSince reports whether a request had to wait for room within a round trip: answers
// that come at the same instant are all of a full window, though only the first of them finds
// a request waiting.
func (w *Window) boundSince(now gate.Instant) bool {
	return !w.lacked.IsZero() && now.Sub(w.lacked) <= seconds(w.delay.service+w.delay.delay())
}

// step takes the State to the next.
func (w *Window) step(now gate.Instant) {
	o := Observation{Limited: w.limited, Answers: w.answers, InFlight: float64(w.inflight.n), Peak: w.peak,
		Throughput: w.sends.rate(now), Short: w.short || w.boundSince(now), Lacking: w.lacking(now)}
	if !now.Before(w.state.Probe.Next) {
		if !w.state.Probe.Next.IsZero() {
			w.judge()
		}
		o.NextProbe = NextProbe(now, time.Now())
	}
	o.Delay, o.Stddev, o.Service = w.delay.delay(), w.delay.stddev(), w.delay.service
	o.Baseline = w.judgment.known
	began := w.state.Probe.From
	w.state = w.state.Step(now, Scope{Limit: w.limit}, o)
	if w.state.Probe.From != began {
		w.judgment.before = o.Delay
	}
	w.peak, w.short = o.InFlight, false
}

// Share takes in what is known of the processes that share the limit. While they can be
// reached the window does not bind: the rate of all is adjusted together.
func (w *Window) Share(s shared.Share, now gate.Instant) {
	w.joint = s.Sharing == shared.All
	if !w.joint {
		w.limit = s.Limit / float64(max(1, s.Processes))
		return
	}
	w.limit = s.Limit
	if s.Rate < sharedLacks*s.Limit {
		w.lacked = now
	}
	if s.Time.Equal(w.shared.Time) {
		return
	}
	if s.Stddev > 0 && !w.delay.fresh(now) {
		w.delay.adopt(s.ServerDelay.Seconds(), s.Stddev.Seconds(), now)
	}
	if !s.ProbeFrom.Equal(w.shared.ProbeFrom) {
		w.judge()
		w.judgment.before = w.delay.delay()
		p := &w.state.Probe
		p.From, p.Tail, p.Until = now.Add(time.Until(s.ProbeFrom)), now.Add(time.Until(s.ProbeTail)), now.Add(time.Until(s.ProbeUntil))
	}
	w.shared = s
}

// Report adds to r what the window has measured.
func (w *Window) Report(r *shared.Report) {
	r.InFlight = w.inflight.n
	r.Service = seconds(w.delay.service)
	r.ServerDelay, r.Stddev = seconds(w.delay.delay()), seconds(w.delay.stddev())
}
