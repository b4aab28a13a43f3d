package fairqueue

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// Classes is the number of classes. 0 is the best, the last one is batch work.
const Classes = 3

const batch = Classes - 1

// Weights are the parts of the slots that the classes get while calls of each wait.
type Weights [Classes]int

// DefaultWeights are served in the order 0102010, in which every stretch is within one
// slot of the weights. No other three different weights can be served that evenly.
var DefaultWeights = Weights{4, 2, 1}

// A classQueue has those who wait, and the order in which they go. Nothing here takes
// longer than the logarithm of the number of flows, however many wait. The zero value is
// ready to use.
type classQueue struct {
	classes [Classes]class
	changed *Weights // nil: the default
	batch   Pacer
	len     int
}

// A class has the Waiters of one class.
type class struct {
	retried waitList // these go first
	flows   flows
	len     int

	// credit is the state of smooth weighted round robin: with each slot, every class
	// that could have had it gains its weight, and the class that gets the slot pays the
	// sum. A class in which nobody waits has no credit and no debt.
	credit int
}

func (q *classQueue) weights() *Weights {
	if q.changed != nil {
		return q.changed
	}
	return &DefaultWeights
}

func (q *classQueue) reweigh(weights Weights) {
	q.changed = &weights
	for i := range q.classes {
		q.classes[i].credit = 0
	}
}

func (q *classQueue) push(w *Waiter) {
	c := &q.classes[w.Class]
	if w.Retried {
		c.retried.push(w)
	} else {
		c.flows.push(w)
	}
	c.len++
	q.len++
}

func (q *classQueue) remove(w *Waiter) {
	c := &q.classes[w.Class]
	if w.Retried {
		c.retried.remove(w)
	} else {
		c.flows.remove(w)
	}
	q.len--
	if c.len--; c.len == 0 {
		c.credit = 0
	}
}

// next returns who goes next, but not except; or nil. It returns one that is held back
// only if all are.
func (q *classQueue) next(now gate.Instant, except *Waiter) (next *Waiter) {
	weights := q.weights()
	for i, most := 0, 0; i < len(q.classes); i++ {
		w := q.classes[i].next(except)
		if w == nil {
			continue
		}
		credit := q.classes[i].credit + weights[i]
		if next == nil || credit > most && q.held(i, now) <= 0 {
			next, most = w, credit
		}
	}
	return next
}

// held returns for how long a class is held back although there is a slot; 0 or less if
// it is not.
func (q *classQueue) held(class int, now gate.Instant) time.Duration {
	if class != batch {
		return 0
	}
	return q.batch.held(now, q.len > q.classes[class].len)
}

// dispatch removes w, which is granted a slot, and charges its class.
func (q *classQueue) dispatch(w *Waiter, granted gate.Instant) {
	weights, sum := q.weights(), 0
	for i := range q.classes {
		if c := &q.classes[i]; i == w.Class || c.len > 0 && q.held(i, granted) <= 0 {
			c.credit += weights[i]
			sum += weights[i]
		}
	}
	q.classes[w.Class].credit -= sum
	q.remove(w)
	q.account(w, granted)
}

// account notes that w gets a slot, perhaps without having waited.
func (q *classQueue) account(w *Waiter, granted gate.Instant) {
	q.classes[w.Class].flows.account(w.Flow)
	if w.Class == batch {
		q.batch.account(granted)
	}
}

func (q *classQueue) rivals(w *Waiter) (n int) {
	for i := range w.Class + 1 {
		n += q.classes[i].len
	}
	return n
}

// ahead counts, of w's class, the retried calls, those of its flow, and one of each flow
// that had none of the recent slots; for these, what the other classes are due.
func (q *classQueue) ahead(w *Waiter) int {
	c := &q.classes[w.Class]
	n := c.retried.len
	if !w.Retried {
		n += c.flows.ahead(w.Flow)
	}
	sum, weights := n, q.weights()
	for i := range q.classes {
		if i != w.Class && i != batch {
			// Classes get their weights to within about a slot. A margin of 3 slots of
			// w's class and 1 of the other one keeps this a lower bound.
			due := (n-3)*weights[i]/weights[w.Class] - 1
			sum += min(q.classes[i].len, max(0, due))
		}
	}
	return sum
}

// next returns who goes next in the class, but not except; or nil.
func (c *class) next(except *Waiter) *Waiter {
	if w := c.retried.next(except); w != nil {
		return w
	}
	return c.flows.next(except)
}
