package transport_test

import (
	"context"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A call waits for a slot, which counts for 1.008 s, is answered 503, waits for the next slot, is answered
// 429 with a pause of 2 s, and is served. What its events say, and the Stats at the end, adds up.
func TestWhatTheEventsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		replies := []reply{{}, {status: 503, takes: 200 * ms}, {status: 429, after: "2", takes: 100 * ms}, {takes: 50 * ms}}
		w := newWire(func(n int, _ *http.Request) reply { return replies[n-1] })
		tr := transport.New(quiet, transport.WithBase(w), transport.WithRetry(twoSeconds), transport.WithMaxQueue(7),
			transport.WithLimiter(transport.NewLimiter(1, time.Second)), transport.WithObserver(seen.observe))
		get(t.Context(), tr, "a")
		seen.events = nil
		if err := get(t.Context(), tr, "b"); err != nil {
			t.Fatal(err)
		}
		at := func(d time.Duration) time.Time { return w.zero.Add(d) }
		event := func(k transport.Kind, attempt, status int, since, began, ended, waited time.Duration, reason transport.WaitReason) transport.Event {
			return transport.Event{
				Kind: k, Time: at(ended), User: "b", Method: "GET", URL: recordsURL, Attempt: attempt, Status: status, Capacity: 7,
				Since: at(since), Began: at(began), Ended: at(ended), Took: ended - began, Waited: waited, Reason: reason,
			}
		}
		retrying := event(transport.Retrying, 1, 503, 0, 1008*ms, 1208*ms, 1008*ms, transport.WaitLimit)
		retrying.Again = true
		limited := event(transport.RateLimited, 2, 429, 1208*ms, 2016*ms, 2116*ms, 1816*ms, transport.WaitLimit)
		limited.Again, limited.Delay = true, 2*time.Second
		paused := limited
		paused.Kind, paused.Again = transport.Paused, false
		done := event(transport.Done, 3, 200, 2116*ms, 4116*ms, 4166*ms, 3816*ms, transport.WaitPause)
		want := []transport.Event{retrying, limited, paused, done}
		events := slices.DeleteFunc(seen.events, func(e transport.Event) bool { return e.Kind == transport.ModeChanged })
		for i, rate := range []float64{2 / 1.208, 3 / 2.116, 3 / 2.116, 4 / 4.166} {
			if i < len(events) && math.Abs(events[i].Rate-rate) > 0.01 {
				t.Errorf("%v: got %v a second, want %v", events[i].Kind, events[i].Rate, rate)
			}
		}
		for i := range events {
			events[i].Rate, events[i].ServerDelay = 0, 0
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("the events differ, want -, got +:\n%s", diff)
		}
		if s := tr.Stats(); s.Sent != 4 || s.RateLimited != 1 || s.InFlight != 0 || s.Queued != 0 || s.Capacity != 7 || s.Limit != 1 || s.Wait != 958*ms {
			t.Errorf("got %+v; want 4 sent, a 429, none in flight or queued, and a slot in 958 ms", s)
		}
	})
}

// Done says whether the last attempt had an event of its own.
func TestReported(t *testing.T) {
	for name, c := range map[string]struct {
		status []int
		policy retry.Policy
		cancel time.Duration
		want   bool
	}{
		"served":                           {status: []int{200}},
		"429, given up":                    {status: []int{429}, policy: retry.Policy{Throttled: -1}, want: true},
		"429, then served":                 {status: []int{429, 200}},
		"503, given up":                    {status: []int{503}, policy: retry.Policy{Failures: -1}},
		"503, cancelled before another":    {status: []int{503}, cancel: 100 * ms, want: true},
		"503 and then the same for good":   {status: []int{503}, policy: retry.Policy{Failures: 1}},
		"429, cancelled before it is over": {status: []int{429}, cancel: 100 * ms, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen recorder
				tr := transport.New(quiet, transport.WithBase(answers(c.status...)), transport.WithRetry(c.policy), transport.WithObserver(seen.observe))
				ctx := t.Context()
				if c.cancel > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(c.cancel, cancel)
				}
				get(ctx, tr, "")
				if done := seen.of(transport.Done); len(done) != 1 || done[0].Reported != c.want {
					t.Errorf("got %+v, want one whose last attempt was reported: %v", done, c.want)
				}
			})
		})
	}
}
