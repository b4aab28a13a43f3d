package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A call is one RoundTrip of the Transport with all its attempts. It is used by one
// goroutine at a time.
type call struct {
	*Transport
	contextValues // of the request

	waiter   fairqueue.Waiter // its flow is that of the context or else the user, once that has been found
	req      *http.Request    // the caller's
	sent     *http.Request    // as it was sent last, with its token; nil before
	retries  retry.Call
	waited   time.Duration // for slots, all attempts together
	lastWait time.Duration // the part of it for the last attempt

	// Of the last attempt, or of the one that waits:
	since  gate.Instant  // when its wait began
	rested time.Duration // the part of the wait before it came to the queue: the delay of a retry
	reason WaitReason    // of most of the wait
	before held          // what had delayed requests before it came to the queue; zero without observers
	last   gate.Outcome  // its Began is zero while it waits

	attempt  int32    // attempts sent
	reported int32    // the last attempt that had an event of its own
	named    bool     // the user has been looked for
	fresh    bool     // the snapshot is of now
	snapshot snapshot // as things stood when the last attempt ended
	changes  *changes // by the last attempt, not reported yet; nil if there are none
}

// call returns a new call, in the memory of one that has ended if there is one: it is
// most of what a call without a wait would allocate.
func (t *Transport) call(req *http.Request) *call {
	c, _ := t.used.Get().(*call)
	if c == nil {
		c = &call{}
	}
	c.Transport, c.req = t, req
	if v := storedIn(req.Context()); v != nil {
		c.contextValues = *v
	}
	c.retries = t.policy.Call(req)
	return c
}

// leave gives back what a call still holds, also if a function of the user's has panicked, or
// closing a body does. Nothing refers to the call any more: it is in no queue, and events and
// log entries are copies.
func (t *Transport) leave(c *call) {
	defer t.calls.leave()
	c.retries.Close()
	*c = call{}
	t.used.Put(c)
	t.keeper.look()
}

// RoundTrip makes the next attempt. It lets the call be the base of its own retries.
func (c *call) RoundTrip(attempt *http.Request) (*http.Response, error) {
	resp, err := c.engine.send(c, attempt)
	if err == nil && resp != nil && resp.StatusCode != http.StatusTooManyRequests {
		err = c.received(resp)
	}
	return resp, err
}

// user returns who caused the call.
func (c *call) user() string {
	if !c.named {
		c.contextValues.user, c.named = userOf(c.req, c.contextValues.user, c.identity), true
		c.waiter.Flow = auditlog.Clean(c.flow)
		if c.waiter.Flow == "" {
			c.waiter.Flow = c.contextValues.user
		}
	}
	return c.contextValues.user
}

// refused reports whether the call was not sent, or not again, for a reason of ours, such as
// a wait that is longer than its deadline allows. A call that its caller cancels is not refused.
func (c *call) refused(err error) bool {
	if !errors.As(err, new(*QueueError)) {
		return false
	}
	ended := c.retries.Ended()
	return ended == nil || errors.Is(ended, context.DeadlineExceeded)
}

// change returns the changes of the last attempt, to add one.
func (c *call) change() *changes {
	if c.changes == nil {
		c.changes = &changes{}
	}
	return c.changes
}

// freshen returns a snapshot of now.
func (c *call) freshen() snapshot {
	if !c.fresh {
		c.engine.queue.Lock()
		c.snapshot = c.engine.snapshot(gate.Now())
		c.engine.queue.Unlock()
	}
	return c.snapshot
}

// again begins the wait for another attempt.
func (c *call) again(rest time.Duration) {
	c.since, c.last.Began, c.rested, c.reason = c.last.Ended, 0, rest, ""
	if rest > 0 {
		c.reason = WaitRetry
	}
}
