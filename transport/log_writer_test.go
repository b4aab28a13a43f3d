package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A slowWriter takes so long for each line, or hangs until it is let go.
type slowWriter struct {
	takes time.Duration
	hangs chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

func (w *slowWriter) Write(line []byte) (int, error) {
	if w.hangs != nil {
		<-w.hangs
	}
	time.Sleep(w.takes)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *slowWriter) lines(t *testing.T) []map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	return logLines(t, &w.log)
}

// However slow the log's writer is: one request waits a moment for it, no other is
// delayed by more than a millisecond, memory is bounded, and what was written and what was not add up.
func TestASlowLogDelaysNobody(t *testing.T) {
	for name, w := range map[string]*slowWriter{
		"slow":  {takes: 100 * time.Millisecond},
		"hangs": {hangs: make(chan struct{})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if w.hangs != nil {
					w.hangs = make(chan struct{})
				}
				tr := limited(nil, transport.WithLogger(zerolog.New(w)))
				const total = 5000
				waited := 0
				for i := range total {
					began := time.Now()
					req := request(t, http.MethodGet, nil)
					resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(i))))
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
					if took := time.Since(began); took > time.Millisecond {
						if waited++; waited > 1 || took > 100*time.Millisecond {
							t.Fatalf("got %v for request %d, the %d that waited; want 1 to wait, for at most 100ms", took, i, waited)
						}
					}
					time.Sleep(time.Duration(i%3) * 20 * time.Millisecond)
				}
				if w.hangs != nil {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if err := tr.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "unwritten") {
						t.Errorf("got %v from a shutdown while the log hangs, want an error that says how many lines are unwritten", err)
					}
					close(w.hangs)
				}
				if err := tr.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				if written, summed := tellsOf(t, w.lines(t)); written+summed != total {
					t.Errorf("got %d lines and %d in summaries, want %d in all", written, summed, total)
				}
			})
		})
	}
}

// However long a line takes, and however many requests come at once: those that are
// delayed go on a tenth of a second after the first of them at the latest.
func TestASlowLogIsWaitedForOnce(t *testing.T) {
	for _, takes := range []time.Duration{2 * time.Millisecond, 30 * time.Millisecond, time.Second} {
		for _, apart := range []time.Duration{0, time.Millisecond, 40 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				tr := limited(nil, transport.WithLogger(zerolog.New(&slowWriter{takes: takes})))
				began := time.Now()
				var all sync.WaitGroup
				for i := range 200 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * apart)
						came := time.Now()
						req := request(t, http.MethodGet, nil)
						resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(i))))
						if err != nil {
							t.Error(err)
							return
						}
						resp.Body.Close()
						if time.Since(came) > time.Millisecond && time.Since(began) > 100*time.Millisecond {
							t.Errorf("%v for a line, %v apart: got %v for request %d, want no delay after 100ms", takes, apart, time.Since(came), i)
						}
					})
				}
				all.Wait()
				if err := tr.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A log that hangs for a night of floods needs no more memory than one that hangs for
// some minutes, and in the end tells of all.
func TestALogThatHangsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{hangs: make(chan struct{})}
		tr := limited(nil, transport.WithLogger(zerolog.New(w)))
		const minutes, each = 8 * 60, 30
		for m := range minutes {
			for i := range each {
				req := request(t, http.MethodGet, nil)
				resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(m%7, i))))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			time.Sleep(time.Minute)
		}
		close(w.hangs)
		time.Sleep(2 * time.Minute) // without a 429
		lines := w.lines(t)
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if written, summed := tellsOf(t, lines); written+summed != minutes*each || len(lines) > 260 {
			t.Errorf("got %d lines for %d + %d 429s, want at most 260 for %d", len(lines), written, summed, minutes*each)
		}
	})
}

// What is not written takes no place from what is written later, and a writer that has
// been fast is waited for.
func TestLinesThatAreNotWrittenTakeNoPlace(t *testing.T) {
	for name, all := range map[string]bool{"suppressed": true, "sampled by the logger": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, on := &slowWriter{}, sampler(all)
				tr := limited(nil, transport.WithLogger(zerolog.New(w).Sample(&on), transport.LogEvery429))
				if all {
					tr = limited(nil, transport.WithLogger(zerolog.New(w)))
				}
				call := func(user string) {
					req := request(t, http.MethodGet, nil)
					resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), user)))
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
				}
				for range 1000 {
					call("first")
				}
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				on = true
				w.takes = 90 * time.Millisecond
				for i := range 30 {
					call(fmt.Sprint("later ", i))
					if i == 0 && !strings.Contains(w.log.String(), "later 0") {
						t.Error("got no line yet, want it written")
					}
				}
				if err := tr.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				later := 0
				for _, l := range w.lines(t) {
					if user, _ := l["user.name"].(string); strings.HasPrefix(user, "later") {
						later++
					}
				}
				if later != 30 {
					t.Errorf("got %d lines, want 30", later)
				}
			})
		})
	}
}

type sampler bool

func (s *sampler) Sample(zerolog.Level) bool { return bool(*s) }

// Lines that are not counted elsewhere say how many of them were dropped.
func TestDroppedLinesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{hangs: make(chan struct{})}
		n := 0
		tr := transport.New(transport.WithLogger(zerolog.New(w)), transport.WithLimiter(transport.NewLimiter(1_000_000, time.Second)),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				if n++; n%2 == 1 {
					return answer(req, 503)
				}
				return answer(req, 200)
			})))
		for range 1000 {
			resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		close(w.hangs)
		resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines, dropped := w.lines(t), 0
		for _, l := range lines {
			if d, ok := l["aprimo.log.dropped"].(float64); ok {
				dropped += int(d)
			}
		}
		if dropped == 0 || len(lines) > 300 || len(lines)+dropped != 1001 {
			t.Errorf("got %d lines and %d dropped, want at most 300, and 1001 together", len(lines), dropped)
		}
	})
}

// A log that panics, or ends its goroutine, is the log's trouble alone: further lines
// are written.
func TestALogThatDoesNotReturnEndsNothing(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				tr := limited(nil, transport.WithLogger(zerolog.New(&careless{end: end, log: &log})))
				for range 3 {
					resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := tr.Shutdown(ctx); err != nil {
					t.Error(err)
				}
				if n := len(logLines(t, &log)); n != 2 {
					t.Errorf("got %d lines, want 2, those after the first", n)
				}
			})
		})
	}
}

// A careless writer ends as it likes the first time.
type careless struct {
	end func()
	log *bytes.Buffer
}

func (c *careless) Write(line []byte) (int, error) {
	if end := c.end; end != nil {
		c.end = nil
		end()
	}
	return c.log.Write(line)
}

// In a flood of many users the first 429 of each has its line, and so has the first of
// each operation.
func TestTheFirstOfEachNameHasALine(t *testing.T) {
	for _, n := range []struct{ users, operations int }{{1, 1}, {5, 20}, {30, 4}, {120, 1}, {20, 100}, {140, 3}} {
		if testing.Short() && n.users != 30 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			tr := limited(&log)
			for i := range 10_000 {
				req := request(t, http.MethodGet, nil)
				user := i % n.users * (i % 11 % 2) // not in order: some come late
				req.URL.Path = fmt.Sprintf("/api/core/thing%c%c", 'a'+i%n.operations%26, 'a'+i%n.operations/26)
				resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(user))))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				time.Sleep(time.Millisecond)
			}
			_ = tr.Shutdown(t.Context())
			users, operations := map[any]bool{}, map[any]bool{}
			lines := logLines(t, &log)
			for _, l := range lines {
				if l["event"] == nil {
					users[l["user.name"]], operations[l["aprimo.operation"]] = true, true
				}
			}
			if len(users) != n.users || len(operations) != n.operations || len(lines) > 200 {
				t.Errorf("got %d lines for %d users and %d operations, want at most 200 for %+v", len(lines), len(users), len(operations), n)
			}
		})
	}
}
