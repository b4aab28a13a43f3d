package measure_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// Of two calls that look the same in all, one ends before its second attempt, and one
// on the wire in its first.
func TestCallsThatLookTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(script(503, never)), transport.WithLogger(zerolog.Nop()))
		var got tally
		measure.Observe(tr, got.tell)
		for _, after := range []time.Duration{50 * time.Millisecond, 20 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(after, cancel)
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
			if resp, err := tr.RoundTrip(req); err == nil {
				t.Errorf("got status %s, want the error of the cancelled context", resp.Status)
			}
		}
		if n := got.counts[measure.RequestDuration]; n != 2 || tr.Stats().Sent != 2 {
			t.Errorf("%d attempts counted, %d sent, want the same", n, tr.Stats().Sent)
		}
	})
}

// Calls that are refused since others were there before.
func TestResultsOfRefusedCalls(t *testing.T) {
	for result, most := range map[string]int{"queue_full": -1, "deadline": 10} {
		synctest.Test(t, func(t *testing.T) {
			tr := transport.New(transport.WithBase(script(200)), transport.WithLogger(zerolog.Nop()),
				transport.WithLimiter(transport.NewLimiter(1, time.Hour)), transport.WithMaxQueue(most))
			var got tally
			measure.Observe(tr, got.tell)
			ctx, cancel := context.WithTimeout(transport.ContextWithPriority(t.Context(), transport.Interactive), time.Minute)
			defer cancel()
			for range 2 {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}
			for key, n := range map[string]int{
				measure.RequestDuration:                        1,
				measure.TimeInQueue + " interactive,acquired":  1,
				measure.TimeInQueue + " interactive," + result: 1,
			} {
				if got.counts[key] != n {
					t.Errorf("%s is %d, want %d", key, got.counts[key], n)
				}
			}
		})
	}
}

// What is read are calls, not users; and a limit that is not known is none.
func TestReadOfCallsOfOneUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocked := limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		tr := transport.New(transport.WithBase(script(200)), transport.WithLogger(zerolog.Nop()), transport.WithLimiter(blocked))
		ctx, cancel := context.WithCancel(transport.ContextWithPriority(t.Context(), transport.Batch))
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			})
		}
		synctest.Wait()
		queued := map[string]float64{}
		measure.Read(tr, func(name string, value float64, attributes ...string) {
			switch name {
			case measure.QueuedRequests:
				queued[attributes[0]] = value
			case measure.Limit:
				t.Errorf("got a limit of %v, want none, since it is not known", value)
			}
		})
		if queued["batch"] != 5 || queued["normal"] != 0 || queued["interactive"] != 0 {
			t.Errorf("got %v in the queue, want 5 in batch and none in the others", queued)
		}
		cancel()
		all.Wait()
	})
}
