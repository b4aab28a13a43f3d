package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

type baseFunc func(*http.Request) (*http.Response, error)

func (f baseFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// queueing returns the engine of a Transport in whose queue n calls wait, as its limit of 2 in 10 s is
// used up, and a function that ends them.
func queueing(t *testing.T, n int, opts ...Option) (e *engine, end func()) {
	served := baseFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(http.NoBody), Request: req}, nil
	})
	tr := New(append([]Option{WithLimiter(NewLimiter(2, 10*time.Second)), WithBase(served), WithLogger(zerolog.Nop()), WithRetry(retry.Policy{Failures: -1})}, opts...)...)
	ctx, end := context.WithCancel(t.Context())
	for range n + 2 {
		req, _ := http.NewRequestWithContext(ctx, "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
		go tr.RoundTrip(req)
		synctest.Wait()
	}
	return tr.engine, end
}

// The rate that is achieved counts after ten seconds of a backlog, while the head of the queue was held back within two.
func TestBacklogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			about            string
			waiting          int
			backlog, refused time.Duration // ago; backlog 0: none
			want             bool
		}{
			{"just long enough", 1, 10 * time.Second, 2 * time.Second, true},
			{"not yet", 1, 10*time.Second - 1, 0, false},
			{"nobody waits", 0, time.Minute, 0, false},
			{"no backlog", 1, 0, 0, false},
			{"another reason lately", 1, time.Minute, 2*time.Second + 1, false},
		} {
			e, end := queueing(t, c.waiting)
			now := gate.Now()
			e.backlog.until, e.backlog.since = now.Add(-c.refused), 0
			if c.backlog > 0 {
				e.backlog.since = now.Add(-c.backlog)
			}
			if got := e.backlogged(now); got != c.want {
				t.Errorf("%s: got %v, want %v", c.about, got, c.want)
			}
			end()
			synctest.Wait()
		}
	})
}

// The expected wait is that of the limit, after a pause, or that of the achieved rate if it is longer.
func TestExpectedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		e, end := queueing(t, 1)
		defer end()
		counts := counted(10 * time.Second)
		now := gate.Now()
		for _, c := range []struct {
			about   string
			backlog bool
			paused  time.Duration
			ahead   int
			want    time.Duration
		}{
			{"by the limit", false, 0, 0, counts},
			{"two ahead", false, 0, 2, 2 * counts},
			{"in a pause", false, time.Minute, 0, time.Minute},
			{"two ahead in a pause", false, time.Minute, 2, time.Minute + counts},
			{"by the limit, which is less than the rate", true, 0, 40, 21 * counts},
			{"by the rate of 2 a second, after a pause", true, time.Hour, 0, time.Hour + time.Second/2},
		} {
			e.backlog.since, e.backlog.until = 0, now
			if c.backlog {
				e.backlog.since = now.Add(-time.Minute)
			}
			e.pause = pause{}
			if c.paused > 0 {
				e.pause.end = now.Add(c.paused)
			}
			if got := e.expect(now, c.ahead); got != c.want {
				t.Errorf("%s: got %v, want %v", c.about, got, c.want)
			}
		}
	})
}

// In overload the wait is that of the few requests that are served.
func TestExpectedWaitInOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		e := New(WithLogger(zerolog.Nop())).engine
		now := gate.Now()
		for at := now.Add(-time.Minute); at.Before(now); at = at.Add(100 * time.Millisecond) {
			e.window.Begin(at)
			e.window.End(&gate.Outcome{Granted: at, Began: at, Sent: at, Ended: at, Status: 200 + 229*int(at/gate.Instant(100*time.Millisecond)%2)})
		}
		rate := e.window.Goodput(now)
		if rate < 1 || rate > 2 { // half of 3.3 a second
			t.Fatalf("every second answer is a 429: got %v a second that succeed, want half of 3.3", rate)
		}
		if got, want := e.expect(now, 2), time.Duration(3/rate*float64(time.Second)); got != want {
			t.Errorf("two ahead in overload: got %v, want %v", got, want)
		}
		if e.maxQueue = 0; e.full(0, now) {
			t.Error("in overload nobody is let in to a queue of no places, want one that finds no other")
		}
	})
}

// A backlog begins when the limit or the window holds the head back, and anew two seconds after it was
// known to be held back; a pause of more than two seconds ends it.
func TestBacklogBegins(t *testing.T) {
	e := &engine{}
	for _, c := range []struct {
		ms      int
		reason  *time.Duration
		atMost  time.Duration
		backlog gate.Instant
		stopped gate.Instant
	}{
		{0, &e.held.limit, 0, instant(0), 0},
		{2000, &e.held.window, 0, instant(0), 0},
		{4000, &e.held.limit, 0, instant(0), 0},
		{6001, &e.held.limit, 3 * time.Second, instant(6001), 0},
		{11_001, &e.held.limit, 0, instant(6001), 0},
		{11_500, &e.held.pause, 2 * time.Second, instant(6001), instant(11_500)},
		{11_600, &e.held.pause, 2*time.Second + 1, 0, instant(11_600)},
		{11_700, &e.held.window, 0, instant(11_700), instant(11_600)},
	} {
		e.heldBack(c.reason, instant(c.ms), gate.Wait{AtMost: c.atMost})
		if e.backlog.since != c.backlog || e.backlog.until != instant(c.ms).Add(c.atMost) || e.backlog.paused != c.stopped {
			t.Errorf("after %d ms: got a backlog since %v, held back until %v, by a pause at %v; want since %v, for %v, at %v", c.ms, e.backlog.since, e.backlog.until, e.backlog.paused, c.backlog, c.atMost, c.stopped)
		}
	}
	if e.held.limit != 9500*msec || e.held.window != 2000*msec || e.held.pause != 200*msec {
		t.Errorf("held by the limit for %v, the window for %v, the pause for %v; want 9.5 s, 2 s, 0.2 s", e.held.limit, e.held.window, e.held.pause)
	}
}

// Of a queue with room for one, a second call is refused if it would have to wait; one that is repeated never is.
func TestAdmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		e, end := queueing(t, 2, WithMaxQueue(2))
		defer end()
		counts := counted(10 * time.Second)
		for _, c := range []struct {
			about    string
			maxQueue int
			retried  bool
			deadline time.Duration // 0: none
			ahead    int
			want     error
			wait     time.Duration
		}{
			{"room for one more", 3, false, 0, 2, nil, 0},
			{"full", 2, false, 0, 2, ErrQueueFull, 2 * counts},
			{"full, but it has been sent before", 2, true, 0, 2, nil, 0},
			{"a deadline that suffices", 3, false, 2 * counts, 2, nil, 0},
			{"one that does not", 3, false, 2*counts - 1, 2, context.DeadlineExceeded, 2 * counts},
		} {
			ctx := t.Context()
			if c.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.deadline)
				defer cancel()
			}
			e.queue.Lock()
			e.maxQueue = c.maxQueue
			err := e.Admit(ctx, &fairqueue.Waiter{Class: Normal.class(), Retried: c.retried}, c.ahead, gate.Now())
			e.queue.Unlock()
			var q *QueueError
			if errors.As(err, &q); !errors.Is(err, c.want) || q != nil && (q.Queued != 2 || q.Wait != c.wait) {
				t.Errorf("%s: got %v, want %v", c.about, err, c.want)
			}
		}
	})
}

// A call that finds the queue empty ends the backlog of those that have left it.
func TestAnEmptyQueueHasNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for waiting, want := range []gate.Instant{0, gate.Now()} {
			e, end := queueing(t, waiting)
			e.queue.Lock()
			e.backlog.since = gate.Now()
			e.Admit(t.Context(), &fairqueue.Waiter{Class: Normal.class()}, 0, gate.Now())
			if e.backlog.since != want {
				t.Errorf("%d calls wait: got a backlog since %v, want %v", waiting, e.backlog.since, want)
			}
			e.queue.Unlock()
			end()
			synctest.Wait()
		}
	})
}

// A queue is full if those beyond its places have to wait, by a limiter that is exact; otherwise one always may ask.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		tr := New(WithLimiter(NewLimiter(2, 10*time.Second)), WithMaxQueue(3))
		e := tr.engine
		for n, want := range map[int]bool{3: false, 4: false, 5: true} { // two slots are free
			if got := e.full(n, gate.Now()); got != want {
				t.Errorf("%d with 3 places: got %v, want %v", n, got, want)
			}
		}
		e.source = sourceOf(limiterFunc(func(context.Context) error { return nil }))
		for _, c := range []struct {
			places, n int
			want      bool
		}{{3, 2, false}, {3, 3, true}, {0, 0, false}, {0, 1, true}} {
			e.maxQueue = c.places
			if got := e.full(c.n, gate.Now()); got != c.want {
				t.Errorf("%d with %d places of another Limiter: got %v, want %v", c.n, c.places, got, c.want)
			}
		}
	})
}

// A retry that would get its slot at the deadline or later is not waited for.
func TestOutlived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		e, end := queueing(t, 0)
		defer end()
		counts := counted(10 * time.Second)
		for _, c := range []struct {
			deadline time.Duration
			dryRun   bool
			want     bool
		}{{0, false, false}, {counts, false, true}, {counts + 1, false, false}, {time.Second, true, false}} {
			ctx := t.Context()
			if c.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.deadline)
				defer cancel()
			}
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://acme.dam.aprimo.com", nil)
			tr := &Transport{engine: e}
			e.dryRun = c.dryRun
			if got := e.outlived(tr.call(req)); got != c.want {
				t.Errorf("a deadline of %v, dry run %v: got %v, want %v", c.deadline, c.dryRun, got, c.want)
			}
		}
	})
}

// The reason of a wait is what has taken most of it.
func TestReasonIsTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		const s = time.Second
		for _, c := range []struct {
			about                   string
			waited, beside, rested  time.Duration // in all, of it in a bulkhead, of it the delay of a retry
			limit, window, pause    time.Duration
			limit0, window0, pause0 time.Duration // before
			observed, shared        bool
			want                    WaitReason
		}{
			{"the limit", 3 * s, 0, 0, 3 * s, 0, 0, 0, 0, 0, true, false, WaitLimit},
			{"a shared limit", 3 * s, 0, 0, 3 * s, 0, 0, 0, 0, 0, true, true, WaitShared},
			{"the window", 3 * s, 0, 0, s, 2 * s, 0, 0, 0, 0, true, false, WaitWindow},
			{"as long the window", 2 * s, 0, 0, s, s, 0, 0, 0, 0, true, false, WaitLimit},
			{"the pause", 6 * s, 0, 0, s, 2 * s, 3 * s, 0, 0, 0, true, false, WaitPause},
			{"as long the pause", 5 * s, 0, 0, s, 2 * s, 2 * s, 0, 0, 0, true, false, WaitWindow},
			{"the pause before", 3 * s, 0, 0, 3 * s, 0, 9 * s, 0, 0, 8 * s, true, false, WaitLimit},
			{"the limit before", 3 * s, 0, 0, 9 * s, 2 * s, 0, 8 * s, 0, 0, true, false, WaitWindow},
			{"the window before", 3 * s, 0, 0, 2 * s, 9 * s, 0, 0, 8 * s, 0, true, false, WaitLimit},
			{"most of it in the bulkhead", 5 * s, 3 * s, 0, 2 * s, 0, 0, 0, 0, 0, true, false, WaitHeavy},
			{"half of it in the bulkhead", 4 * s, 2 * s, 0, 2 * s, 0, 0, 0, 0, 0, true, false, WaitLimit},
			{"all of it the delay of a retry", 3 * s, 0, 3 * s, 3 * s, 0, 0, 0, 0, 0, true, false, ""},
			{"more than the delay of a retry", 3 * s, 0, 2 * s, 3 * s, 0, 0, 0, 0, 0, true, false, WaitLimit},
			{"nobody looks", 3 * s, 0, 0, 3 * s, 0, 0, 0, 0, 0, false, false, ""},
		} {
			opts := []Option{WithLogger(zerolog.Nop())}
			if c.observed {
				opts = append(opts, WithObserver(func(context.Context, Event) {}))
			}
			if c.shared {
				opts = append(opts, WithLimiter(&sharedLimiter{limit: 15}))
			}
			tr := New(opts...)
			now := gate.Now()
			tr.engine.held = held{limit: c.limit, window: c.window, pause: c.pause}
			x := &call{Transport: tr, rested: c.rested, before: held{limit: c.limit0, window: c.window0, pause: c.pause0}}
			if c.observed {
				x.before.since = now
			}
			came := now.Add(-c.waited)
			tr.engine.noteReason(x, came, came.Add(c.beside))
			if x.reason != c.want {
				t.Errorf("%s: got %q, want %q", c.about, x.reason, c.want)
			}
		}
	})
}

// What had held others back before a call came to the queue is noted once, if anybody looks.
func TestWhatWasBeforeTheQueue(t *testing.T) {
	for _, observed := range []bool{true, false} {
		opts := []Option{WithLogger(zerolog.Nop())}
		if observed {
			opts = append(opts, WithObserver(func(context.Context, Event) {}))
		}
		c := &call{Transport: New(opts...)}
		for i, later := range []int{0, 10} {
			c.engine.held.limit = time.Duration(1+i) * time.Second
			if err := c.Admit(t.Context(), &fairqueue.Waiter{}, 0, instant(later)); err != nil {
				t.Fatal(err)
			}
		}
		want := held{}
		if observed {
			want = held{limit: time.Second, since: instant(0)}
		}
		if c.before != want {
			t.Errorf("observed %v: got %+v, want %+v", observed, c.before, want)
		}
	}
}

// What holds requests back at present counts until now.
func TestHeldNow(t *testing.T) {
	e := &engine{}
	e.held.by(&e.held.window, instant(0))
	if h := e.heldNow(instant(300)); h.window != 300*msec || h.limit != 0 || h.since != instant(300) {
		t.Errorf("got %+v, want 300 ms by the window", h)
	}
	e.held.by(nil, instant(500))
	if h := e.heldNow(instant(900)); h.window != 500*msec {
		t.Errorf("got %+v, want 500 ms by the window", h)
	}
}

// A changed limit changes the pace of batch work: half of 20 a second.
func TestSetLimitChangesThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := baseFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
		})
		tr := New(WithLimiter(NewLimiter(10, time.Second)), WithClasses(Classes{Reserve: 0.5}), WithWindow(-1), WithBase(served))
		if err := tr.SetLimit(20, time.Second); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				req, _ := http.NewRequestWithContext(ContextWithPriority(t.Context(), Batch), "GET", "https://acme.dam.aprimo.com", nil)
				tr.RoundTrip(req)
			})
		}
		calls.Wait()
		if took := time.Since(began).Round(time.Second); took != 10*time.Second {
			t.Errorf("100 batch calls take %v, want 10 s", took)
		}
	})
}

// overload lets all requests be answered 429 for half a minute.
func overload(e *engine) {
	for range 60 {
		time.Sleep(500 * msec)
		now := gate.Now()
		e.window.Begin(now)
		e.window.End(&gate.Outcome{Status: 429, Granted: now, Began: now, Sent: now, Ended: now})
	}
}

// In overload a Retry-After is heeded.
func TestRetryAfterInOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for after, want := range map[string]time.Duration{"": 0, "1": time.Second} {
			tr := New(WithLogger(zerolog.Nop()))
			overload(tr.engine)
			tr.engine.pause.stop(gate.Now())
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://acme.dam.aprimo.com", nil)
			resp := &http.Response{StatusCode: 429, Header: http.Header{}}
			if after != "" {
				resp.Header.Set("Retry-After", after)
			}
			tr.attempted(tr.call(req), resp, nil, retry.Decision{Throttled: true, Delay: time.Second})
			if got := tr.engine.pause.remaining(gate.Now()); got != want {
				t.Errorf("a Retry-After of %q: got a pause of %v, want %v", after, got, want)
			}
		}
	})
}

// In overload a pause would only starve us, unless the server has asked for it.
func TestHoldInOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			overload, asked bool
			held            time.Duration
			began           bool
		}{{false, false, time.Second, true}, {false, true, time.Second, true}, {true, true, time.Second, true}, {true, false, 0, false}} {
			l := &sharedLimiter{limit: 15}
			e := New(WithLogger(zerolog.Nop())).engine
			if c.overload {
				overload(e)
			}
			if e.window.Overloaded() != c.overload {
				t.Fatalf("overloaded %v after 429s for 30 s %v", e.window.Overloaded(), c.overload)
			}
			e.pause.stop(gate.Now())
			if held, began := e.hold(time.Second, 0, c.asked); held != c.held || began != c.began || e.pause.remaining(gate.Now()) != c.held || e.pause.end.IsZero() != (c.held == 0) {
				t.Errorf("overload %v, asked for %v: got a pause of %v, a new one %v; want %v, %v", c.overload, c.asked, held, began, c.held, c.began)
			}
			e.peers = l
			if e.hold(2*time.Second, 0, true); l.paused != 2*time.Second {
				t.Errorf("the others pause for %v, want 2 s", l.paused)
			}
		}
	})
}

// An error of a wait says how long it was, after how many attempts, and why the context ended.
func TestExplain(t *testing.T) {
	boom, cause := errors.New("boom"), errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://acme.dam.aprimo.com", nil)
	c := New(WithLogger(zerolog.Nop())).call(req)
	c.waited, c.attempt = time.Second, 2
	want := func(err error, queued int, is ...error) {
		t.Helper()
		q, ok := err.(*QueueError)
		if !ok || q.Waited != time.Second || q.Attempt != 2 || q.Queued != queued {
			t.Errorf("got %#v, want one after a wait of 1 s and 2 attempts, with %d queued", err, queued)
		}
		for _, target := range is {
			if !errors.Is(err, target) {
				t.Errorf("got %v, want it to be %v", err, target)
			}
		}
	}
	want(explain(boom, c), 0, boom)
	want(explain(&QueueError{Err: ErrQueueFull, Queued: 7}, c), 7, ErrQueueFull)
	cancel(cause)
	want(explain(context.Canceled, c), 0, cause)
	if want(explain(boom, c), 0, boom); errors.Is(explain(boom, c), cause) {
		t.Error("an error that is not the context's has its cause, want it not to")
	}
}

// After an attempt the counts and times are of it, and the mode of the window is reported if it is new.
func TestCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for status, limited := range map[int]uint64{200: 0, 429: 1, 0: 0} {
			tr := New(WithLogger(zerolog.Nop()), WithObserver(func(context.Context, Event) {}))
			e := tr.engine
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://acme.dam.aprimo.com", nil)
			c := tr.call(req)
			c.last.Began = gate.Now()
			c.waiter.Granted = c.last.Began
			e.begin(c.last.Began)
			time.Sleep(time.Second)
			e.completed(c, &attempt{status: status})
			if c.attempt != 1 || c.last.Took() != time.Second || c.last.Ended != gate.Now() || e.inFlight != 0 || e.sent != 1 || e.limited != limited || e.window.InFlight() != 0 {
				t.Errorf("%d: got attempt %d of %v, %d in flight, %d sent, %d limited; want 1 of 1 s, 0, 1, %d", status, c.attempt, c.last.Took(), e.inFlight, e.sent, e.limited, limited)
			}
			if !c.fresh || c.snapshot != (snapshot{rate: 1}) {
				t.Errorf("%d: got %+v, fresh %v; want one a second, fresh", status, c.snapshot, c.fresh)
			}
			if reported := c.changes != nil && c.changes.mode == ModeSteady; reported != (status == 429) || reported != (e.mode == ModeSteady) {
				t.Errorf("%d: got %+v, the mode %v; want a new one after a 429", status, c.changes, e.mode)
			}
			if paused := e.pause.undecided; paused != (status == 429) {
				t.Errorf("%d: held back %v, want it after a 429", status, paused)
			}
		}
	})
}
