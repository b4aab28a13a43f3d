package transport

import (
	"fmt"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
)

// SetLimit changes the limit while calls wait and are under way, for example when
// Aprimo has raised that of the tenant. What has begun before counts on: in no
// window of the new length more than n begin, from now on. It is an error if n or
// per is not positive, or if WithLimiter has set a Limiter that is not from
// NewLimiter; then nothing is changed.
func (t *Transport) SetLimit(n int, per time.Duration) error {
	if n <= 0 || per <= 0 {
		return fmt.Errorf("transport: SetLimit(%d, %v): both must be above zero", n, per)
	}
	l, ok := t.throttle.limit.(*limiter)
	if !ok || l.rate() == 0 {
		return fmt.Errorf("transport: SetLimit: the limiter is not one of NewLimiter's; change it itself")
	}
	q := &t.throttle.queue
	q.Lock()
	defer q.Unlock()
	l.resize(n, per)
	t.throttle.window.rate = l.rate()
	q.SetPacer(pacing(l, q.Pacer().Reserve))
	q.Wake()
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
	q := &t.throttle.queue
	q.Lock()
	defer q.Unlock()
	q.Reweigh(fairqueue.Weights{interactive, normal, batch})
	return nil
}

// SetReserve changes, while calls wait and are under way, the part of the limit
// that WithReserve keeps free of Batch calls.
func (t *Transport) SetReserve(part float64) {
	q := &t.throttle.queue
	q.Lock()
	defer q.Unlock()
	q.SetPacer(pacing(t.throttle.limit, part))
	q.Wake()
}

// pacing returns how batch work is spread. That needs a limiter of ours: the rate of
// another one is not known.
func pacing(limit pacer, reserve float64) fairqueue.Pacer {
	if _, ours := limit.(*limiter); !ours {
		return fairqueue.Pacer{}
	}
	return fairqueue.NewPacer(limit.rate(), reserve, limit.slack())
}
