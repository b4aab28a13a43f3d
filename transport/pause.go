package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A pause holds everybody back until a time. After it one goes ahead to see, and
// the others follow as soon as that one has been served: if the tenant is still
// saturated this costs one 429 and not as many as the limit lets through. The
// zero value holds nobody. It is guarded by the queue's lock.
type pause struct {
	end    gate.Instant  // zero if there is none to think of any more
	fresh  bool          // it has begun by stop, and extend has not been told yet
	trial  gate.Instant  // when the one that went ahead began; zero if none has
	limit  time.Duration // how long its answer is waited for
	served chan struct{} // closed when the trial is over
}

const (
	// minTrial is how long the answer to the one that goes ahead is waited for,
	// at least: a 429 comes at once, and what takes longer has been let in.
	minTrial = 700 * time.Millisecond

	// stale is how long after its end a pause, without a trial, is forgotten.
	stale = 10 * time.Second
)

// stop holds everybody back for the moment in which it is not yet decided for how
// long: a 429 makes room in the window, and nobody is to use it.
func (p *pause) stop(now gate.Instant) {
	if !now.Before(p.end) {
		p.over()
		p.end, p.fresh = now.Add(minTrial), true
	}
}

// extend makes the pause last for d from now on, unless it lasts longer already.
// took is how long the 429 was under way. It tells whether there was none before.
func (p *pause) extend(now gate.Instant, d, took time.Duration) (began bool) {
	began = p.fresh || !now.Before(p.end)
	if end := now.Add(min(d, time.Hour)); p.fresh || end.After(p.end) {
		p.over()
		p.end = end
	}
	p.fresh = false
	p.limit = max(minTrial, 2*took)
	return began && d > 0
}

// held says for how long one more has to wait, if it does.
func (p *pause) held(now gate.Instant) (h gate.Wait, held bool) {
	switch {
	case p.end.IsZero():
	case now.Before(p.end):
		return gate.Wait{AtMost: p.end.Sub(now)}, true
	case p.trial.IsZero():
		if now.Sub(p.end) > stale {
			p.end = 0
		}
	case now.Before(p.trial.Add(p.limit)):
		return gate.Wait{AtMost: p.trial.Add(p.limit).Sub(now), Sooner: p.served}, true
	default:
		p.over()
		p.end = 0
	}
	return h, false
}

// enter notes that one goes. The first one after a pause is its trial.
func (p *pause) enter(now gate.Instant) {
	if !p.end.IsZero() && p.trial.IsZero() {
		p.trial, p.served = now, make(chan struct{})
	}
}

// answered notes what became of a request that began at a time: whether it was
// let in. If it was not, and not because of a 429, somebody else has to try.
func (p *pause) answered(began gate.Instant, letIn bool) {
	if p.end.IsZero() || began.Before(p.end) {
		return
	}
	p.over()
	if letIn {
		p.end = 0
	}
}

// over ends the trial.
func (p *pause) over() {
	if p.served != nil {
		close(p.served)
	}
	p.trial, p.served = 0, nil
}

// remaining returns how long everybody is held back, as far as it is decided, the
// trial not counted.
func (p *pause) remaining(now gate.Instant) time.Duration {
	if p.end.IsZero() || p.fresh {
		return 0
	}
	return max(0, p.end.Sub(now))
}
