package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A throttle sends one attempt of a call when its turn has come. On its way the
// attempt passes the first five fields from top to bottom. The queue's lock
// guards them, and the counters.
type throttle struct {
	queue  queue
	pause  pause
	window *congestion.Window
	limit  pacer
	base   http.RoundTripper

	maxQueue int   // places in the queue
	lanes    lanes // of heavy operations, before the queue
	debt     int   // slots that a heavy request has used and that are not paid for
	count    counters
	log      *logger
	steered  func(*call, WindowMode)   // called when the window's mode has changed, without the lock
	mode     WindowMode                // that it was told last
	parted   func(*call, shared.Share) // called when the others were lost, or found again, without the lock
	sharing  Sharing                   // that it was told last
}

func (t *throttle) send(c *call, req *http.Request) (*http.Response, error) {
	op := operationOf(c.req)
	lane := t.lanes.of(op, c.req)
	began, ready, err := t.turn(c, lane, req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	status := 0
	defer func() {
		if lane != nil {
			lane.leave()
		}
		t.answered(c, op, began, status)
	}()
	resp, err := t.base.RoundTrip(ready)
	if resp != nil {
		status = resp.StatusCode
	}
	return resp, err
}

// CloseIdleConnections passes the call on to the base.
func (t *throttle) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// turn waits until the call may be sent, and returns that time and the request as
// it is to be sent then. A heavy one waits in its lane first.
func (t *throttle) turn(c *call, lane *lane, req *http.Request) (gate.Instant, *http.Request, error) {
	c.place.priority = c.told.priority
	c.user()
	came := gate.Now()
	if lane == nil {
		return t.slot(c, came, came, req)
	}
	err := lane.enter(c, came)
	now := gate.Now()
	if err != nil {
		c.waited += now.Sub(came)
		return now, nil, explain(err, c)
	}
	at, ready, err := t.slot(c, came, now, req)
	if err != nil {
		lane.leave()
	} else if lane.Weight > 1 {
		t.charge(lane.Weight - 1)
	}
	return at, ready, err
}

// slot waits for one in the queue. It looks at the clock last: if the process was
// stopped, or very busy, since the slot was given, others may have been given
// theirs meanwhile, and this one is too old.
func (t *throttle) slot(c *call, came, now gate.Instant, req *http.Request) (gate.Instant, *http.Request, error) {
	for c.again = c.attempt > 0; ; c.again = true {
		if err := t.queue.wait(c.req.Context(), &c.place, t, now); err != nil {
			now = gate.Now()
			c.waited += now.Sub(came)
			return now, nil, explain(err, c)
		}
		ready, err := c.prepared(req)
		now = gate.Now()
		if err == nil && now.Sub(c.granted) <= t.limit.slack() {
			c.waited += now.Sub(came)
			t.count.sent.Add(1)
			t.report(shared.Report{})
			t.log.waited(c, now.Sub(came), t.queued)
			return now, ready, nil
		}
		t.unsent(c.granted)
		if err != nil {
			c.waited += now.Sub(came)
			return now, nil, &prepareError{err}
		}
	}
}

// charge makes those that follow wait for so many more slots, which a heavy
// request has used.
func (t *throttle) charge(slots int) {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	t.debt += slots
}

// hold pauses everybody after a 429 that was so long under way.
func (t *throttle) hold(d, took time.Duration) (began bool) {
	if p, ok := t.limit.(*pooled); ok {
		p.Pause(d)
	}
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	return t.pause.extend(gate.Now(), d, took)
}

// holds returns for how long an attempt that follows a 429 would wait, if it came
// now.
func (t *throttle) holds(a retry.Attempt) time.Duration {
	c := a.Base.(*call)
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	return t.expect(gate.Now(), t.queue.lines.ahead(&place{again: true, priority: c.place.priority, owner: c.owner}))
}

func (t *throttle) queued() int {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	return t.queue.len()
}

// glance notes the part of the Stats that each Event has.
func (t *throttle) glance(e *Event) {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	e.Queued, e.InFlight = t.queue.len(), t.count.inFlight
	e.Rate, e.ServerDelay = t.window.Rate(gate.Now()), t.window.Delay()
}

// unsent takes back what was counted for a request that does not go.
func (t *throttle) unsent(granted gate.Instant) {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	t.back(granted)
}

// answered notes what became of an attempt, and so what the next ones may do.
func (t *throttle) answered(c *call, op operation, began gate.Instant, status int) {
	t.queue.mu.Lock()
	now := gate.Now()
	c.attempt++
	c.took = now.Sub(began)
	t.count.inFlight--
	t.window.End(gate.Outcome{Operation: gate.Operation{Method: op.method, Route: op.route}, Granted: c.granted, Sent: began, Ended: now, Status: status})
	if status == http.StatusTooManyRequests {
		t.count.limited++
		t.pause.stop(now)
	} else {
		t.pause.answered(began, status != 0)
	}
	mode := t.window.Mode(now)
	changed := mode != t.mode
	t.mode = mode
	share, parted := t.share(now)
	t.queue.mu.Unlock()
	if changed {
		t.steered(c, mode)
	}
	if parted {
		t.parted(c, share)
	}
	t.report(shared.Report{Answered: true, Limited: status == http.StatusTooManyRequests, Sent: time.Now().Add(-c.took)})
}

func explain(err error, c *call) error {
	e, ok := err.(*QueueError)
	if !ok {
		e = &QueueError{Err: err}
	}
	e.Waited, e.Attempt = c.waited, c.attempt
	return e
}

// take lets one more request begin, if nothing is in its way.
func (t *throttle) take(now gate.Instant) (at gate.Instant, h gate.Wait) {
	if h, held := t.pause.held(now); held {
		return at, h
	}
	if h, open := t.window.Open(now); !open {
		return at, h
	}
	for ; t.debt > 0; t.debt-- {
		if paid, h := t.limit.take(now); paid.IsZero() {
			return paid, h
		}
	}
	at, h = t.limit.take(now)
	if !at.IsZero() {
		t.begin(at)
	}
	return at, h
}

// begin counts a request that goes.
func (t *throttle) begin(now gate.Instant) {
	t.pause.enter(now)
	t.window.Begin(now)
	t.count.inFlight++
}

// back takes back a slot that nobody is left to use.
func (t *throttle) back(granted gate.Instant) {
	t.count.inFlight--
	t.window.Cancel(granted, gate.Now())
	t.pause.over()
}

// admit refuses a call that would make the queue too long, or whose deadline
// comes before its turn.
func (t *throttle) admit(ctx context.Context, p *place, ahead int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if n := t.queue.lines.rivals(p); !p.again && n >= t.maxQueue && t.full(n) {
		return &QueueError{Err: ErrQueueFull, Queued: n, Wait: t.expect(gate.Now(), ahead)}
	}
	if deadline, ok := ctx.Deadline(); ok {
		if wait := t.expect(gate.Now(), ahead); time.Until(deadline) < wait {
			return &QueueError{Err: context.DeadlineExceeded, Queued: ahead, Wait: wait}
		}
	}
	return nil
}

// full tells whether maxQueue of n really have to wait. Of a burst some are still
// in the queue that may go this instant.
func (t *throttle) full(n int) bool {
	if _, ours := t.limit.(*limiter); !ours {
		return n >= max(1, t.maxQueue) // one at least asks the Limiter
	}
	return t.expect(gate.Now(), n-t.maxQueue) > 0
}

// expect returns how long the turn of a call is away that has so many others
// before it: not less, and no more unless a pause, a smaller window or better
// calls come.
func (t *throttle) expect(now gate.Instant, ahead int) time.Duration {
	return t.limit.due(now.Add(t.pause.remaining(now)), ahead).Sub(now)
}
