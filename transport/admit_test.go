package transport_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// This file has who is let into the queue, and who is not.

// paused returns a Transport that is held back for two seconds from now on.
func paused(t *testing.T, opts ...transport.Option) (*transport.Transport, *wire) {
	w := newWire(func(n int, _ *http.Request) reply {
		return []reply{{status: 429, after: "3"}, {}}[min(n-1, 1)] // more than the policy allows: handed back
	})
	tr := probeTransport(w, opts...)
	get(t.Context(), tr, "")
	if until := time.Until(tr.Stats().PausedUntil); until != 2*time.Second {
		t.Fatalf("paused for %v, want 2s", until)
	}
	return tr, w
}

func TestDeadlineIsHeldAgainstThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, w := paused(t)
		try := func(patience time.Duration) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			begin := time.Now()
			err := get(ctx, tr, "")
			return time.Since(begin), err
		}
		took, err := try(1999 * ms)
		var q *transport.QueueError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &q) || q.Wait != 2*time.Second || q.Queued != 0 || took != 0 {
			t.Errorf("after %v: %v; want it refused at once", took, err)
		}
		if took, err := try(2001 * ms); err != nil || took != 2*time.Second {
			t.Errorf("after %v: %v; want it sent when the pause is over", took, err)
		}
		w.sentAt(t, 0, 2*time.Second)
	})
}

func TestQueueFillsUpInAPause(t *testing.T) {
	for setting, most := range map[int]int{-1: 0, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			tr, _ := paused(t, transport.WithMaxQueue(setting))
			b := atOnce(10, &http.Client{Transport: tr})
			if len(b.errs) != 10-most || b.status[200] != most {
				t.Fatalf("got %v and %d refused, want %d answered and the rest refused", b.status, len(b.errs), most)
			}
			var q *transport.QueueError
			if err := b.errs[0]; !errors.Is(err, transport.ErrQueueFull) || !errors.As(err, &q) || q.Wait != 2*time.Second || q.Queued != most {
				t.Errorf("got %#v, want a full queue of %d and a wait of 2 s", q, most)
			}
		})
	}
}

// The places of a queue are for those who have not had a turn yet.
func TestRepetitionsAreLetIntoAFullQueue(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(func(n int, _ *http.Request) reply {
				if n <= 5 {
					return reply{status: status, takes: 20 * ms}
				}
				return reply{}
			})
			tr := transport.New(transport.WithBase(w), quiet, transport.WithMaxQueue(2),
				transport.WithRetry(retry.Policy{MinDelay: 10 * ms}), transport.WithLimiter(transport.NewLimiter(5, time.Second)))
			b := atOnce(7, &http.Client{Transport: tr}) // 5 go, 2 wait
			if b.status[200] != 7 {
				t.Errorf("after a %d: got %v, %v; want 7 times 200", status, b.status, b.errs)
			}
		})
	}
}

// A call that was answered 429 goes ahead of the new ones: how many of them wait
// is no reason for it to give up.
func TestDeadlineOfARepetitionIsHeldAgainstItsOwnTurn(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(func(n int, _ *http.Request) reply {
				return []reply{{status: status, takes: 20 * ms}, {}}[min(n-1, 1)]
			})
			tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(retry.Policy{MinDelay: -1}),
				transport.WithLimiter(transport.NewLimiter(1, time.Second)))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := get(ctx, tr, "again"); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			wg.Go(func() { atOnce(10, &http.Client{Transport: tr}) })
			wg.Wait()
			if at := w.of("again"); !slices.Equal(at, []time.Duration{0, 1008 * ms}) {
				t.Errorf("after a %d sent at %v; want its second turn before those of the others", status, at)
			}
		})
	}
}

// But those who wait for a repetition are ahead of it.
func TestDeadlineOfARepetitionBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply {
			if n <= 3 { // sent at 0, 1.008 and 2.016 s, limited at 3.01, 3.02 and 3.03 s
				return reply{status: 429, takes: time.Duration(3000-1008*(n-1)+10*n) * ms}
			}
			return reply{}
		})
		tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(retry.Policy{MinDelay: -1}),
			transport.WithLimiter(transport.NewLimiter(1, time.Second)))
		var seen [3]int
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), []time.Duration{time.Minute, time.Minute, 4500 * ms}[i])
				defer cancel()
				resp, err := tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(ctx))
				if err != nil {
					t.Error(err)
					return
				}
				seen[i] = resp.StatusCode
			})
			synctest.Wait()
		}
		wg.Wait()
		if want := [3]int{200, 200, 429}; seen != want {
			t.Errorf("answers %v, want %v: the last one's turn is after its deadline", seen, want)
		}
		w.sentAt(t, 0, 1008*ms, 2016*ms, 3024*ms, 4032*ms)
	})
}

func TestWaitsOfAllAttemptsAreAddedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		w := newWire(func(n int, _ *http.Request) reply {
			if n < 4 {
				return reply{status: 503, takes: 100 * ms}
			}
			return reply{takes: 50 * ms}
		})
		tr := transport.New(transport.WithBase(w), quiet, transport.WithObserver(seen.observe),
			transport.WithRetry(retry.Policy{MinDelay: -1, MaxDelay: -1}), transport.WithLimiter(transport.NewLimiter(1, time.Second)))
		if err := get(t.Context(), tr, ""); err != nil {
			t.Fatal(err)
		}
		for i, e := range append(seen.of(transport.Retrying), seen.of(transport.Done)...) {
			if want := time.Duration(i) * (1008 - 100) * ms; e.Waited != want {
				t.Errorf("attempt %d: waited %v in all, want %v", i+1, e.Waited, want)
			}
			if want := []time.Duration{100 * ms, 50 * ms}[i/3]; e.Took != want {
				t.Errorf("attempt %d: took %v, want %v", i+1, e.Took, want)
			}
		}

		// Also when the last wait is in vain.
		w.reply = func(int, *http.Request) reply { return reply{status: 503} }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*ms-50*ms, cancel)
		err := get(ctx, tr, "") // its turns are 958 ms from now and 1008 ms later
		var q *transport.QueueError
		if !errors.As(err, &q) || q.Waited != 1450*ms || q.Attempt != 1 {
			t.Errorf("got %#v, want a QueueError after a wait of 1.45 s and one attempt", q)
		}
	})
}

// A Limiter that is not ours cannot know that the slot it gives need not be for
// the call whose deadline it sees.
func TestDeadlineIsNotShownToAForeignLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(int, *http.Request) reply { return reply{} })
		tr := transport.New(transport.WithBase(w), quiet, transport.WithLimiter(rate.NewLimiter(rate.Every(10*time.Second), 1)))
		get(t.Context(), tr, "")
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if err := get(ctx, tr, "hurries"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want context.DeadlineExceeded", err)
			}
			if now := time.Since(w.zero); now != 3*time.Second {
				t.Errorf("refused at %v, want it when its time is over", now)
			}
		})
		synctest.Wait()
		wg.Go(func() { get(t.Context(), tr, "patient") })
		wg.Wait()
		if at := w.of("patient"); len(at) != 1 || at[0].Round(ms) != 10*time.Second {
			t.Errorf("the other one was sent at %v, want it with the second slot", at)
		}
	})
}

// A wait is expected by the rate that is achieved only while calls wait: otherwise the rate is
// what was asked for, and nobody is refused for that.
func TestARateThatNobodyNeededIsNotExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(quiet, transport.WithWindow(1), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(100 * ms)
			return answer(r, 200)
		})))
		for range 12 {
			var pair sync.WaitGroup
			for range 2 {
				pair.Go(func() { get(t.Context(), tr, "") })
			}
			pair.Wait()
			time.Sleep(time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 500*ms)
			if err := get(ctx, tr, ""); err != nil {
				t.Errorf("with nothing queued or in flight: got %v, want it sent", err)
			}
			cancel()
			time.Sleep(time.Second)
		}
	})
}

// While calls wait, the wait of another one is expected by the rate that is achieved.
func TestTheRateThatIsAchievedIsExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(quiet, transport.WithWindow(1), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return answer(r, 200)
		})))
		for range 40 {
			go get(t.Context(), tr, "")
		}
		time.Sleep(15 * time.Second)
		if s := tr.Stats(); s.Wait < 20*time.Second || s.Wait > 30*time.Second {
			t.Errorf("behind %d calls at 1 a second: got an expected wait of %v, want 20 to 30 s", s.Queued, s.Wait)
		}
		time.Sleep(time.Minute)
	})
}

// Where a reserve holds batch work back, the rate is what the reserve leaves. It says nothing
// about a call that has nobody ahead.
func TestTheRateOfAReserveIsNotExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := transport.New(quiet, transport.WithClasses(transport.Classes{Reserve: 0.8}), transport.WithBase(newWire(func(n int, _ *http.Request) reply {
			if n == 1 {
				return reply{status: 429, after: "1"}
			}
			return reply{takes: time.Duration(50+n*37%100) * ms}
		})))
		var all sync.WaitGroup
		for range 400 {
			all.Go(func() { get(transport.ContextWithPriority(ctx, transport.Batch), tr, "job") })
		}
		for range 12 {
			time.Sleep(5 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 250*ms)
			if err := get(transport.ContextWithPriority(ctx, transport.Interactive), tr, "anna"); err != nil {
				t.Errorf("with no better call queued: got %v, want it sent", err)
			}
			if o := tr.Stats().Others; o.Rate != 0 {
				t.Errorf("got %+v of others, want none: nobody else is there", o)
			}
			cancel()
		}
		cancel()
		all.Wait()
	})
}

// A Limiter that takes longer for each slot than a call usually waits before it asks again,
// as a shared one does where there are many processes.
type slowLimiter time.Duration

func (l slowLimiter) Wait(context.Context) error {
	time.Sleep(time.Duration(l))
	return nil
}

func TestTheRateOfASlowLimiterIsExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 2500 * ms
		tr := transport.New(quiet, transport.WithLimiter(slowLimiter(each)), transport.WithBase(newWire(func(int, *http.Request) reply { return reply{} })))
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() { get(t.Context(), tr, "") })
		}
		time.Sleep(20 * time.Second)
		for range 20 {
			time.Sleep(1234 * ms)
			s := tr.Stats()
			if want := time.Duration(s.Queued+1) * each; s.Wait < want*3/4 || s.Wait > want*4/3 {
				t.Errorf("got an expected wait of %v behind %d calls, want %v", s.Wait, s.Queued, want)
			}
		}
		all.Wait()
	})
}

// A long pause says nothing about the rate that can be achieved, nor about others.
func TestTheRateOfAPauseIsNotExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := transport.New(quiet, transport.WithBase(newWire(func(n int, _ *http.Request) reply {
			if n == 200 {
				return reply{status: 429, after: "50"}
			}
			return reply{takes: time.Duration(50+n*37%100) * ms}
		})))
		var all sync.WaitGroup
		for range 1500 {
			all.Go(func() { get(ctx, tr, "") })
		}
		for paused := time.Duration(0); paused < 55*time.Second; time.Sleep(time.Second) {
			s := tr.Stats()
			if !s.PausedUntil.After(time.Now()) && paused == 0 {
				continue
			}
			paused += time.Second
			if paused < 50*time.Second && s.Others.Rate != 0 {
				t.Errorf("%v into the pause: got %+v of others, want none", paused, s.Others)
			}
			if most := max(0, time.Until(s.PausedUntil)) + time.Duration(s.Queued+1)*time.Second/10; s.Wait > most {
				t.Errorf("%v after the pause began: got an expected wait of %v behind %d calls, want %v at most", paused, s.Wait, s.Queued, most)
			}
		}
		cancel()
		all.Wait()
	})
}
