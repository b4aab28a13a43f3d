package congestion

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A probe lets only one of our requests be in flight for a moment, so that our part of the
// server's queue empties, to measure what operations take without it: BBR's ProbeRTT. (It
// is not the half-open probe that follows a pause.) Without probes either a queue that
// stands for long becomes the normal latency, and grows, or an API that has become slower
// for good reads as a queue, and starves us. Uncoordinated processes all probe at the same
// times of the wall clock, or each would see the others' queue.
type probe struct {
	next   gate.Instant // when the next one is due
	begin  gate.Instant
	tail   gate.Instant // from when on our queue should be empty
	until  gate.Instant // the end
	known  bool         // one of them has had an answer
	before float64      // the delay when it began, in seconds

	// stayed is in how many probes in a row the delay stayed, and stayedLong how long it
	// was in the last of them, in seconds.
	stayed     int
	stayedLong float64
}

const (
	// probeEvery is no part of a minute or half a minute, when scheduled jobs start.
	// Probes cost some 3 % of the time. (BBR probes each 10 s; measured in .ci/lab.)
	probeEvery = 17 * time.Second

	// probeMin, probeFirst and probeMax bound the length of a probe, in seconds. A shorter
	// one sends too few requests to learn from; the first one lasts longer as nothing is
	// known yet; the longest is what a full queue needs to drain, 6.7 s by Aprimo's
	// documented limits. Between them it lasts probeBase and probePerDelay times the delay.
	// (Measured in .ci/lab.)
	probeMin, probeFirst, probeMax = 1.0, 5.0, 7.0
	probeBase, probePerDelay       = 0.5, 2.0

	// Our queue is empty after tailBase, in seconds, and tailShare of the rest of the
	// probe. (Measured in .ci/lab.)
	tailBase, tailShare = 0.2, 0.7

	// settled is for how long after the end requests still belong to the probe: those that
	// follow have not yet built up a queue. (Measured in .ci/lab.)
	settled = 400 * time.Millisecond

	// stayedEnough is in how many probes in a row a delay must stay before it counts as the
	// server's own time. One probe beside a busy stranger says little; three take 51 s.
	// (Simulated: an API slower by 1 s went from 0.23 to 0.998 of the free capacity,
	// without harm where nothing had changed.)
	stayedEnough = 3

	// A delay stayed if at least this many seconds, standard deviations, or this part of
	// what it was, are left. (Simulated, as above.)
	stayedLeast, stayedStddevs, stayedPart = 0.3, 3, 0.5

	// overdue is how late a probe may begin and still end when those of other processes do.
	overdue = 2 * time.Second

	// lackedWithin is how recently a request must have waited for room in the window: if
	// none did there is nothing to find out, and no answer tells of a queue of ours.
	lackedWithin = 3 * time.Second
)

func (p *probe) active(now gate.Instant) bool { return now.Before(p.until) }

// includes reports whether a request sent then tells what its operation takes without a
// queue of ours. Of a precise operation the least of a probe counts, so any part of it
// will do.
func (p *probe) includes(sent gate.Instant, l *latency) bool {
	from := p.tail
	if l.precise() {
		from = p.begin
	}
	return !sent.Before(from) && sent.Before(p.until.Add(settled))
}

// schedule begins a probe when one is due and there is something to find out: a delay,
// or, before the first probe, why requests wait for room.
func (w *Window) schedule(now gate.Instant) {
	p := &w.probe
	if now.Before(p.next) {
		return
	}
	due := p.next
	wall := time.Now().Round(0) // the only clock that all processes have in common
	p.next = now.Add(wall.Truncate(probeEvery).Add(probeEvery).Sub(wall))
	if due.IsZero() {
		return
	}
	w.judge()
	if w.mode == Competing || now.Sub(w.lacked) > lackedWithin {
		return
	}
	if w.delay.queue < calmDelay && p.known || w.alone(now) {
		return
	}
	if now.Sub(due) > overdue {
		due = now // nobody called at the time
	}
	long := min(probeMax, max(probeMin, probeBase+probePerDelay*w.delay.delay()))
	if !p.known && w.delay.service < probeFirst/2 {
		long = max(long, probeFirst)
	}
	p.begin, p.before = now, w.delay.delay()
	p.until = due.Add(seconds(long))
	p.tail = due.Add(seconds(tailBase + tailShare*(long-probeBase)))
	if w.mode == Opening {
		w.mode = Steady
	}
}

// together is a probe of all processes.
func (p *probe) together(from, until gate.Instant, delay float64) {
	p.begin, p.until, p.before = from, until, delay
	p.tail = from.Add(until.Sub(from) * 6 / 10)
}

// judge draws the conclusion from the last probe.
func (w *Window) judge() {
	p := &w.probe
	defer w.delay.forget()
	p.known = p.known || w.delay.probed()
	w.delay.settle(false)
	left, stddev, ok := w.delay.left()
	if !ok {
		return
	}
	switch {
	case left > max(stayedLeast, stayedStddevs*stddev, stayedPart*p.before) && w.crowded.IsZero():
		if p.stay(left, stddev); p.stayed >= stayedEnough {
			w.delay.shift(left)
			p.stayed = 0
		}
	case left < -(certain*stddev + certainMargin):
		w.delay.shift(left)
		p.stayed = 0
	default:
		w.delay.settle(true)
		p.stayed = 0
	}
}

// stay counts a probe in which a delay stayed. It begins again with one that differs from
// the last by more than the noise: a queue changes, a slower API does not.
func (p *probe) stay(left, stddev float64) {
	if off := left - p.stayedLong; max(off, -off) > max(2*stddev, 0.05+0.15*p.stayedLong) {
		p.stayed = 0
	}
	p.stayed++
	p.stayedLong = left
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
