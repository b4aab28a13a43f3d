package transport_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// This file has from what the window learns, as Stats shows it.

var never = retry.Policy{Throttled: -1, Failures: -1, MinDelay: -1, MaxDelay: -1}

// An answer that failed says nothing about how long the work takes; any other
// does.
func TestFailuresTeachNothing(t *testing.T) {
	for name, test := range map[string]struct {
		late   reply
		learns bool
	}{
		"200":      {reply{status: 200}, true},
		"204":      {reply{status: 204}, true},
		"304":      {reply{status: 304}, true},
		"400":      {reply{status: 400}, false},
		"404":      {reply{status: 404}, false},
		"429":      {reply{status: 429}, false},
		"500":      {reply{status: 500}, false},
		"503":      {reply{status: 503}, false},
		"an error": {reply{err: errors.New("boom")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(n int, _ *http.Request) reply {
					if n <= 50 {
						return reply{takes: 20 * ms}
					}
					test.late.takes = 3 * time.Second
					return test.late
				})
				tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(never))
				for range 50 {
					get(t.Context(), tr, "")
				}
				before := tr.Stats()
				for range 8 {
					get(t.Context(), tr, "")
				}
				after := tr.Stats()
				if learns := after.ServerDelay > 500*ms; learns != test.learns || before.ServerDelay > 10*ms || !learns && after.ServerDelay > before.ServerDelay {
					t.Errorf("the delay was %v and is %v; want it to have changed: %v", before.ServerDelay, after.ServerDelay, test.learns)
				}
			})
		})
	}
}

// The 429s of one moment are one piece of news.
func TestA429CutsTheWindowOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(int, *http.Request) reply { return reply{status: 429} })
		tr := transport.New(transport.WithBase(w), quiet, transport.WithRetry(never))
		for _, step := range []struct {
			at   time.Duration
			want int
			mode transport.WindowMode
		}{
			{0, 8, transport.ModeOpening},
			{10 * time.Second, 4, transport.ModeSteady},
			{10 * time.Second, 4, transport.ModeSteady},
			{11999 * ms, 4, transport.ModeSteady},
			{12 * time.Second, 2, transport.ModeSteady},
			{13 * time.Second, 2, transport.ModeSteady},
			{14 * time.Second, 1, transport.ModeSteady},
			{60 * time.Second, 1, transport.ModeSteady},
			{99 * time.Second, 1, transport.ModeSteady},
		} {
			time.Sleep(step.at - time.Since(w.zero))
			if step.at > 0 {
				get(t.Context(), tr, "")
			}
			if s := tr.Stats(); s.Window != step.want || s.Mode != step.mode {
				t.Errorf("after %v the window is %d, %v; want %d, %v", step.at, s.Window, s.Mode, step.want, step.mode)
			}
		}
	})
}
