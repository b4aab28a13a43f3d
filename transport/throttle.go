package transport

import (
	"context"
	"net/http"
	"time"
)

// A throttle sends one attempt of a call when its turn has come. On its way the
// attempt passes the first four fields from top to bottom.
type throttle struct {
	queue queue
	pause pause
	limit pacer
	base  http.RoundTripper

	maxQueue int // places in the queue
	count    counters
	log      *logger
}

func (t *throttle) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req)
	for c.again = c.attempt > 0; ; c.again = true {
		if err := t.turn(c); err != nil {
			closeBody(req)
			return nil, err
		}
		began := time.Now()
		if began.Sub(c.granted) <= t.limit.slack() {
			resp, err := t.base.RoundTrip(req)
			t.answered(c, began, resp)
			return resp, err
		}
		// The process was stopped, or very busy, between the giving of the slot
		// and now. Others may have been given theirs in the meantime.
		t.count.undo()
	}
}

// turn waits until the call may be sent, and does all that is to be done before:
// the sending comes right after a last look at the clock.
func (t *throttle) turn(c *call) error {
	came := time.Now()
	err := t.queue.wait(c.Context, &c.place, t)
	waited := time.Since(came)
	c.waited += waited
	if err != nil {
		return explain(err, c)
	}
	t.log.waited(c, waited, t.queue.len())
	t.count.begin(c.granted)
	return nil
}

func (t *throttle) answered(c *call, began time.Time, resp *http.Response) {
	c.attempt++
	c.took = time.Since(began)
	t.count.inFlight.Add(-1)
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.pause.passed(began)
	}
}

func explain(err error, c *call) error {
	e, ok := err.(*QueueError)
	if !ok {
		e = &QueueError{Err: err}
	}
	e.Waited, e.Attempt = c.waited, c.attempt
	return e
}

// CloseIdleConnections passes the call on to the base.
func (t *throttle) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// next returns when one more request may begin.
func (t *throttle) next(ctx context.Context) (time.Time, error) {
	for {
		if err := t.pause.wait(ctx); err != nil {
			return time.Time{}, err
		}
		at, err := t.limit.slot(ctx)
		if err != nil || t.pause.remaining() == 0 {
			return at, err
		}
	}
}

// admit refuses a call that would make the queue too long, or whose deadline
// comes before its turn.
func (t *throttle) admit(ctx context.Context, p *place, ahead int) error {
	if !p.again && t.full(ahead) {
		return &QueueError{Err: ErrQueueFull, Queued: ahead, Wait: t.expect(ahead)}
	}
	if deadline, ok := ctx.Deadline(); ok {
		if wait := t.expect(ahead); time.Until(deadline) < wait {
			return &QueueError{Err: context.DeadlineExceeded, Queued: ahead, Wait: wait}
		}
	}
	return nil
}

// full tells whether maxQueue of those ahead really have to wait. Of a burst some
// are still in the queue that may go this instant.
func (t *throttle) full(ahead int) bool {
	if _, ok := t.limit.(foreign); ok {
		return ahead >= max(1, t.maxQueue) // one at least asks the Limiter
	}
	return ahead >= t.maxQueue && t.expect(ahead-t.maxQueue) > 0
}

// expect returns how long the turn of a call is away that has so many others
// before it: not less, and no more unless a pause or better calls come.
func (t *throttle) expect(ahead int) time.Duration {
	now := time.Now()
	return t.limit.due(now.Add(t.pause.remaining()), ahead).Sub(now)
}
