package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// An Observer is told of each Event, in the goroutine of the call that caused
// it: it must be safe for concurrent use, return quickly and never block. The
// context is the call's.
type Observer func(context.Context, Event)

// Observe adds an observer, which is told of what happens from now on. It is
// WithObserver for those that need the Transport itself, such as a status page.
// There is no way to take one off: it lives as long as the Transport.
func (t *Transport) Observe(o Observer) {
	if o != nil {
		t.observers.add(o)
	}
}

// observers are read by each call and hardly ever changed: each change makes a new
// list. The zero value has none.
type observers struct {
	list     atomic.Pointer[[]Observer]
	changing sync.Mutex
}

func (o *observers) add(more ...Observer) {
	o.changing.Lock()
	defer o.changing.Unlock()
	if all := slices.Concat(o.all(), more); len(all) > 0 {
		o.list.Store(&all)
	}
}

func (o *observers) none() bool { return o.list.Load() == nil }

func (o *observers) all() []Observer {
	if list := o.list.Load(); list != nil {
		return *list
	}
	return nil
}
