package transport

import (
	"cmp"
	"slices"
	"strings"
)

// QueueCount is how many calls of one user wait in one class.
type QueueCount struct {
	Priority Priority
	User     string // empty if unknown
	Heavy    bool   // in the lane of a heavy operation, before the queue
	Calls    int
}

// Queue returns who waits: the best class first, and in each class who waits with
// the most calls. It is safe for concurrent use, and takes as long as there are users
// and repeated calls that wait: it is for people who look, not for each call.
func (t *Transport) Queue() []QueueCount {
	var all []QueueCount
	t.engine.queue.waiting(false, &all)
	for _, l := range t.engine.lanes {
		l.queue.waiting(true, &all)
	}
	return summed(all)
}

// waiting appends to all what there is, without adding up, so that the queue's lock
// is held only for as long as it takes to read it.
func (q *queue) waiting(heavy bool, all *[]QueueCount) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.lines.classes {
		c, priority := &q.lines.classes[i], Interactive-Priority(i)
		for p := c.again.first; p != nil; p = p.next {
			*all = append(*all, QueueCount{priority, p.owner, heavy, 1})
		}
		for _, u := range c.users.waiting {
			*all = append(*all, QueueCount{priority, u.name, heavy, u.line.len})
		}
	}
}

// summed adds up what belongs together.
func summed(all []QueueCount) []QueueCount {
	who := func(a, b QueueCount) int {
		c := cmp.Or(cmp.Compare(b.Priority, a.Priority), strings.Compare(a.User, b.User))
		if c == 0 && a.Heavy != b.Heavy {
			c = -1
			if a.Heavy {
				c = 1
			}
		}
		return c
	}
	slices.SortFunc(all, who)
	sums := all[:0]
	for _, w := range all {
		if n := len(sums); n > 0 && who(sums[n-1], w) == 0 {
			sums[n-1].Calls += w.Calls
		} else {
			sums = append(sums, w)
		}
	}
	slices.SortStableFunc(sums, func(a, b QueueCount) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), b.Calls-a.Calls)
	})
	return sums
}
