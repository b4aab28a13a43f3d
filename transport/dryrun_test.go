package transport_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A dry run delays nothing, whatever the Limiter is.
func TestDryRunDelaysNothingWithAnyLimiter(t *testing.T) {
	for name, limiter := range map[string]transport.Limiter{
		"none":        nil,
		"ours":        transport.NewLimiter(1, time.Hour),
		"x/time/rate": rate.NewLimiter(1, 1),
		"never":       blocked{},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithDryRun(), transport.WithLimiter(limiter),
					transport.WithWindow(1), transport.WithHeavy(transport.Heavy{Operation: "GET /", InFlight: 1}))
				begin := time.Now()
				if b := atOnce(50, &http.Client{Transport: tr}); b.status[200] != 50 || time.Since(begin) != 0 {
					t.Errorf("got %v after %v, want 50 answers at once", b.status, time.Since(begin))
				}
				if s := tr.Stats(); s.Sent != 50 || s.InFlight != 0 || s.Queued != 0 {
					t.Errorf("afterwards %+v, want 50 sent and nothing left", s)
				}
			})
		})
	}
}

// A policy without delays retries at once, through the limiter like any attempt.
func TestPolicyWithoutDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply { return reply{status: []int{429, 503, 429, 200}[n-1]} })
		tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(retry.Policy{MinDelay: -1, MaxDelay: -1}))
		if resp, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err != nil || resp.StatusCode != 200 {
			t.Errorf("got %v, %v; want the fourth answer", resp, err)
		}
		w.sentAt(t, 0, 0, 0, 0)
	})
}

// After a 429 a deadline is held against the longer of the delay and the wait in the queue;
// after another failure against the delay alone.
func TestRetryBeforeTheDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		timeout time.Duration
		want    int
	}{
		"429, long enough":        {429, 6 * time.Second, 200},
		"429, less than asked":    {429, 3 * time.Second, 429},
		"503, long enough":        {503, 6 * time.Second, 200},
		"503, less than asked":    {503, 3 * time.Second, 503},
		"429, a nanosecond short": {429, 4 * time.Second, 429},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(n int, _ *http.Request) reply {
					if n == 1 {
						return reply{status: test.status, after: "4"}
					}
					return reply{}
				})
				tr := transport.New(transport.WithBase(w), quiet)
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				begin := time.Now()
				resp, err := tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(ctx))
				if err != nil || resp.StatusCode != test.want {
					t.Fatalf("got %v, %v; want %d", resp, err, test.want)
				}
				if test.want != 200 && time.Since(begin) != 0 {
					t.Errorf("handed back after %v, want at once", time.Since(begin))
				}
			})
		})
	}
}
