package transport_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A plainWriter is one that is used by nobody else, as a bytes.Buffer: the race
// detector watches it, and it sees for itself whether it is alone.
type plainWriter struct {
	text strings.Builder
	busy bool
	bad  int
}

func (w *plainWriter) Write(p []byte) (int, error) {
	if w.busy {
		w.bad++
	}
	w.busy = true
	for _, c := range p {
		w.text.WriteByte(c)
		if c == ',' {
			runtime.Gosched()
		}
	}
	w.busy = false
	return len(p), nil
}

// Of each kind of line many are written in the same instant.
func TestLogLinesAreWrittenOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log plainWriter
		w := newWire(func(n int, _ *http.Request) reply {
			switch {
			case n <= 100:
				return reply{status: 429, takes: 20 * ms}
			case n%4 == 0:
				return reply{status: 503, takes: 20 * ms}
			}
			return reply{takes: 20 * ms}
		})
		tr := transport.New(transport.WithBase(w), transport.WithLogger(zerolog.New(&log)), transport.WithWindow(-1),
			transport.WithLimiter(transport.NewLimiter(100, time.Second)), transport.WithRetry(retry.Policy{Failures: 100}))
		atOnce(200, &http.Client{Transport: tr})
		lines := 0
		for text := range strings.Lines(log.text.String()) {
			if lines++; !json.Valid([]byte(text)) {
				t.Errorf("no line of its own: %s, want JSON", text)
			}
		}
		if log.bad != 0 || lines < 130 {
			t.Errorf("%d of %d lines were written while another one was, want none, of 130 lines or more", log.bad, lines)
		}
	})
}

// Stats is looked at all the time, and what it counts never goes back.
func TestStatsAreCoherent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(int, *http.Request) reply {
			return reply{
				status: []int{200, 200, 200, 200, 429, 503}[rand.IntN(6)], after: []string{"", "0.1"}[rand.IntN(2)],
				takes: time.Duration(rand.IntN(300)) * ms,
			}
		})
		var mu sync.Mutex
		limited := uint64(0)
		tr := transport.New(transport.WithBase(w), quiet, transport.WithObserver(func(_ context.Context, e transport.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == transport.RateLimited {
				limited++
			}
		}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var last transport.Stats
				for ctx.Err() == nil {
					s := tr.Stats()
					if s.Sent < last.Sent || s.RateLimited < last.RateLimited || s.RateLimited > s.Sent {
						t.Errorf("%+v after %+v, want counters that never fall, 429s among the requests", s, last)
					}
					if s.Queued < 0 || s.InFlight < 0 || s.InFlight > 200 || s.Queued > 200 || s.Wait < 0 || s.ServerDelay < 0 || s.Rate < 0 || s.Window < 1 {
						t.Errorf("impossible: %+v, want at most 200 queued and in flight, nothing below 0", s)
					}
					if paused := s.Bottleneck == transport.BottleneckPause; paused == s.PausedUntil.IsZero() {
						t.Errorf("paused or not: %+v, want BottleneckPause and PausedUntil together", s)
					}
					if (s.Bottleneck == transport.BottleneckLimit || s.Bottleneck == transport.BottleneckWindow) && s.Queued == 0 {
						t.Errorf("nobody waits: %+v, want a limit or a window as the bottleneck only if calls wait", s)
					}
					last = s
					time.Sleep(time.Duration(1+rand.IntN(20)) * ms)
				}
			})
		}
		atOnce(200, &http.Client{Transport: tr})
		cancel()
		wg.Wait()
		s := tr.Stats()
		if s.Queued != 0 || s.InFlight != 0 || s.Sent != uint64(len(w.times())) || s.RateLimited != limited {
			t.Errorf("afterwards %+v, with %d sent and %d limited, want none queued or in flight, and these numbers", s, len(w.times()), limited)
		}
	})
}
