package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A drain lets but one of ours be in flight for a moment, so that our part of the
// server's queue empties, to see what its operations take without: BBR's ProbeRTT.
// Without it either a queue that stands for long becomes the normal latency, and
// grows, or an API that has become slower for good reads as a queue, and starves
// us. All processes drain at the same times of the wall clock, without knowing of
// each other, or each would see the others' queue.
type drain struct {
	next   gate.Instant // when the next one is due
	begin  gate.Instant
	tail   gate.Instant // from when on the queue ought to be empty
	until  gate.Instant // the end
	known  bool         // there has been an answer in one
	before float64      // the delay when it began, in seconds

	// In how many drains, one after the other, the delay stayed, and how long it
	// was in the last of them.
	stayed     int
	stayedLong float64
}

const (
	// drainEvery is no part of a minute, nor of half a one, when jobs begin.
	drainEvery = 17 * time.Second

	drainMin, drainFirst, drainMax = 1.0, 5.0, 7.0 // seconds

	// A delay that stays in so many drains is not ours and is not a queue: the
	// API has become slower.
	stayedEnough = 3
)

func (d *drain) active(now gate.Instant) bool { return now.Before(d.until) }

// probes tells whether a request sent then says what its operation takes without
// a queue. Of a precise operation the least of a drain is what counts, so all of
// the drain will do.
func (d *drain) probes(sent gate.Instant, l *latency) bool {
	from, to := d.tail, d.until.Add(400*time.Millisecond)
	if l.precise() {
		from = d.begin
	}
	return !sent.Before(from) && sent.Before(to)
}

// schedule begins a drain when it is time for one and there is something to find
// out: a delay, or, if it has never been done, why calls have to wait for room.
func (w *window) schedule(now gate.Instant) {
	d := &w.drain
	if now.Before(d.next) {
		return
	}
	due := d.next
	wall := time.Now().Round(0) // the one clock that all processes share
	d.next = now.Add(wall.Truncate(drainEvery).Add(drainEvery).Sub(wall))
	if due.IsZero() {
		return
	}
	w.judge()
	if w.mode == ModeCompeting || now.Sub(w.lacked) > 3*time.Second {
		return
	}
	if w.delay.queue < calmDelay && d.known || w.alone(now) {
		return
	}
	if now.Sub(due) > 2*time.Second {
		due = now // nobody called at the time
	}
	q := max(0, w.delay.queue)
	long := min(drainMax, max(drainMin, 0.5+2*q))
	if !d.known && w.delay.service < drainFirst/2 {
		long = max(long, drainFirst)
	}
	d.begin, d.before = now, q
	d.until = due.Add(seconds(long))
	d.tail = due.Add(seconds(0.2 + 0.7*(long-0.5)))
	if w.mode == ModeOpening {
		w.mode = ModeSteady
	}
}

// judge draws the conclusion from the last drain.
func (w *window) judge() {
	d := &w.drain
	defer w.delay.forget()
	d.known = d.known || w.delay.probed()
	w.delay.settle(false)
	left, doubt, ok := w.delay.left()
	if !ok {
		return
	}
	switch {
	case left > max(0.3, 3*doubt, d.before/2) && w.crowded.IsZero():
		if off := left - d.stayedLong; max(off, -off) > max(2*doubt, 0.05+0.15*d.stayedLong) {
			d.stayed = 0
		}
		d.stayed++
		d.stayedLong = left
		if d.stayed < stayedEnough {
			return
		}
		w.delay.shift(left)
		d.stayed = 0
	case left < -(4*doubt + 0.05):
		w.delay.shift(left)
		d.stayed = 0
	default:
		w.delay.settle(true)
		d.stayed = 0
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
