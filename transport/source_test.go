package transport

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// sourceOf is the one place that looks what a Limiter is.
func TestSourceOf(t *testing.T) {
	ours := NewLimiter(3, time.Second)
	for name, test := range map[string]struct {
		limiter Limiter
		exact   bool
		limit   float64
		shares  bool
	}{
		"none":             {nil, true, 15, false},
		"ours":             {ours, true, 3, false},
		"x/time/rate":      {rate.NewLimiter(15, 15), false, 0, false},
		"shared":           {&sharedLimiter{limit: 12}, false, 12, true},
		"without a number": {NewLimiter(0, 0), true, 0, false},
	} {
		s := sourceOf(test.limiter)
		if s.exact() != test.exact || s.limit() != test.limit || (s.peers() != nil) != test.shares {
			t.Errorf("%s: exact %v, limit %v, shares %v; want %v, %v, %v",
				name, s.exact(), s.limit(), s.peers() != nil, test.exact, test.limit, test.shares)
		}
	}
	if sourceOf(ours) != source(ours) {
		t.Error("a StrictLimiter is not its own source")
	}
}

// A sharedLimiter gives slots that are as old as it says.
type sharedLimiter struct {
	limit  float64
	age    time.Duration
	err    error
	paused time.Duration
	asked  int
	rate   float64       // of all processes; 0: the limit
	every  time.Duration // that a slot takes
}

func (s *sharedLimiter) Wait(ctx context.Context) error { _, err := s.Slot(ctx); return err }

func (s *sharedLimiter) Slot(ctx context.Context) (time.Time, error) {
	s.asked++
	select {
	case <-time.After(s.every):
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	if _, has := ctx.Deadline(); has {
		return time.Time{}, errors.New("got the deadline of the call")
	}
	return time.Now().Add(-s.age), s.err
}

func (s *sharedLimiter) MaxSlotAge() time.Duration { return 8 * time.Millisecond }
func (s *sharedLimiter) Pause(d time.Duration)     { s.paused = d }
func (s *sharedLimiter) Report(shared.Report)      {}
func (s *sharedLimiter) Share() shared.Share {
	return shared.Share{Sharing: shared.All, Limit: s.limit, Rate: cmp.Or(s.rate, s.limit), Processes: 1}
}

type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// A slot is asked for once, used once, and not after the time that the others know.
func TestSharedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l := &sharedLimiter{limit: 12}
		s := sourceOf(l)
		at, w := s.take(gate.Now(), &fairqueue.Queue{})
		if !at.IsZero() || w.Ask == nil {
			t.Fatalf("took %v before it asked, want it to ask first", at)
		}
		if err := w.Ask(ctx); err != nil {
			t.Fatal(err)
		}
		now := gate.Now()
		if at, _ := s.take(now, &fairqueue.Queue{}); at != now || l.asked != 1 {
			t.Errorf("took %v after %d questions, want %v after 1", at, l.asked, now)
		}
		if at, _ := s.take(now, &fairqueue.Queue{}); !at.IsZero() {
			t.Errorf("took the slot twice")
		}
		if !s.move(now, now.Add(8*time.Millisecond)) || s.move(now, now.Add(9*time.Millisecond)) {
			t.Error("a slot may be used until 8 ms after its time, and not later")
		}
		l.age = 8 * time.Millisecond
		w.Ask(ctx)
		if at, _ := s.take(gate.Now(), &fairqueue.Queue{}); at.IsZero() {
			t.Error("took no slot of 8 ms ago, want it")
		}
		l.age = 9 * time.Millisecond
		w.Ask(ctx)
		if at, _ := s.take(gate.Now(), &fairqueue.Queue{}); !at.IsZero() {
			t.Error("took a slot that was too old")
		}
		l.err = errors.New("boom")
		if err := w.Ask(ctx); err != l.err {
			t.Errorf("got %v, want the limiter's own error", err)
		}
	})
}

// Below the limit the slots of all processes are a time apart.
func TestDueOfASharedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			limit, rate float64
			want        time.Duration // of the call with 3 others before it
		}{{15, 2, 1500 * time.Millisecond}, {1, 0.5, 6 * time.Second}, {15, 15, 0}, {15, 20, 0}} {
			s := sourceOf(&sharedLimiter{limit: c.limit, rate: c.rate})
			if got := s.due(gate.Now(), 3).Sub(gate.Now()); got != c.want {
				t.Errorf("%v of %v a second: due in %v, want %v", c.rate, c.limit, got, c.want)
			}
		}
	})
}

// A Limiter that several processes share may take long for a slot. What is said of the wait follows
// what this process has obtained, and until that is known what all have together.
func TestExpectedWaitOfASharedLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &sharedLimiter{limit: 15, rate: 2, every: 4 * time.Second}
		tr := New(WithLimiter(l), WithBase(answers(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		})), WithLogger(zerolog.Nop()))
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 21 {
			calls.Go(func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com/api/core/records", nil)
				tr.RoundTrip(req)
			})
		}
		time.Sleep(time.Second)
		if got := tr.Stats().Wait; got < 10*time.Second || got > 11*time.Second {
			t.Errorf("after a second: %v for the 22nd; want 21 slots at 2 a second, 10.5 s", got)
		}
		time.Sleep(26 * time.Second) // three seconds after a slot
		if got := tr.Stats().Wait; got < 50*time.Second || got > 80*time.Second {
			t.Errorf("after six slots in 27 s: %v for the 16th; want some 64 s", got)
		}
		cancel()
		calls.Wait()
		tr.Shutdown(t.Context())
	})
}

// A Limiter of somebody else's is waited for by one at a time.
func TestOpaqueSourceAsksOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, calls, crowded atomic.Int32
		s := sourceOf(limiterFunc(func(context.Context) error {
			if inside.Add(1) > 1 {
				crowded.Add(1)
			}
			calls.Add(1)
			time.Sleep(time.Second)
			inside.Add(-1)
			return nil
		}))
		for range 5 {
			go s.next(t.Context())
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := s.next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error while another waits", err)
		}
		time.Sleep(10 * time.Second)
		if n, c := calls.Load(), crowded.Load(); n != 5 || c != 0 {
			t.Errorf("%d waited, %d of them beside another; want 5, none", n, c)
		}
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// Whatever is taken, moved to a later time and changed in between: at most n are counted
// in any window, for the largest n that was allowed meanwhile.
func TestStrictLimiterWithMovesAndChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, most := rapid.IntRange(1, 5).Draw(t, "n"), 0
		l := NewLimiter(n, time.Second)
		most = n
		now := gate.Instant(time.Hour)
		var written, waiting []gate.Instant
		rapidly := rapid.SliceOfN(rapid.IntRange(0, 9), 50, 200).Draw(t, "what happens")
		for _, what := range rapidly {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "ms")) * time.Millisecond)
			switch {
			case what == 0:
				n = rapid.IntRange(1, 5).Draw(t, "n")
				most = max(most, n)
				l.changeAt(now, n)
			case what < 6:
				if at, _ := l.take(now, &fairqueue.Queue{}); !at.IsZero() {
					waiting = append(waiting, at)
				}
			case len(waiting) > 0:
				i := rapid.IntRange(0, len(waiting)-1).Draw(t, "which")
				if l.move(waiting[i], now) {
					written = append(written, now)
				}
				waiting = slices.Delete(waiting, i, i+1)
			}
		}
		for i, first := range written {
			count := 0
			for _, other := range written[i:] {
				if other.Sub(first) < time.Second {
					count++
				}
			}
			if count > most {
				t.Fatalf("%d were written within a second, want %d at most", count, most)
			}
		}
	})
}

// changeAt is setLimit at a time of the test's.
func (l *StrictLimiter) changeAt(now gate.Instant, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resize(now, n, time.Second)
}

func TestSetLimitBounds(t *testing.T) {
	l := NewLimiter(15, time.Second)
	for _, n := range []int{0, -1, math.MaxInt, maxLimit + 1} {
		if err := l.SetLimit(n, time.Second); err == nil {
			t.Errorf("SetLimit(%d) succeeded, want an error", n)
		}
	}
	if err := NewLimiter(math.MaxInt, time.Second).Wait(t.Context()); err == nil {
		t.Error("NewLimiter(math.MaxInt) gives slots, want an error")
	}
	if err := l.SetLimit(maxLimit, time.Second); err != nil || l.limit() != maxLimit {
		t.Errorf("SetLimit(%d): %v, then the limit is %v, want no error, and the same limit", maxLimit, err, l.limit())
	}
}

// A program that has set something of HTTP/2 has dead connections detected, too.
func TestSettingsOfHTTP2AreFilledIn(t *testing.T) {
	own := tuned(&http.Transport{HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 7, PingTimeout: time.Second}}).HTTP2
	if own.SendPingTimeout <= 0 || own.PingTimeout != time.Second || own.MaxConcurrentStreams != 7 {
		t.Errorf("pings after %v, answered within %v, %d streams; want some time, 1s as set, 7 as set",
			own.SendPingTimeout, own.PingTimeout, own.MaxConcurrentStreams)
	}
}
