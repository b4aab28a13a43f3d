package auditlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

type fields = map[string]any

// A safeLog may be read while lines are written.
type safeLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *safeLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// take returns what was written since the last call.
func (l *safeLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// linesOf returns the lines that do adds to a log. It works in a bubble only.
func linesOf(t *testing.T, log *safeLog, do func()) (lines []fields) {
	t.Helper()
	synctest.Wait()
	log.take()
	do()
	synctest.Wait()
	for text := range strings.Lines(log.take()) {
		var line fields
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

func want(t *testing.T, what string, got []fields, want ...fields) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: got other lines than wanted (-want +got):\n%s", what, diff)
	}
}

// callOfAnna returns what each line about a call of anna's has, and more.
func callOfAnna(more fields) fields {
	line := fields{
		"user.name": "anna", "http.request.method": "GET", "url.full": "https://h/p",
		"aprimo.rate_limit.queue_wait_ms": 1500.0, "aprimo.rate_limit.queued": 3.0,
	}
	for name, value := range more {
		line[name] = value
	}
	return line
}

// What is known of an attempt is in its line; what is not, has no field.
func TestTheLineOfAnAttempt(t *testing.T) {
	const second = 1500 * time.Millisecond
	anna := Entry{User: "anna", Method: "GET", URL: "https://h/p", Operation: "GET /p", Attempt: 3, Status: 429, Waited: second, Queued: 3}
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), true)
		e := anna
		e.Again, e.Delay, e.RetryAfter, e.Pause = true, 2*second, "7", time.Millisecond
		e.InFlight, e.ServerDelay, e.Rate = 4, time.Second, 14.06
		want(t, "a 429", linesOf(t, &log, func() { l.Throttled(t.Context(), e) }), callOfAnna(fields{
			"level": "warn", "message": "Aprimo answered 429 Too Many Requests; will retry",
			"http.request.resend_count": 2.0, "http.response.status_code": 429.0, "error.type": "429",
			"aprimo.operation": "GET /p", "aprimo.rate_limit.will_retry": true, "aprimo.rate_limit.next_retry_ms": 3000.0,
			"http.response.header.retry-after": "7", "aprimo.rate_limit.pause_ms": 1.0,
			"aprimo.rate_limit.in_flight": 4.0, "aprimo.rate_limit.server_delay_ms": 1000.0, "aprimo.rate_limit.rate": 14.1,
		}))
		want(t, "a 429 that is given up", linesOf(t, &log, func() { l.Throttled(t.Context(), anna) }), callOfAnna(fields{
			"level": "error", "message": "Aprimo answered 429 Too Many Requests; given up",
			"http.request.resend_count": 2.0, "http.response.status_code": 429.0, "error.type": "429",
			"aprimo.operation": "GET /p", "aprimo.rate_limit.will_retry": false, "aprimo.rate_limit.next_retry_ms": 0.0,
			"aprimo.rate_limit.in_flight": 0.0, "aprimo.rate_limit.server_delay_ms": 0.0, "aprimo.rate_limit.rate": 0.0,
		}))
		e = anna
		e.Status, e.Delay = 503, second
		want(t, "a 503", linesOf(t, &log, func() { l.Failed(t.Context(), e) }), callOfAnna(fields{
			"level": "warn", "message": "attempt failed; will retry",
			"http.request.resend_count": 2.0, "http.response.status_code": 503.0, "error.type": "503", "aprimo.rate_limit.next_retry_ms": 1500.0,
		}))
		e.Err = errors.New("connection reset")
		want(t, "an error", linesOf(t, &log, func() { l.Failed(t.Context(), e) }), callOfAnna(fields{
			"level": "warn", "message": "attempt failed; will retry",
			"http.request.resend_count": 2.0, "error.type": "transport", "error.message": "connection reset", "aprimo.rate_limit.next_retry_ms": 1500.0,
		}))
	})
}

// Long waits and refusals have a line each 10 seconds, which counts those without one.
func TestWhatHasALineNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), false)
		entry := func() Entry {
			return Entry{User: "anna", Method: "GET", URL: "https://h/p", Waited: 1500 * time.Millisecond, Queued: 3, Err: errors.New("queue full")}
		}
		check := func(what string, do func(), level, message string, more fields) {
			t.Helper()
			line := func(suppressed float64) fields {
				f := callOfAnna(more)
				f["level"], f["message"], f["aprimo.rate_limit.suppressed"] = level, message, suppressed
				return f
			}
			want(t, what+": the first", linesOf(t, &log, do), line(0))
			time.Sleep(10*time.Second - 1)
			want(t, what+": before 10 s", linesOf(t, &log, func() { do(); do() }))
			time.Sleep(time.Nanosecond)
			want(t, what+": after 10 s", linesOf(t, &log, do), line(2))
			time.Sleep(10 * time.Second)
			want(t, what+": after 10 s without any", linesOf(t, &log, do), line(0))
		}
		want(t, "short waits", linesOf(t, &log, func() { l.Waited(time.Second-1, func() Entry { panic("not called") }) }))
		check("waits", func() { l.Waited(time.Second, entry) }, "info", "call waited in the local queue, for the rate limit or after a 429", nil)
		check("refusals", func() { l.Refused(entry) }, "warn", "call rejected locally, not sent to Aprimo", fields{"error.message": "queue full"})

		flush := func() {
			if err := l.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		want(t, "nothing was refused since", linesOf(t, &log, flush))
		want(t, "the last refusal", linesOf(t, &log, func() { l.Refused(entry); flush() }), fields{
			"level": "warn", "message": "calls rejected locally, not sent to Aprimo, since the last line about them", "aprimo.rate_limit.suppressed": 1.0,
		})
		want(t, "it was told", linesOf(t, &log, flush))
	})
}

func TestTheLineAboutPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), false)
		want(t, "lost", linesOf(t, &log, func() { l.Peers(true, 3, errors.New("no route")) }), fields{
			"level": "warn", "message": "cannot reach the processes that share the rate limit; using only this process's part of it",
			"aprimo.rate_limit.processes": 3.0, "error.message": "no route",
		})
		want(t, "found", linesOf(t, &log, func() { l.Peers(false, 4, nil) }), fields{
			"level": "info", "message": "now sharing the rate limit with other processes", "aprimo.rate_limit.processes": 4.0,
		})
	})
}

// A summary has the ten most frequent names, of the 429s without a line the twenty most frequent,
// and the number of the others, so that its figures add up.
func TestTheSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), false)
		since := time.Now()
		hang := slowFor(l) // no 429 has a line
		for user := range 25 {
			for range 25 - user {
				time.Sleep(time.Millisecond)
				l.Throttled(t.Context(), Entry{
					Time: time.Now(), User: fmt.Sprint("u", user), Operation: fmt.Sprint("o", user), Again: user > 0, Queued: user,
					InFlight: 20, ServerDelay: 3 * time.Second, Rate: 12.34, Limit: 15,
				})
			}
		}
		hang()
		count := func(n int, name func(i int) fields) (list []any) {
			for i := range n {
				f := name(i)
				f["count"], f["error"] = float64(25-i), 0.0
				list = append(list, f)
			}
			return list
		}
		user := func(i int) fields { return fields{"name": fmt.Sprint("u", i)} }
		operation := func(i int) fields { return fields{"name": fmt.Sprint("o", i)} }
		pair := func(i int) fields { return fields{"user": fmt.Sprint("u", i), "operation": fmt.Sprint("o", i)} }
		summary := linesOf(t, &log, func() { time.Sleep(2 * time.Minute) })
		want(t, "a summary", summary, fields{
			"level": "warn", "message": "summary of 429s", "event": "aprimo.429.summary",
			"aprimo.429.since": since.Add(time.Millisecond).Format(time.RFC3339),
			"aprimo.429.total": 325.0, "aprimo.429.given_up": 25.0, "aprimo.429.suppressed": 325.0, "aprimo.429.suppressed_given_up": 25.0,
			"aprimo.429.rest": count(20, pair), "aprimo.429.rest_other": 15.0,
			"aprimo.429.rest_users": count(20, user), "aprimo.429.rest_users_other": 15.0,
			"aprimo.429.rest_operations": count(20, operation), "aprimo.429.rest_operations_other": 15.0,
			"aprimo.429.users": count(10, user), "aprimo.429.operations": count(10, operation),
			"aprimo.rate_limit.queued_max": 24.0, "aprimo.rate_limit.server_delay_ms": 3000.0, "aprimo.rate_limit.rate": 12.3,
			"aprimo.rate_limit.others_rate_min": 12.0, // 20 of the 100 that wait are ours
		})
	})
}

// slowFor makes the log of a Logger seem so slow that no line has a slot, until the function that
// it returns is called.
func slowFor(l *Logger) (end func()) {
	set := func(slow bool, pending int) {
		l.writer.mu.Lock()
		defer l.writer.mu.Unlock()
		l.writer.slow, l.writer.pending = slow, pending
	}
	set(true, maxPending)
	return func() { set(false, 0) }
}

// There is a summary if a 429 has no line, or from 20 on. The rate of the others is unknown
// without a limit.
func TestWhenThereIsASummary(t *testing.T) {
	for _, test := range []struct {
		n     int
		full  bool // no line has a slot
		limit float64
		want  bool
	}{
		{n: 0, want: false},
		{n: 19, want: false},
		{n: 20, want: true},
		{n: 20, limit: 0.5, want: true},
		{n: 1, full: true, want: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log safeLog
			l := New(zerolog.New(&log), false)
			end := func() {}
			if test.full {
				end = slowFor(l)
			}
			for range test.n {
				l.Throttled(t.Context(), Entry{Time: time.Now(), Limit: test.limit})
			}
			end()
			time.Sleep(time.Minute - 1)
			want(t, fmt.Sprintf("%+v within a minute", test), linesOf(t, &log, func() {}))
			lines := linesOf(t, &log, func() { time.Sleep(time.Nanosecond) })
			if len(lines) == 1 != test.want || len(lines) > 1 {
				t.Fatalf("%+v: got %v, want a summary: %v", test, lines, test.want)
			}
			for _, line := range lines {
				if rate, ok := line["aprimo.rate_limit.others_rate_min"]; ok != (test.limit > 0) || ok && rate != test.limit {
					t.Errorf("%+v: got %v as the rate of the others, want it if there is a limit", test, rate)
				}
			}
		})
	}
}

// While too many lines are pending, the interval goes on until there is a slot: one summary tells
// of all. A summary that Flush took is not repeated when its minute is over.
func TestTheIntervalOfASummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), false)
		throttle := func() { l.Throttled(t.Context(), Entry{Time: time.Now()}) }
		totals := func(what string, got []fields, wanted ...float64) {
			t.Helper()
			var list []float64
			for _, line := range got {
				if line["event"] == "aprimo.429.summary" {
					list = append(list, line["aprimo.429.total"].(float64))
				}
			}
			if diff := cmp.Diff(wanted, list); diff != "" {
				t.Errorf("%s: got other totals than wanted (-want +got):\n%s", what, diff)
			}
		}
		end := slowFor(l)
		throttle()
		totals("three minutes that hang", linesOf(t, &log, func() { time.Sleep(3*time.Minute + time.Second); throttle() }))
		end()
		totals("the fourth", linesOf(t, &log, func() { time.Sleep(time.Minute) }), 2)
		totals("later", linesOf(t, &log, func() { time.Sleep(10 * time.Minute) }))

		end = slowFor(l)
		throttle()
		end()
		time.Sleep(30 * time.Second)
		totals("a flush", linesOf(t, &log, func() {
			if err := l.Flush(context.Background()); err != nil {
				t.Error(err)
			}
		}), 1)
		end = slowFor(l)
		throttle()
		end()
		totals("the minute of what was flushed", linesOf(t, &log, func() { time.Sleep(59 * time.Second) }))
		totals("the next minute", linesOf(t, &log, func() { time.Sleep(time.Second) }), 1)
	})
}

// A 429 that has no line gives its slot back, and one that had no slot gives none back.
func TestA429WithoutALineKeepsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		l := New(zerolog.New(&log), false)
		for range 100 {
			l.Throttled(t.Context(), Entry{Time: time.Now(), Again: true})
		}
		synctest.Wait()
		if l.writer.pending != 0 {
			t.Errorf("got %d lines pending, want none", l.writer.pending)
		}
		end := slowFor(l)
		l.Throttled(t.Context(), Entry{Time: time.Now(), Again: true})
		if l.writer.pending != maxPending {
			t.Errorf("got %d lines pending, want %d as before", l.writer.pending, maxPending)
		}
		end()
	})
}
