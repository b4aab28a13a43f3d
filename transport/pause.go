package transport

import (
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A pause holds all calls back until a time. Then one attempt begins as a half-open probe, and
// the others follow when that has been served: a tenant that is still saturated answers one 429
// instead of as many as the limit allows. It is a gate.Gate; the zero value is open.
type pause struct {
	end       gate.Instant  // zero if there is no pause, or it is forgotten
	undecided bool          // a 429 has come, and extend has not been called for it yet
	probe     gate.Instant  // when the half-open probe began; zero if there is none
	timeout   time.Duration // how long its answer is waited for
	probed    chan struct{} // closed when the probe is over; nil if nobody waits for that
}

const (
	// minProbe is how long the answer to the half-open probe is waited for, at least: a 429
	// comes at once, and what takes longer than a round trip and 0.5 s has been let in.
	minProbe = 700 * time.Millisecond

	// forgottenAfter is how long after its end a pause without a probe is forgotten. The
	// server's full queue is empty after 6.7 s.
	forgottenAfter = 10 * time.Second

	// maxPause bounds what a Retry-After or a Policy can ask for.
	maxPause = time.Hour
)

// stop holds all calls back until extend decides for how long: a 429 makes room in the window,
// which no other call may use.
func (p *pause) stop(now gate.Instant) {
	if !now.Before(p.end) {
		p.endProbe()
		p.end, p.undecided = now.Add(minProbe), true
	}
}

// extend makes the pause last for d from now on, unless it lasts longer already. took is how
// long the attempt with the 429 took. It reports whether a new pause began.
func (p *pause) extend(now gate.Instant, d, took time.Duration) (began bool) {
	began = p.undecided || !now.Before(p.end)
	if end := now.Add(min(d, maxPause)); p.undecided || end.After(p.end) {
		p.endProbe()
		p.end = end
	}
	p.undecided = false
	p.timeout = max(minProbe, 2*took)
	return began && d > 0
}

// drop ends what stop began.
func (p *pause) drop() {
	if p.undecided {
		p.endProbe()
		p.end, p.undecided = 0, false
	}
}

// Open implements gate.Gate.
func (p *pause) Open(now gate.Instant) (w gate.Wait, open bool) {
	switch {
	case p.end.IsZero():
	case now.Before(p.end):
		return gate.Wait{AtMost: p.end.Sub(now)}, false
	case p.probe.IsZero():
		if now.Sub(p.end) > forgottenAfter {
			p.end = 0
		}
	case now.Before(p.probe.Add(p.timeout)):
		if p.probed == nil {
			p.probed = make(chan struct{})
		}
		return gate.Wait{AtMost: p.probe.Add(p.timeout).Sub(now), Sooner: p.probed}, false
	default:
		p.endProbe()
		p.end = 0
	}
	return w, true
}

// Begin implements gate.Gate. The first request after a pause is its probe.
func (p *pause) Begin(now gate.Instant) {
	if !p.end.IsZero() && p.probe.IsZero() {
		p.probe = now
	}
}

// Cancel implements gate.Gate.
func (p *pause) Cancel(gate.Instant, gate.Instant) { p.endProbe() }

// End implements gate.Gate. If the probe was not let in, and not because of a 429, the
// next request is another one.
func (p *pause) End(o *gate.Outcome) {
	if o.Status == http.StatusTooManyRequests {
		p.stop(o.Ended)
		return
	}
	if p.end.IsZero() || o.Began.Before(p.end) {
		return
	}
	p.endProbe()
	if o.Status != 0 {
		p.end = 0
	}
}

func (p *pause) endProbe() {
	if p.probed != nil {
		close(p.probed)
	}
	p.probe, p.probed = 0, nil
}

// remaining returns how long all calls are held back, as far as it is decided, the
// probe not counted.
func (p *pause) remaining(now gate.Instant) time.Duration {
	if p.end.IsZero() || p.undecided {
		return 0
	}
	return max(0, p.end.Sub(now))
}
