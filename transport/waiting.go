package transport

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
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
	all := counts(&t.engine.queue, false, nil)
	for _, l := range t.engine.lanes {
		all = counts(&l.queue, true, all)
	}
	return summed(all)
}

// counts appends to all who waits in q.
func counts(q *fairqueue.Queue, heavy bool, all []QueueCount) []QueueCount {
	for _, c := range q.Counts() {
		all = append(all, QueueCount{Interactive - Priority(c.Class), c.Flow, heavy, c.Waiting})
	}
	return all
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
