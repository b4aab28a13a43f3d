package transport

import (
	"context"
	"sync"
	"time"
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
	lines  [2]line // of those that have had a turn before, and of the others
	leader *place  // nil if nobody waits
}

// slots is where a queue has them from. All but the waiting for a hindrance is
// done with the queue's lock held.
type slots interface {
	// admit may refuse p, ahead of which so many would go. It is asked when p
	// comes.
	admit(ctx context.Context, p *place, ahead int) error
	// take uses a slot if one is free now. If not, at is zero and the hindrance
	// says what to wait for before asking again.
	take(now time.Time) (at time.Time, h hindrance)
	// back takes back a slot that nobody is left to use.
	back(granted time.Time)
}

// A place is one caller's in a queue. It is used for one wait at a time.
type place struct {
	again      bool      // it has had a turn before, and goes ahead of those who have not
	granted    time.Time // the time from which its slot counts
	prev, next *place
	called     chan bool // true: the slot is yours; false: you lead now
}

// wait returns nil when it is p's turn, or the error that ended its wait.
func (q *queue) wait(ctx context.Context, p *place, from slots, now time.Time) error {
	q.mu.Lock()
	if err := from.admit(ctx, p, q.ahead(p)); err != nil {
		q.mu.Unlock()
		return err
	}
	if q.leader == nil {
		at, h := from.take(now)
		if !at.IsZero() {
			p.granted = at
			q.mu.Unlock()
			return nil
		}
		q.leader = p
		q.line(p).push(p)
		q.mu.Unlock()
		return q.lead(ctx, p, from, h)
	}
	p.called = make(chan bool, 1)
	q.line(p).push(p)
	q.mu.Unlock()

	select {
	case slot := <-p.called:
		if slot {
			return nil
		}
		return q.lead(ctx, p, from, hindrance{})
	case <-ctx.Done():
		q.leave(p, from)
		return ctx.Err()
	}
}

// lead waits for slots on everybody's behalf until one is for p itself.
func (q *queue) lead(ctx context.Context, p *place, from slots, h hindrance) (err error) {
	leading := true
	defer func() {
		if leading { // it has failed, or a Limiter that is not ours has panicked
			q.mu.Lock()
			defer q.mu.Unlock()
			q.line(p).remove(p)
			q.appoint()
		}
	}()
	for {
		if err := h.wait(ctx); err != nil {
			return err
		}
		q.mu.Lock()
		var at time.Time
		if at, h = from.take(time.Now()); !at.IsZero() {
			best := q.best()
			q.grant(best, at)
			if best == p {
				leading = false
				q.appoint()
			} else {
				best.called <- true
			}
		}
		q.mu.Unlock()
		if !leading {
			return nil
		}
	}
}

// leave takes p out, and passes on what it was given in the very same moment.
func (q *queue) leave(p *place, from slots) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case slot := <-p.called:
		if !slot {
			q.line(p).remove(p)
			q.appoint()
		} else if !q.passOn(p.granted) {
			from.back(p.granted)
		}
	default:
		q.line(p).remove(p)
	}
}

// appoint makes the best of those who wait the leader.
func (q *queue) appoint() {
	q.leader = q.best()
	if q.leader != nil {
		q.leader.called <- false
	}
}

// passOn gives a slot that was left to the best of those who can be called: the
// leader cannot, it is waiting for one already.
func (q *queue) passOn(at time.Time) bool {
	for i := range q.lines {
		for p := q.lines[i].first; p != nil; p = p.next {
			if p != q.leader {
				q.grant(p, at)
				p.called <- true
				return true
			}
		}
	}
	return false
}

func (q *queue) grant(p *place, at time.Time) {
	q.line(p).remove(p)
	p.granted = at
}

// best returns who goes next, or nil.
func (q *queue) best() *place {
	if p := q.lines[0].first; p != nil {
		return p
	}
	return q.lines[1].first
}

func (q *queue) line(p *place) *line {
	if p.again {
		return &q.lines[0]
	}
	return &q.lines[1]
}

// ahead returns how many would go before p if it came now.
func (q *queue) ahead(p *place) int {
	if p.again {
		return q.lines[0].len
	}
	return q.len()
}

// len returns how many wait.
func (q *queue) len() int { return q.lines[0].len + q.lines[1].len }
