package transport_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

func TestSetLimitTakesEffectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet)
		done := make(chan burst)
		go func() { done <- atOnce(150, &http.Client{Transport: tr}) }()
		time.Sleep(2500 * time.Millisecond) // 45 are through
		if err := tr.SetLimit(35, time.Second); err != nil {
			t.Fatal(err)
		}
		if b := <-done; b.status[200] != 150 || b.took > 6*time.Second {
			t.Errorf("%v after %v, want all in less than 6 s", b.status, b.took)
		}
	})
}

// A call that waits for a slot of the old limit goes at once if the new one has more.
func TestSetLimitWakesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithLimiter(transport.NewLimiter(1, time.Hour)))
		done := make(chan burst)
		go func() { done <- atOnce(15, &http.Client{Transport: tr}) }()
		time.Sleep(time.Second)
		if err := tr.SetLimit(15, time.Second); err != nil {
			t.Fatal(err)
		}
		if b := <-done; b.status[200] != 15 || b.took != time.Second {
			t.Errorf("%v after %v, want 15 sent after 1s, when the limit was raised", b.status, b.took)
		}
	})
}

func TestSetLimitKeepsTheLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		first, then := rapid.IntRange(1, 30).Draw(rt, "first"), rapid.IntRange(1, 30).Draw(rt, "then")
		after := time.Duration(rapid.IntRange(0, 3000).Draw(rt, "after")) * time.Millisecond
		var begun []time.Duration
		synctest.Test(t, func(t *testing.T) {
			zero := time.Now()
			var mu sync.Mutex
			tr := transport.New(quiet, transport.WithLimiter(transport.NewLimiter(first, time.Second)),
				transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					begun = append(begun, time.Since(zero))
					return answer(req, 200)
				})))
			defer time.AfterFunc(after, func() { tr.SetLimit(then, time.Second) }).Stop()
			atOnce(100, &http.Client{Transport: tr})
		})
		for i, b := range begun {
			n := 0
			for _, other := range begun[i:] {
				if other < b+time.Second {
					n++
				}
			}
			if b > after && n > then || n > max(first, then) {
				rt.Fatalf("%d began in the second from %v, with %d and after %v with %d allowed", n, b, first, after, then)
			}
		}
	})
}

func TestReserveTakesEffectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet)
		batch := transport.ContextWithPriority(t.Context(), transport.Batch)
		var wg sync.WaitGroup
		for range 150 {
			wg.Go(func() { tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(batch)) })
		}
		time.Sleep(5 * time.Second)
		before := tr.Stats().Sent
		tr.SetClasses(transport.Classes{Reserve: 0.8})
		time.Sleep(10 * time.Second)
		if sent := tr.Stats().Sent - before; before < 70 || sent < 29 || sent > 31 {
			t.Errorf("%d sent before, then %d in 10 s; want 75, and 30 of 150", before, sent)
		}
		tr.SetClasses(transport.Classes{})
		wg.Wait()
	})
}

func TestSetLimitThatMakesNoSense(t *testing.T) {
	tr := transport.New()
	for _, err := range []error{
		tr.SetLimit(0, time.Second), tr.SetLimit(15, 0), tr.SetLimit(-1, -1),
		transport.New(transport.WithLimiter(rate.NewLimiter(15, 1))).SetLimit(15, time.Second),
		transport.New(transport.WithLimiter(transport.NewLimiter(0, 0))).SetLimit(15, time.Second),
	} {
		if err == nil {
			t.Error("got no error, want one")
		}
	}
}

func TestDryRunDelaysNothingAndSaysWhatItWouldHaveDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithDryRun(), transport.WithObserver(seen.observe))
		if b := atOnce(50, &http.Client{Transport: tr}); b.status[200] != 50 || b.took != 0 {
			t.Errorf("%v after %v, want 50 times 200, at once", b.status, b.took)
		}
		waits := map[time.Duration]int{}
		for _, e := range seen.of(transport.DryRun) {
			waits[e.Delay.Round(100*time.Millisecond)]++
		}
		if len(waits) != 3 || waits[time.Second] != 15 || waits[2*time.Second] != 15 || waits[3*time.Second] != 5 {
			t.Errorf("would have waited: %v; want 15 for 1 s, 15 for 2 s, 5 for 3 s", waits)
		}
		if n := len(seen.of(transport.Done)); n != 50 {
			t.Errorf("%d calls done, want 50", n)
		}
		if s := tr.Stats(); s.Sent != 50 || s.InFlight != 0 || s.Queued != 0 {
			t.Errorf("afterwards %+v, want 50 sent, none queued or in flight", s)
		}
	})
}

func TestDryRunRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(429, 503, 200)), quiet, transport.WithDryRun())
		begin := time.Now()
		for _, want := range []int{429, 503, 200} {
			resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
			if err != nil || resp.StatusCode != want || time.Since(begin) != 0 {
				t.Errorf("%v, %v after %v; want %d at once", resp, err, time.Since(begin), want)
			}
		}
		if n := tr.Stats().RateLimited; n != 1 {
			t.Errorf("%d 429s counted, want 1", n)
		}
	})
}

// While calls of two classes wait, each gets its part, at once, whatever it is
// changed to; and none starves.
func TestSetClassesTakesEffectAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("700 goroutines for each case")
	}
	rapid.Check(t, func(rt *rapid.T) {
		interactive, batch := rapid.IntRange(1, 20).Draw(rt, "interactive"), rapid.IntRange(1, 20).Draw(rt, "batch")
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			sent := map[transport.Priority]int{}
			tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				sent[transport.PriorityFromContext(req.Context())]++
				return answer(req, 200)
			})))
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for _, p := range []transport.Priority{transport.Interactive, transport.Batch} {
				for range 350 { // enough for 30 s, whoever is served
					all.Go(func() {
						tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(transport.ContextWithPriority(ctx, p)))
					})
				}
			}
			time.Sleep(2 * time.Second)
			if err := tr.SetClasses(transport.Classes{Interactive: interactive, Normal: 1, Batch: batch}); err != nil {
				rt.Fatal(err)
			}
			mu.Lock()
			clear(sent)
			mu.Unlock()
			time.Sleep(20 * time.Second)
			mu.Lock()
			got, n := sent[transport.Batch], sent[transport.Batch]+sent[transport.Interactive]
			mu.Unlock()
			cancel()
			all.Wait()
			if want := n * batch / (interactive + batch); n < 285 || got < want-15 || got > want+15 {
				rt.Fatalf("with %d to %d, batch had %d of %d", interactive, batch, got, n)
			}
		})
	})
}

func TestSetClassesThatMakesNoSense(t *testing.T) {
	tr := transport.New(quiet)
	for _, w := range [][3]int{{-2, 1, 1}, {1, -1, 1}, {1, 1, 1001}} {
		if err := tr.SetClasses(transport.Classes{Interactive: w[0], Normal: w[1], Batch: w[2]}); err == nil {
			t.Errorf("%v: no error", w)
		}
	}
}

func TestDryRunCountsPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		limited := roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := answer(req, 429)
			resp.Header.Set("Retry-After", "7")
			return resp, err
		})
		tr := transport.New(transport.WithBase(limited), quiet, transport.WithDryRun(), transport.WithObserver(seen.observe))
		for range 2 {
			tr.RoundTrip(request(t, http.MethodGet, nil))
			time.Sleep(time.Second)
		}
		if e := seen.of(transport.DryRun); len(e) != 1 || e[0].Delay < 6*time.Second || e[0].Delay > 8*time.Second {
			t.Errorf("%v; want the second to have waited for the 6 s that were left", e)
		}
	})
}

// In the shortest windows a slot expires before a request can use it, unless it may be older than
// the window is long.
func TestTheShortestWindows(t *testing.T) {
	for _, per := range []time.Duration{1, time.Microsecond} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		limiter := transport.NewLimiter(1000, per)
		tr := transport.New(quiet, transport.WithBase(answers(200)), transport.WithLimiter(limiter))
		if err := limiter.Wait(ctx); err != nil {
			t.Errorf("a window of %v: the Limiter gives no slot: %v", per, err)
		}
		if err := get(ctx, tr, ""); err != nil {
			t.Errorf("a window of %v: the Transport sends nothing: %v", per, err)
		}
	}
}
