package transport_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// What delayed an attempt is the Reason of its event.
func TestReasonOfTheWait(t *testing.T) {
	first := func(r reply) func(int, *http.Request) reply {
		return func(n int, _ *http.Request) reply {
			if n == 1 {
				return r
			}
			return reply{takes: time.Second}
		}
	}
	for name, c := range map[string]struct {
		reply  func(n int, req *http.Request) reply
		option transport.Option
		calls  int // all at once
		later  int // a second after these
		want   transport.WaitReason
		times  int // that it is the Reason
	}{
		"no wait":           {first(reply{}), quiet, 1, 0, "", 1},
		"a retry":           {first(reply{status: 503}), quiet, 1, 0, transport.WaitRetry, 1},
		"the limit":         {first(reply{}), transport.WithWindow(-1), 30, 0, transport.WaitLimit, 15},
		"the window":        {first(reply{}), transport.WithWindow(1), 3, 0, transport.WaitWindow, 1},
		"a pause":           {first(reply{status: 429, after: "5"}), quiet, 1, 1, transport.WaitPause, 2},
		"a heavy operation": {first(reply{}), transport.WithHeavy(transport.Heavy{Operation: "GET /api/core/records", InFlight: 1}), 0, 0, transport.WaitHeavy, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen recorder
				tr := transport.New(quiet, c.option, transport.WithObserver(seen.observe), transport.WithBase(newWire(c.reply)))
				var calls sync.WaitGroup
				if c.want == transport.WaitHeavy { // it yields while a light one waits
					for range 30 {
						calls.Go(func() { send(t.Context(), tr, http.MethodPut, recordsURL) })
					}
					synctest.Wait()
					c.calls = 3
				}
				for range c.calls {
					calls.Go(func() { get(t.Context(), tr, "") })
				}
				time.Sleep(time.Second)
				for range c.later {
					calls.Go(func() { get(t.Context(), tr, "") })
				}
				calls.Wait()
				times := map[transport.WaitReason]int{} // several may be done in one instant, in any order
				for _, e := range seen.of(transport.Done) {
					times[e.Reason]++
				}
				if times[c.want] != c.times {
					t.Errorf("got %v, want %q %d times", times, c.want, c.times)
				}
			})
		})
	}
}

// A call that ends while it waits for another attempt has the times and the Reason of that wait, and
// nothing of the attempt before but how long it took.
func TestEventOfAWaitAfterAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		tr := transport.New(quiet, transport.WithLimiter(transport.NewLimiter(1, 10*time.Second)), transport.WithObserver(seen.observe),
			transport.WithBase(newWire(func(n int, _ *http.Request) reply {
				return reply{status: []int{200, 429}[n-1], takes: time.Second, after: "30"}
			})))
		get(t.Context(), tr, "")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, cancel)
		began := time.Now()
		get(ctx, tr, "") // waits for 9 s for the limit, and then in the pause
		e := seen.of(transport.Done)[1]
		sent, since := e.Since.Sub(began)-time.Second, time.Since(e.Since)
		if e.Reason != transport.WaitPause || e.Attempt != 1 || e.Took != time.Second || e.Waited != sent+since || !e.Began.IsZero() || !e.Ended.IsZero() || since <= 0 || since >= sent {
			t.Errorf("got %+v, want a wait in the pause after one attempt", e)
		}
	})
}

// A call whose context ended before it came did not wait. This runs on the real clock: in a bubble
// no time passes on the way to the queue.
func TestNoReasonWithoutAWait(t *testing.T) {
	var seen recorder
	tr := transport.New(quiet, transport.WithObserver(seen.observe), transport.WithBase(newWire(nil)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	get(ctx, tr, "")
	if e := seen.of(transport.Done)[0]; e.Reason != "" {
		t.Errorf("got the reason %q of no wait, want none", e.Reason)
	}
}
