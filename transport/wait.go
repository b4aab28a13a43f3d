package transport

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
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
	if c.before.since.IsZero() { // nobody looks, or it did not come to the queue
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
	case e.peers != nil:
		c.reason = WaitShared
	default:
		c.reason = WaitLimit
	}
}

// A backlog says since when the limit or the window holds calls back. After a while of that, the rate
// that is achieved is the rate that can be achieved.
type backlog struct {
	since  gate.Instant // 0: there is none
	until  gate.Instant // until when the head of the queue is known to be held back
	paused gate.Instant // when a pause held it back last
}

// knownFor is longer than the head of the queue takes to ask for a slot again, so that nothing else
// holds calls back after it, such as a reserve. A Limiter that can only be waited for may take longer.
const knownFor = 2 * time.Second

// hold notes that the head of the queue is held back from now on. A pause that is long leaves nothing
// of the rate before it.
func (b *backlog) hold(byPause bool, now gate.Instant, w gate.Wait) {
	switch {
	case byPause:
		b.paused = now
		if w.AtMost > knownFor {
			b.since = 0
		}
	case b.since.IsZero() || now.Sub(b.until) > knownFor:
		b.since = now
	}
	b.until = now.Add(w.AtMost)
}

// heldBack notes the reason for which the head of the queue waits from now on.
func (e *engine) heldBack(reason *time.Duration, now gate.Instant, w gate.Wait) {
	e.held.by(reason, now)
	e.backlog.hold(reason == &e.held.pause, now, w)
}

// backlogged reports whether the limit or the window has held calls back for long enough that the
// rate is what can be achieved.
func (e *engine) backlogged(now gate.Instant) bool {
	b := &e.backlog
	return e.queue.Len() > 0 && !b.since.IsZero() && now.Sub(b.since) >= congestion.RateSpan &&
		(now.Sub(b.until) <= knownFor || e.source.asked())
}

// full reports whether maxQueue of n really have to wait. Of a burst some are still
// in the queue that may go this instant.
func (e *engine) full(n int, now gate.Instant) bool {
	if !e.source.exact() {
		return n >= max(1, e.maxQueue) // one at least asks the Limiter
	}
	ahead := n - e.maxQueue
	return ahead >= e.window.Room(now)-e.window.InFlight() || e.due(now, ahead) > 0
}

// expect returns the expected wait of a call with so many others ahead until it is sent, in
// overload the last time. A later pause, a smaller window or calls of a higher class make it
// longer.
func (e *engine) expect(now gate.Instant, ahead int) time.Duration {
	wait := e.due(now, ahead)
	if rate := e.window.Goodput(now); rate > 0 {
		wait = max(wait, e.pause.remaining(now)+time.Duration(float64(ahead+1)/rate*float64(time.Second)))
	}
	return wait
}

// due returns the wait until the first attempt: by the limit, or by the achieved rate if that is
// lower.
func (e *engine) due(now gate.Instant, ahead int) time.Duration {
	paused := e.pause.remaining(now)
	wait := e.source.due(now.Add(paused), ahead).Sub(now)
	if rate := e.window.Rate(now); rate > 0 && e.backlogged(now) {
		wait = max(wait, paused+time.Duration(float64(ahead+1)/rate*float64(time.Second)))
	}
	return wait
}
