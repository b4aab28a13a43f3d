package transport

import (
	"time"

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

// held is for how long the head of the queue has been delayed so far, by each reason.
type held struct {
	limit, window, pause time.Duration
	current              *time.Duration // the reason it is delayed by now; nil: it is not
	since                gate.Instant
}

// A heldGate is a gate, and for how long it has delayed the head of the queue so far.
type heldGate struct {
	gate.Gate
	held *time.Duration
}

// by notes that the head of the queue is delayed by another reason from now on; nil: it goes.
func (h *held) by(reason *time.Duration, now gate.Instant) {
	if h.current != nil {
		*h.current += now.Sub(h.since)
	}
	h.current, h.since = reason, now
}

// heldNow returns what has delayed requests so far. It costs nothing if nobody asks why.
func (e *engine) heldNow(c *call, now gate.Instant) (h held) {
	if c.observers.none() {
		return
	}
	e.queue.Lock()
	defer e.queue.Unlock()
	e.held.by(e.held.current, now)
	return e.held
}

// blame notes the reason for which a call has waited longest: in its bulkhead, from came to
// entered, or in the queue after that.
func (e *engine) blame(c *call, came, entered gate.Instant, before held) {
	now := gate.Now()
	if now.Sub(came) <= c.rested || c.observers.none() {
		return
	}
	h := e.heldNow(c, now)
	limit, window, pause := h.limit-before.limit, h.window-before.window, h.pause-before.pause
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
