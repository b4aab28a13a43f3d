package transport

import (
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// What is written of a flood of 429s, in a minute.
const (
	floodSpan   = time.Minute
	floodLines  = 150 // in full
	floodFirsts = 40  // more, of users and operations that had none yet
	floodWorth  = 20  // so many 429s are worth a summary even if each has its line
	floodTop    = 10  // names in a summary
	floodRest   = 20  // pairs of user and operation in it
)

// A flood decides which 429s have a line of their own. All of them are counted, and
// those without a line are in the summary that ends the minute: so the lines and the
// summaries together tell of each. It needs the same memory for any number. It has a
// timer, but no goroutine, while there is something unsaid.
type flood struct {
	all     bool // each has its line
	summary func(floodSummary)

	flushing sync.Mutex // so that whoever flushes finds nothing half written

	mu    sync.Mutex
	timer *time.Timer
	now   floodSummary
	seen  map[string]bool // pairs that have a line; as many as there are lines at most
}

// A floodSummary is a minute of 429s.
type floodSummary struct {
	since                     time.Time
	total, written, givenUp   int
	queued                    int // at most
	users, operations, unsaid TopK
}

// pair is a user and an operation in one name. Neither has a line break.
func pair(user, operation string) string { return user + "\n" + operation }

// add counts a 429 and tells whether it is to have a line.
func (f *flood) add(e Event, operation string, givenUp bool) (line bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil {
		f.timer = time.AfterFunc(floodSpan, f.flush)
	}
	s := &f.now
	if s.total == 0 {
		s.since = e.Time
	}
	s.total++
	s.queued = max(s.queued, e.Queued)
	s.users.Add(e.User)
	s.operations.Add(operation)
	if givenUp {
		s.givenUp++
	}
	key := pair(e.User, operation)
	line = f.all || s.written < floodLines || s.written < floodLines+floodFirsts && !f.seen[key]
	if !line {
		s.unsaid.Add(key)
		return false
	}
	if !f.all {
		if f.seen == nil {
			f.seen = map[string]bool{}
		}
		f.seen[key] = true
	}
	s.written++
	return true
}

// flush ends the minute.
func (f *flood) flush() {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	f.mu.Lock()
	if f.timer != nil {
		f.timer.Stop()
	}
	s := f.now
	f.timer, f.now, f.seen = nil, floodSummary{}, nil
	f.mu.Unlock()
	if s.total >= floodWorth || s.total > s.written {
		f.summary(s)
	}
}

// summarize writes a minute down.
func (l *logger) summarize(s floodSummary, now Stats) {
	rest, others := zerolog.Arr(), s.total-s.written
	for _, t := range s.unsaid.Top(floodRest) {
		user, operation, _ := strings.Cut(t.Name, "\n")
		others -= t.Count
		rest.Dict(zerolog.Dict().Str("user", user).Str("operation", operation).Int("count", t.Count).Int("error", t.Error))
	}
	l.send("429s in the last minute", l.Warn().
		Str("event", "aprimo.429.summary").
		Time("aprimo.429.since", s.since).
		Int("aprimo.429.total", s.total).
		Int("aprimo.429.given_up", s.givenUp).
		Int("aprimo.429.suppressed", s.total-s.written).
		Array("aprimo.429.rest", rest).
		Int("aprimo.429.rest_other", others).
		Array("aprimo.429.users", tallies(s.users)).
		Array("aprimo.429.operations", tallies(s.operations)).
		Int("aprimo.rate_limit.queued_max", s.queued).
		Int64("aprimo.rate_limit.server_delay_ms", now.Delay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", now.Rate))
}

func tallies(k TopK) *zerolog.Array {
	a := zerolog.Arr()
	for _, t := range k.Top(floodTop) {
		a.Dict(zerolog.Dict().Str("name", t.Name).Int("count", t.Count).Int("error", t.Error))
	}
	return a
}
