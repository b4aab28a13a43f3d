// Package gate has the types that the parts of a Transport share: points in time, and what a
// request waits for.
//
// A [Gate] answers whether one more request may begin now. Package transport asks its
// gates in a fixed order, with its lock held, and gives the slot to a waiter only if all
// of them are open. This package does not wait by itself, except in [Wait.Done], which a
// waiter calls without the lock.
package gate

import (
	"context"
	"time"
)

// A Gate says whether one more request may begin. The engine calls its methods with its
// lock held: they return at once and call no callback.
type Gate interface {
	// Open reports whether a request may begin now; if not, w says what to wait for
	// before asking again. To ask uses no capacity.
	Open(now Instant) (w Wait, open bool)
	// Begin notes that a request begins.
	Begin(now Instant)
	// Cancel undoes a Begin: the request was granted a slot but is not sent.
	Cancel(granted, now Instant)
	// End records the outcome of a request that was sent.
	End(o *Outcome)
}

// An Outcome is the result of one attempt.
type Outcome struct {
	Operation Operation
	Granted   Instant // when Begin was called for it
	Began     Instant // when it was handed to the base, a moment later
	Sent      Instant // when it was written
	Ended     Instant // when its response header came, or it failed
	Status    int     // the HTTP status; 0 if there was no answer
}

// Took returns how long the attempt was on the wire.
func (o *Outcome) Took() time.Duration { return o.Ended.Sub(o.Sent) }

// An Operation is what requests of one kind have in common: a method, and a path with
// every identifier in it replaced.
type Operation struct{ Method, Route string }

// A Wait says why no slot is free and what to wait for. The zero value waits for
// nothing.
type Wait struct {
	AtMost time.Duration               // it ends by then; 0: not known
	Sooner <-chan struct{}             // closed if it ends before; nil: it does not
	Ask    func(context.Context) error // instead of all: something that waits by itself
}

// Done returns when it is worth asking for a slot again, at the latest when woken can be
// received from, or returns the context's error if that ends first. A w that waits by
// itself cannot be woken.
func (w Wait) Done(ctx context.Context, woken <-chan struct{}) error {
	if w.Ask != nil {
		return w.Ask(ctx)
	}
	if w.AtMost <= 0 && w.Sooner == nil {
		return ctx.Err()
	}
	var over <-chan time.Time
	if w.AtMost > 0 {
		over = time.After(w.AtMost)
	}
	select {
	case <-over:
		return nil
	case <-w.Sooner:
		return ctx.Err()
	case <-woken:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
