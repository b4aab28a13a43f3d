package transport

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Sharing says whether a limit is shared with other processes.
type Sharing = shared.Sharing

// Whether a limit is shared.
const (
	// SharingNone: the Limiter is not made for that.
	SharingNone = shared.None
	// SharingAll: the limit holds for all processes together.
	SharingAll = shared.All
	// SharingAlone: the other processes cannot be reached. This one keeps to its part of
	// the limit.
	SharingAlone = shared.Alone
)

// pooled is a shared.Limiter as the throttle needs it. As of a foreign one, take
// and ask are used by one goroutine at a time.
type pooled struct {
	shared.Limiter
	given gate.Instant // a slot that has not been taken yet
}

func (p *pooled) take(now gate.Instant) (at gate.Instant, h gate.Wait) {
	at, p.given = p.given, 0
	if !at.IsZero() && now.Sub(at) <= p.Slack() {
		return at, h
	}
	return 0, gate.Wait{Ask: p.ask}
}

func (p *pooled) ask(ctx context.Context) error {
	due, err := p.Slot(noDeadline{ctx})
	if err == nil {
		p.given = gate.Now().Add(time.Until(due))
	}
	return err
}

func (p *pooled) due(from gate.Instant, _ int) gate.Instant {
	return max(from, gate.Now().Add(time.Until(p.Share().PausedUntil)))
}

func (p *pooled) slack() time.Duration { return p.Slack() }

func (p *pooled) rate() float64 { return p.Share().Limit }

// share takes in what is known of the others. It tells whether they were lost, or
// found again.
func (t *throttle) share(now gate.Instant) (s shared.Share, changed bool) {
	s, shares := t.shared()
	if !shares {
		return s, false
	}
	t.window.Share(s, now)
	changed = s.Sharing != t.sharing
	t.sharing = s.Sharing
	return s, changed
}

// shared returns what is known of the others, if the limit is made to be shared.
func (t *throttle) shared() (s shared.Share, ok bool) {
	p, ok := t.limit.(*pooled)
	if ok {
		s = p.Share()
	}
	return s, ok
}

// report tells the others, if the limit is shared, how this one stands.
func (t *throttle) report(r shared.Report) {
	p, ok := t.limit.(*pooled)
	if !ok {
		return
	}
	t.queue.mu.Lock()
	t.window.Report(&r)
	t.queue.mu.Unlock()
	p.Report(r)
}
