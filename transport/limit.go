package transport

import (
	"fmt"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
)

// SetLimit changes the limit while calls wait and are under way, for example when
// Aprimo has raised that of the tenant. It takes effect at once, also for calls that wait.
// What has begun before counts on: from now on at most n requests are sent in any window
// of the new length. It is an error if NewLimiter would not take the numbers, or if
// WithLimiter has set a Limiter that is not from NewLimiter; then nothing is changed.
func (t *Transport) SetLimit(n int, per time.Duration) error {
	e := t.engine
	e.queue.Lock()
	defer e.queue.Unlock()
	if err := e.source.setLimit(n, per); err != nil {
		return fmt.Errorf("transport: SetLimit: %w", err)
	}
	e.window.SetRate(e.source.rate())
	e.queue.SetPacer(pacing(e.source, e.queue.Pacer().Reserve))
	return nil
}

// SetWeights changes, while calls wait and are under way, the parts that the
// classes of calls get of the limit as long as calls of each wait; from the start
// they are 4, 2 and 1. It is an error if one of them is less than 1 or more than
// 1,000; then nothing is changed.
func (t *Transport) SetWeights(interactive, normal, batch int) error {
	for _, w := range []int{interactive, normal, batch} {
		if w < 1 || w > 1000 {
			return fmt.Errorf("transport: SetWeights(%d, %d, %d): each must be from 1 to 1000, or a class starves",
				interactive, normal, batch)
		}
	}
	q := &t.engine.queue
	q.Lock()
	defer q.Unlock()
	q.Reweigh(fairqueue.Weights{interactive, normal, batch})
	return nil
}

// SetReserve changes, while calls wait and are under way, the part of the limit
// that WithReserve keeps free of Batch calls.
func (t *Transport) SetReserve(part float64) {
	q := &t.engine.queue
	q.Lock()
	defer q.Unlock()
	q.SetPacer(pacing(t.engine.source, part))
}

// pacing returns how batch work is spread. It needs a limiter that counts all requests.
func pacing(s source, reserve float64) fairqueue.Pacer {
	if !s.exact() {
		return fairqueue.Pacer{}
	}
	return fairqueue.NewPacer(s.rate(), reserve, s.maxSlotAge())
}
