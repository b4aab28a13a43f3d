package transport

import (
	"context"
	"sync"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A queue gives slots to those who wait for them, the best one first, where
// "best" is decided at the moment when a slot falls due.
//
// There is no goroutine and no timer for each of them: the one at the head leads,
// which is to say that it waits for the next slot in its own goroutine. If
// somebody better has come meanwhile it gives the slot away and goes on leading;
// else it takes the slot and the next one leads. Whoever gives up just leaves: no
// slot has been reserved for it, so none is lost.
type queue struct {
	mu     sync.Mutex
	lines  lines
	leader *place        // nil if nobody waits
	better chan struct{} // closed when one comes that is not held back as batch work is; nil if nobody listens
	idle   chan struct{} // closed when nobody waits any more; nil if nobody listens
}

// slots is where a queue has them from. All but the waiting for a hindrance is
// done with the queue's lock held.
type slots interface {
	// admit may refuse p, ahead of which at least so many would go. It is asked
	// when p comes.
	admit(ctx context.Context, p *place, ahead int) error
	// take uses a slot if one is free now. If not, at is zero and the hindrance
	// says what to wait for before asking again.
	take(now gate.Instant) (at gate.Instant, h gate.Wait)
	// back takes back a slot that nobody is left to use.
	back(granted gate.Instant)
}

// A place is one caller's in a queue. It is used for one wait at a time.
type place struct {
	priority   Priority
	again      bool         // it has had a turn before, and goes ahead of those of its class who have not
	leads      bool         // it waits for slots on behalf of all
	owner      string       // with whose other calls it takes turns
	granted    gate.Instant // the time from which its slot counts
	prev, next *place
	called     chan struct{} // the slot is yours, or you lead now
}

// wait returns nil when it is p's turn, or the error that ended its wait.
func (q *queue) wait(ctx context.Context, p *place, from slots, now gate.Instant) error {
	where, err := q.join(ctx, p, from, now)
	if where == inLine {
		select {
		case <-p.called:
			if p.leads {
				where = inLead
			}
		case <-ctx.Done():
			q.leave(p, from)
			return ctx.Err()
		}
	}
	if where == inLead {
		return q.lead(ctx, p, from)
	}
	return err
}

// Where somebody stands who has joined the queue.
type standing int

const (
	outside standing = iota // it has been refused, or has a slot already
	inLine
	inLead
)

// join gives p a slot if it need not wait, or the lead, or a place in its line. A
// function of its own, since it may have to wait for the lock: with that and the
// select in one frame, the goroutines that wait would need larger stacks.
func (q *queue) join(ctx context.Context, p *place, from slots, now gate.Instant) (standing, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ahead := 0
	if q.leader != nil {
		ahead = q.lines.ahead(p)
	}
	if err := from.admit(ctx, p, ahead); err != nil {
		return outside, err
	}
	if q.leader == nil {
		if at, _ := q.take(p, from, now); !at.IsZero() {
			p.granted = at
			q.lines.taken(p, at)
			return outside, nil
		}
		q.leader = p
		q.lines.push(p)
		return inLead, nil
	}
	p.leads, p.called = false, make(chan struct{}, 1)
	q.lines.push(p)
	q.wake(p)
	return inLine, nil
}

// lead waits for slots on everybody's behalf until one is for p itself.
func (q *queue) lead(ctx context.Context, p *place, from slots) (err error) {
	var h gate.Wait
	leading := true
	defer func() {
		if leading { // it has failed, or a Limiter that is not ours has panicked
			q.mu.Lock()
			defer q.mu.Unlock()
			q.remove(p)
			q.appoint()
		}
	}()
	for {
		if err := h.Done(ctx); err != nil {
			return err
		}
		q.mu.Lock()
		now := gate.Now()
		best := q.lines.best(now, nil)
		var at gate.Instant
		if at, h = q.take(best, from, now); !at.IsZero() {
			q.grant(best, at)
			if best == p {
				leading = false
				q.appoint()
			} else {
				best.called <- struct{}{}
			}
		}
		q.mu.Unlock()
		if !leading {
			return nil
		}
	}
}

// take uses a slot for p, who is the best, if there is one and p may have it.
func (q *queue) take(p *place, from slots, now gate.Instant) (at gate.Instant, h gate.Wait) {
	if wait := q.lines.held(p.priority.index(), now); wait > 0 {
		if q.better == nil {
			q.better = make(chan struct{})
		}
		return at, gate.Wait{AtMost: wait, Sooner: q.better}
	}
	return from.take(now)
}

// wake lets the leader look again, if all who were there are held back and p is not.
func (q *queue) wake(p *place) {
	if q.better != nil && p.priority.index() != Batch.index() {
		close(q.better)
		q.better = nil
	}
}

// leave takes p out, and passes on what it was given in the very same moment.
func (q *queue) leave(p *place, from slots) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-p.called:
		if p.leads {
			q.remove(p)
			q.appoint()
		} else if !q.passOn(p.granted) {
			from.back(p.granted)
		}
	default:
		q.remove(p)
	}
}

func (q *queue) remove(p *place) {
	q.lines.remove(p)
	q.rest()
}

// rest tells who listens that nobody waits any more.
func (q *queue) rest() {
	if q.idle != nil && q.len() == 0 {
		close(q.idle)
		q.idle = nil
	}
}

// busy tells whether somebody waits, and closes idle when nobody does any more.
func (q *queue) busy() (idle <-chan struct{}, busy bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.len() == 0 {
		return nil, false
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	return q.idle, true
}

// appoint makes the best of those who wait the leader.
func (q *queue) appoint() {
	q.leader = q.lines.best(gate.Now(), nil)
	if q.leader != nil {
		q.leader.leads = true
		q.leader.called <- struct{}{}
	}
}

// passOn gives a slot that was left to the best of those who can be called: the
// leader cannot, it is waiting for one already.
func (q *queue) passOn(at gate.Instant) bool {
	p := q.lines.best(gate.Now(), q.leader)
	if p == nil {
		return false
	}
	q.grant(p, at)
	p.called <- struct{}{}
	return true
}

func (q *queue) grant(p *place, at gate.Instant) {
	q.lines.serve(p, at)
	q.rest()
	p.granted = at
}

// len returns how many wait.
func (q *queue) len() int { return q.lines.len }
