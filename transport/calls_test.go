package transport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// What is closed lets nobody in, and is over when the last one has left, once.
func TestCalls(t *testing.T) {
	over := func(gone <-chan struct{}) bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}
	var c calls
	for range 2 {
		if !c.enter() {
			t.Fatal("a call was not let in, want it to be")
		}
	}
	c.leave()
	gone := c.close()
	if over(gone) || over(c.close()) {
		t.Error("over with a call left, want it to wait")
	}
	if c.enter() {
		t.Error("a call was let in after the close, want it not to be")
	}
	if c.leave(); over(gone) {
		t.Error("over with a call left, want it to wait")
	}
	if c.leave(); !over(gone) || !over(c.close()) {
		t.Error("not over after the last call, want it to be")
	}
	c.enter()
	c.leave() // it was not let in
	var none calls
	if !over(none.close()) {
		t.Error("not over without any call, want it to be")
	}
	if n := none.n.Load() + c.n.Load(); n != 0 {
		t.Errorf("%d calls left, want none", n)
	}
}

// The queue of a heavy operation may be full; one call at least may wait.
func TestBulkheadIsFull(t *testing.T) {
	var main fairqueue.Queue
	for _, c := range []struct {
		maxQueue int
		waiting  int
		retried  bool
		refused  bool
	}{{2, 1, false, false}, {2, 2, false, true}, {2, 2, true, false}, {0, 0, false, false}, {0, 1, false, true}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBulkheads([]Heavy{{Operation: "POST /orders", InFlight: 1}}, c.maxQueue, &main)[0]
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			blocked := &blockedSlots{}
			for range c.waiting {
				go b.queue.Wait(ctx, &fairqueue.Waiter{}, blocked, gate.Now())
				synctest.Wait()
			}
			b.queue.Lock()
			err := b.Admit(t.Context(), &fairqueue.Waiter{Retried: c.retried}, 0, gate.Now())
			b.queue.Unlock()
			if (err != nil) != c.refused || (bulkheads{b, b}).queued() != 2*c.waiting {
				t.Errorf("%d wait with places for %d, retried %v: got %v, want refused %v", c.waiting, c.maxQueue, c.retried, err, c.refused)
			}
			if q, ok := err.(*QueueError); ok && q.Queued != c.waiting {
				t.Errorf("got %d queued, want %d", q.Queued, c.waiting)
			}
			cancel()
			if err := b.queue.Wait(ctx, &fairqueue.Waiter{}, b, gate.Now()); err != context.Canceled {
				t.Errorf("got %v with a context that has ended, want its error", err)
			}
		})
	}

}

// A heavy operation has as many calls inside as it may while others wait in the main queue.
func TestBulkhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var main fairqueue.Queue
		b := newBulkheads([]Heavy{{Operation: "POST /orders", InFlight: 2}}, 9, &main)[0]
		for n := range 3 {
			if at, _ := b.Take(instant(n)); at != instant(n) {
				t.Errorf("call %d was held back though nobody waits in the main queue, want it let in", n)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go main.Wait(ctx, &fairqueue.Waiter{}, &blockedSlots{}, gate.Now())
		synctest.Wait()
		if at, w := b.Take(instant(9)); !at.IsZero() || w.Sooner == nil || b.inside != 3 {
			t.Errorf("got a place at %v with %d inside, want none until the main queue is empty", at, b.inside)
		}
		b.leave()
		b.leave()
		if at, _ := b.Take(instant(9)); at != instant(9) || b.inside != 2 {
			t.Errorf("got a place at %v with %d inside, want one", at, b.inside)
		}
		if at, _ := b.Take(instant(9)); !at.IsZero() {
			t.Errorf("got a place at %v with %d inside, want none", at, b.inside)
		}
	})
}

func TestBulkheadWithoutABound(t *testing.T) {
	free := newBulkheads([]Heavy{{Operation: "POST /orders", Weight: 3}}, 9, &fairqueue.Queue{})[0]
	if free.enter(nil, 0) != nil || free.inside != 0 {
		t.Errorf("%d inside of what has no bound, want none counted", free.inside)
	}
	if free.leave(); free.inside != 0 {
		t.Errorf("%d inside of what has no bound, want none counted", free.inside)
	}
}

// A call that has been sent before finds room in a full bulkhead, where it waits.
func TestBulkheadOfARetriedCall(t *testing.T) {
	for attempt, want := range []error{ErrQueueFull, context.Canceled} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var main fairqueue.Queue
			b := newBulkheads([]Heavy{{Operation: "POST /orders", InFlight: 1}}, 1, &main)[0]
			go b.queue.Wait(ctx, &fairqueue.Waiter{}, &blockedSlots{}, gate.Now())
			synctest.Wait()
			req, _ := http.NewRequestWithContext(ctx, "POST", "https://acme.dam.aprimo.com/orders", nil)
			c := New(WithLogger(zerolog.Nop())).call(req)
			c.attempt = int32(attempt)
			time.AfterFunc(time.Second, cancel)
			if err := b.enter(c, gate.Now()); !errors.Is(err, want) {
				t.Errorf("after %d attempts: got %v, want %v", attempt, err, want)
			}
		})
	}
}

// blockedSlots has none.
type blockedSlots struct{}

func (*blockedSlots) Admit(context.Context, *fairqueue.Waiter, int, gate.Instant) error { return nil }
func (*blockedSlots) Take(gate.Instant) (gate.Instant, gate.Wait) {
	return 0, gate.Wait{AtMost: time.Hour}
}
func (*blockedSlots) Return(gate.Instant) {}

// A request uses further slots by its weight, for which the next calls wait.
func TestDebt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		e := New(WithLimiter(NewLimiter(3, time.Second)), WithLogger(zerolog.Nop())).engine
		e.charge(4)
		e.queue.Lock()
		defer e.queue.Unlock()
		now := gate.Now()
		if at, w := e.Take(now); !at.IsZero() || w.AtMost != 1008*msec || e.debt != 1 {
			t.Errorf("got a slot at %v, a wait of %v, a debt of %d; want none, 1.008 s, 1", at, w.AtMost, e.debt)
		}
		e.backlog.since = now
		if at, _ := e.Take(now.Add(1008 * msec)); !e.backlog.since.IsZero() || at != now.Add(1008*msec) || e.debt != 0 || e.inFlight != 1 || e.sent != 1 {
			t.Errorf("got a slot at %v, a debt of %d, %d in flight; want one, none, 1, and no backlog, as nobody waits", at, e.debt, e.inFlight)
		}
		if e.Return(now); e.inFlight != 0 || e.sent != 0 || e.window.InFlight() != 0 {
			t.Errorf("got %d in flight, %d sent after it was returned; want none", e.inFlight, e.sent)
		}
	})
}

// A log entry says what the event and the Stats say.
func TestLogEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		tr := New(WithLogger(zerolog.Nop()), WithLimiter(NewLimiter(7, time.Second)))
		tr.engine.pause.extend(gate.Now(), 3*time.Second, 0)
		e := Event{Time: time.Now(), User: "anna", Method: "GET", URL: "https://host/a/1", Attempt: 2, Status: 503, Err: context.Canceled, Again: true, Delay: 4, Waited: 5, Queued: 6, InFlight: 8}
		want := auditlog.Entry{
			Time: e.Time, User: "anna", Method: "GET", URL: e.URL, Operation: "GET /a/{id}", Attempt: 2, Status: 503, Err: e.Err, Again: true, Delay: 4,
			Waited: 5, Queued: 6, InFlight: 8, Pause: 3 * time.Second, Limit: 7, RetryAfter: "9",
		}
		if got := tr.entryOf(&http.Response{Header: http.Header{"Retry-After": {"9"}}}, e); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := tr.entryOf(&http.Response{Header: http.Header{"Retry-After": {"9\n"}}}, e); strings.Contains(got.RetryAfter, "\n") {
			t.Errorf("got %q as the Retry-After, want no line end in it", got.RetryAfter)
		}
		time.Sleep(4 * time.Second)
		if got := tr.entryOf(nil, e); got.Pause != 0 || got.RetryAfter != "" {
			t.Errorf("got %+v, want no pause and no Retry-After", got)
		}
	})
}
