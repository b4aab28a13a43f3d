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
	leader *place
}

// slots is what a queue gives away.
type slots interface {
	// next returns when one more may go, and the time from which that counts.
	// The queue asks for one at a time.
	next(context.Context) (time.Time, error)
	// admit may refuse p, ahead of which so many would go. It is asked when p
	// comes, and must be quick.
	admit(ctx context.Context, p *place, ahead int) error
}

// A place is one caller's in a queue. It is used for one wait at a time.
type place struct {
	again      bool // it has had a turn before, and goes ahead of those who have not
	granted    time.Time
	prev, next *place
	called     chan bool // true: the slot is yours; false: you lead now
}

// wait returns nil when it is p's turn, or the error that ended its wait.
func (q *queue) wait(ctx context.Context, p *place, from slots) error {
	q.mu.Lock()
	if err := from.admit(ctx, p, q.ahead(p)); err != nil {
		q.mu.Unlock()
		return err
	}
	q.line(p).push(p)
	if q.leader == nil {
		q.leader = p
		q.mu.Unlock()
		return q.lead(ctx, p, from)
	}
	p.called = make(chan bool, 1)
	q.mu.Unlock()

	select {
	case slot := <-p.called:
		if slot {
			return nil
		}
		return q.lead(ctx, p, from)
	case <-ctx.Done():
		q.leave(p)
		return ctx.Err()
	}
}

// lead waits for slots on everybody's behalf until one is for p itself.
func (q *queue) lead(ctx context.Context, p *place, from slots) error {
	for {
		at, err := from.next(ctx)
		q.mu.Lock()
		if err != nil {
			q.line(p).remove(p)
			q.appoint()
			q.mu.Unlock()
			return err
		}
		best := q.best()
		q.grant(best, at)
		if best == p {
			q.appoint()
			q.mu.Unlock()
			return nil
		}
		best.called <- true
		q.mu.Unlock()
	}
}

// leave takes p out, and passes on what it was given in the very same moment.
func (q *queue) leave(p *place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case slot := <-p.called:
		if slot {
			q.passOn(p.granted)
			return
		}
		q.line(p).remove(p)
		q.appoint()
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

// passOn gives a slot that nobody uses to the best of those who can be called:
// the leader cannot, it is waiting for one already.
func (q *queue) passOn(at time.Time) {
	for i := range q.lines {
		for p := q.lines[i].first; p != nil; p = p.next {
			if p != q.leader {
				q.grant(p, at)
				p.called <- true
				return
			}
		}
	}
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
	return q.lines[0].len + q.lines[1].len
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lines[0].len + q.lines[1].len
}

// A line is a list of places in the order in which they came. Leaving it from
// the middle costs no more than from the end.
type line struct {
	first, last *place
	len         int
}

func (l *line) push(p *place) {
	p.prev, p.next = l.last, nil
	if l.last == nil {
		l.first = p
	} else {
		l.last.next = p
	}
	l.last = p
	l.len++
}

func (l *line) remove(p *place) {
	if p.prev == nil {
		l.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		l.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	l.len--
}
