package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// This file has what happens when a pause is over: one goes ahead to see.

const ms = time.Millisecond

// tenLimited makes ten calls at once, each answered 429 after 20 ms, and so a
// pause from then on of two seconds. What comes after is answered as next says.
func tenLimited(next func(n int, req *http.Request) reply) *wire {
	return newWire(func(n int, req *http.Request) reply {
		if n <= 10 {
			return reply{status: 429, after: "2", takes: 20 * ms}
		}
		return next(n-10, req)
	})
}

func probeTransport(w *wire, opts ...transport.Option) *transport.Transport {
	return transport.New(append([]transport.Option{transport.WithBase(w), quiet, transport.WithRetry(twoSeconds),
		transport.WithWindow(-1), transport.WithLimiter(transport.NewLimiter(100, time.Second))}, opts...)...)
}

func TestAfterAPauseOneGoesAhead(t *testing.T) {
	boom := errors.New("boom")
	slow := func(int, *http.Request) reply { return reply{takes: 300 * ms} }
	for name, test := range map[string]struct {
		next    func(n int, req *http.Request) reply
		options []transport.Option
		want    []time.Duration // after the first ten
	}{
		"it is served": {
			next: slow,
			want: append(times(1, 2020*ms), times(9, 2320*ms)...),
		},
		"it is limited again": {
			next: func(n int, _ *http.Request) reply {
				if n == 1 {
					return reply{status: 429, after: "2", takes: 100 * ms}
				}
				return reply{takes: 300 * ms}
			},
			want: append([]time.Duration{2020 * ms, 4120 * ms}, times(9, 4420*ms)...),
		},
		"it fails": { // so it says nothing, and another one tries
			next: func(n int, _ *http.Request) reply {
				if n == 1 {
					return reply{err: boom, takes: 100 * ms}
				}
				return reply{takes: 300 * ms}
			},
			want: append([]time.Duration{2020 * ms, 2120 * ms}, times(9, 2420*ms)...),
		},
		"the server fails": { // but has let it in
			next: func(n int, _ *http.Request) reply {
				return reply{status: []int{503, 200}[min(n-1, 1)], takes: 100 * ms}
			},
			want: append(times(1, 2020*ms), times(10, 2120*ms)...),
		},
		"it takes long": { // so it has been let in
			next: func(n int, _ *http.Request) reply { return reply{takes: 5 * time.Second} },
			want: append(times(1, 2020*ms), times(9, 2720*ms)...),
		},
		"the limiter is the slower one": {
			next:    slow,
			options: []transport.Option{transport.WithLimiter(transport.NewLimiter(10, 10*time.Second))},
			want:    append(times(1, 10080*ms), times(9, 10380*ms)...),
		},
		"the limiter is slower than anything": { // ten seconds after its end a pause is forgotten
			next:    slow,
			options: []transport.Option{transport.WithLimiter(transport.NewLimiter(10, 20*time.Second))},
			want:    times(10, 20160*ms),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := tenLimited(test.next)
				tr := probeTransport(w, test.options...)
				if b := atOnce(10, &http.Client{Transport: tr}); b.status[200] != 10 {
					t.Errorf("%v %v, want 10 times 200", b.status, b.errs)
				}
				w.sentAt(t, append(times(10, 0), test.want...)...)
				if s := tr.Stats(); s.Queued != 0 || s.InFlight != 0 {
					t.Errorf("afterwards %+v, want none queued or in flight", s)
				}
			})
		})
	}
}

// A hundred calls in ten seconds all have their slot when the pause ends, and yet
// only one goes.
func TestAfterAPauseOneGoesAheadThoughTheLimiterHasMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := tenLimited(func(int, *http.Request) reply { return reply{takes: 300 * ms} })
		tr := probeTransport(w, transport.WithLimiter(transport.NewLimiter(100, 10*time.Second)))
		atOnce(10, &http.Client{Transport: tr})
		w.sentAt(t, slices.Concat(times(10, 0), times(1, 2020*ms), times(9, 2320*ms))...)
	})
}

// What a 429 takes can be long, at the end of a slow line; then so is the probe.
func TestTheProbeIsGivenTwiceTheTimeOfThe429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply {
			if n <= 10 {
				return reply{status: 429, after: "2", takes: 500 * ms}
			}
			return reply{takes: 5 * time.Second}
		})
		atOnce(10, &http.Client{Transport: probeTransport(w)})
		w.sentAt(t, slices.Concat(times(10, 0), times(1, 2500*ms), times(9, 3500*ms))...)
	})
}

func TestTheNextOneProbesWhenTheProbeIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cancels := map[string]context.CancelFunc{}
		w := tenLimited(func(n int, req *http.Request) reply {
			if n == 1 {
				time.AfterFunc(100*ms, cancels[transport.UserFromContext(req.Context())])
				return reply{takes: 600 * ms}
			}
			return reply{takes: 300 * ms}
		})
		tr := probeTransport(w)
		var wg sync.WaitGroup
		for i := range 10 {
			user := fmt.Sprint("user ", i)
			ctx, cancel := context.WithCancel(t.Context())
			cancels[user] = cancel
			wg.Go(func() { get(ctx, tr, user) })
		}
		wg.Wait()
		w.sentAt(t, slices.Concat(times(10, 0), []time.Duration{2020 * ms, 2120 * ms}, times(8, 2420*ms))...)
	})
}

// Those who come after a pause, when nobody waited in it.
func TestPauseIsForgottenAfterAWhile(t *testing.T) {
	for after, want := range map[time.Duration][]time.Duration{
		11 * time.Second:       append(times(1, 11*time.Second), times(4, 11300*ms)...),
		12*time.Second + 21*ms: times(5, 12021*ms),
		100 * time.Second:      times(5, 100*time.Second),
		2*time.Second + 500*ms: append(times(1, 2500*ms), times(4, 2800*ms)...),
		2 * time.Second:        append(times(1, 2020*ms), times(4, 2320*ms)...),
	} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(n int, _ *http.Request) reply {
					return []reply{{status: 429, after: "3", takes: 20 * ms}, {takes: 300 * ms}}[min(n-1, 1)]
				})
				tr := probeTransport(w) // a 429 that asks for more than the policy allows is handed back
				if err := get(t.Context(), tr, ""); err != nil {
					t.Fatal(err)
				}
				time.Sleep(after - 20*ms)
				atOnce(5, &http.Client{Transport: tr})
				w.sentAt(t, append(times(1, 0), want...)...)
			})
		})
	}
}

func TestContextEndsInPauseAndHalfOpenProbe(t *testing.T) {
	for _, at := range []time.Duration{1020 * ms, 2100 * ms} {
		t.Run(at.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := tenLimited(func(int, *http.Request) reply { return reply{takes: 300 * ms} })
				tr := probeTransport(w)
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { atOnce(10, &http.Client{Transport: tr}) })
				time.Sleep(500 * ms)
				wg.Go(func() {
					err := get(ctx, tr, "gives up")
					var q *transport.QueueError
					if !errors.Is(err, context.Canceled) || !errors.As(err, &q) || q.Waited != at-500*ms {
						t.Errorf("got %#v, want a QueueError with context.Canceled after a wait of %v", err, at-500*ms)
					}
					if now := time.Since(w.zero); now != at {
						t.Errorf("came back at %v, want %v", now, at)
					}
				})
				time.Sleep(at - 500*ms)
				before := tr.Stats().Queued
				cancel()
				synctest.Wait()
				if after := tr.Stats().Queued; after != before-1 {
					t.Errorf("queued %d before it gave up, %d after, want one less", before, after)
				}
				wg.Wait()
				w.sentAt(t, slices.Concat(times(10, 0), times(1, 2020*ms), times(9, 2320*ms))...)
			})
		})
	}
}
