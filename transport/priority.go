package transport

import "context"

// A Priority is how much a call matters next to others that wait for the same
// budget. The zero value is Normal. A value below Batch counts as Batch, one above
// Interactive as Interactive.
//
// Each class gets its part of the slots as long as calls of it wait: 4, 2 and 1
// of 7 for Interactive, Normal and Batch, unless SetWeights has changed that. So
// none starves. What a class does not use goes to the others, and is not made up
// for later.
//
// Within a class, a call that is repeated goes before those that have not been
// sent yet; of those, the next is of the user who was given the fewest of the
// last 32 slots, and of one user's, the oldest.
type Priority int

const (
	// Batch is for what nobody waits for. While nothing else waits it is spread
	// evenly over the second, so that a better call finds a slot soon.
	Batch Priority = iota - 1
	// Normal is what a call has that says nothing.
	Normal
	// Interactive is for what a person waits for: at least every other slot.
	Interactive
)

// class returns the class of a Priority in the queue, where 0 is the best.
func (p Priority) class() int { return int(Interactive - min(max(p, Batch), Interactive)) }

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

// WithReserve keeps a part of the limit free of Batch calls, 0.2 for example:
// then these get at most 12 of 15 slots in a second, also when nothing else
// waits, and better calls mostly find a slot at once. The default is 0, all of it
// is used; more than 0.99 counts as 0.99. It has no effect with a Limiter that is
// not ours, whose rate is unknown.
func WithReserve(part float64) Option {
	return func(s *settings) { s.reserve = part }
}
