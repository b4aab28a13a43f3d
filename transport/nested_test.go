package transport_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// wrapped hides what it sends through, as a RoundTripper that traces does.
type wrapped struct{ http.RoundTripper }

// A Transport below another repeats nothing by itself: the one above does. Both limits
// hold, also for who uses the one below directly, and alerts at either know of the 429s.
func TestTransportOverATransport(t *testing.T) {
	for name, over := range map[string]func(*transport.Transport) http.RoundTripper{
		"directly":          func(inner *transport.Transport) http.RoundTripper { return inner },
		"through a wrapper": func(inner *transport.Transport) http.RoundTripper { return wrapped{inner} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				var above, below recorder
				inner := transport.New(quiet, transport.WithObserver(below.observe), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
					sent++
					return answer(r, 429)
				})))
				outer := transport.New(quiet, transport.WithObserver(above.observe), transport.WithBase(over(inner)))
				if err := get(t.Context(), outer, "anna"); err != nil {
					t.Fatal(err)
				}
				if sent != 21 {
					t.Errorf("one call was sent %d times, want 21 as the policy of the one above says", sent)
				}
				for who, r := range map[string]*recorder{"above": &above, "below": &below} {
					all := r.of(transport.RateLimited)
					if len(all) != 21 || all[20].User != "anna" {
						t.Errorf("%s: %d events of 429s; want all 21, of anna", who, len(all))
					}
				}
				if e := below.of(transport.RateLimited)[0]; !e.Again || e.Delay <= 0 {
					t.Errorf("the one below says Again %v after %v of the first, want true after some time", e.Again, e.Delay)
				}
				if n := len(below.of(transport.Done)); n != 0 {
					t.Errorf("the one below says of %d attempts that they were calls that ended, want 0", n)
				}
			})
		})
	}
}

// Of several layers that retry only one does, or retries would multiply. A retry.Transport learns
// whether the one below has.
func TestRetriesDoNotMultiply(t *testing.T) {
	limited := func(base http.RoundTripper) http.RoundTripper { return transport.New(quiet, transport.WithBase(base)) }
	once := func(base http.RoundTripper) http.RoundTripper {
		return transport.New(quiet, transport.WithBase(base), transport.WithRetry(retry.Policy{Throttled: -1, Failures: -1}))
	}
	retrying := func(base http.RoundTripper) http.RoundTripper { return &retry.Transport{Base: wrapped{base}} }
	for name, layers := range map[string][]func(http.RoundTripper) http.RoundTripper{ // from the lowest
		"retry.Transport over retry.Transport":        {retrying, retrying},
		"retry.Transport over Transport":              {limited, retrying},
		"Transport over retry.Transport":              {retrying, limited},
		"retry.Transport over two":                    {limited, limited, retrying},
		"three of retry.Transport":                    {retrying, retrying, retrying},
		"retry.Transport over a Transport without":    {once, retrying},
		"Transport over retry.Transport over another": {limited, retrying, limited},
	} {
		t.Run(name, func(t *testing.T) {
			for status, want := range map[int]int{429: 21, 503: 4} {
				synctest.Test(t, func(t *testing.T) {
					sent := 0
					var rt http.RoundTripper = roundTripper(func(r *http.Request) (*http.Response, error) {
						sent++
						return answer(r, status)
					})
					for _, layer := range layers {
						rt = layer(rt)
					}
					if err := get(t.Context(), rt, ""); err != nil || sent != want {
						t.Errorf("one call answered %d was sent %d times, error %v; want %d and none, as one policy says", status, sent, err, want)
					}
				})
			}
		})
	}
}

func TestTransportsOverOneAnotherShareTheLimitBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(int, *http.Request) reply { return reply{} })
		inner := transport.New(quiet, transport.WithBase(w))
		outer := transport.New(quiet, transport.WithBase(inner))
		var calls sync.WaitGroup
		for range 60 {
			calls.Go(func() { get(t.Context(), inner, "") })
			calls.Go(func() { get(t.Context(), outer, "") })
		}
		calls.Wait()
		most := 0
		for _, from := range w.times() {
			n := 0
			for _, at := range w.times() {
				if at >= from && at < from+time.Second {
					n++
				}
			}
			most = max(most, n)
		}
		if most > 15 || len(w.times()) != 120 {
			t.Errorf("%d requests, %d in one second; want all 120, at most 15 in any", len(w.times()), most)
		}
	})
}

// A Transport that is http.DefaultTransport limits also those that are made without a base,
// but Base sends past it: a token must not wait behind the calls that wait for it. Two of them
// may have become the default one after the other.
func TestTransportAsDefaultTransport(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	synctest.Test(t, func(t *testing.T) {
		hourly := transport.WithLimiter(transport.NewLimiter(1, time.Hour))
		d := transport.New(quiet, transport.WithBase(answers(200)), hourly)
		http.DefaultTransport = d
		if err := get(t.Context(), transport.New(quiet), ""); err != nil || d.Stats().Sent != 1 {
			t.Errorf("error %v, %d requests through the default transport; want one", err, d.Stats().Sent)
		}
		http.DefaultTransport = transport.New(quiet)
		for name, rt := range map[string]http.RoundTripper{"Base": transport.Base(), "Over(nil)": transport.Timeouts{}.Over(nil)} {
			began := time.Now()
			if err := get(t.Context(), rt, ""); err != nil || time.Since(began) != 0 {
				t.Errorf("%s: %v after %v; want no wait", name, err, time.Since(began))
			}
		}
	})
}
