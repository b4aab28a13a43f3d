package transport

import (
	"math"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A window bounds the requests in flight, so that few of them wait in the
// server's queue, which all integrations of the tenant share. A client that is
// bound by a rate alone fills that queue as soon as anybody else is there, and
// then everybody waits, for seven seconds; one that learns from 429s keeps it
// full, because a 429 comes only when it is.
//
// There is no header to go by. The signal is the delay that the server adds
// (delayMeter). By Little's law our rate times that delay is how many of ours wait
// there; the window grows when they are less than ownLow and shrinks when they
// are more than ownHigh, as TCP Vegas does. A few must wait, or some of the
// tenant's capacity is left unused; and since each process keeps as many, several
// of ours get equal shares without knowing of each other.
//
// A window is guarded by the queue's lock.
type window struct {
	mode   WindowMode
	rate   float64 // the most that the limiter lets through, a second
	most   float64 // the largest size; 0: no bound
	size   float64
	pooled bool  // the limiter steers the rate of all processes together instead
	shared Share // what is known of these
	flying flights
	sends  meter
	peak   float64       // the most in flight recently
	freed  chan struct{} // closed when there may be room again; the leader waits for it

	delay   delayMeter
	drain   drain
	lacked  gate.Instant // when somebody last had to wait for room
	short   bool         // somebody has since the last step
	stepped gate.Instant
	cut     gate.Instant // by a 429
	entered gate.Instant // when the last one went
	crowded gate.Instant // since when rivals may be there
}

const (
	// windowStart is small: who starts beside others is to find out first.
	windowStart = 8

	// ownLow and ownHigh are how many of ours wait at the server. Less, and a gap
	// between two of the strangers' requests is not used; more, and all wait
	// longer for nothing.
	ownLow, ownHigh = 3, 6

	// yieldDelay, in seconds, is from when on fewer wait, the longer it takes:
	// else the delay would grow with the number of our processes.
	yieldDelay = 1.5

	// plenty of answers in a second tell all there is to know: where there are
	// more, the others are not worth the time.
	plenty = 1000

	// cutBy is what a 429 leaves of the window, once in cutEvery.
	cutBy, cutEvery = 0.6, 2 * time.Second

	// A delay of crowdedDelay, in seconds, for crowdedFor, although hardly one of
	// ours is left in flight, is made by rivals that stop for nothing less than a
	// 429: ten of ours together make 4 s. Then competingSeconds of the limit's
	// rate are kept in flight, until the delay is relaxedDelay.
	crowdedDelay, relaxedDelay = 5.0, 3.0
	crowdedFor                 = 30 * time.Second
	crowdedSize                = 4
	competingSeconds           = 1.8
)

func newWindow(rate float64, most int) window {
	w := window{mode: ModeOpening, rate: rate, most: float64(most), size: windowStart}
	if most < 0 {
		w.mode = ModeOff
	}
	return w
}

// Open implements gate.Gate.
func (w *window) Open(now gate.Instant) (gate.Wait, bool) {
	wait, full := w.full(now)
	return wait, !full
}

// Begin implements gate.Gate.
func (w *window) Begin(now gate.Instant) { w.enter(now) }

// Cancel implements gate.Gate.
func (w *window) Cancel(granted, now gate.Instant) {
	w.sends.undo()
	w.leave(granted, now)
}

// End implements gate.Gate.
func (w *window) End(o gate.Outcome) {
	w.leave(o.Granted, o.Ended)
	w.answered(o.Operation, o.Sent, o.Ended, o.Status)
}

// state returns the mode, for people.
func (w *window) state(now gate.Instant) WindowMode {
	if w.mode != ModeOff && w.drain.active(now) {
		return ModeProbing
	}
	return w.mode
}

// room returns how many may be in flight now.
func (w *window) room(now gate.Instant) int {
	switch {
	case w.mode == ModeOff:
		return math.MaxInt
	case w.pooled && w.most > 0:
		return int(w.most)
	case w.pooled:
		return math.MaxInt
	case w.drain.active(now):
		return 1
	case w.most > 0:
		return max(1, int(min(w.size, w.most)))
	}
	return max(1, int(w.size))
}

// full says what to wait for if there is no room for one more.
func (w *window) full(now gate.Instant) (h gate.Wait, full bool) {
	if w.mode == ModeOff {
		return h, false
	}
	if !w.pooled {
		w.schedule(now)
	}
	w.flying.advance(now)
	if w.flying.n < w.room(now) {
		// Places in a queue that rivals keep full come one by one.
		wait := w.entered.Add(seconds(1 / w.rate)).Sub(now)
		if w.mode == ModeCompeting && wait > 0 {
			return gate.Wait{AtMost: wait}, true
		}
		return h, false
	}
	w.short, w.lacked = true, now
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	// Also look again when a drain ends, or a request that hangs counts no more.
	last := time.Second
	if d := w.drain.until.Sub(now); d > 0 {
		last = d
	}
	return gate.Wait{AtMost: last, Sooner: w.freed}, true
}

// enter takes a place.
func (w *window) enter(now gate.Instant) {
	w.flying.add(now)
	w.sends.add(now)
	w.entered = now
	w.peak = max(w.peak, float64(w.flying.n))
}

// leave gives the place back that was taken at a time.
func (w *window) leave(entered, now gate.Instant) {
	w.flying.remove(entered, now)
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
}

// answered learns from an answer; status is 0 if there was none.
func (w *window) answered(op operation, sent, now gate.Instant, status int) {
	switch {
	case w.mode == ModeOff:
	case status == http.StatusTooManyRequests && w.pooled:
	case status == http.StatusTooManyRequests:
		w.limited(now)
	case w.rate > plenty && now.Sub(w.delay.at) < time.Second/plenty:
	case status >= 200 && status < 400:
		calm := now.Sub(w.lacked) > 3*time.Second && w.delay.queue < calmDelay
		l := w.delay.op(op)
		w.delay.sample(l, now.Sub(sent), calm, w.drain.probes(sent, l), now)
		if !w.pooled {
			w.step(now)
		}
	}
}

// limited shrinks the window after a 429: the server's queue is full.
func (w *window) limited(now gate.Instant) {
	if now.Sub(w.cut) < cutEvery {
		return
	}
	w.cut = now
	if w.mode != ModeCompeting {
		w.mode = ModeSteady
		w.size = max(1, w.size*cutBy)
	}
}

// step steers the size. It is slow on purpose: what it changes now is seen in the
// delay when the requests that are sent now have been answered.
func (w *window) step(now gate.Instant) {
	if now.Before(w.drain.until.Add(500 * time.Millisecond)) {
		return
	}
	own, doubt := w.own()
	if w.mode == ModeOpening {
		if own-doubt > ownLow {
			w.mode = ModeSteady
		} else if w.short {
			w.size++
		}
	}
	if now.Sub(w.stepped) < time.Second {
		return
	}
	w.stepped = now
	w.compete(now)
	// What is not known for sure counts for less.
	yield := min(1, yieldDelay/max(0.01, w.delay.queue))
	low, high := ownLow*yield+doubt/2, ownHigh*yield+doubt
	switch {
	case w.mode == ModeCompeting:
		w.size = w.rate * (w.delay.service + competingSeconds)
	case own > high && !w.alone(now):
		w.size -= max(1, (own-high)/2)
	case own < low && w.short && w.mode == ModeSteady:
		w.size += max(1, (low-own)/(1+w.delay.service))
	}
	w.bound()
	w.short = false
}

// alone tells that nobody else can be there in earnest, since we get the full
// rate, as far as ten seconds of bursts can tell; what looks like a delay is noise.
func (w *window) alone(now gate.Instant) bool { return w.sends.rate(now) > 0.9*w.rate }

// bound keeps the size from growing to what has never been tried: who then meets
// others would have to come down all the way.
func (w *window) bound() {
	if !w.short {
		w.size = min(w.size, max(windowStart, w.peak+10))
	}
	w.peak -= (w.peak - float64(w.flying.n)) / 10
	if w.mode != ModeCompeting {
		busy := w.rate * w.delay.service // in work at the full rate, on average
		w.size = min(w.size, busy+4*math.Sqrt(busy)+20)
	}
	w.size = max(1, w.size)
}

// compete begins to, or ends it.
func (w *window) compete(now gate.Instant) {
	switch q := w.delay.queue; {
	case q < relaxedDelay || w.mode != ModeCompeting && w.size > crowdedSize:
		w.crowded = 0
		if w.mode == ModeCompeting {
			w.mode, w.size = ModeSteady, windowStart
		}
	case q < crowdedDelay:
	case w.crowded.IsZero():
		w.crowded = now
	case now.Sub(w.crowded) > crowdedFor:
		w.mode = ModeCompeting
	}
}

// own is how many of ours wait in the server's queue, by Little's law, and the
// standard deviation of that.
func (w *window) own() (own, doubt float64) {
	q := max(0, w.delay.queue)
	x := float64(w.flying.n) / max(0.02, w.delay.service+q) // our rate, by the same law
	x = max(0.1, min(x, w.rate))
	return x * q, x * w.delay.doubt()
}

// serverDelay is the delay that the server adds.
func (w *window) serverDelay() time.Duration {
	return time.Duration(max(0, w.delay.queue) * float64(time.Second)).Round(time.Millisecond)
}
