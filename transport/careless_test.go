package transport_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// This file has what other people's code can do to the Transport: a base, a
// Limiter or a program that panics or ends its goroutine.

var ends = map[string]func(){
	"panics": func() { panic("as it likes") },
	"exits":  runtime.Goexit,
}

// survived runs f and lets it panic or exit.
func survived(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recover() }()
		f()
	}()
	<-done
}

// stillWorks checks that nothing was left over, and that calls go as before.
func stillWorks(t *testing.T, tr *transport.Transport) {
	t.Helper()
	if s := tr.Stats(); s.Queued != 0 || s.InFlight != 0 {
		t.Errorf("left over: %+v, want none queued or in flight", s)
	}
	begin := time.Now()
	if b := atOnce(3, &http.Client{Transport: tr}); b.status[200] != 3 || time.Since(begin) > 3*time.Second {
		t.Errorf("afterwards %v, %v in %v, want 3 times 200 in 3 s", b.status, b.errs, time.Since(begin))
	}
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBaseThatDoesNotReturn(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(n int, _ *http.Request) reply {
					if n == 1 {
						time.Sleep(20 * ms)
						end()
					}
					return reply{takes: 20 * ms}
				})
				tr := transport.New(transport.WithBase(w), quiet, transport.WithWindow(1), transport.WithLimiter(transport.NewLimiter(15, time.Second)))
				var wg sync.WaitGroup
				wg.Go(func() { survived(func() { get(t.Context(), tr, "") }) })
				synctest.Wait()
				wg.Go(func() { // waits for room in the window
					if err := get(t.Context(), tr, ""); err != nil {
						t.Error(err)
					}
				})
				wg.Wait()
				w.sentAt(t, 0, 20*ms)
				stillWorks(t, tr)
			})
		})
	}
}

// One that goes ahead after a pause, and never comes back.
func TestProbeThatDoesNotReturn(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := tenLimited(func(n int, _ *http.Request) reply {
					if n == 1 {
						time.Sleep(100 * ms)
						end()
					}
					return reply{takes: 300 * ms}
				})
				tr := probeTransport(w)
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() { survived(func() { get(t.Context(), tr, "") }) })
				}
				wg.Wait()
				w.sentAt(t, append(times(10, 0), append([]time.Duration{2020 * ms, 2120 * ms}, times(8, 2420*ms)...)...)...)
				stillWorks(t, tr)
			})
		})
	}
}

// A fickle Limiter ends as it likes the first time that it is asked, after a
// second, and never holds up anybody again.
type fickle struct {
	asked atomic.Int64
	end   func()
}

func (f *fickle) Wait(ctx context.Context) error {
	if f.asked.Add(1) == 1 {
		time.Sleep(time.Second)
		f.end()
	}
	return ctx.Err()
}

func TestLimiterThatDoesNotReturn(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(int, *http.Request) reply { return reply{takes: 20 * ms} })
				tr := transport.New(transport.WithBase(w), quiet, transport.WithLimiter(&fickle{end: end}))
				var wg sync.WaitGroup
				wg.Go(func() { survived(func() { get(t.Context(), tr, "asks") }) })
				synctest.Wait()
				for range 5 {
					wg.Go(func() {
						if err := get(t.Context(), tr, "waits"); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				w.sentAt(t, times(5, time.Second)...)
				stillWorks(t, tr)
			})
		})
	}
}

// A Limiter that fails, fails but for the call that asked.
func TestLimiterThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		failed := make(chan error, 1)
		f := &fickle{end: func() { failed <- boom }}
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithLimiter(limiterFunc(func(ctx context.Context) error {
			f.Wait(ctx)
			select {
			case err := <-failed:
				return err
			default:
				return ctx.Err()
			}
		})))
		b := atOnce(6, &http.Client{Transport: tr})
		if b.status[200] != 5 || len(b.errs) != 1 || !errors.Is(b.errs[0], boom) || b.took != time.Second {
			t.Errorf("%v, %v after %v, want 5 times 200 and boom, in 1 s", b.status, b.errs, b.took)
		}
		stillWorks(t, tr)
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// A base may return neither a response nor an error.
func TestBaseThatReturnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			if calls.Add(1) <= 4 {
				return nil, nil
			}
			return answer(req, 200)
		})))
		if resp, err := tr.RoundTrip(request(t, http.MethodGet, nil)); resp != nil || err == nil {
			t.Errorf("%v, %v; want an error", resp, err)
		}
		stillWorks(t, tr)
	})
}

// What is nil is the default, and no reason to panic.
func TestNewWithNothing(t *testing.T) {
	tr := transport.New(nil, transport.WithBase(nil), transport.WithLimiter(nil), transport.WithObserver(nil), transport.WithIdentity(nil),
		transport.WithMaxQueue(-1), quiet, nil, transport.WithBase(answers(200)))
	if err := get(t.Context(), tr, ""); err != nil {
		t.Error(err)
	}
	if s := transport.New(nil).Stats(); s.Mode != transport.ModeOpening {
		t.Errorf("%+v, want ModeOpening", s)
	}
}
