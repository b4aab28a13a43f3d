package transport

import (
	"context"
	"errors"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Who waits is summed by class, user and whether it is heavy: the best class first, then most calls, then the name.
func TestSummed(t *testing.T) {
	got := summed([]QueueCount{
		{Batch, "a", false, 9}, {Normal, "b", true, 1}, {Normal, "b", false, 2}, {Interactive, "z", false, 1},
		{Normal, "b", true, 3}, {Normal, "c", false, 7}, {Normal, "a", false, 2}, {Batch, "a", false, 1},
	})
	want := []QueueCount{
		{Interactive, "z", false, 1}, {Normal, "c", false, 7}, {Normal, "b", true, 4}, {Normal, "a", false, 2}, {Normal, "b", false, 2},
		{Batch, "a", false, 10},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = summed([]QueueCount{{Normal, "a", false, 1}, {Batch, "b", false, 2}, {Batch, "b", false, 3}})
	if want := []QueueCount{{Normal, "a", false, 1}, {Batch, "b", false, 5}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := summed(nil); len(got) != 0 {
		t.Errorf("got %v of none, want none", got)
	}
}

// What keeps the rate from being higher: a pause, of ours or of the others, then the window, then the limit, then heavy operations.
func TestBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			about   string
			waiting int
			change  func(*engine)
			want    Bottleneck
		}{
			{"nobody waits", 0, func(*engine) {}, BottleneckDemand},
			{"the limit", 1, func(*engine) {}, BottleneckLimit},
			{"a full window", 1, func(e *engine) {
				for range e.window.Room(gate.Now()) {
					e.window.Begin(gate.Now())
				}
			}, BottleneckWindow},
			{"a full window, but nobody waits", 0, func(e *engine) {
				for range e.window.Room(gate.Now()) {
					e.window.Begin(gate.Now())
				}
			}, BottleneckDemand},
			{"a pause", 1, func(e *engine) { e.pause.extend(gate.Now(), time.Second, 0) }, BottleneckPause},
			{"a pause that is over", 1, func(e *engine) { e.pause.end = gate.Now() }, BottleneckLimit},
		} {
			e, end := queueing(t, c.waiting)
			c.change(e)
			s := e.stats()
			if s.Bottleneck != c.want || s.Queued != c.waiting || s.PausedUntil.IsZero() == (c.want == BottleneckPause) {
				t.Errorf("%s: got %v, %d queued, paused until %v; want %v, %d", c.about, s.Bottleneck, s.Queued, s.PausedUntil, c.want, c.waiting)
			}
			end()
			synctest.Wait()
		}
	})
}

// If heavy operations alone wait, they are the bottleneck.
func TestHeavyOperationsAreTheBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		light, end := queueing(t, 1)
		b := &bulkhead{Heavy: Heavy{InFlight: 1}, main: &light.queue, inside: 1}
		ctx, cancel := context.WithCancel(t.Context())
		go b.queue.Wait(ctx, &fairqueue.Waiter{}, b, gate.Now())
		synctest.Wait()
		e := New(WithLogger(zerolog.Nop())).engine
		e.bulkheads = bulkheads{b}
		if s := e.stats(); s.Bottleneck != BottleneckHeavy || s.Queued != 1 {
			t.Errorf("got %v, %d queued; want %v, 1", s.Bottleneck, s.Queued, BottleneckHeavy)
		}
		cancel()
		end()
	})
}

// Of the processes that share the limit the Stats have what those know, and their pause.
func TestStatsOfAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pausedLimiter{sharedLimiter{limit: 12}, time.Now().Add(3 * time.Second)}
		s := New(WithLimiter(l), WithLogger(zerolog.Nop())).Stats()
		if s.Sharing != SharingAll || s.Processes != 1 || s.SharedRate != 12 || s.Limit != 12 || s.Bottleneck != BottleneckPause || s.PausedUntil != l.until || s.Wait != 3*time.Second {
			t.Errorf("got %+v; want one process that shares 12 a second, and a pause of 3 s", s)
		}
	})
}

type pausedLimiter struct {
	sharedLimiter
	until time.Time
}

func (p *pausedLimiter) Share() shared.Share {
	s := p.sharedLimiter.Share()
	s.PausedUntil = p.until
	return s
}

// The others are known only while the rate is what can be achieved.
func TestOthersOfABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			backlogged bool
			stopped    time.Duration // a pause did, ago
			known      bool
		}{{true, time.Hour, true}, {true, 10 * time.Second, true}, {true, 10*time.Second - 1, false}, {false, time.Hour, false}} {
			e, end := queueing(t, 1)
			now := gate.Now()
			e.window = congestion.New(0.1, 0) // of which two in ten seconds are all
			e.window.Begin(now)
			e.window.Begin(now)
			e.backlog.since, e.backlog.until = now.Add(-time.Minute), now
			e.backlog.paused = now.Add(-c.stopped)
			if !c.backlogged {
				e.backlog.since = 0
			}
			if o := e.others(now); (o.Stddev > 0) != c.known {
				t.Errorf("a backlog %v, a pause %v ago: got %+v, want it known: %v", c.backlogged, c.stopped, o, c.known)
			}
			end()
			synctest.Wait()
		}
	})
}

// Classes have 4, 2 and 1 parts, or what is set, from 1 to 1000.
func TestWeightsOfTheClasses(t *testing.T) {
	tr := New(WithLogger(zerolog.Nop()))
	for _, c := range []struct {
		set Classes
		ok  bool
	}{{Classes{}, true}, {Classes{1000, 1000, 1000, 0}, true}, {Classes{Interactive: 1001}, false}, {Classes{Normal: 1001}, false}, {Classes{Batch: 1001}, false}, {Classes{Batch: -1}, false}} {
		if err := tr.SetClasses(c.set); (err == nil) != c.ok {
			t.Errorf("%+v: got %v, want accepted %v", c.set, err, c.ok)
		}
	}
	for p, name := range map[Priority]string{-9: "batch", Batch: "batch", Normal: "normal", Interactive: "interactive", 9: "interactive"} {
		if p.String() != name || priorityOf(p.class()).String() != name {
			t.Errorf("%d: got %v, %v back; want %s", int(p), p, priorityOf(p.class()), name)
		}
	}
}

// A Limiter that panics, or ends its goroutine, does so in that of the call.
func TestOpaqueSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		for _, c := range []struct {
			about    string
			limiter  limiterFunc
			err      error
			panicked any
		}{
			{"an error", func(context.Context) error { return boom }, boom, nil},
			{"a panic", func(context.Context) error { panic(boom) }, nil, boom},
		} {
			o := sourceOf(c.limiter).(*opaqueSource)
			var err error
			panicked := func() (p any) {
				defer func() { p = recover() }()
				err = o.ask(t.Context())
				return nil
			}()
			if err != c.err || panicked != c.panicked || o.granted {
				t.Errorf("%s: got %v, a panic %v, a slot %v; want %v, %v, none", c.about, err, panicked, o.granted, c.err, c.panicked)
			}
			synctest.Wait()
			if o.asked() {
				t.Errorf("%s: somebody still asks, want nobody", c.about)
			}
		}
	})
}

// A slot of another Limiter is asked for without the deadline of the call, and taken once.
func TestOpaqueSourceGives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := sourceOf(limiterFunc(func(ctx context.Context) error {
			if _, has := ctx.Deadline(); has {
				t.Error("the Limiter sees the deadline of a call, want none")
			}
			time.Sleep(time.Second)
			return nil
		})).(*opaqueSource)
		q := &fairqueue.Queue{}
		at, w := o.take(instant(1), q)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := make(chan error)
		go func() { done <- w.Ask(ctx) }()
		if synctest.Wait(); !at.IsZero() || !o.asked() {
			t.Errorf("got a slot at %v, asked %v before the Limiter returned; want none, true", at, o.asked())
		}
		if err := <-done; err != nil || !o.granted {
			t.Errorf("got %v, a slot %v; want one", err, o.granted)
		}
		if at, w := o.take(instant(2), q); at != instant(2) || w.Ask != nil || o.granted {
			t.Errorf("got a slot at %v, another %v; want one at %v, none", at, o.granted, instant(2))
		}
	})
}

// Of another Limiter nothing is known but that it gives slots.
func TestOpaqueSourceKnowsNothing(t *testing.T) {
	o := sourceOf(limiterFunc(func(context.Context) error { return nil })).(*opaqueSource)
	if o.due(instant(3), 9) != instant(3) || o.rate() != 15 || o.limit() != 0 || o.maxSlotAge() != 8*msec || !o.move(0, 0) || o.setLimit(1, 1) == nil {
		t.Error("of another Limiter it knows more than that it gives slots")
	}
	if at, err := o.plan(instant(4)); at != instant(4) || err != nil {
		t.Errorf("got %v, %v planned; want at once", at, err)
	}
}

// What a Transport learns of the processes that share its limit is reported when it changes.
func TestTakeInPeers(t *testing.T) {
	why := errors.New("why")
	l := &lostLimiter{}
	e := New(WithLimiter(l), WithLogger(zerolog.Nop())).engine
	for _, c := range []struct {
		about    string
		share    shared.Share
		reported Sharing
		err      error
	}{
		{"found", shared.Share{Sharing: shared.All, Limit: 15, Err: why}, SharingAll, nil},
		{"no change", shared.Share{Sharing: shared.All, Limit: 15}, "", nil},
		{"lost", shared.Share{Sharing: shared.Alone, Limit: 15, Err: why, Losses: 1}, SharingAlone, why},
		{"still lost", shared.Share{Sharing: shared.Alone, Limit: 15, Err: why, Losses: 1}, "", nil},
		{"found again", shared.Share{Sharing: shared.All, Limit: 15, Err: why, Losses: 1}, SharingAll, nil},
		{"lost and found meanwhile", shared.Share{Sharing: shared.All, Limit: 15, Err: why, Losses: 2}, SharingAlone, why},
		{"found, next time", shared.Share{Sharing: shared.All, Limit: 15, Err: why, Losses: 2}, SharingAll, nil},
	} {
		l.share = c.share
		x := &call{}
		e.takeInPeers(x, instant(0))
		if joint := e.window.Room(instant(0)) == math.MaxInt; joint != (c.share.Sharing == shared.All) {
			t.Errorf("%s: the window binds: %v, want it to while the others are lost", c.about, !joint)
		}
		var got Sharing
		var err error
		if x.changes != nil && x.changes.peers != nil {
			got, err = x.changes.peers.Sharing, x.changes.peers.Err
		}
		if got != c.reported || err != c.err {
			t.Errorf("%s: got %q, %v reported; want %q, %v", c.about, got, err, c.reported, c.err)
		}
	}
}

// A lostLimiter shares what a test says, and keeps the last Report.
type lostLimiter struct {
	sharedLimiter
	share  shared.Share
	report shared.Report
}

func (l *lostLimiter) Share() shared.Share    { return l.share }
func (l *lostLimiter) Report(r shared.Report) { l.report = r }

// The others get a report of each request as it is sent, and of its answer.
func TestReportToPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lostLimiter{}
		e := New(WithLimiter(l), WithLogger(zerolog.Nop())).engine
		e.window.Begin(gate.Now())
		if e.reportToPeers(nil); l.report != (shared.Report{InFlight: 1}) {
			t.Errorf("sent: got %+v, want one in flight", l.report)
		}
		for status, limited := range map[int]bool{429: true, 200: false, 0: false} {
			want := shared.Report{Answered: true, Limited: limited, Sent: time.Now().Add(-time.Second), InFlight: 1}
			if e.reportToPeers(&gate.Outcome{Sent: gate.Now().Add(-time.Second), Ended: gate.Now(), Status: status}); l.report != want {
				t.Errorf("%d: got %+v, want %+v", status, l.report, want)
			}
		}
		l.share = shared.Share{Sharing: shared.All, Limit: 15}
		c := &call{Transport: &Transport{engine: e}, last: gate.Outcome{Began: gate.Now()}}
		e.completed(c, &attempt{status: 429})
		if c.changes == nil || c.changes.peers == nil || c.changes.peers.Sharing != SharingAll {
			t.Errorf("after an attempt: got the changes %+v, want that the others were found", c.changes)
		}
		if want := (shared.Report{Answered: true, Limited: true, Sent: time.Now(), Refused: 1. / 30}); l.report != want {
			t.Errorf("after an attempt: got %+v, want %+v", l.report, want)
		}
	})
}

// A path segment is an identifier if it is a number, or of 20 characters with a digit; what is behind 1024
// bytes of a path does not count.
func TestRoute(t *testing.T) {
	for path, want := range map[string]string{
		"/a/0": "/a/{id}", "/a/9x": "/a/9x", "/a/1234567890123456789x": "/a/{id}", "/a/123456789012345678x": "/a/123456789012345678x",
		"/a/abcdefghijklmnopqrstuvwxyz": "/a/abcdefghijklmnopqrstuvwxyz", "/a/99": "/a/{id}", "//1": "//{id}", "/a/:": "/a/:", "/a//1": "/a//{id}",
		"/" + strings.Repeat("a", 1023):        "/" + strings.Repeat("a", 1023),
		"/" + strings.Repeat("a", 1022) + "/1": "/" + strings.Repeat("a", 1022) + "/",
		"/" + strings.Repeat("a", 1021) + "/1": "/" + strings.Repeat("a", 1021) + "/{id}",
	} {
		if got := route(path); got != want {
			t.Errorf("%.40s (%d bytes): got %.40s (%d bytes), want %.40s (%d bytes)", path, len(path), got, len(got), want, len(want))
		}
	}
	for url, want := range map[string]string{
		"https://host": "/", "https://host/a?b": "/a", "https://host?b": "/", "https://host/a#c": "/a", "/a?b=://c": "/a", "?": "", "https:///a": "/a",
	} {
		if got := pathOf(url); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}

// The work for a token is bounded.
func TestLongTokens(t *testing.T) {
	payload := "eyJzdWIiOiJhbm5hIn0" // {"sub":"anna"}
	for n, want := range map[int]string{64 << 10: "anna", 64<<10 + 1: ""} {
		token := "a." + payload + "."
		if got := TokenUser(token + strings.Repeat("x", n-len(token))); got != want {
			t.Errorf("%d bytes: got %q, want %q", n, got, want)
		}
	}
	if TokenUser("a."+payload) != "" || TokenUser("a."+payload+".c.d") != "" || TokenUser("a."+payload+".c") != "anna" {
		t.Error("a token of two or four parts names a user, or one of three none")
	}
}

// A search is heavy from three select headers on.
func TestSelectsMuch(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  bool
	}{
		{[]string{"Select-A", "Select-B"}, false}, {[]string{"Select-A", "Select-B", "Select-C"}, true},
		{[]string{"Select-", "Select-B", "Select-C"}, false}, {[]string{"select-a", "SELECT-B", "Select-C", "X"}, true}, {[]string{"Selects", "Selecter-X", "Select-C"}, false},
	} {
		req := &http.Request{Header: http.Header{}}
		for _, name := range c.names {
			req.Header[name] = []string{"x"}
		}
		if got := selectsMuch(req); got != c.want {
			t.Errorf("%v: got %v, want %v", c.names, got, c.want)
		}
	}
}

// A host is compared in small letters, with a point before it, so that it is no end of another name.
func TestDomains(t *testing.T) {
	for name, want := range map[string]string{"Acme.com": ".acme.com", "*.acme.com": ".acme.com", ".acme.com.": ".acme.com", "": ".", "*": "."} {
		if got := domain(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// A queue has 10,000 places, or as many as are set.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		set  int
		want int
	}{{0, 10_000}, {-5, 0}, {1, 1}, {7, 7}} {
		if tr := New(WithMaxQueue(c.set), WithLogger(zerolog.Nop())); tr.engine.maxQueue != c.want {
			t.Errorf("WithMaxQueue(%d): got %d, want %d", c.set, tr.engine.maxQueue, c.want)
		}
	}
	if tr := New(WithLogger(zerolog.Nop())); tr.engine.maxQueue != 10_000 || tr.engine.source.limit() != 15 || tr.engine.window.Room(0) == math.MaxInt {
		t.Errorf("got places for %d, %v a second; want 10,000, 15, and a window", tr.engine.maxQueue, tr.engine.source.limit())
	}
}

// A wait is given in milliseconds below a second, in tenths above.
func TestRound(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		1234567: msec, 999_600_000: time.Second, 999_400_000: 999 * msec, 1_040_000_000: time.Second, 1_060_000_000: 1100 * msec, time.Second: time.Second,
	} {
		if got := round(d); got != want {
			t.Errorf("%v: got %v, want %v", d, got, want)
		}
	}
}

func TestTextsOfQueueErrors(t *testing.T) {
	for _, c := range []struct {
		err  QueueError
		want string
	}{
		{QueueError{Err: ErrQueueFull, Queued: 3, Wait: time.Second}, "transport: the queue is full (calls queued: 3, expected wait: 1s)"},
		{QueueError{Err: ErrShutdown}, "transport: not sent: shut down, no new calls"},
		{QueueError{Err: ErrShutdown, Attempt: 1}, "transport: not sent again: shut down, no new calls"},
		{QueueError{Err: context.DeadlineExceeded, Wait: time.Second, Queued: 2}, "transport: not sent: the expected wait of 1s exceeds the deadline (calls queued: 2): context deadline exceeded"},
		{QueueError{Err: context.DeadlineExceeded, Waited: 2 * time.Second}, "transport: not sent after 2s in the queue: context deadline exceeded"},
		{QueueError{Err: context.Canceled, Wait: time.Second, Waited: 2 * time.Second}, "transport: not sent after 2s in the queue: context canceled"},
	} {
		if c.err.Error() != c.want || c.err.Timeout() != errors.Is(c.err.Err, context.DeadlineExceeded) || c.err.Retryable() {
			t.Errorf("got %q, a timeout %v, want %q", c.err.Error(), c.err.Timeout(), c.want)
		}
	}
}

// An Event without a Kind is none of them.
func TestNoKind(t *testing.T) {
	if Kind(0).String() != "unknown" || Done != 1 {
		t.Errorf("got %q for no kind, %d for Done; want unknown, 1", Kind(0), int(Done))
	}
}

// The version is that of this module, or of what replaces it, where a program has one.
func TestVersionIn(t *testing.T) {
	m := func(path, version string, replace *debug.Module) *debug.Module {
		return &debug.Module{Path: path, Version: version, Replace: replace}
	}
	for _, c := range []struct {
		about string
		info  debug.BuildInfo
		want  string
	}{
		{"a program that uses it", debug.BuildInfo{Deps: []*debug.Module{m("other", "v9.0.0", nil), m(module, "v1.2.3", nil)}}, "v1.2.3"},
		{"the module itself", debug.BuildInfo{Main: *m(module, "v1.2.4", nil), Deps: []*debug.Module{m("other", "v9.0.0", nil)}}, "v1.2.4"},
		{"another one replaces it", debug.BuildInfo{Deps: []*debug.Module{m(module, "v1.2.3", m("fork", "v2.0.0", nil))}}, "v2.0.0"},
		{"a folder replaces it", debug.BuildInfo{Deps: []*debug.Module{m(module, "v1.2.3", m("../here", "", nil))}}, "v1.2.3"},
		{"without a version", debug.BuildInfo{Main: *m(module, "", nil)}, "(devel)"},
		{"without it", debug.BuildInfo{Main: *m("other", "v9.0.0", nil)}, "(devel)"},
	} {
		if got := versionIn(&c.info); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}
