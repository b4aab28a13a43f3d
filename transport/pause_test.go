package transport_test

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// recorder is an observer that keeps its events.
type recorder struct {
	mu     sync.Mutex
	events []transport.Event
}

func (r *recorder) observe(_ context.Context, e transport.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) of(k transport.Kind) (list []transport.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == k {
			list = append(list, e)
		}
	}
	return list
}

// limitedUntil answers 429 until a time has passed. An answer takes 20 ms, so that
// many are in flight.
func limitedUntil(end time.Time, header http.Header) roundTripper {
	return func(req *http.Request) (*http.Response, error) {
		limited := time.Now().Before(end)
		time.Sleep(20 * time.Millisecond)
		if !limited {
			return answer(req, 200)
		}
		resp, err := answer(req, 429)
		if header != nil {
			resp.Header = header
		}
		return resp, err
	}
}

func TestManyLimitedCallsMakeOnePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		tr := transport.New(transport.WithBase(limitedUntil(time.Now().Add(500*time.Millisecond), nil)),
			transport.WithLimiter(rate.NewLimiter(rate.Inf, 0)), transport.WithWindow(-1), quiet, transport.WithObserver(seen.observe))
		b := atOnce(200, &http.Client{Transport: tr})
		if b.status[200] != 200 {
			t.Fatalf("got %v, %v; want 200 times 200", b.status, b.errs)
		}
		if n := len(seen.of(transport.RateLimited)); n != 200 {
			t.Errorf("%d were limited, want all 200: they were all in flight", n)
		}
		if n := len(seen.of(transport.Paused)); n != 1 {
			t.Errorf("%d pauses, want 1", n)
		}
		if n := len(seen.of(transport.Done)); n != 200 {
			t.Errorf("%d calls have a Done event, want 200", n)
		}
	})
}

func TestPauseHoldsBackEverybodyAsLongAsAsked(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"3":                    3 * time.Second,
		"2.5":                  2500 * time.Millisecond,
		"in 4 s":               4 * time.Second, // replaced by a date below
		"86400":                time.Minute,     // the policy's longest
		"9999999999999999999":  time.Minute,
		"-7":                   750 * time.Millisecond, // no use: our own first delay
		"soon":                 750 * time.Millisecond,
		"Thu, 01 Jan 1970 0:0": 750 * time.Millisecond,
	} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if value == "in 4 s" {
					value = time.Now().UTC().Add(4 * time.Second).Format(http.TimeFormat)
				}
				end := time.Now().Add(time.Millisecond)
				tr := transport.New(transport.WithBase(limitedUntil(end, http.Header{"Retry-After": {value}})), quiet)
				resp, err := tr.RoundTrip(request(t, http.MethodPatch, io.NopCloser(strings.NewReader("no GetBody"))))
				if err != nil || resp.StatusCode != 429 {
					t.Fatalf("got %v, %v; want status 429", resp, err)
				}
				begin := time.Now()
				if until := tr.Stats().PausedUntil.Sub(begin); until < want-20*time.Millisecond || // a date counts from before the answer
					until > min(want*5/3, time.Minute) {
					t.Errorf("paused for %v, want %v or a little more", until, want)
				}
				if b := atOnce(10, &http.Client{Transport: tr}); b.status[200] != 10 || b.took < want-20*time.Millisecond {
					t.Errorf("the others were sent after %v, before %v were over", b.took, want)
				}
			})
		})
	}
}

func TestPauseIsNotShortened(t *testing.T) {
	for name, takes := range map[string][3]time.Duration{
		"in the same moment": {20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond},
		"later":              {20 * time.Millisecond, 40 * time.Millisecond, 700 * time.Millisecond},
		"and made longer":    {700 * time.Millisecond, 40 * time.Millisecond, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(n int, _ *http.Request) reply {
					if n <= 3 {
						return reply{status: 429, after: []string{"9", "1", "2"}[n-1], takes: takes[n-1]}
					}
					return reply{}
				})
				tr := transport.New(quiet, transport.WithBase(w), transport.WithRetry(retry.Policy{MaxRetryAfter: 9 * time.Second}))
				go atOnce(3, &http.Client{Transport: tr})
				time.Sleep(time.Second)
				want := 9*time.Second + takes[0]
				if until := tr.Stats().PausedUntil.Sub(w.zero); until != want {
					t.Errorf("paused until %v, although a Retry-After asked for 9 s at %v", until, takes[0])
				}
				time.Sleep(10 * time.Second)
				w.sentAt(t, append(times(3, 0), times(3, want)...)...)
			})
		})
	}
}

func TestRetriedCallsGoAheadOfNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []int
		n := 0
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Millisecond) // so that five are on their way
			mu.Lock()
			defer mu.Unlock()
			id, _ := strconv.Atoi(transport.UserFromContext(req.Context())[len("user "):])
			if n++; n <= 5 {
				return answer(req, 429)
			}
			order = append(order, id)
			return answer(req, 200)
		})), transport.WithLimiter(transport.NewLimiter(5, time.Second)))
		ctx := t.Context()
		var wg sync.WaitGroup
		for id := range 20 {
			wg.Go(func() {
				req := request(t, http.MethodGet, nil)
				tr.RoundTrip(req.WithContext(transport.ContextWithUser(ctx, "user "+strconv.Itoa(id))))
			})
			synctest.Wait() // one after the other
		}
		wg.Wait()
		if slices.Max(order[:5]) != 4 {
			t.Errorf("the order was %v; those that had been limited were to go first", order)
		}
	})
}

func TestStatsSayWhatBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(limitedUntil(time.Now().Add(2500*time.Millisecond), nil)),
			quiet, transport.WithLimiter(transport.NewLimiter(10, time.Second)))
		if s := tr.Stats(); s != (transport.Stats{Bottleneck: transport.BottleneckDemand, Mode: transport.ModeOpening, Window: 8, Capacity: 10_000, Limit: 10}) {
			t.Errorf("at rest: %+v, want an idle Transport with a window of 8 that opens", s)
		}
		go atOnce(200, &http.Client{Transport: tr})
		synctest.Wait()
		if s := tr.Stats(); s.Bottleneck != transport.BottleneckWindow || s.RateLimited != 0 || s.Queued != 192 || s.InFlight != 8 || s.Sent != 8 {
			t.Errorf("on the way: %+v, want 8 in flight, 192 queued behind the window", s)
		}
		time.Sleep(21 * time.Millisecond)
		if s := tr.Stats(); s.Bottleneck != transport.BottleneckPause || s.RateLimited != 8 || s.Queued != 200 || s.InFlight != 0 || !s.PausedUntil.After(time.Now()) {
			t.Errorf("in the pause: %+v, want 8 429s, 200 queued, paused", s)
		}
		time.Sleep(14 * time.Second) // before the first probe
		s := tr.Stats()
		if s.Bottleneck != transport.BottleneckLimit || math.Abs(s.Rate-10) > 1.1 || s.Wait == 0 || !s.PausedUntil.IsZero() {
			t.Errorf("in full run: %+v, want 10 a second, bound by the limit", s)
		}
		time.Sleep(time.Minute)
		if s := tr.Stats(); s.Bottleneck != transport.BottleneckDemand || s.Rate != 0 || s.Queued != 0 || s.Wait != 0 {
			t.Errorf("afterwards: %+v, want none queued, no rate and no wait", s)
		}
	})
}

func request(t *testing.T, method string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, recordsURL, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
