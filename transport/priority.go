package transport

import (
	"context"
	"fmt"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
)

// A Priority ranks a call among those that wait for a slot. The zero value is Normal. A value
// below Batch counts as Batch, and one above Interactive as Interactive.
//
// While calls of each class wait, Interactive, Normal and Batch get 4, 2 and 1 of 7 slots,
// unless WithClasses has changed that. No class starves. Slots that a class does not use go to
// the others, and the class does not get them back later.
//
// Within a class, retried calls go first. Then comes the user who had the fewest of the last
// 32 slots, with that user's oldest call.
type Priority int

const (
	// Batch is for work that nobody waits for. It is spread evenly over the second, so
	// that a call of a higher class finds a free slot soon.
	Batch Priority = iota - 1
	// Normal is the default.
	Normal
	// Interactive is for calls that a person waits for: they get at least every other slot.
	Interactive
)

// class returns the class of a Priority in the queue, where 0 is the best.
func (p Priority) class() int { return int(Interactive - min(max(p, Batch), Interactive)) }

// priorityOf returns the Priority of a class.
func priorityOf(class int) Priority { return Interactive - Priority(class) }

// String returns the name of the class.
func (p Priority) String() string {
	return [...]string{"interactive", "normal", "batch"}[p.class()]
}

// ContextWithPriority returns a context whose requests have a Priority. It
// replaces one that was set before.
func ContextWithPriority(ctx context.Context, p Priority) context.Context {
	v := valuesFrom(ctx)
	v.priority = p
	return v.in(ctx)
}

// PriorityFromContext returns what ContextWithPriority has set, or Normal.
func PriorityFromContext(ctx context.Context) Priority { return valuesFrom(ctx).priority }

// Classes says how calls of different Priority share the limit. The zero value is the
// default.
type Classes struct {
	// Interactive, Normal and Batch are the parts that the classes get while calls of each
	// wait. Zero means 4, 2 and 1. Each is at most 1,000, and at least 1, or a class
	// starves.
	Interactive, Normal, Batch int

	// Reserve is the part of the limit that is kept free of Batch calls. With 0.2 these get
	// at most 12 of 15 slots in a second, also when nothing else waits, and calls of
	// higher classes mostly get a slot at once. Zero, or less, means none; more than 0.99 counts as 0.99.
	// It has no effect with a Limiter that is not from NewLimiter, whose rate is not known.
	Reserve float64
}

// WithClasses sets how calls of different Priority share the limit. A part out of its
// range counts as the nearest one within.
func WithClasses(c Classes) Option {
	return func(s *settings) { s.classes = c }
}

// SetClasses changes how calls of different Priority share the limit, at once and also for
// queued calls. A part out of its range is an error and changes nothing. It is safe for
// concurrent use.
func (t *Transport) SetClasses(c Classes) error {
	for _, w := range []int{c.Interactive, c.Normal, c.Batch} {
		if w < 0 || w > maxWeight {
			return fmt.Errorf("transport: SetClasses(%+v): each part must be from 1 to %d, or 0 for the default", c, maxWeight)
		}
	}
	t.engine.queue.Lock()
	defer t.engine.queue.Unlock()
	t.engine.setClasses(c)
	return nil
}

// maxWeight keeps the order of the classes short: with it a call of the lowest class waits
// for 2,000 others at most.
const maxWeight = 1000

// setClasses is called with the lock held.
func (e *engine) setClasses(c Classes) {
	part := func(w, byDefault int) int {
		if w == 0 {
			w = byDefault
		}
		return max(1, min(w, maxWeight))
	}
	d := fairqueue.DefaultWeights
	e.queue.Reweigh(fairqueue.Weights{part(c.Interactive, d[0]), part(c.Normal, d[1]), part(c.Batch, d[2])})
	e.reserve = c.Reserve
	e.pace()
}

// pace spreads batch work over the limit. It needs a limiter that counts all requests.
func (e *engine) pace() {
	if e.source.exact() {
		e.queue.SetPacer(fairqueue.NewPacer(e.source.rate(), e.reserve, e.source.maxSlotAge()))
	}
	e.queue.Wake()
}
