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
	limit Limiter
	base  http.RoundTripper

	maxQueue int // places in the queue

	count counters
	log   *logger
}

func (t *throttle) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req)
	began, err := t.turn(c)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	c.attempt++
	t.count.begin(began)
	defer func() {
		t.count.inFlight.Add(-1)
		c.took = time.Since(began)
	}()
	return t.base.RoundTrip(req)
}

// CloseIdleConnections passes the call on to the base.
func (t *throttle) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// turn waits until the call may be sent, and returns that time.
func (t *throttle) turn(c *call) (time.Time, error) {
	came := time.Now()
	for c.again = c.attempt > 0; ; c.again = true {
		if err := t.queue.wait(c.Context, &c.place, t); err != nil {
			c.waited += time.Since(came)
			return time.Time{}, t.explain(err, c)
		}
		now := time.Now()
		if now.Sub(c.granted) <= t.slack() {
			c.waited += now.Sub(came)
			t.log.waited(c, now.Sub(came), t.queue.len())
			return now, nil
		}
		// The process was stopped, or very busy, between the giving of the slot
		// and now. Others may have been given theirs in the meantime.
	}
}

func (t *throttle) explain(err error, c *call) error {
	e, ok := err.(*QueueError)
	if !ok {
		e = &QueueError{Err: err}
	}
	e.Waited, e.Attempt = c.waited, c.attempt
	return e
}

// slack returns how old a slot may be when it is used.
func (t *throttle) slack() time.Duration {
	if l, ok := t.limit.(*limiter); ok {
		return slackOf(l.per)
	}
	return slackOf(defaultPer)
}

// next returns when one more request may begin.
func (t *throttle) next(ctx context.Context) error {
	for {
		if err := t.pause.wait(ctx); err != nil {
			return err
		}
		if err := t.limit.Wait(ctx); err != nil {
			return err
		}
		if t.pause.remaining() == 0 {
			return nil
		}
	}
}

// admit refuses a call that would make the queue too long, or whose deadline
// comes before its turn.
func (t *throttle) admit(ctx context.Context, p *place, ahead int) error {
	deadline, limited := ctx.Deadline()
	full := !p.again && ahead >= t.maxQueue
	if !limited && !full {
		return nil
	}
	wait := t.expect(ahead)
	switch {
	case full && !(ahead == 0 && wait == 0):
		return &QueueError{Err: ErrQueueFull, Queued: ahead, Wait: wait}
	case limited && time.Until(deadline) < wait:
		return &QueueError{Err: context.DeadlineExceeded, Queued: ahead, Wait: wait}
	}
	return nil
}

// expect returns how long the turn of a call is away that has `ahead` others
// before it: not less, and no more unless a pause or better calls come.
func (t *throttle) expect(ahead int) time.Duration {
	now := time.Now()
	free := t.pause.until()
	if free.Before(now) {
		free = now
	}
	if l, ok := t.limit.(*limiter); ok {
		free = l.due(free, ahead)
	}
	return free.Sub(now)
}
