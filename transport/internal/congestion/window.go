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
	mode     Mode
	rate     float64 // the limit, in requests a second
	most     float64 // the largest size; 0: no bound
	size     float64
	pooled   bool         // the limiter steers the rate of all processes together instead
	shared   shared.Share // what is known of these
	inflight inflight
	sends    meter
	peak     float64       // the most in flight recently
	freed    chan struct{} // closed when there may be room again; nil if nobody waits

	delay   delayEstimator
	probe   probe
	lacked  gate.Instant // when a request last had to wait for room
	short   bool         // one has since the last step
	stepped gate.Instant
	cut     gate.Instant // by a 429
	entered gate.Instant // when the last request began
	crowded gate.Instant // since when rivals may be there
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
	// windowStart, in requests, is small: beside other programs the free part must be found
	// out first. (Half a second of the limit; judgement.)
	windowStart = 8

	// queuedLow and queuedHigh are the target for our requests in the server's queue. Below
	// low, gaps between others' requests stay unused; above high, everybody waits longer
	// for no gain. They are the alpha and beta of TCP Vegas. (Simulated: beside 8 other
	// requests a second all of the free capacity is used, others wait 0.9 s, no 429.
	// 1 and 2 would make that 0.44 s at 1.00, but use .947 of the limit alone with slow
	// operations, where the noise of the estimate exceeds the target.)
	queuedLow, queuedHigh = 3, 6

	// yieldDelay, in seconds, is the delay above which the target shrinks in proportion:
	// otherwise the delay would grow with the number of uncoordinated processes, each of
	// which keeps its target. (Measured in .ci/lab.)
	yieldDelay = 1.5

	// plenty, in answers a second, bounds the sampling rate: more would add nothing and
	// cost time. (Judgement.)
	plenty = 1000

	// A 429 multiplies the size by cutBy, at most once in cutEvery: the 429s of one moment
	// are one piece of news, and a request sent after the cut is answered only when the
	// queue of then has drained. (Simulated; TCP CUBIC multiplies by 0.7, AWS by 0.7.)
	cutBy, cutEvery = 0.6, 2 * time.Second

	// A delay of crowdedDelay, in seconds, for crowdedFor, although our window is at most
	// crowdedSize, is made by rivals that react to nothing but a 429: ten uncoordinated
	// processes of ours make 4 s. Then competingSeconds of the limit's rate are kept in
	// flight, until the delay falls below relaxedDelay. (Measured in .ci/lab; without it
	// we would get 0.3 requests a second beside a client that keeps the queue full.)
	crowdedDelay, relaxedDelay = 5.0, 3.0
	crowdedFor                 = 30 * time.Second
	crowdedSize                = 4
	competingSeconds           = 1.8

	// steerEvery is slow on purpose: a change now shows in the delay when the requests that
	// are sent now have been answered.
	steerEvery = time.Second

	// afterProbe is for how long after a probe the requests in flight are too few to
	// steer by. (Judgement.)
	afterProbe = 500 * time.Millisecond

	// aloneAt is the part of the limit that we must obtain over meterSpan to conclude that
	// no other program matters: apparent delay is noise then. (Measured in .ci/lab.)
	aloneAt = 0.9

	// growthSlack, in requests, is how far above the most in flight the size may be while
	// no request waits for room, and peakSpan the steps over which that most is forgotten:
	// a size that has never been tried would have to shrink all the way when others come.
	// (Judgement.)
	growthSlack, peakSpan = 10, 10

	// The size is bounded by what is being processed at the full rate, by Little's law, and
	// busyStddevs standard deviations of a Poisson process and busySlack requests more: all
	// that the limit could use without a queue, and then some. (Queueing theory; the slack
	// is 1.3 s of the limit.)
	busyStddevs, busySlack = 4, 20

	// leastRoundTrip, in seconds, and leastRate, in requests a second, keep Little's law
	// away from a division by zero.
	leastRoundTrip, leastRate = 0.02, 0.1
)

// New returns a Window for a limit of rate requests a second. At most most requests are in
// flight; 0 means no bound beyond the steered one, less than 0 switches the Window off.
func New(rate float64, most int) *Window {
	w := &Window{mode: Opening, rate: rate, most: float64(most), size: windowStart}
	if most < 0 {
		w.mode = Off
	}
	return w
}

// SetRate changes the limit, in requests a second.
func (w *Window) SetRate(rate float64) { w.rate = rate }

// Mode returns what the window is doing.
func (w *Window) Mode(now gate.Instant) Mode {
	if w.mode != Off && w.probe.active(now) {
		return Probing
	}
	return w.mode
}

// Room returns how many requests may be in flight now; math.MaxInt if that is not bounded.
func (w *Window) Room(now gate.Instant) int {
	switch {
	case w.mode == Off:
		return math.MaxInt
	case w.pooled && w.most > 0:
		return int(w.most)
	case w.pooled:
		return math.MaxInt
	case w.probe.active(now):
		return 1
	case w.most > 0:
		return max(1, int(min(w.size, w.most)))
	}
	return max(1, int(w.size))
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
	if w.mode == Off {
		return wait, true
	}
	if !w.pooled {
		w.schedule(now)
	}
	w.inflight.advance(now)
	if w.inflight.n < w.Room(now) {
		// In a queue that rivals keep full, places come one by one.
		gap := w.entered.Add(seconds(1 / w.rate)).Sub(now)
		if w.mode == Competing && gap > 0 {
			return gate.Wait{AtMost: gap}, false
		}
		return wait, true
	}
	w.short, w.lacked = true, now
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	// Ask again also when a probe ends, or a request has been in flight for too long.
	wait = gate.Wait{AtMost: time.Second, Sooner: w.freed}
	if d := w.probe.until.Sub(now); d > 0 {
		wait.AtMost = d
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
	case w.mode == Off:
	case o.Status == http.StatusTooManyRequests && w.pooled:
	case o.Status == http.StatusTooManyRequests:
		w.limited(o.Ended)
	case w.rate > plenty && o.Ended.Sub(w.delay.at) < time.Second/plenty:
	case o.Status >= 200 && o.Status < 400:
		w.learn(o)
		if !w.pooled {
			w.step(o.Ended)
		}
	}
}

func (w *Window) leave(granted, now gate.Instant) {
	w.inflight.remove(granted, now)
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
}

func (w *Window) learn(o gate.Outcome) {
	calm := o.Ended.Sub(w.lacked) > lackedWithin && w.delay.queue < calmDelay
	l := w.delay.op(o.Operation)
	w.delay.sample(l, o.Ended.Sub(o.Sent), calm, w.probe.includes(o.Sent, l), o.Ended)
}

// limited shrinks the window after a 429: the server's queue is full.
func (w *Window) limited(now gate.Instant) {
	if now.Sub(w.cut) < cutEvery {
		return
	}
	w.cut = now
	if w.mode != Competing {
		w.mode = Steady
		w.size = max(1, w.size*cutBy)
	}
}

// step steers the size.
func (w *Window) step(now gate.Instant) {
	if now.Before(w.probe.until.Add(afterProbe)) {
		return
	}
	queued, stddev := w.queuedShare()
	if w.mode == Opening {
		if queued-stddev > queuedLow {
			w.mode = Steady
		} else if w.short {
			w.size++
		}
	}
	if now.Sub(w.stepped) < steerEvery {
		return
	}
	w.stepped = now
	w.compete(now)
	// What is not certain counts for less.
	yield := min(1, yieldDelay/max(0.01, w.delay.queue))
	low, high := queuedLow*yield+stddev/2, queuedHigh*yield+stddev
	switch {
	case w.mode == Competing:
		w.size = w.rate * (w.delay.service + competingSeconds)
	case queued > high && !w.alone(now):
		w.size -= max(1, (queued-high)/2)
	case queued < low && w.short && w.mode == Steady:
		w.size += max(1, (low-queued)/(1+w.delay.service))
	}
	w.bound()
	w.short = false
}

// alone reports whether we obtain nearly the full rate: then no other program matters.
func (w *Window) alone(now gate.Instant) bool { return w.sends.rate(now) > aloneAt*w.rate }

// bound keeps the size from growing to what has never been tried.
func (w *Window) bound() {
	if !w.short {
		w.size = min(w.size, max(windowStart, w.peak+growthSlack))
	}
	w.peak -= (w.peak - float64(w.inflight.n)) / peakSpan
	if w.mode != Competing {
		busy := w.rate * w.delay.service
		w.size = min(w.size, busy+busyStddevs*math.Sqrt(busy)+busySlack)
	}
	w.size = max(1, w.size)
}

// compete enters the mode Competing, or leaves it.
func (w *Window) compete(now gate.Instant) {
	switch q := w.delay.queue; {
	case q < relaxedDelay || w.mode != Competing && w.size > crowdedSize:
		w.crowded = 0
		if w.mode == Competing {
			w.mode, w.size = Steady, windowStart
		}
	case q < crowdedDelay:
	case w.crowded.IsZero():
		w.crowded = now
	case now.Sub(w.crowded) > crowdedFor:
		w.mode = Competing
	}
}

// queuedShare returns how many of our requests wait in the server's queue, by Little's
// law, and the standard deviation of that.
func (w *Window) queuedShare() (queued, stddev float64) {
	q := w.delay.delay()
	x := float64(w.inflight.n) / max(leastRoundTrip, w.delay.service+q) // our rate, by the same law
	x = max(leastRate, min(x, w.rate))
	return x * q, x * w.delay.stddev()
}

// Share takes in what is known of the processes that share the limit. While they can be
// reached the window does not bind: the rate of all is steered together.
func (w *Window) Share(s shared.Share, now gate.Instant) {
	w.pooled = s.Sharing == shared.All
	if !w.pooled {
		w.rate = s.Limit / float64(max(1, s.Processes))
		return
	}
	w.rate = s.Limit
	if s.Rate < 0.95*s.Limit {
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
		w.probe.together(now.Add(time.Until(s.ProbeFrom)), now.Add(time.Until(s.ProbeUntil)), w.delay.delay())
	}
	w.shared = s
}

// Report adds to r what the window has measured.
func (w *Window) Report(r *shared.Report) {
	r.InFlight = w.inflight.n
	r.Service = seconds(w.delay.service)
	r.ServerDelay, r.Stddev = seconds(w.delay.delay()), seconds(w.delay.stddev())
}
