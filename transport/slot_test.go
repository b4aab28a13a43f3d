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

// This file has what becomes of a slot that is not used: one that is too old, and
// one whose caller leaves in the instant in which it gets it.

// A slowContext stops its call for a while between the look at the clock and the
// use of the slot, as a SIGSTOP can.
type slowContext struct {
	context.Context
	stop func()
}

func (c slowContext) Deadline() (time.Time, bool) { c.stop(); return c.Context.Deadline() }

func TestSlotThatIsTooOldIsNotUsed(t *testing.T) {
	for name, test := range map[string]struct {
		stop time.Duration
		used bool
	}{
		"just in time": {8 * ms, true},
		"too late":     {8*ms + 1, false},
		"far too late": {900 * ms, false},
		"next window":  {1500 * ms, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(int, *http.Request) reply { return reply{takes: 10 * ms} })
				tr := transport.New(transport.WithBase(w), quiet, transport.WithLimiter(transport.NewLimiter(1, time.Second)))
				stop := sync.OnceFunc(func() { time.Sleep(test.stop) })
				if err := get(slowContext{t.Context(), stop}, tr, ""); err != nil {
					t.Fatal(err)
				}
				if err := get(t.Context(), tr, ""); err != nil {
					t.Fatal(err)
				}
				at := w.times()
				if used := at[0] == test.stop; used != test.used && test.stop < time.Second { // else another one may be free
					t.Errorf("sent %v after its slot was given", at[0])
				}
				if at[1]-at[0] < time.Second {
					t.Errorf("sent at %v: two in one second, want at most one", at)
				}
				if s := tr.Stats(); s.InFlight != 0 || s.Queued != 0 || s.Sent != 2 {
					t.Errorf("afterwards %+v, want none queued or in flight, 2 sent", s)
				}
			})
		})
	}
}

// A slot that was not used takes no room in the window, and is no trial.
func TestSlotThatIsTooOldIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply {
			return []reply{{status: 429, after: "3", takes: 20 * ms}, {takes: 300 * ms}}[min(n-1, 1)]
		})
		tr := transport.New(transport.WithBase(w), quiet, transport.WithWindow(1), transport.WithRetry(twoSeconds),
			transport.WithLimiter(transport.NewLimiter(100, time.Second)))
		get(t.Context(), tr, "")
		time.Sleep(3 * time.Second) // the pause is over
		stop := sync.OnceFunc(func() { time.Sleep(50 * ms) })
		if err := get(slowContext{t.Context(), stop}, tr, ""); err != nil {
			t.Fatal(err)
		}
		// The slots of the same age are lost, at worst.
		if at := w.times()[1]; at < 3070*ms || at > 4200*ms {
			t.Errorf("sent at %v, want it soon after 3.07 s", at)
		}
	})
}

// A gate is a Limiter whose slots a test gives, each with something to do in the
// instant before.
type gate chan func()

func (g gate) Wait(ctx context.Context) error {
	select {
	case do := <-g:
		do()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) give(at time.Duration, zero time.Time, do func()) {
	time.Sleep(at - time.Since(zero))
	select {
	case g <- do:
	case <-time.After(time.Second): // nobody needs it any more
	}
}

// A slot falls due, and in that instant the call that gets it is cancelled. It
// waits as a repetition, behind a new one that leads the queue. Whichever is
// first, the slot is not lost to the others.
func leaving(t *testing.T, first reply, waiting []string, window int, slots ...time.Duration) *wire {
	g := make(gate)
	w := newWire(func(n int, _ *http.Request) reply {
		if n <= len(waiting) {
			first.takes += 10 * ms
			return first
		}
		return reply{takes: 100 * ms}
	})
	tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(twoSeconds), transport.WithLimiter(g), transport.WithWindow(window))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	nothing := func() {}
	for i, user := range waiting {
		theirs := t.Context()
		if i == 0 {
			theirs = ctx
		}
		wg.Go(func() { get(theirs, tr, user) })
		g <- nothing
		synctest.Wait()
	}
	wg.Go(func() { get(t.Context(), tr, "leads") }) // before the others are back
	synctest.Wait()
	for i, at := range slots {
		g.give(at, w.zero, []func(){cancel, nothing}[min(i, 1)])
	}
	wg.Wait()
	if s := tr.Stats(); s.InFlight != 0 || s.Queued != 0 || s.Sent != uint64(len(w.times())) {
		t.Errorf("afterwards %+v, with %d sent, want none queued or in flight, and as many in Sent", s, len(w.times()))
	}
	if at := w.of("leaves"); len(at) != 1 {
		t.Errorf("it was sent at %v after it had been cancelled, want it sent once, before that", at)
	}
	return w
}

const rounds = 30 // who is first is left to the scheduler

func TestSlotOfOneThatLeavesIsPassedOn(t *testing.T) {
	for range rounds {
		synctest.Test(t, func(t *testing.T) {
			w := leaving(t, reply{status: 503, takes: 600 * ms}, []string{"leaves", "next"}, -1, time.Second, 2*time.Second)
			w.sentAt(t, 0, 0, time.Second, 2*time.Second)
			if at := w.of("next"); at[1] != time.Second {
				t.Errorf("the next one was sent at %v, want 1 s", at)
			}
		})
	}
}

// With room for only one in flight, a place that is lost would hold up all.
func TestSlotThatNobodyTakesIsGivenBack(t *testing.T) {
	for range rounds {
		synctest.Test(t, func(t *testing.T) {
			w := leaving(t, reply{status: 503, takes: 600 * ms}, []string{"leaves"}, 1, time.Second, 1500*ms)
			if at := w.of("leads")[0]; at != time.Second && at != 1500*ms {
				t.Errorf("sent at %v, want it with the next slot", at)
			}
		})
	}
}

// The same after a pause: who leaves was to go ahead and see, and nobody waits for
// its answer.
func TestProbeThatLeavesIsNotWaitedFor(t *testing.T) {
	for range rounds {
		synctest.Test(t, func(t *testing.T) {
			w := leaving(t, reply{status: 429, after: "2", takes: 10 * ms}, []string{"leaves"}, 1, 3*time.Second, 3*time.Second)
			if at := w.of("leads")[0]; at != 3*time.Second {
				t.Errorf("sent at %v, want it with the next slot", at)
			}
		})
	}
}
