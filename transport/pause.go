package transport

import (
	"context"
	"sync"
	"time"
)

// A pause holds everybody back until a time. The zero value holds nobody.
type pause struct {
	mu  sync.Mutex
	end time.Time
}

// extend makes the pause last for d from now on, unless it lasts longer already.
// It tells whether there was none before.
func (p *pause) extend(d time.Duration) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	began = !now.Before(p.end)
	if end := now.Add(d); end.After(p.end) {
		p.end = end
	}
	return began
}

// until returns when the pause ends; a time that is not after now means that
// there is none.
func (p *pause) until() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

func (p *pause) remaining() time.Duration { return max(0, time.Until(p.until())) }

// wait returns when there is no pause. One that is extended meanwhile is waited
// for too.
func (p *pause) wait(ctx context.Context) error {
	for {
		left := p.remaining()
		if left == 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}
