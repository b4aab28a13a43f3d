package auditlog

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport/topk"
)

// What is logged of a flood of 429s. In any minute that is fewer than 200 lines, summaries
// included: few enough to read.
const (
	interval  = time.Minute // that the limits apply to, and that a summary covers
	maxBurst  = 20          // 429s in a second of which each has a line; Aprimo's example, 130 requests at once, causes 15
	maxInFull = 60          // lines for any 429: one a second on average
	maxByPair = 130         // lines; those above maxInFull are for the first 429 of each user and operation
	maxByName = 190         // lines; those above maxByPair are for the first 429 of each user, and of each operation

	minSummary  = 20  // 429s that have a summary even if each has its line: as many as make an alert due by default
	serverQueue = 100 // requests that Aprimo queues before it answers 429
)

// A sampler decides which 429s have a line of their own and counts all of them. Lines and
// summaries together account for each 429. Its memory is bounded. It has a timer, but no
// goroutine, while there is something to summarize.
type sampler struct {
	every bool           // each 429 has a line
	ended func(*summary) // called when the interval of that summary is over, to take it

	mu         sync.Mutex
	current    *summary // of the interval; nil: there is nothing to summarize
	lastLine   map[pair]time.Time
	lines      []time.Time // within the last interval; unused with every
	burstBegan time.Time
	burst      int // 429s since then
}

// A pair is a user and an operation. The key of a user alone has no operation; that of an
// operation alone has a line break as user, which no user's name contains.
type pair struct{ user, operation string }

// add counts a 429 and reports whether to log it. Without a slot for the line it is not
// logged.
func (s *sampler) add(e Entry, slot bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		begun := &summary{}
		s.current = begun
		time.AfterFunc(interval, func() { s.ended(begun) })
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
	s.lines = slices.DeleteFunc(s.lines, old)
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
		s.lastLine[both], s.lastLine[user], s.lastLine[operation] = e.Time, e.Time, e.Time
	}
	return log
}

// over reports whether a summary has been taken. Its timer cannot be stopped instead: it may
// be of a bubble of testing/synctest that we are not in.
func (s *sampler) over(begun *summary) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return begun != s.current
}

// take ends the interval and returns its summary, which is nil without a 429.
func (s *sampler) take() *summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.current
	s.current = nil
	maps.DeleteFunc(s.lastLine, func(_ pair, line time.Time) bool { return time.Since(line) >= interval })
	return taken
}

// A summary counts the 429s of an interval. A 429 without a line of its own is suppressed.
type summary struct {
	last                       Entry     // how things stood at the last 429
	since                      time.Time // the first 429
	total, givenUp             int
	suppressed, suppressedLost int // suppressedLost: given up and without a line
	maxQueued                  int
	atServer                   int // the sum of our requests at the server, at each 429 at most serverQueue
	users, operations          topk.Counter

	restPairs, restUsers, restOperations topk.Counter // of the suppressed ones
}

// add counts a 429.
func (s *summary) add(e Entry, logged bool) {
	s.last = e
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
	s.restPairs.Add(e.User + "\n" + e.Operation)
	s.restUsers.Add(e.User)
	s.restOperations.Add(e.Operation)
}
