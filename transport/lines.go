package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// lines are those who wait, and the order in which they go. There is a class for
// each Priority. Nothing here takes longer than the logarithm of the number of
// users, however many wait. The zero value is ready to use; the queue's lock
// guards it.
type lines struct {
	classes [len(defaultWeights)]class // the best first
	changed *[len(defaultWeights)]int  // the classes' weights; nil: the default
	batch   spread
	len     int
}

// A class has those of one Priority.
type class struct {
	again line // those that have had a turn before
	users users
	len   int

	// credit is its place in smooth weighted round robin: with each slot each
	// class that could have had it gains its weight, and the one that gets it
	// pays for all. A class for which nobody waits has none, good or bad.
	credit int
}

func (l *lines) class(p *place) *class { return &l.classes[p.priority.index()] }

// weights are the classes' parts.
func (l *lines) weights() *[len(defaultWeights)]int {
	if l.changed != nil {
		return l.changed
	}
	return &defaultWeights
}

// reweigh gives the classes other parts, from now on.
func (l *lines) reweigh(w [len(defaultWeights)]int) {
	l.changed = &w
	for i := range l.classes {
		l.classes[i].credit = 0
	}
}

func (l *lines) push(p *place) {
	c := l.class(p)
	if p.again {
		c.again.push(p)
	} else {
		c.users.push(p)
	}
	c.len++
	l.len++
}

func (l *lines) remove(p *place) {
	c := l.class(p)
	if p.again {
		c.again.remove(p)
	} else {
		c.users.remove(p)
	}
	l.len--
	if c.len--; c.len == 0 {
		c.credit = 0
	}
}

// best returns who goes next, not counting one; or nil. It may be somebody who is
// held back, if nobody else is there.
func (l *lines) best(now gate.Instant, but *place) (best *place) {
	weights := l.weights()
	for i, most := 0, 0; i < len(l.classes); i++ {
		c := &l.classes[i]
		p := c.first(but)
		if p == nil {
			continue
		}
		credit := c.credit + weights[i]
		if best == nil || credit > most && l.held(i, now) <= 0 {
			best, most = p, credit
		}
	}
	return best
}

// held returns for how long none of a class may go although there is a slot.
func (l *lines) held(class int, now gate.Instant) time.Duration {
	if class != Batch.index() {
		return 0
	}
	return l.batch.held(now, l.len > l.classes[class].len)
}

// serve takes out p, which gets a slot.
func (l *lines) serve(p *place, at gate.Instant) {
	weights, all := l.weights(), 0
	for i := range l.classes {
		if c := &l.classes[i]; c == l.class(p) || c.len > 0 && l.held(i, at) <= 0 {
			c.credit += weights[i]
			all += weights[i]
		}
	}
	l.class(p).credit -= all
	l.remove(p)
	l.taken(p, at)
}

// taken notes that p gets a slot, maybe without having waited.
func (l *lines) taken(p *place, at gate.Instant) {
	l.class(p).users.taken(p.owner)
	if p.priority.index() == Batch.index() {
		l.batch.taken(at)
	}
}

// rivals returns how many wait in p's class and the better ones.
func (l *lines) rivals(p *place) (n int) {
	for i := range p.priority.index() + 1 {
		n += l.classes[i].len
	}
	return n
}

// ahead returns how many are sure to go before p if it came now, and nobody gave
// up: of its class those that come again, its user's, and one of each user who
// has had none of the last slots; for these, what the other classes are due. It
// may be more, where users have long lines, but never less. Batch work is not
// counted for others, since it may be held back.
func (l *lines) ahead(p *place) int {
	c := l.class(p)
	n := c.again.len
	if !p.again {
		n += c.users.ahead(p.owner)
	}
	sum, weights := n, l.weights()
	for i := range l.classes {
		if d := &l.classes[i]; d != c && i != Batch.index() {
			due := (n-3)*weights[i]/weights[p.priority.index()] - 1
			sum += min(d.len, max(0, due))
		}
	}
	return sum
}

// first returns who goes next in the class, not counting one; or nil.
func (c *class) first(but *place) *place {
	if p := c.again.firstBut(but); p != nil {
		return p
	}
	return c.users.first(but)
}
