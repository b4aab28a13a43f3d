package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// What is attached must be fresh when the request goes, and on each attempt anew.
func TestPrepareIsCalledWhenTheTurnHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		stamp := func(req *http.Request) (*http.Request, error) {
			req = req.Clone(req.Context())
			req.Header.Set("Authorization", time.Since(begin).Round(time.Second).String())
			return req, nil
		}
		var sent []string
		answer := answers(200, 429, 200)
		tr := transport.New(quiet, transport.WithLimiter(transport.NewLimiter(1, time.Minute)),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				sent = append(sent, req.Header.Get("Authorization"))
				return answer(req)
			})))
		ctx := transport.ContextWithPrepare(t.Context(), stamp)
		for range 2 {
			req, _ := http.NewRequestWithContext(ctx, "POST", recordsURL, strings.NewReader("{}"))
			resp, err := tr.RoundTrip(req)
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("got %v, %v; want status 200", resp, err)
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("the caller's request was changed")
			}
		}
		if got := strings.Join(sent, " "); got != "0s 1m0s 2m1s" {
			t.Errorf("prepared after %v, want 0s, 1m0s and 2m1s", got)
		}
	})
}

// A call that ends while it is made ready for longer than its slot lasts gives that back once.
func TestASlowPrepareOfACallThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := transport.New(quiet, transport.WithBase(calm()))
		err := get(transport.ContextWithPrepare(ctx, func(req *http.Request) (*http.Request, error) {
			time.Sleep(time.Second)
			cancel()
			return req, nil
		}), tr, "ann")
		if s := tr.Stats(); !errors.Is(err, context.Canceled) || s.InFlight != 0 || s.Sent != 0 {
			t.Errorf("got %v, %d in flight, %d sent; want it cancelled, none, none", err, s.InFlight, s.Sent)
		}
	})
}

// Making ready may take long, as the renewal of a token does: then the slot is
// too old, and the limit holds all the same.
func TestASlowPrepareDoesNotBreakTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first sync.Map // of each call
		slow := func(req *http.Request) (*http.Request, error) {
			if _, again := first.LoadOrStore(req, true); !again {
				time.Sleep(990 * time.Millisecond)
			}
			return req, nil
		}
		var mu sync.Mutex
		var sent []time.Time
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
			return answer(req, 200)
		})))
		var all sync.WaitGroup
		for range 45 {
			all.Go(func() {
				req, _ := http.NewRequestWithContext(transport.ContextWithPrepare(t.Context(), slow), "GET", recordsURL, nil)
				if _, err := tr.RoundTrip(req); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := 15; i < len(sent); i++ {
			if d := sent[i].Sub(sent[i-15]); d < time.Second {
				t.Errorf("16 went in %v, want a second or more", d)
			}
		}
		if len(sent) != 45 {
			t.Errorf("%d went, want 45", len(sent))
		}
	})
}

// An error of prepare is the caller's: nothing is sent, nothing repeated.
func TestAnErrorOfPrepareEndsTheCall(t *testing.T) {
	boom := errors.New("no token")
	for _, opts := range [][]transport.Option{nil, {transport.WithDryRun()}} {
		body := &countingBody{Reader: strings.NewReader("{}")}
		calls := 0
		ctx := transport.ContextWithPrepare(t.Context(), func(*http.Request) (*http.Request, error) { calls++; return nil, boom })
		tr := transport.New(append(opts, quiet, transport.WithRetry(retry.Policy{MinDelay: -1}), transport.WithBase(answers(200)))...)
		req, _ := http.NewRequestWithContext(ctx, "PUT", recordsURL, io.Reader(body))
		if resp, err := tr.RoundTrip(req); !errors.Is(err, boom) || resp != nil {
			t.Fatalf("got %v, %v; want the error of prepare", resp, err)
		}
		if s := tr.Stats(); calls != 1 || s.Sent != 0 || s.InFlight != 0 || body.closed.Load() == 0 {
			t.Errorf("prepared %d times, %+v, closed %d times, want once, nothing sent or in flight, and closed", calls, s, body.closed.Load())
		}
	}
}

// A prepare that returns nothing is an error of its own, not a panic.
func TestAPrepareThatReturnsNoRequest(t *testing.T) {
	ctx := transport.ContextWithPrepare(t.Context(), func(*http.Request) (*http.Request, error) { return nil, nil })
	tr := transport.New(quiet, transport.WithBase(answers(200)))
	if err := get(ctx, tr, ""); err == nil || !strings.Contains(err.Error(), "returned no request") {
		t.Errorf("got %v, want an error that says so", err)
	}
	if s := tr.Stats(); s.Sent != 0 || s.InFlight != 0 {
		t.Errorf("sent %d, in flight %d; want 0 of both", s.Sent, s.InFlight)
	}
}

// An error of receive is a failure of the attempt: it has an event, and only a call that may be
// repeated is.
func TestAnErrorOfReceiveIsAFailureOfTheAttempt(t *testing.T) {
	broken := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")} // of what receive called, not of the request
	for method, want := range map[string][]transport.Kind{
		"GET": {transport.Retrying, transport.Done}, "POST": {transport.Done},
	} {
		body, calls := &countingBody{Reader: strings.NewReader("{}")}, 0
		ctx := transport.ContextWithReceive(t.Context(), func(resp *http.Response) error {
			if calls++; calls == 1 {
				resp.Body = body
				return broken
			}
			return nil
		})
		var seen recorder
		tr := transport.New(quiet, transport.WithRetry(retry.Policy{MinDelay: -1}), transport.WithBase(answers(200)), transport.WithObserver(seen.observe))
		resp, err := tr.RoundTrip(request(t, method, nil).WithContext(ctx))
		if retried := method == "GET"; retried != (err == nil && resp.StatusCode == 200) || !retried && !errors.Is(err, broken) {
			t.Errorf("%s: got %v, %v; want it repeated: %v", method, resp, err, retried)
		}
		if got := seen.kinds(); !slices.Equal(got, want) || !errors.Is(seen.events[0].Err, broken) || body.closed.Load() == 0 {
			t.Errorf("%s: got events %v, the body closed %d times; want %v with the error, and the body closed", method, seen.events, body.closed.Load(), want)
		}
	}
}

// All that a context holds is kept together, in whatever order it was set.
func TestContextKeepsWhatItWasTold(t *testing.T) {
	ctx := transport.ContextWithUser(t.Context(), "anna")
	ctx = transport.ContextWithPriority(ctx, transport.Batch)
	ctx = transport.ContextWithPrepare(ctx, func(req *http.Request) (*http.Request, error) { return req, nil })
	other := transport.ContextWithUser(ctx, "bo")
	if transport.UserFromContext(ctx) != "anna" || transport.UserFromContext(other) != "bo" ||
		transport.PriorityFromContext(other) != transport.Batch {
		t.Error("something was lost")
	}
}
