package transport

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/topk"
)

// What is written of a flood of 429s, in any minute: less than 200 lines in all.
const (
	floodSpan   = time.Minute
	floodBurst  = 20  // in a second, in full; calls given up are not counted
	floodLines  = 60  // in full
	floodPairs  = 130 // from then on the first of each user and operation
	floodNames  = 190 // and from then on the first of each user, and of each operation
	floodWorth  = 20  // so many 429s are worth a summary even if each has its line
	floodTop    = 10  // names in a summary
	floodRest   = 20  // names of those without a line
	serverQueue = 100 // requests that Aprimo lets wait before it answers one 429
)

// A flood decides which 429s have a line of their own. All of them are counted, and
// those without a line are in the summary that ends the minute: so the lines and the
// summaries together tell of each. It needs the same memory for any number. It has a
// timer, but no goroutine, while there is something unsaid.
type flood struct {
	all     bool        // each has its line
	busy    func() bool // the log has no room for a summary
	summary func(floodSummary)

	flushing sync.Mutex // so that whoever flushes finds nothing half written

	mu     sync.Mutex
	timer  *time.Timer
	now    floodSummary
	seen   map[pair]time.Time // the last line of each
	lines  []time.Time        // those of the last minute, if not each has one
	second time.Time          // the one that burst is of
	burst  int                // 429s in it
}

// A floodSummary is a minute of 429s.
type floodSummary struct {
	since                              time.Time
	total, written, givenUp, unsaidEnd int // unsaidEnd: given up without a line
	queued                             int // at most
	flying                             int // our requests at the server, at most serverQueue at each 429
	users, operations                  topk.Counter
	unsaid, unsaidUsers, unsaidOps     topk.Counter
}

// A pair is a user and an operation. Of the first of a user, operation is empty; of
// the first of an operation, user is a line break, which no name has.
type pair struct{ user, operation string }

func (p pair) String() string { return p.user + "\n" + p.operation }

// add counts a 429 and tells whether it is to have a line, if there is a place for it.
func (f *flood) add(e Event, operation string, givenUp, place bool) (line bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil {
		f.timer = time.AfterFunc(floodSpan, f.minute)
	}
	s := &f.now
	if s.total == 0 {
		s.since = e.Time
	}
	s.total++
	s.queued = max(s.queued, e.Queued)
	s.flying += min(max(0, e.InFlight), serverQueue)
	s.users.Add(e.User)
	s.operations.Add(operation)
	if givenUp {
		s.givenUp++
	}
	if place && f.worth(e, operation, givenUp) {
		s.written++
		return true
	}
	s.unsaid.Add(pair{e.User, operation}.String())
	s.unsaidUsers.Add(e.User)
	s.unsaidOps.Add(operation)
	if givenUp {
		s.unsaidEnd++
	}
	return false
}

// worth tells whether a 429 is worth a line.
func (f *flood) worth(e Event, operation string, givenUp bool) bool {
	if e.Time.Sub(f.second).Abs() >= time.Second {
		f.second, f.burst = e.Time, 0
	}
	f.burst++
	if f.all {
		return true
	}
	old := func(line time.Time) bool { return e.Time.Sub(line) >= floodSpan }
	for len(f.lines) > 0 && old(f.lines[0]) {
		f.lines = f.lines[1:]
	}
	names := []pair{{e.User, operation}, {e.User, ""}, {"\n", operation}}
	worth := false
	switch n := len(f.lines); {
	case n < floodLines && (givenUp || f.burst <= floodBurst):
		worth = true
	case n < floodPairs:
		worth = old(f.seen[names[0]])
	case n < floodNames:
		worth = old(f.seen[names[1]]) || old(f.seen[names[2]])
	}
	if worth {
		f.lines = append(f.lines, e.Time)
		if f.seen == nil {
			f.seen = map[pair]time.Time{}
		}
		for _, n := range names {
			f.seen[n] = e.Time
		}
	}
	return worth
}

// minute ends one. Before a log that hangs it becomes longer, so that summaries do not
// pile up.
func (f *flood) minute() {
	if !f.busy() {
		f.flush()
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Reset(floodSpan)
	}
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
	f.timer, f.now = nil, floodSummary{}
	maps.DeleteFunc(f.seen, func(_ pair, line time.Time) bool { return time.Since(line) >= floodSpan })
	f.mu.Unlock()
	if s.total >= floodWorth || s.total > s.written {
		f.summary(s)
	}
}

// summarize writes a minute down.
func (l *logger) summarize(s floodSummary, now Stats) {
	unsaid := s.total - s.written
	rest, others := zerolog.Arr(), unsaid
	for _, t := range s.unsaid.Top(floodRest) {
		user, operation, _ := strings.Cut(t.Name, "\n")
		others -= t.Count
		rest.Dict(zerolog.Dict().Str("user", user).Str("operation", operation).Int("count", t.Count).Int("error", t.Error))
	}
	users, otherUsers := tallies(s.unsaidUsers, floodRest)
	operations, otherOps := tallies(s.unsaidOps, floodRest)
	topUsers, _ := tallies(s.users, floodTop)
	topOps, _ := tallies(s.operations, floodTop)
	line := l.Warn().
		Str("event", "aprimo.429.summary").
		Time("aprimo.429.since", s.since).
		Int("aprimo.429.total", s.total).
		Int("aprimo.429.given_up", s.givenUp).
		Int("aprimo.429.suppressed", unsaid).
		Int("aprimo.429.suppressed_given_up", s.unsaidEnd).
		Array("aprimo.429.rest", rest).
		Int("aprimo.429.rest_other", others).
		Array("aprimo.429.rest_users", users).
		Int("aprimo.429.rest_users_other", unsaid-otherUsers).
		Array("aprimo.429.rest_operations", operations).
		Int("aprimo.429.rest_operations_other", unsaid-otherOps).
		Array("aprimo.429.users", topUsers).
		Array("aprimo.429.operations", topOps).
		Int("aprimo.rate_limit.queued_max", s.queued).
		Int64("aprimo.rate_limit.server_delay_ms", now.ServerDelay.Milliseconds()).
		Float64("aprimo.rate_limit.rate", tenths(now.Rate))
	if now.Limit > 0 { // what of ours was not in the server's full queue was others'
		line.Float64("aprimo.rate_limit.others_rate_min", tenths(now.Limit*(1-float64(s.flying)/float64(s.total*serverQueue))))
	}
	l.scribe.insist()
	l.scribe.put(line, "429s in the last minute")
}

// tallies returns the most frequent names, and the sum of their counts.
func tallies(k topk.Counter, n int) (a *zerolog.Array, sum int) {
	a = zerolog.Arr()
	for _, t := range k.Top(n) {
		a.Dict(zerolog.Dict().Str("name", t.Name).Int("count", t.Count).Int("error", t.Error))
		sum += t.Count
	}
	return a, sum
}
