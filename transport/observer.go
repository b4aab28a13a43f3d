package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// An Observer is called with each Event, in the goroutine of the call that caused it. It
// must be safe for concurrent use, return quickly and never block. The context is the
// call's.
type Observer func(context.Context, Event)

// Observe adds an observer for all events from now on. It is WithObserver for observers
// that need the Transport, such as a status page. An observer cannot be removed.
func (t *Transport) Observe(o Observer) {
	if o != nil {
		t.observers.add(o)
	}
}

// observers is a list that each call reads and that hardly ever changes, so each change
// makes a new list. The zero value is empty.
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
