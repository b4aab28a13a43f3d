package transport

import (
	"context"
	"net/http"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Heavy is an operation that costs the server more than others. Aprimo names large download
// orders, transformations in orders and uploads of large files.
type Heavy struct {
	// Operation as the function Operation names it: "POST /api/core/orders". With
	// an identifier: "POST /uploads/segments/{id}".
	Operation string

	// Match, if not nil, must return true too. It is for operations that are only sometimes
	// heavy, such as a search that selects much. It must be safe for concurrent use.
	Match func(*http.Request) bool

	// InFlight is how many of these may be in flight while other calls wait. The rest wait
	// beside the queue, where lighter calls pass them, and start only when no other call
	// waits. Zero or less means no bound.
	InFlight int

	// Weight is the number of slots that it uses. Zero or less means 1, as Aprimo's limit
	// counts requests.
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

// manySelects is the number of select headers from which a search counts as heavy: each one
// makes the server embed another resource in every record that it finds.
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

// A bulkhead bounds how many calls of a heavy operation are in the main queue and in
// flight. The others wait in a queue of its own, whose lock is taken before the main one's.
type bulkhead struct {
	Heavy
	operation
	queue    fairqueue.Queue
	maxQueue int
	main     *fairqueue.Queue // the engine's, beside which it is
	inside   int              // calls in the main queue or in flight
}

type bulkheads []*bulkhead

func newBulkheads(table []Heavy, maxQueue int, q *fairqueue.Queue) bulkheads {
	all := make(bulkheads, len(table))
	for i, h := range table {
		all[i] = &bulkhead{Heavy: h, operation: operationNamed(h.Operation), maxQueue: maxQueue, main: q}
	}
	return all
}

// of returns the bulkhead of a request, or nil if it is light.
func (bs bulkheads) of(op operation, req *http.Request) *bulkhead {
	for _, b := range bs {
		if b.operation == op && (b.Match == nil || b.Match(req)) {
			return b
		}
	}
	return nil
}

// queued returns how many calls wait in all bulkheads.
func (bs bulkheads) queued() (n int) {
	for _, b := range bs {
		b.queue.Lock()
		n += b.queue.Len()
		b.queue.Unlock()
	}
	return n
}

func (b *bulkhead) enter(c *call, now gate.Instant) error {
	if b.InFlight <= 0 {
		return nil
	}
	w := &fairqueue.Waiter{Retried: c.attempt > 0, Class: c.waiter.Class, Flow: c.waiter.Flow}
	return b.queue.Wait(c.retries.Context(), w, b, now)
}

func (b *bulkhead) leave() {
	if b.InFlight <= 0 {
		return
	}
	b.queue.Lock()
	defer b.queue.Unlock()
	b.Return(0)
}

func (b *bulkhead) Take(now gate.Instant) (at gate.Instant, w gate.Wait) {
	if b.inside >= b.InFlight {
		if idle := b.main.Idle(); idle != nil {
			return at, gate.Wait{Sooner: idle}
		}
	}
	b.inside++
	return now, w
}

func (b *bulkhead) Return(gate.Instant) {
	b.inside--
	b.queue.Wake()
}

func (b *bulkhead) Admit(_ context.Context, w *fairqueue.Waiter, _ int, _ gate.Instant) error {
	if n := b.queue.Rivals(w); !w.Retried && n >= max(1, b.maxQueue) {
		return &QueueError{Err: ErrQueueFull, Queued: n}
	}
	return nil
}
