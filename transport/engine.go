package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// An engine sends one attempt of a call when its turn has come. On its way the attempt
// passes the first five fields from top to bottom.
//
// The queue's lock is the engine's: it guards all but base. The lock of a bulkhead's queue is
// taken before it, the lock of the limiter after it. No lock is held while anybody waits,
// or while a function of the user's runs.
type engine struct {
	bulkheads bulkheads       // heavy operations yield to light ones
	queue     fairqueue.Queue // who goes next
	gates     []heldGate      // whether anybody may: the pause, the window
	source    source          // at most N in any second; last, since asking uses a slot
	base      http.RoundTripper

	pause    pause
	window   *congestion.Window
	peers    shared.Limiter // the source, if other processes share it; else nil
	held     held
	hooks    hooks
	maxQueue int // places in the queue
	debt     int // further slots of heavy requests, which the next calls wait for
	reserve  float64
	dryRun   bool
	backlog  backlog
	inFlight int
	sent     uint64
	limited  uint64
	mode     WindowMode // of the last ModeChanged event
	sharing  Sharing    // of the last PeersJoined or PeersLost event
	losses   int        // of the other processes, so far
}

// What an attempt has changed, for all calls. The Transport reports it.
type changes struct {
	mode   WindowMode    // that the window has now; empty if it had it before
	peers  *shared.Share // the processes that share the limit, if they were lost or found
	dryRun time.Duration // how long the attempt would have waited without WithDryRun
}

// A snapshot is the part of the Stats that each Event has.
type snapshot struct {
	queued, inFlight int32
	rate             float64
	serverDelay      time.Duration
	others           Others
}

// An attempt is what send has taken. release gives it back, in one place: also if a
// function of the user's panics, or ends the goroutine, on the way.
type attempt struct {
	op       operation
	body     io.Closer // of the request; nil once the base has it
	bulkhead *bulkhead // that it is in
	granted  bool      // it has a slot that is not used yet
	sent     bool
	hook     *hook
	status   int
}

// send makes one attempt: it waits for a slot, sends the request and accounts for the result.
func (e *engine) send(c *call, req *http.Request) (*http.Response, error) {
	a := attempt{op: operationOf(c.req)}
	if req.Body != nil {
		a.body = req.Body
	}
	defer e.release(c, &a)
	ready, err := e.turn(c, &a, req)
	if err != nil {
		return nil, err
	}
	if largerThan(ready, expectFrom) {
		ready = expectContinue(ready)
	}
	hook, wired := e.hooks.on(e, c, ready)
	a.hook, a.granted, a.sent, a.body, c.sent = hook, false, true, nil, ready
	resp, err := e.base.RoundTrip(wired)
	if err != nil {
		e.closeSilent(c, err)
		if why := hook.failed(); why != nil {
			err = explain(why, c)
		}
	}
	if resp != nil {
		a.status = resp.StatusCode
		if resp.Request == wired {
			resp.Request = ready
		}
	}
	return resp, err
}

func (e *engine) release(c *call, a *attempt) {
	if a.body != nil {
		defer a.body.Close() // last: it is the user's, and may panic
	}
	switch {
	case a.sent:
		e.completed(c, a)
	case a.granted:
		e.unsent(c.waiter.Granted)
	}
	if a.bulkhead != nil {
		a.bulkhead.leave()
	}
}

// turn waits until the call may be sent, and returns the request as it is to be sent then.
// A heavy one waits in its bulkhead first.
func (e *engine) turn(c *call, a *attempt, req *http.Request) (*http.Request, error) {
	c.fresh = false
	c.waiter.Class = c.contextValues.priority.class()
	c.user()
	heavy := e.bulkheads.of(a.op, c.req)
	came := gate.Now()
	if c.since.IsZero() {
		c.since = came
	}
	if e.dryRun {
		return e.atOnce(c, a, came, req)
	}
	now := came
	if heavy != nil {
		err := heavy.enter(c, came)
		now = gate.Now()
		if err != nil {
			c.waited += now.Sub(came)
			c.reason = WaitHeavy
			return nil, explain(err, c)
		}
		a.bulkhead = heavy
	}
	ready, err := e.slot(c, a, came, now, req)
	e.noteReason(c, came, now)
	if err == nil && heavy != nil && heavy.Weight > 1 {
		e.charge(heavy.Weight - 1)
	}
	return ready, err
}

// slot waits for one in the queue, which the call joins now; it came before that if it was in a
// bulkhead. It reads the clock last: if the process was stopped, or very busy, after the grant,
// the slot has expired.
func (e *engine) slot(c *call, a *attempt, came, now gate.Instant, req *http.Request) (*http.Request, error) {
	c.before = held{}
	for c.waiter.Retried = c.attempt > 0 || c.above; ; c.waiter.Retried = true {
		if err := e.queue.Wait(c.retries.Context(), &c.waiter, c, now); err != nil {
			c.waited += gate.Now().Sub(came)
			return nil, explain(err, c)
		}
		a.granted = true
		ready, err := c.prepared(req)
		now = gate.Now()
		if err == nil && now.Sub(c.waiter.Granted) <= e.source.maxSlotAge() {
			c.last.Began, c.lastWait = now, now.Sub(came)
			c.waited += c.lastWait
			e.reportToPeers(nil)
			return ready, nil
		}
		if err != nil {
			c.waited += now.Sub(came)
			return nil, &prepareError{err}
		}
		a.granted = false
		e.unsent(c.waiter.Granted)
	}
}

// atOnce is the dry run: the call does not wait, and notes how long it would have waited.
func (e *engine) atOnce(c *call, a *attempt, now gate.Instant, req *http.Request) (*http.Request, error) {
	e.queue.Lock()
	at, err := e.source.plan(now.Add(e.pause.remaining(now)))
	e.queue.Unlock()
	if err != nil {
		return nil, explain(err, c)
	}
	ready, err := c.prepared(req)
	if err != nil {
		return nil, &prepareError{err}
	}
	c.waiter.Granted = now
	if wait := at.Sub(now); wait > 0 {
		c.change().dryRun = wait
	}
	e.queue.Lock()
	defer e.queue.Unlock()
	c.last.Began, a.granted = now, true
	e.begin(now)
	return ready, nil
}

// charge makes the next calls wait for the further slots that a heavy request uses.
func (e *engine) charge(slots int) {
	e.queue.Lock()
	defer e.queue.Unlock()
	e.debt += slots
}

// hold pauses all calls for d after a 429 whose attempt has taken took. asked: the response had
// a Retry-After. It returns the length of the pause, and whether that is a new one.
func (e *engine) hold(d, took time.Duration, asked bool) (held time.Duration, began bool) {
	e.queue.Lock()
	defer e.queue.Unlock()
	if !asked && e.window.Overloaded() {
		e.pause.drop() // it would only starve us
		e.queue.Wake()
		return 0, false
	}
	if e.peers != nil {
		e.peers.Pause(d)
	}
	return d, e.pause.extend(gate.Now(), d, took)
}

// outlived reports whether the call's deadline passes before a retry would get a slot. Then the
// caller gets the 429 now instead of a timeout later.
func (e *engine) outlived(c *call) bool {
	deadline, ok := c.retries.Context().Deadline()
	if !ok || e.dryRun {
		return false
	}
	e.queue.Lock()
	defer e.queue.Unlock()
	ahead := e.queue.Ahead(&fairqueue.Waiter{Retried: true, Class: c.waiter.Class, Flow: c.waiter.Flow})
	return time.Until(deadline) <= e.expect(gate.Now(), ahead)
}

// snapshot returns the numbers for an Event. The lock is held.
func (e *engine) snapshot(now gate.Instant) snapshot {
	return snapshot{int32(e.queue.Len()), int32(e.inFlight), e.window.Rate(now), e.window.Delay(), e.others(now)}
}

// unsent undoes the accounting of a request that was granted a slot but not sent.
func (e *engine) unsent(granted gate.Instant) {
	e.queue.Lock()
	defer e.queue.Unlock()
	e.Return(granted)
}

// completed accounts for an attempt that was sent, and for what its result means for others.
func (e *engine) completed(c *call, a *attempt) {
	now := gate.Now()
	c.attempt++
	o := &c.last
	o.Operation, o.Granted, o.Ended, o.Status = a.op, c.waiter.Granted, now, a.status
	o.Sent = a.hook.end(o.Began, o.Status != 0)
	e.queue.Lock()
	e.inFlight--
	if a.status == http.StatusTooManyRequests {
		e.limited++
	}
	for _, g := range e.gates {
		g.End(o)
	}
	if mode := e.window.Mode(now); mode != e.mode {
		e.mode, c.change().mode = mode, mode
	}
	e.takeInPeers(c, now)
	if !c.observers.none() {
		c.snapshot, c.fresh = e.snapshot(now), true
	}
	e.queue.Unlock()
	e.reportToPeers(o)
}

// explain returns a QueueError for the error that ended a wait of the call.
func explain(err error, c *call) error {
	q, ok := err.(*QueueError)
	if !ok {
		q = &QueueError{Err: err}
		if ended := c.retries.Ended(); ended != nil && errors.Is(ended, err) {
			q.Err = ended // with its cause
		}
	}
	q.Waited, q.Attempt = c.waited, int(c.attempt)
	return q
}

// Take uses a slot for one more request, if every gate is open and the source has one. Else it
// says what to wait for.
func (e *engine) Take(now gate.Instant) (at gate.Instant, w gate.Wait) {
	if !e.queue.OnlyBatch() {
		e.window.Want(now)
	}
	for _, g := range e.gates {
		if w, open := g.Open(now); !open {
			e.heldBack(g.held, now, w)
			return at, w
		}
	}
	for ; e.debt > 0; e.debt-- {
		if at, w = e.source.take(now, &e.queue); at.IsZero() {
			e.heldBack(&e.held.limit, now, w)
			return at, w
		}
	}
	if at, w = e.source.take(now, &e.queue); at.IsZero() {
		e.heldBack(&e.held.limit, now, w)
		return at, w
	}
	e.held.by(nil, now)
	e.queue.Unpace(e.window.Train(now))
	switch {
	case e.queue.Len() <= 1: // the one that goes
		e.backlog.since = 0
	case !e.source.exact():
		e.backlog.until = now // the Limiter may have taken long
	}
	e.begin(at)
	return at, w
}

// begin counts a request that has a slot.
func (e *engine) begin(now gate.Instant) {
	for _, g := range e.gates {
		g.Begin(now)
	}
	e.inFlight++
	e.sent++
}

// Return takes back a slot that nobody is left to use.
func (e *engine) Return(granted gate.Instant) {
	now := gate.Now()
	for _, g := range e.gates {
		g.Cancel(granted, now)
	}
	e.inFlight--
	e.sent--
}

// Admit refuses a call that would make the queue too long, or whose deadline
// comes before its turn.
func (e *engine) Admit(ctx context.Context, w *fairqueue.Waiter, ahead int, now gate.Instant) error {
	if e.queue.Len() == 0 {
		e.backlog.since = 0
	}
	if priorityOf(w.Class) != Batch {
		e.window.Want(now)
	}
	if n := e.queue.Rivals(w); !w.Retried && n >= e.maxQueue && e.full(n, now) {
		return &QueueError{Err: ErrQueueFull, Queued: n, Wait: e.expect(now, ahead)}
	}
	if deadline, ok := ctx.Deadline(); ok {
		if wait := e.expect(now, ahead); time.Until(deadline) < wait {
			return &QueueError{Err: context.DeadlineExceeded, Queued: ahead, Wait: wait}
		}
	}
	return nil
}
