package transport

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// A logger writes what an operator needs to know. Field names are those of
// OpenTelemetry's HTTP conventions where it has one
// (https://opentelemetry.io/docs/specs/semconv/http/); the others begin with
// "aprimo.".
type logger struct {
	zerolog.Logger

	mu         sync.Mutex
	lastWait   time.Time // when a long wait was last written down
	suppressed int       // long waits that were not, since

	flood  flood
	scribe scribe
}

func newLogger(l zerolog.Logger, all bool) *logger {
	log := &logger{Logger: l}
	log.flood.all, log.flood.busy = all, log.scribe.busy
	return log
}

const (
	longWait     = time.Second      // a wait in our queue that somebody may wonder about
	waitInterval = 10 * time.Second // between two lines about it
)

// rateLimited writes the line that Aprimo asks its customers for: each 429 with
// the user and the request that caused it. In a flood it leaves some to a summary.
func (l *logger) rateLimited(ctx context.Context, retryAfter string, e Event, stats func() Stats) {
	operation := Operation(e.Method, e.URL)
	place := l.scribe.reserve()
	if !l.flood.add(e, operation, !e.Again, place) {
		if place {
			l.scribe.release()
		}
		return
	}
	level, message := zerolog.WarnLevel, "Aprimo answered 429: too many requests; will try again"
	if !e.Again {
		level, message = zerolog.ErrorLevel, "Aprimo answered 429: too many requests; given up"
	}
	now := stats()
	line := l.attempt(ctx, level, e).Str("aprimo.operation", operation).Bool("aprimo.rate_limit.will_retry", e.Again)
	if retryAfter != "" {
		line.Str("http.response.header.retry-after", printable(retryAfter))
	}
	if !now.PausedUntil.IsZero() {
		line.Int64("aprimo.rate_limit.pause_ms", time.Until(now.PausedUntil).Milliseconds())
	}
	l.scribe.put(line.
		Int("aprimo.rate_limit.in_flight", now.InFlight).
		Int64("aprimo.rate_limit.server_delay_ms", now.ServerDelay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", tenths(now.Rate)), message)
}

// send writes a line, unless very many wait to be written.
func (l *logger) send(message string, line *zerolog.Event) {
	if !l.scribe.reserve() {
		l.scribe.drop()
		return
	}
	l.scribe.put(line, message)
}

// retrying writes down an attempt that failed in another way and is repeated.
func (l *logger) retrying(ctx context.Context, e Event) {
	l.send("attempt failed; will try again", l.attempt(ctx, zerolog.WarnLevel, e))
}

// tenths are as exact as a rate is.
func tenths(x float64) float64 { return math.Round(x*10) / 10 }

// attempt begins a line. The call's context is for hooks of zerolog's, which may add a
// trace_id for example.
func (l *logger) attempt(ctx context.Context, level zerolog.Level, e Event) *zerolog.Event {
	line := l.WithLevel(level).Ctx(ctx).
		Str("user.name", e.User).
		Str("http.request.method", e.Method).
		Str("url.full", e.URL).
		Int("http.request.resend_count", e.Attempt-1).
		Int64("aprimo.rate_limit.queue_wait_ms", e.Waited.Milliseconds()).
		Int64("aprimo.rate_limit.next_retry_ms", e.Delay.Milliseconds()).
		Int("aprimo.rate_limit.queued", e.Queued)
	if e.Err != nil {
		return line.Str("error.type", "transport").Str("error.message", e.Err.Error())
	}
	return line.Int("http.response.status_code", e.Status).Str("error.type", strconv.Itoa(e.Status))
}

// waited writes down that calls wait here, not at Aprimo: else it looks as if
// Aprimo were slow. One line in ten seconds is enough to know it.
func (l *logger) waited(c *call) {
	if c.lastWait < longWait {
		return
	}
	suppressed, ok := l.due(time.Now())
	if !ok {
		return
	}
	l.send("waited here for its turn: for the limit, or after a 429", l.Info().
		Str("user.name", c.user()).
		Str("http.request.method", c.req.Method).
		Str("url.full", safeURL(c.req.URL)).
		Int64("aprimo.rate_limit.queue_wait_ms", c.lastWait.Milliseconds()).
		Int("aprimo.rate_limit.queued", c.snapshot.queued).
		Int("aprimo.rate_limit.suppressed", suppressed))
}

// shared writes down that the processes that share the limit were lost, or found.
func (l *logger) shared(e Event) {
	level, message := zerolog.InfoLevel, "shares the rate limit with other processes"
	if e.Kind == PeersLost {
		level, message = zerolog.WarnLevel, "cannot reach those who share the rate limit; keeps to its part of it"
	}
	line := l.WithLevel(level).Int("aprimo.rate_limit.processes", e.Processes)
	if e.Err != nil {
		line.Str("error.message", e.Err.Error())
	}
	l.send(message, line)
}

// due tells whether a long wait is to be written down now, and how many have not
// been since the last one.
func (l *logger) due(now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lastWait.IsZero() && now.Sub(l.lastWait) < waitInterval {
		l.suppressed++
		return 0, false
	}
	suppressed, l.suppressed = l.suppressed, 0
	l.lastWait = now
	return suppressed, true
}
