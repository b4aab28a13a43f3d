package transport

import (
	"context"
	"sync"
	"time"
)

// A pause holds everybody back until a time. After it one goes ahead to see, and
// the others follow as soon as that one has been served: if the tenant is still
// saturated this costs one 429 and not as many as the limit lets through. The
// zero value holds nobody.
type pause struct {
	mu     sync.Mutex
	end    time.Time
	untold bool          // nobody has gone ahead yet since end
	trial  time.Time     // the others follow then at the latest
	served chan struct{} // closed when the one that went ahead has been served
}

// trialTime is how long the answer to the one that goes ahead is waited for. A
// 429 comes at once; what takes longer has been let in and is being worked on.
const trialTime = time.Second

// extend makes the pause last for d from now on, unless it lasts longer already.
// It tells whether there was none before.
func (p *pause) extend(d time.Duration) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	began = !now.Before(p.end)
	if end := now.Add(d); end.After(p.end) {
		p.end, p.untold = end, true
	}
	return began
}

// wait returns when one more may go.
func (p *pause) wait(ctx context.Context) error {
	for {
		d, served := p.ahead()
		if d == 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-served:
		case <-ctx.Done():
		}
		timer.Stop()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// ahead returns for how long to wait, or 0 to go, and a channel that ends the
// wait early. The first one that may go after a pause is the one that tries.
func (p *pause) ahead() (time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.end) {
		return p.end.Sub(now), nil
	}
	if p.untold {
		p.untold, p.trial, p.served = false, now.Add(trialTime), make(chan struct{})
		return 0, nil
	}
	return max(0, p.trial.Sub(now)), p.served
}

// passed notes that a request which began at a time was let in.
func (p *pause) passed(began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.served != nil && !began.Before(p.end) && !p.untold {
		close(p.served)
		p.served, p.trial = nil, time.Time{}
	}
}

// remaining returns how long everybody is held back, the trial not counted.
func (p *pause) remaining() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.end))
}
