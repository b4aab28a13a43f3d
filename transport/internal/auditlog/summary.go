package auditlog

import (
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	topNames    = 10  // most frequent users and operations in a summary, as in an alert
	restNames   = 20  // users, operations, and pairs of 429s without a line: a summary stays below some 8 KiB
	serverQueue = 100 // requests that Aprimo queues before it answers 429
)

// A summary counts the 429s of an interval. A 429 without a line of its own is suppressed.
type summary struct {
	since                      time.Time // the first 429
	total, givenUp             int
	suppressed, suppressedLost int // suppressedLost: given up and without a line
	maxQueued                  int
	atServer                   int // the sum of our requests at the server, at each 429 at most serverQueue
	users, operations          topk.Counter
	rest                       struct{ pairs, users, operations topk.Counter } // the suppressed ones
}

// add counts a 429.
func (s *summary) add(e Entry, logged bool) {
	if s.total == 0 {
		s.since = e.Time
	}
	lost := 0
	if !e.Again {
		lost = 1
	}
	s.total++
	s.givenUp += lost
	s.maxQueued = max(s.maxQueued, e.Queued)
	s.atServer += min(max(0, e.InFlight), serverQueue)
	s.users.Add(e.User)
	s.operations.Add(e.Operation)
	if logged {
		return
	}
	s.suppressed++
	s.suppressedLost += lost
	s.rest.pairs.Add(pair{e.User, e.Operation}.String())
	s.rest.users.Add(e.User)
	s.rest.operations.Add(e.Operation)
}

// summarize ends the sampler's interval and logs its summary. If too many lines are
// pending it extends the interval, so that summaries do not pile up while the log hangs,
// unless the summary must be written.
func (l *Logger) summarize(must bool) {
	if !l.writer.reserve(must) {
		l.sampler.extend()
		return
	}
	if s := l.sampler.take(); s.total >= minSummary || s.suppressed > 0 {
		l.writer.put(l.summaryLine(&s), "summary of 429s")
	} else {
		l.writer.release()
	}
}

func (l *Logger) summaryLine(s *summary) *zerolog.Event {
	rest, unlisted := zerolog.Arr(), s.suppressed
	for _, t := range s.rest.pairs.Top(restNames) {
		user, operation, _ := strings.Cut(t.Name, "\n")
		unlisted -= t.Count
		rest.Dict(zerolog.Dict().Str("user", user).Str("operation", operation).Int("count", t.Count).Int("error", t.Error))
	}
	restUsers, listedUsers := top(&s.rest.users, restNames)
	restOperations, listedOperations := top(&s.rest.operations, restNames)
	users, _ := top(&s.users, topNames)
	operations, _ := top(&s.operations, topNames)
	now := l.state()
	line := l.to.Warn().
		Str("event", "aprimo.429.summary").
		Time("aprimo.429.since", s.since).
		Int("aprimo.429.total", s.total).
		Int("aprimo.429.given_up", s.givenUp).
		Int("aprimo.429.suppressed", s.suppressed).
		Int("aprimo.429.suppressed_given_up", s.suppressedLost).
		Array("aprimo.429.rest", rest).
		Int("aprimo.429.rest_other", unlisted).
		Array("aprimo.429.rest_users", restUsers).
		Int("aprimo.429.rest_users_other", s.suppressed-listedUsers).
		Array("aprimo.429.rest_operations", restOperations).
		Int("aprimo.429.rest_operations_other", s.suppressed-listedOperations).
		Array("aprimo.429.users", users).
		Array("aprimo.429.operations", operations).
		Int("aprimo.rate_limit.queued_max", s.maxQueued).
		Int64("aprimo.rate_limit.server_delay_ms", now.ServerDelay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", tenths(now.Rate))
	if now.Limit > 0 { // at a 429 the server's queue is full: what is not ours in it is the others'
		ours := float64(s.atServer) / float64(s.total*serverQueue)
		line.Float64("aprimo.rate_limit.others_rate_min", tenths(now.Limit*(1-ours)))
	}
	return line
}

// top returns the n most frequent names and the sum of their counts.
func top(c *topk.Counter, n int) (names *zerolog.Array, sum int) {
	names = zerolog.Arr()
	for _, t := range c.Top(n) {
		names.Dict(zerolog.Dict().Str("name", t.Name).Int("count", t.Count).Int("error", t.Error))
		sum += t.Count
	}
	return names, sum
}
