package transport

import (
	"context"
	"net/http"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Heavy is an operation that costs the server more than others: large download
// orders, transformations in orders, and uploads of large files are those that
// Aprimo names.
type Heavy struct {
	// Operation as the function Operation names it: "POST /api/core/orders". With
	// an identifier: "POST /uploads/segments/{id}".
	Operation string

	// Match, if not nil, must hold too, for operations that are heavy at times,
	// such as a search that selects much. It must be safe for concurrent use.
	Match func(*http.Request) bool

	// InFlight is how many of it may be in flight while other calls wait. Further
	// ones wait beside the queue, where lighter calls pass them, and go only when
	// nobody else wants to. Zero or less means no bound of its own.
	InFlight int

	// Weight is how many requests it counts for in the limit. Zero or less means
	// 1: the tenant's limit itself counts requests.
	Weight int
}

// DefaultHeavy returns the table that New uses without WithHeavy.
func DefaultHeavy() []Heavy {
	return []Heavy{
		{Operation: "POST /api/core/orders", InFlight: 2},
		{Operation: "POST /uploads", InFlight: 4},
		{Operation: "POST /uploads/segments/{id}", InFlight: 4},
		{Operation: "POST /api/core/search/records", Match: selectsMuch, InFlight: 4},
		{Operation: "PUT /api/core/searchindex", InFlight: 1},
	}
}

// manySelects is from how many select headers on a search is taken for wide: each
// one makes the server embed a further resource in every record that it finds.
const manySelects = 3

func selectsMuch(req *http.Request) bool {
	n := 0
	for name := range req.Header {
		if len(name) > len("Select-") && http.CanonicalHeaderKey(name)[:len("Select-")] == "Select-" {
			n++
		}
	}
	return n >= manySelects
}

// A lane bounds how many of a heavy operation are under way, in the queue and in
// flight. It is a queue of its own, beside the one for all.
type lane struct {
	Heavy
	operation
	queue    fairqueue.Queue
	maxQueue int
	all      *fairqueue.Queue // that it is beside
	under    int              // way
}

type lanes []*lane

func newLanes(table []Heavy, maxQueue int, q *fairqueue.Queue) lanes {
	all := make(lanes, len(table))
	for i, h := range table {
		all[i] = &lane{Heavy: h, operation: operationNamed(h.Operation), maxQueue: maxQueue, all: q}
	}
	return all
}

// of returns the lane of a request, or nil if it is light.
func (l lanes) of(op operation, req *http.Request) *lane {
	for _, lane := range l {
		if lane.operation == op && (lane.Match == nil || lane.Match(req)) {
			return lane
		}
	}
	return nil
}

// queued returns how many wait in all lanes.
func (l lanes) queued() (n int) {
	for _, lane := range l {
		lane.queue.Lock()
		n += lane.queue.Len()
		lane.queue.Unlock()
	}
	return n
}

func (l *lane) enter(c *call, now gate.Instant) error {
	if l.InFlight <= 0 {
		return nil
	}
	w := &fairqueue.Waiter{Retried: c.attempt > 0, Class: c.waiter.Class, Flow: c.waiter.Flow}
	return l.queue.Wait(c.req.Context(), w, l, now)
}

func (l *lane) leave() {
	if l.InFlight <= 0 {
		return
	}
	l.queue.Lock()
	defer l.queue.Unlock()
	l.Return(0)
}

func (l *lane) Take(now gate.Instant) (at gate.Instant, h gate.Wait) {
	if l.under >= l.InFlight {
		if idle := l.all.Idle(); idle != nil {
			return at, gate.Wait{Sooner: idle}
		}
	}
	l.under++
	return now, h
}

func (l *lane) Return(gate.Instant) {
	l.under--
	l.queue.Wake()
}

func (l *lane) Admit(ctx context.Context, w *fairqueue.Waiter, _ int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if n := l.queue.Rivals(w); !w.Retried && n >= max(1, l.maxQueue) {
		return &QueueError{Err: ErrQueueFull, Queued: n}
	}
	return nil
}
