package transport

import (
	"context"
	"time"
)

// A hindrance is why there is no slot now, and so what to wait for. The zero
// value is none.
type hindrance struct {
	last  time.Duration               // it lasts so long, at most; 0: no telling
	freed <-chan struct{}             // closed if it ends before; nil: it does not
	idle  <-chan struct{}             // the same, for another reason
	ask   func(context.Context) error // or: what waits for it to end
}

// wait returns when it is worth to ask for a slot again, or with the context's
// error if that ends first.
func (h hindrance) wait(ctx context.Context) error {
	if h.ask != nil {
		return h.ask(ctx)
	}
	if h.last <= 0 && h.freed == nil {
		return ctx.Err()
	}
	var over <-chan time.Time
	if h.last > 0 {
		timer := time.NewTimer(h.last)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return nil
	case <-h.freed:
		return ctx.Err()
	case <-h.idle:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
