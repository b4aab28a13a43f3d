package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// kinds returns the kinds of the events, in order.
func (r *recorder) kinds() (list []transport.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		list = append(list, e.Kind)
	}
	return list
}

// Each path of a call, with its events: Done comes once and last.
func TestEventsOfEveryPath(t *testing.T) {
	boom := errors.New("boom")
	const (
		done, limited, retrying = transport.Done, transport.RateLimited, transport.Retrying
		paused, refused         = transport.Paused, transport.Refused
	)
	always := func(r reply) func(int, *http.Request) reply { return func(int, *http.Request) reply { return r } }
	for name, test := range map[string]struct {
		reply    func(n int, req *http.Request) reply
		options  []transport.Option
		method   string
		prepare  func(*transport.Transport)
		patience time.Duration // 0: for ever
		cancel   time.Duration // 0: never
		status   int           // of Done
		err      error
		attempt  int
		want     []transport.Kind
	}{
		"success": {status: 200, attempt: 1, want: []transport.Kind{done}},
		"a failure that is the caller's": {
			reply: always(reply{status: 404}), status: 404, attempt: 1, want: []transport.Kind{done},
		},
		"429, given up": {
			reply: always(reply{status: 429}), options: []transport.Option{transport.WithRetry(retry.Policy{Throttled: -1})},
			status: 429, attempt: 1, want: []transport.Kind{limited, paused, done},
		},
		"429, then served": {
			reply:  func(n int, _ *http.Request) reply { return reply{status: []int{429, 200}[min(n-1, 1)]} },
			status: 200, attempt: 2, want: []transport.Kind{limited, paused, done},
		},
		"429 twice": {
			reply:  func(n int, _ *http.Request) reply { return reply{status: []int{429, 429, 200}[min(n-1, 2)]} },
			status: 200, attempt: 3, want: []transport.Kind{limited, paused, limited, paused, done},
		},
		"503, then served": {
			reply:  func(n int, _ *http.Request) reply { return reply{status: []int{503, 200}[min(n-1, 1)]} },
			status: 200, attempt: 2, want: []transport.Kind{retrying, done},
		},
		"503 for ever": {
			reply: always(reply{status: 503}), status: 503, attempt: 4,
			want: []transport.Kind{retrying, retrying, retrying, done},
		},
		"503 of a POST": {reply: always(reply{status: 503}), method: "POST", status: 503, attempt: 1, want: []transport.Kind{done}},
		"an error":      {reply: always(reply{err: boom}), method: "POST", err: boom, attempt: 1, want: []transport.Kind{done}},
		"an error, then served": {
			reply:  func(n int, _ *http.Request) reply { return []reply{{err: boom}, {}}[min(n-1, 1)] },
			status: 200, attempt: 2, want: []transport.Kind{retrying, done},
		},
		"cancelled in flight": {
			reply: always(reply{takes: time.Second}), cancel: 500 * ms, err: context.Canceled, attempt: 1, want: []transport.Kind{done},
		},
		"cancelled in the queue": {
			options: []transport.Option{transport.WithLimiter(blocked{})}, cancel: 500 * ms, err: context.Canceled, want: []transport.Kind{done},
		},
		"cancelled in the pause": {
			reply: always(reply{status: 429}), cancel: 500 * ms, err: context.Canceled, attempt: 1,
			want: []transport.Kind{limited, paused, done},
		},
		"cancelled before the repetition": {
			reply: always(reply{status: 503}), cancel: 500 * ms, err: context.Canceled, attempt: 1, want: []transport.Kind{retrying, done},
		},
		"refused: queue full": {
			options: []transport.Option{transport.WithMaxQueue(-1), transport.WithLimiter(transport.NewLimiter(1, time.Second))},
			prepare: func(tr *transport.Transport) { get(context.Background(), tr, "") },
			err:     transport.ErrQueueFull, want: []transport.Kind{refused, done},
		},
		"refused: deadline": {
			options:  []transport.Option{transport.WithLimiter(transport.NewLimiter(1, time.Second))},
			prepare:  func(tr *transport.Transport) { get(context.Background(), tr, "") },
			patience: 500 * ms, err: context.DeadlineExceeded, want: []transport.Kind{refused, done},
		},
		"refused: the deadline passes in the queue": {
			options:  []transport.Option{transport.WithLimiter(blocked{})},
			patience: 500 * ms, err: context.DeadlineExceeded, want: []transport.Kind{refused, done},
		},
		"refused: limiter": {options: []transport.Option{transport.WithLimiter(failing{boom})}, err: boom, want: []transport.Kind{refused, done}},
		"refused: shut down": {
			prepare: func(tr *transport.Transport) { tr.Shutdown(context.Background()) },
			err:     transport.ErrShutdown, want: []transport.Kind{refused, done},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen recorder
				if test.reply == nil {
					test.reply = always(reply{})
				}
				w := newWire(test.reply)
				tr := transport.New(append(test.options, transport.WithBase(w), quiet, transport.WithWindow(-1),
					transport.WithObserver(seen.observe))...)
				if test.prepare != nil {
					test.prepare(tr)
					seen.events = nil
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.patience > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.patience)
					defer cancel()
				}
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				if test.method == "" {
					test.method = "GET"
				}
				resp, err := tr.RoundTrip(request(t, test.method, nil).WithContext(ctx))
				if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || resp != nil && resp.StatusCode != test.status {
					t.Fatalf("got %v, %v; want status %d, error %v", resp, err, test.status, test.err)
				}
				if got := seen.kinds(); !slices.Equal(got, test.want) {
					t.Fatalf("events %v, want %v", got, test.want)
				}
				last := seen.events[len(seen.events)-1]
				if last.Status != test.status || !errors.Is(last.Err, test.err) || last.Attempt != test.attempt {
					t.Errorf("done: %+v; want status %d, attempt %d, error %v", last, test.status, test.attempt, test.err)
				}
				for _, e := range seen.of(refused) {
					if !errors.Is(e.Err, test.err) || e.Status != 0 || e.Attempt != 0 {
						t.Errorf("refused: %+v, want the reason, with no status and no attempt", e)
					}
				}
			})
		})
	}
}

// A pause has an event with its length, also if the call that caused it gives up;
// one that is made longer has no further event.
func TestPausedSaysForHowLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		tr, _ := paused(t, transport.WithObserver(seen.observe))
		limited, began := seen.of(transport.RateLimited), seen.of(transport.Paused)
		if len(limited) != 1 || limited[0].Delay != 0 || len(began) != 1 || began[0].Delay != 2*time.Second {
			t.Errorf("%+v\n%+v; want one pause of 2 s, and no further attempt", limited, began)
		}
		if s := tr.Stats(); began[0].Delay != time.Until(s.PausedUntil) {
			t.Errorf("%+v, want the pause of the event", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		w := newWire(func(n int, _ *http.Request) reply {
			if n <= 2 {
				return reply{status: 429, after: fmt.Sprint(n), takes: time.Duration(n) * 100 * ms}
			}
			return reply{}
		})
		tr := probeTransport(w, transport.WithObserver(seen.observe))
		atOnce(2, &http.Client{Transport: tr})
		if limited := seen.of(transport.RateLimited); len(limited) != 2 || limited[1].Delay != 2*time.Second {
			t.Errorf("%+v, want two, the second with 2 s", limited)
		}
		if began := seen.of(transport.Paused); len(began) != 1 || began[0].Delay != seen.of(transport.RateLimited)[0].Delay || began[0].Delay >= 2*time.Second {
			t.Errorf("%+v; want the first one alone", began)
		}
		w.sentAt(t, 0, 0, 2200*ms, 2200*ms)
	})
}

// A policy without delays repeats at once: a Delay of zero does not say that the call
// is given up. Again does.
func TestAgainSaysThatAnAttemptFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		var log strings.Builder
		w := newWire(func(n int, _ *http.Request) reply { return reply{status: []int{429, 503, 429, 429}[n-1]} })
		tr := transport.New(transport.WithBase(w), transport.WithObserver(seen.observe), transport.WithLogger(zerolog.New(&log)),
			transport.WithRetry(retry.Policy{Throttled: 2, MinDelay: -1, MaxDelay: -1}))
		if resp, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err != nil || resp.StatusCode != 429 {
			t.Fatalf("got %v, %v; want the last 429", resp, err)
		}
		var again []bool
		for _, e := range seen.events {
			if e.Kind == transport.RateLimited || e.Kind == transport.Retrying {
				again = append(again, e.Again)
			} else if e.Again {
				t.Errorf("%v says that another attempt follows, want that none does", e.Kind)
			}
			if e.Kind == transport.Paused {
				t.Error("a pause begins, want none without a delay")
			}
			if e.Delay != 0 {
				t.Errorf("%v has a delay of %v, want none", e.Kind, e.Delay)
			}
		}
		if want := []bool{true, true, true, false}; !slices.Equal(again, want) {
			t.Errorf("attempts say Again %v, want %v", again, want)
		}
		if n := strings.Count(log.String(), "given up"); n != 1 {
			t.Errorf("%d lines say that the call is given up, want 1:\n%s", n, &log)
		}
	})
}

// A secret may be deep in an error: a URL with a SAS signature in an error of a
// proxy in an error of a connection.
func TestSecretsInNestedErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("connection reset")
		inner := &url.Error{Op: "Put", URL: "https://u:secret@blob/x?sv=1&sig=secret", Err: boom}
		failure := fmt.Errorf("proxy: %w", errors.Join(errors.New("dial"), &url.Error{Op: "Get", URL: "https://host/?token=secret", Err: inner}))
		var log strings.Builder
		var seen recorder
		tr := transport.New(transport.WithLogger(zerolog.New(&log)), transport.WithObserver(seen.observe),
			transport.WithBase(newWire(func(int, *http.Request) reply { return reply{err: failure} })))
		if _, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err != failure {
			t.Errorf("error %v, want the base's own", err)
		}
		for _, e := range seen.events {
			if text := fmt.Sprintf("%v %+v", e.Err, e); strings.Contains(text, "secret") {
				t.Errorf("%v: %s, want no secret", e.Kind, text)
			}
			if !errors.Is(e.Err, boom) || !strings.Contains(e.Err.Error(), "proxy: dial") {
				t.Errorf("%v: %v is not the error any more, want it, after proxy: dial", e.Kind, e.Err)
			}
		}
		if len(seen.events) != 4 || strings.Contains(log.String(), "secret") || strings.Count(log.String(), "REDACTED@blob") != 3 {
			t.Error(log.String())
		}
	})
}
