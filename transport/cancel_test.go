package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/transport"
)

// Of 150 calls the first 75 give up at once; for the other 75 it must be as if
// they had never been there.
func TestThoseWhoGiveUpCostNobodyAnything(t *testing.T) {
	for name, test := range map[string]struct {
		limiter func() transport.Limiter
		most    time.Duration
	}{
		"ours":        {func() transport.Limiter { return nil }, 5200 * time.Millisecond},
		"x/time/rate": {func() transport.Limiter { return rate.NewLimiter(15, 1) }, 6 * time.Second}, // 14 of the first 15 wait, too
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := transport.New(transport.WithBase(answers(200)), transport.WithLimiter(test.limiter()), quiet)
				ctx, cancel := context.WithCancel(t.Context())
				var gone, served sync.WaitGroup
				call := func(wg *sync.WaitGroup, ctx context.Context, want error) {
					wg.Go(func() {
						req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
						if _, err := tr.RoundTrip(req); !errors.Is(err, want) {
							t.Errorf("error %v, want %v", err, want)
						}
					})
				}
				for range 15 { // use up what goes at once
					call(&served, t.Context(), nil)
				}
				synctest.Wait()
				for range 75 {
					call(&gone, ctx, context.Canceled)
				}
				synctest.Wait()
				begin := time.Now()
				for range 75 {
					call(&served, t.Context(), nil)
				}
				synctest.Wait()
				cancel()
				synctest.Wait()
				gone.Wait()
				if took := time.Since(begin); took != 0 {
					t.Errorf("giving up took %v, want no time", took)
				}
				if queued := tr.Stats().Queued; queued > 90 {
					t.Errorf("%d are queued, those that gave up among them, want 90 at most", queued)
				}
				served.Wait()
				if took := time.Since(begin); took > test.most {
					t.Errorf("the others took %v, want %v at most", took, test.most)
				}
				if s := tr.Stats(); s.Queued != 0 || s.Sent != 90 {
					t.Errorf("afterwards %+v, want none queued, 90 sent", s)
				}
			})
		})
	}
}

func TestDeadlineThatCannotBeMetIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet)
		client := &http.Client{Transport: tr}
		go atOnce(45, client) // 15 go, 30 wait for 1 and 2 seconds
		synctest.Wait()

		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
		_, err := client.Do(req)
		if time.Since(begin) != 0 {
			t.Errorf("refused after %v, want at once", time.Since(begin))
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v is not context.DeadlineExceeded", err)
		}
		var q *transport.QueueError
		if !errors.As(err, &q) || q.Wait < 2900*time.Millisecond || q.Wait > 3100*time.Millisecond || q.Queued != 30 {
			t.Errorf("error %#v; want 30 ahead and about 3 s", q)
		}
		if !strings.Contains(err.Error(), "expected wait of 3") {
			t.Errorf("the error does not say the wait: %v", err)
		}
		var n net.Error
		if !errors.As(err, &n) || !n.Timeout() {
			t.Error("not a net.Error that timed out")
		}

		// One whose deadline is long enough waits, and goes.
		ctx, cancel = context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		req, _ = http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
		if _, err := client.Do(req); err != nil {
			t.Error(err)
		}
	})
}

func TestDeadlineWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithLimiter(blocked{}))
		_, err := (&http.Client{Transport: tr, Timeout: 3 * time.Second}).Get(recordsURL)
		var u *url.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &u) || !u.Timeout() {
			t.Errorf("error %v is no timeout", err)
		}
		if !strings.Contains(err.Error(), "not sent after 3s in the queue") {
			t.Errorf("the error does not say what happened: %v", err)
		}
	})
}

func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithMaxQueue(30))
		b := atOnce(60, &http.Client{Transport: tr})
		if b.status[200] != 45 || len(b.errs) != 15 {
			t.Fatalf("%v answers, %d errors; want 15 sent at once, 30 queued, 15 refused", b.status, len(b.errs))
		}
		err := b.errs[0]
		if !errors.Is(err, transport.ErrQueueFull) {
			t.Errorf("error %v is not ErrQueueFull", err)
		}
		if want := ", expected wait: "; !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	})
}

func TestNoQueueAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithMaxQueue(-1))
		for i := range 16 {
			_, err := (&http.Client{Transport: tr}).Get(recordsURL)
			if want := i == 15; errors.Is(err, transport.ErrQueueFull) != want {
				t.Errorf("call %d: got error %v, want ErrQueueFull: %v", i, err, want)
			}
		}
	})
}

// Without a queue no call of a burst waits, neither for the limit nor for the window.
func TestNoCallOfABurstWaitsWithoutAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(newWire(func(int, *http.Request) reply { return reply{takes: time.Second} })), quiet, transport.WithMaxQueue(-1))
		begin := time.Now()
		b := atOnce(30, &http.Client{Transport: tr})
		for _, err := range b.errs {
			if !errors.Is(err, transport.ErrQueueFull) || strings.Contains(err.Error(), "expected wait: 0") {
				t.Errorf("got error %v, want ErrQueueFull, without a wait that is not known", err)
			}
		}
		if took := time.Since(begin); took != time.Second || b.status[200] == 0 || b.status[200]+len(b.errs) != 30 {
			t.Errorf("%v, %d refused, after %v; want all that were not refused answered after 1 s", b.status, len(b.errs), took)
		}
	})
}

func TestLimiterThatMakesNoSense(t *testing.T) {
	for _, l := range []transport.Limiter{transport.NewLimiter(0, time.Second), transport.NewLimiter(15, 0), transport.NewLimiter(-1, -1)} {
		if err := l.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "NewLimiter needs") {
			t.Errorf("got error %v, want what NewLimiter needs", err)
		}
		if _, err := (&http.Client{Transport: transport.New(quiet, transport.WithLimiter(l))}).Get(recordsURL); err == nil {
			t.Error("sent without a limit")
		}
	}
}

// A wait is given to a tenth of a second, a short one to a millisecond.
func TestAQueueErrorTellsNoMoreDigitsThanItKnows(t *testing.T) {
	for wait, want := range map[time.Duration]string{1_234_567 * time.Microsecond: "1.2s", 12_345 * time.Microsecond: "12ms"} {
		err := &transport.QueueError{Err: transport.ErrQueueFull, Wait: wait}
		if !strings.Contains(err.Error(), "expected wait: "+want+")") {
			t.Errorf("a wait of %v: got %q, want %s in it", wait, err, want)
		}
	}
}
