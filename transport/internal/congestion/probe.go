package congestion

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A judgment is what the probes so far say about the latencies.
type judgment struct {
	known  bool    // a probe has had an answer
	before float64 // the delay when the last probe began, in seconds

	// stayed is in how many probes in a row the delay stayed, and stayedLong how long it
	// was in the last of them, in seconds.
	stayed     int
	stayedLong float64
}

const (
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

	// A delay that stays must be about as long each time: it may differ by stableStddevs
	// standard deviations, or by stableLeast, in seconds, and stablePart of it. (Simulated,
	// as above.)
	stableStddevs           = 2
	stableLeast, stablePart = 0.05, 0.15
)

// includes reports whether a request sent then tells what its operation takes without a
// queue of ours. Of a precise operation the least of a probe counts, so any part of it
// will do.
func (p Probe) includes(sent gate.Instant, l *latency) bool {
	from := p.Tail
	if l.precise() {
		from = p.From
	}
	return !sent.Before(from) && sent.Before(p.Until.Add(settled))
}

// judge draws the conclusion from the last probe.
func (w *Window) judge() {
	p := &w.judgment
	defer w.delay.forget()
	p.known = p.known || w.delay.probed()
	w.delay.settle(false)
	left, stddev, ok := w.delay.left()
	if !ok {
		return
	}
	switch {
	case left > max(stayedLeast, stayedStddevs*stddev, stayedPart*p.before) && w.state.Crowded.IsZero():
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
func (p *judgment) stay(left, stddev float64) {
	if off := left - p.stayedLong; max(off, -off) > max(stableStddevs*stddev, stableLeast+stablePart*p.stayedLong) {
		p.stayed = 0
	}
	p.stayed++
	p.stayedLong = left
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
