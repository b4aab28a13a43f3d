package transport

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A WaitReason says what delayed an attempt for most of its wait.
type WaitReason string

// The reasons.
const (
	WaitLimit  WaitReason = "limit"  // WithLimiter: the requests of this second were used up, or batch work is paced
	WaitShared WaitReason = "shared" // a limit that is shared with other processes, such as redislimit's
	WaitWindow WaitReason = "window" // WithWindow: enough requests are in flight
	WaitPause  WaitReason = "pause"  // a 429 paused everything
	WaitHeavy  WaitReason = "heavy"  // WithHeavy: heavy operations yield to light ones
	WaitRetry  WaitReason = "retry"  // the delay before a retry
)

// held is how long each reason has delayed the head of the queue so far.
type held struct {
	limit, window, pause time.Duration
	current              *time.Duration // the present reason; nil: it is not delayed
	since                gate.Instant
}

// A heldGate is a gate, and how long it has delayed the head of the queue so far.
type heldGate struct {
	gate.Gate
	held *time.Duration
}

// by notes the reason that delays the head of the queue from now on; nil: none does.
func (h *held) by(reason *time.Duration, now gate.Instant) {
	if h.current != nil {
		*h.current += now.Sub(h.since)
	}
	h.current, h.since = reason, now
}

// Admit implements fairqueue.Slots for a call, as Take and Return do. So the call can note, under
// the queue's lock, what had delayed requests before it came.
func (c *call) Admit(ctx context.Context, w *fairqueue.Waiter, ahead int, now gate.Instant) error {
	if c.before.since == 0 && !c.observers.none() {
		c.before = c.engine.heldNow(now)
	}
	return c.engine.Admit(ctx, w, ahead, now)
}

func (c *call) Take(now gate.Instant) (gate.Instant, gate.Wait) { return c.engine.Take(now) }

func (c *call) Return(granted gate.Instant) { c.engine.Return(granted) }

// heldNow returns what has delayed requests so far. The lock is held.
func (e *engine) heldNow(now gate.Instant) held {
	e.held.by(e.held.current, now)
	return e.held
}

// noteReason notes the reason for which a call has waited longest: in its bulkhead, from came to
// entered, or in the queue after that.
func (e *engine) noteReason(c *call, came, entered gate.Instant) {
	if c.observers.none() {
		return
	}
	now := gate.Now()
	if now.Sub(came) <= c.rested {
		return
	}
	e.queue.Lock()
	h := e.heldNow(now)
	e.queue.Unlock()
	limit, window, pause := h.limit-c.before.limit, h.window-c.before.window, h.pause-c.before.pause
	switch {
	case entered.Sub(came) > now.Sub(entered):
		c.reason = WaitHeavy
	case pause > max(limit, window):
		c.reason = WaitPause
	case window > limit:
		c.reason = WaitWindow
	case e.source.peers() != nil:
		c.reason = WaitShared
	default:
		c.reason = WaitLimit
	}
}
