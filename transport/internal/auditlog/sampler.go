package auditlog

import (
	"maps"
	"sync"
	"time"
)

// What is logged of a flood of 429s: in any minute fewer than 200 lines, summaries
// included, which one person can read.
const (
	interval   = time.Minute // that the limits below apply to, and that a summary covers
	maxBurst   = 20          // 429s in one second with a line each; Aprimo's example, 130 requests at once, causes 15
	maxInFull  = 60          // lines for any 429, one a second on average
	maxByPair  = 130         // lines up to which the first 429 of each user and operation has one
	maxByName  = 190         // lines up to which the first 429 of each user, and of each operation, has one
	minSummary = 20          // 429s that have a summary although each has its line; notify's default threshold
)

// A sampler decides which 429s have a line of their own and counts all of them. Lines and
// summaries together account for each 429. Its memory is bounded. It has a timer, but no
// goroutine, while there is something to summarize.
type sampler struct {
	every bool   // each 429 has a line
	ended func() // called when the interval is over; it takes the summary or extends the interval

	mu         sync.Mutex
	timer      *time.Timer
	current    summary
	lastLine   map[pair]time.Time
	lines      []time.Time // within the last interval; unused with every
	burstBegan time.Time
	burst      int // 429s since then
}

// A pair is a user and an operation. The key of a user alone has no operation; that of an
// operation alone has a line break as user, which no user's name contains.
type pair struct{ user, operation string }

func (p pair) String() string { return p.user + "\n" + p.operation }

// add counts a 429 and reports whether to log it. Without a slot for the line it is not
// logged.
func (s *sampler) add(e Entry, slot bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil {
		s.timer = time.AfterFunc(interval, s.ended)
	}
	logged := slot && s.shouldLog(e)
	s.current.add(e, logged)
	return logged
}

// shouldLog decides whether a 429 is worth a line. It is called with the lock held.
func (s *sampler) shouldLog(e Entry) bool {
	if s.every {
		return true
	}
	if e.Time.Sub(s.burstBegan).Abs() >= time.Second {
		s.burstBegan, s.burst = e.Time, 0
	}
	s.burst++
	old := func(line time.Time) bool { return e.Time.Sub(line) >= interval }
	for len(s.lines) > 0 && old(s.lines[0]) {
		s.lines = s.lines[1:]
	}
	both, user, operation := pair{e.User, e.Operation}, pair{e.User, ""}, pair{"\n", e.Operation}
	log := false
	switch n := len(s.lines); {
	case n < maxInFull && (!e.Again || s.burst <= maxBurst):
		log = true
	case n < maxByPair:
		log = old(s.lastLine[both])
	case n < maxByName:
		log = old(s.lastLine[user]) || old(s.lastLine[operation])
	}
	if log {
		s.lines = append(s.lines, e.Time)
		if s.lastLine == nil {
			s.lastLine = map[pair]time.Time{}
		}
		s.lastLine[both], s.lastLine[user], s.lastLine[operation] = e.Time, e.Time, e.Time
	}
	return log
}

// take ends the interval and returns its summary.
func (s *sampler) take() summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	taken := s.current
	s.timer, s.current = nil, summary{}
	maps.DeleteFunc(s.lastLine, func(_ pair, line time.Time) bool { return time.Since(line) >= interval })
	return taken
}

// extend prolongs an interval that is over.
func (s *sampler) extend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(interval)
	}
}
