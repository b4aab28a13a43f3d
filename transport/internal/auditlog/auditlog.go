// Package auditlog writes the log of a Transport: each 429 with the user and the request
// that caused it, other retries, and long waits. It samples floods of 429s, hides
// secrets, and does not let a slow log delay requests.
//
// Field names are those of OpenTelemetry's HTTP conventions where these have one
// (https://opentelemetry.io/docs/specs/semconv/http/); all others begin with "aprimo.".
package auditlog

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	longWait     = time.Second      // a wait is logged from here on: users notice a second
	lineInterval = 10 * time.Second // between two lines about waits, or refusals: enough to see that it happens here, not at Aprimo

	topNames  = 10 // most frequent users and operations in a summary, as in an alert
	restNames = 20 // users, operations, and pairs of 429s without a line: a summary stays below some 8 KiB
)

// An Entry is what the log says of a call. All text in it is free of secrets.
type Entry struct {
	Time                         time.Time
	User, Method, URL, Operation string
	Attempt                      int // 1 for the first
	Status                       int // the HTTP status, if Err is nil
	Err                          error
	RetryAfter                   string // the header of a 429, or ""
	Again                        bool   // another attempt follows, after Delay
	Delay                        time.Duration
	Waited                       time.Duration // in the local queue
	Queued                       int           // calls in the local queue
	InFlight                     int           // our requests that were sent and not answered
	Pause                        time.Duration // of all calls, from now on
	ServerDelay                  time.Duration
	Rate, Limit                  float64 // requests a second; a Limit of 0 is not known
}

// A Logger writes the log of one Transport. It is safe for concurrent use.
type Logger struct {
	to      zerolog.Logger
	sampler sampler
	writer  asyncWriter

	waits    occasional
	refusals occasional
}

// An occasional is what has a line now and then, with the number of those that had none
// since the line before.
type occasional struct {
	mu         sync.Mutex
	last       time.Time // when there was a line
	suppressed int       // since then
}

// due reports whether there is to be a line now, and how many had none since the last.
func (o *occasional) due(now time.Time) (suppressed int, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.last.IsZero() && now.Sub(o.last) < lineInterval {
		o.suppressed++
		return suppressed, false
	}
	suppressed, o.suppressed, o.last = o.suppressed, 0, now
	return suppressed, true
}

// rest returns how many had no line since the last.
func (o *occasional) rest() (suppressed int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	suppressed, o.suppressed = o.suppressed, 0
	return suppressed
}

// New returns a Logger that writes to the given one. With every429, each 429 has a line
// of its own, even in a flood.
func New(to zerolog.Logger, every429 bool) *Logger {
	l := &Logger{to: to}
	l.sampler = sampler{every: every429, ended: l.intervalEnded, lastLine: map[pair]time.Time{}}
	return l
}

// Throttled logs a 429, or counts it for the next summary.
func (l *Logger) Throttled(ctx context.Context, e Entry) {
	slot := l.writer.reserve(false)
	if !l.sampler.add(e, slot) {
		if slot {
			l.writer.release()
		}
		return
	}
	level, message := zerolog.WarnLevel, "Aprimo answered 429 Too Many Requests; will retry"
	if !e.Again {
		level, message = zerolog.ErrorLevel, "Aprimo answered 429 Too Many Requests; given up"
	}
	var line *zerolog.Event
	defer func() { l.writer.put(line, message) }() // gives the slot back if a Sampler of the program's panics
	line = l.attempt(ctx, level, e).Str("aprimo.operation", e.Operation).Bool("aprimo.rate_limit.will_retry", e.Again)
	if e.RetryAfter != "" {
		line.Str("http.response.header.retry-after", e.RetryAfter)
	}
	if e.Pause > 0 {
		line.Int64("aprimo.rate_limit.pause_ms", e.Pause.Milliseconds())
	}
	line.Int("aprimo.rate_limit.in_flight", e.InFlight).
		Int64("aprimo.rate_limit.server_delay_ms", e.ServerDelay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", tenths(e.Rate))
}

// Failed logs an attempt that failed without a 429 and is retried.
func (l *Logger) Failed(ctx context.Context, e Entry) {
	l.writer.offer(l.attempt(ctx, zerolog.WarnLevel, e), "attempt failed; will retry")
}

// attempt begins a line about an attempt. The line has the call's context for hooks of
// zerolog, which may add a trace_id.
func (l *Logger) attempt(ctx context.Context, level zerolog.Level, e Entry) *zerolog.Event {
	line := call(l.to.WithLevel(level).Ctx(ctx), e).
		Int("http.request.resend_count", e.Attempt-1).
		Int64("aprimo.rate_limit.next_retry_ms", e.Delay.Milliseconds())
	if e.Err != nil {
		return line.Str("error.type", "transport").Str("error.message", e.Err.Error())
	}
	return line.Int("http.response.status_code", e.Status).Str("error.type", strconv.Itoa(e.Status))
}

// call adds what each line about a call has.
func call(line *zerolog.Event, e Entry) *zerolog.Event {
	return line.
		Str("user.name", e.User).
		Str("http.request.method", e.Method).
		Str("url.full", e.URL).
		Int64("aprimo.rate_limit.queue_wait_ms", e.Waited.Milliseconds()).
		Int("aprimo.rate_limit.queued", e.Queued)
}

// Waited logs that a call waited locally for d, if that is long and the last such line is
// not recent. Without it, Aprimo would seem slow. entry is only called for a line.
func (l *Logger) Waited(d time.Duration, entry func() Entry) {
	if d < longWait {
		return
	}
	if suppressed, due := l.waits.due(time.Now()); due {
		l.writer.offer(call(l.to.Info(), entry()).Int("aprimo.rate_limit.suppressed", suppressed),
			"call waited in the local queue, for the rate limit or after a 429")
	}
}

// Refused logs that a call was refused here and not sent, if the last such line is not
// recent. entry is only called for a line.
func (l *Logger) Refused(entry func() Entry) {
	if suppressed, due := l.refusals.due(time.Now()); due {
		e := entry()
		l.writer.offer(call(l.to.Warn(), e).Str("error.message", e.Err.Error()).Int("aprimo.rate_limit.suppressed", suppressed),
			"call rejected locally, not sent to Aprimo")
	}
}

// Peers logs that the other processes that share the rate limit were lost, or found.
// processes counts all that share it, this one included; err says why they were lost.
func (l *Logger) Peers(lost bool, processes int, err error) {
	level, message := zerolog.InfoLevel, "now sharing the rate limit with other processes"
	if lost {
		level, message = zerolog.WarnLevel, "cannot reach the processes that share the rate limit; using only this process's part of it"
	}
	line := l.to.WithLevel(level).Int("aprimo.rate_limit.processes", processes)
	if err != nil {
		line.Str("error.message", err.Error())
	}
	l.writer.offer(line, message)
}

// Store logs that the Store cannot be used.
func (l *Logger) Store(err error) {
	l.writer.offer(l.to.Warn().Str("error.message", SafeError(err).Error()), "cannot use the Store: the latencies of operations are not kept across restarts")
}

// intervalEnded summarizes the sampler's interval, unless its summary has been taken. If too
// many lines are pending it extends the interval: summaries must not pile up while the log hangs.
func (l *Logger) intervalEnded(begun *summary) {
	switch {
	case l.sampler.over(begun):
	case l.writer.reserve(false):
		l.summarize()
	default:
		time.AfterFunc(interval, func() { l.intervalEnded(begun) })
	}
}

// summarize ends the sampler's interval and logs its summary. It has a slot. A Sampler of the
// program's that panics costs the summary: nobody could recover on a timer's goroutine.
func (l *Logger) summarize() {
	var line *zerolog.Event
	defer func() {
		_ = recover()
		l.writer.put(line, "summary of 429s")
	}()
	if s := l.sampler.take(); s != nil && (s.total >= minSummary || s.suppressed > 0) {
		line = l.summaryLine(s)
	}
}

func (l *Logger) summaryLine(s *summary) *zerolog.Event {
	line := l.to.Warn().
		Str("event", "aprimo.429.summary").
		Time("aprimo.429.since", s.since).
		Int("aprimo.429.total", s.total).
		Int("aprimo.429.given_up", s.givenUp).
		Int("aprimo.429.suppressed", s.suppressed).
		Int("aprimo.429.suppressed_given_up", s.suppressedLost)
	rest := func(field string, c *topk.Counter) {
		names, sum := top(c, restNames)
		line.Array(field, names).Int(field+"_other", s.suppressed-sum)
	}
	rest("aprimo.429.rest", &s.restPairs)
	rest("aprimo.429.rest_users", &s.restUsers)
	rest("aprimo.429.rest_operations", &s.restOperations)
	users, _ := top(&s.users, topNames)
	operations, _ := top(&s.operations, topNames)
	line.Array("aprimo.429.users", users).
		Array("aprimo.429.operations", operations).
		Int("aprimo.rate_limit.queued_max", s.maxQueued).
		Int64("aprimo.rate_limit.server_delay_ms", s.last.ServerDelay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", tenths(s.last.Rate))
	if s.last.Limit > 0 { // at a 429 the server's queue is full: what is not ours in it is the others'
		ours := float64(s.atServer) / float64(s.total*serverQueue)
		line.Float64("aprimo.rate_limit.others_rate_min", tenths(s.last.Limit*(1-ours)))
	}
	return line
}

// top returns the n most frequent names, or pairs, and the sum of their counts.
func top(c *topk.Counter, n int) (names *zerolog.Array, sum int) {
	names = zerolog.Arr()
	for _, t := range c.Top(n) {
		name := zerolog.Dict()
		if user, operation, isPair := strings.Cut(t.Name, "\n"); isPair {
			name.Str("user", user).Str("operation", operation)
		} else {
			name.Str("name", t.Name)
		}
		names.Dict(name.Int("count", t.Count).Int("error", t.Error))
		sum += t.Count
	}
	return names, sum
}

// Flush writes the summary of the current interval and returns when all lines are
// written. If ctx ends first, it returns an error that wraps the context's.
func (l *Logger) Flush(ctx context.Context) error {
	if n := l.refusals.rest(); n > 0 {
		l.writer.offer(l.to.Warn().Int("aprimo.rate_limit.suppressed", n), "calls rejected locally, not sent to Aprimo, since the last line about them")
	}
	l.writer.reserve(true)
	l.summarize()
	return l.writer.wait(ctx)
}

// tenths rounds a rate to the precision that it has.
func tenths(x float64) float64 { return math.Round(x*10) / 10 }
