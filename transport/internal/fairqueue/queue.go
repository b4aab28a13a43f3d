// Package fairqueue decides who goes next: calls wait in a [Queue], each with a class
// and a flow, and get slots from a source of them, a [Slots].
//
// Classes share the slots by weight. The flows of a class share its slots equally.
// Within a flow the oldest call goes first; a retried call goes before the flows of its
// class. The last class is batch work: a [Pacer] can hold it back although slots are free.
package fairqueue

import (
	"context"
	"sync"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Queue gives slots to waiters. It chooses the next waiter when a slot becomes available. The
// zero value is ready to use and must not be copied.
//
// Waiters have no goroutine and no timer of their own: one of them, the leader, waits for the
// next slot in its goroutine. If the slot is for another waiter, the leader hands it over and
// remains the leader; otherwise the leader uses the slot, and the next waiter leads. A cancelled
// waiter leaves the queue immediately and uses no slot.
//
// The mutex guards the Queue and whatever its owner keeps beside it: a Transport's main
// Queue has the lock of its engine. Wait, Idle and Counts take the lock; all other methods
// want it held. Slots are called with it held. Locks are taken in this order: the Queue of a
// bulkhead, the Queue of the engine, a Limiter's own.
type Queue struct {
	sync.Mutex
	waiting classQueue
	leader  *Waiter       // nil if nobody waits
	paced   bool          // the leader waits because all are batch work that is held back
	unpaced gate.Instant  // until when batch work is not held back
	idle    chan struct{} // closed when the Queue is empty; nil if nothing waits for that
}

// Slots gives the slots of a Queue. Its methods are called with the lock of the Queue
// held, so they must not block, nor call methods of the Queue that take the lock.
type Slots interface {
	// Admit may refuse w, which has at least ahead others before it, with the error that Wait
	// returns. It is called when w arrives, before w is in the Queue.
	Admit(ctx context.Context, w *Waiter, ahead int, now gate.Instant) error
	// Take uses a slot if one is free now, and returns the time from which it counts.
	// If none is, granted is zero, and wait says what to wait for before asking again.
	Take(now gate.Instant) (granted gate.Instant, wait gate.Wait)
	// Return takes back a slot that nobody is left to use.
	Return(granted gate.Instant)
}

// A Waiter is one caller's place in a Queue. It is used for one Wait at a time; its
// exported fields must not be changed meanwhile.
type Waiter struct {
	Class   int          // from 0, the best, to Classes-1, batch work
	Flow    string       // takes turns with the other flows of its class
	Granted gate.Instant // the time from which its slot counts; set by Wait
	Retried bool         // it had a turn before, and goes before those of its class that had none

	leads      bool // it waits for slots on behalf of all
	prev, next *Waiter
	called     chan struct{} // buffers 1: a follower has a slot or leads now, the leader is to ask again
}

// Wait returns nil when w is granted a slot, or the error that ended its wait: that of
// Admit, of the context, or of what it waited for. now is the present time, which
// callers have at hand.
func (q *Queue) Wait(ctx context.Context, w *Waiter, from Slots, now gate.Instant) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	state, err := q.join(ctx, w, from, now)
	if state == following {
		select {
		case <-w.called:
			if w.leads {
				state = leading
			}
		case <-ctx.Done():
			q.leave(w, from)
			return ctx.Err()
		}
	}
	if state == leading {
		return q.lead(ctx, w, from)
	}
	return err
}

// A state is what a caller is after join.
type state int

const (
	outside   state = iota // refused, or granted a slot already
	following              // another one leads
	leading
)

// join grants w a slot if it need not wait, or makes it the leader or a follower. It is a
// function of its own because it may have to wait for the lock: with that and the select
// in one frame, the goroutines that wait would need larger stacks.
func (q *Queue) join(ctx context.Context, w *Waiter, from Slots, now gate.Instant) (state, error) {
	q.Lock()
	defer q.Unlock()
	ahead := 0
	if q.leader != nil {
		ahead = q.Ahead(w)
	}
	if err := from.Admit(ctx, w, ahead, now); err != nil {
		return outside, err
	}
	if q.leader == nil {
		if granted, _ := q.take(w, from, now); !granted.IsZero() {
			w.Granted = granted
			q.waiting.account(w, granted)
			return outside, nil
		}
		q.leader = w
		q.waiting.push(w)
		return leading, nil
	}
	w.leads, w.called = false, make(chan struct{}, 1)
	q.waiting.push(w)
	if q.paced && w.Class != batch {
		q.Wake()
	}
	return following, nil
}

// lead waits for slots on behalf of all until one is w's.
func (q *Queue) lead(ctx context.Context, w *Waiter, from Slots) error {
	done := false
	defer func() {
		if !done { // it has failed, or what it waited for has panicked
			q.Lock()
			defer q.Unlock()
			q.remove(w)
			q.appoint()
		}
	}()
	for wait := (gate.Wait{}); ; {
		if err := wait.Done(ctx, w.called); err != nil {
			return err
		}
		if wait, done = q.dispatch(w, from); done {
			return nil
		}
	}
}

// dispatch grants the next waiter a slot, if one is free. It reports whether that was the
// leader; else wait says what to wait for before the next slot.
func (q *Queue) dispatch(leader *Waiter, from Slots) (wait gate.Wait, done bool) {
	q.Lock()
	defer q.Unlock()
	now := gate.Now()
	next := q.waiting.next(now, nil)
	granted, wait := q.take(next, from, now)
	if granted.IsZero() {
		if leader.called == nil && wait.Ask == nil { // it was never a follower
			leader.called = make(chan struct{}, 1)
		}
		return wait, false
	}
	q.grant(next, granted)
	if next == leader {
		q.appoint()
		return wait, true
	}
	next.called <- struct{}{}
	return wait, false
}

// take uses a slot for w, which is next, if one is free and w is not held back.
func (q *Queue) take(w *Waiter, from Slots, now gate.Instant) (granted gate.Instant, wait gate.Wait) {
	held := q.waiting.held(w.Class, now)
	if q.paced = held > 0 && !now.Before(q.unpaced); q.paced {
		return granted, gate.Wait{AtMost: held}
	}
	return from.Take(now)
}

// Wake makes the leader ask for a slot at once, since one may be free sooner than it
// expects: after a raise of the limit, for example. It does nothing if nobody waits, and
// does not interrupt a Wait that waits by itself.
func (q *Queue) Wake() {
	if q.leader != nil && q.leader.called != nil {
		select {
		case q.leader.called <- struct{}{}:
		default: // it is awake, or will be
		}
	}
}

// Unpace lets batch work go without being held back until the given time.
func (q *Queue) Unpace(until gate.Instant) { q.unpaced = until }

// leave takes w out, and passes on what it was given in the same moment.
func (q *Queue) leave(w *Waiter, from Slots) {
	q.Lock()
	defer q.Unlock()
	select {
	case <-w.called:
		if w.leads {
			q.remove(w)
			q.appoint()
		} else if !q.passOn(w.Granted) {
			from.Return(w.Granted)
		}
	default:
		q.remove(w)
	}
}

func (q *Queue) remove(w *Waiter) {
	q.waiting.remove(w)
	q.signalIdle()
}

func (q *Queue) grant(w *Waiter, granted gate.Instant) {
	q.waiting.dispatch(w, granted)
	q.signalIdle()
	w.Granted = granted
}

// appoint makes the next waiter the leader.
func (q *Queue) appoint() {
	q.leader = q.waiting.next(gate.Now(), nil)
	if q.leader != nil {
		q.leader.leads = true
		q.leader.called <- struct{}{}
	}
}

// passOn grants a slot that was left to the next follower. It may overtake the leader, to
// which no slot can be passed while it waits for one in a Limiter.
func (q *Queue) passOn(granted gate.Instant) bool {
	w := q.waiting.next(gate.Now(), q.leader)
	if w == nil {
		return false
	}
	q.grant(w, granted)
	w.called <- struct{}{}
	return true
}

// Idle returns a channel that is closed when nobody waits any more; nil if nobody waits
// now.
func (q *Queue) Idle() <-chan struct{} {
	q.Lock()
	defer q.Unlock()
	if q.Len() == 0 {
		return nil
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	return q.idle
}

func (q *Queue) signalIdle() {
	if q.idle != nil && q.Len() == 0 {
		close(q.idle)
		q.idle = nil
	}
}

// Len returns how many wait.
func (q *Queue) Len() int { return q.waiting.len }

// OnlyBatch reports whether no call of another class waits.
func (q *Queue) OnlyBatch() bool { return q.waiting.len == q.waiting.classes[batch].len }

// Rivals returns how many wait in w's class and the better ones.
func (q *Queue) Rivals(w *Waiter) int { return q.waiting.rivals(w) }

// Ahead returns how many are sure to go before w if it came now and nobody gave up. It
// may be more, if other flows have a backlog, but never fewer. Batch work is not counted
// for other classes, since it may be held back.
func (q *Queue) Ahead(w *Waiter) int { return q.waiting.ahead(w) }

// Reweigh changes the weights of the classes. None may be less than 1.
func (q *Queue) Reweigh(weights Weights) { q.waiting.reweigh(weights) }

// Pacer returns the present Pacer.
func (q *Queue) Pacer() Pacer { return q.waiting.batch }

// SetPacer replaces the Pacer. Wake lets the leader know.
func (q *Queue) SetPacer(p Pacer) { q.waiting.batch = p }

// A Count is how many calls of a flow wait in a class. A retried call has a Count of its
// own.
type Count struct {
	Class   int
	Flow    string
	Waiting int
}

// Counts returns who waits, in no particular order. It takes as long as there are flows
// and retried calls: it is for people who look, not for each call.
func (q *Queue) Counts() (counts []Count) {
	q.Lock()
	defer q.Unlock()
	for i := range q.waiting.classes {
		c := &q.waiting.classes[i]
		for w := c.retried.first; w != nil; w = w.next {
			counts = append(counts, Count{i, w.Flow, 1})
		}
		for _, f := range c.flows.backlogged {
			counts = append(counts, Count{i, f.name, f.waiting.len})
		}
	}
	return counts
}
