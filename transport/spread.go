package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A spread holds batch calls back so that they come evenly and leave a reserve.
// The limit alone lets n calls go at once and then none for a second, which is
// what finishes a burst soonest, but a click that comes after it waits for all of
// that second. Of batch work that goes one by one it meets a free slot, or the
// next is due in a moment; and nothing is lost, as the same number goes.
//
// The zero value holds nobody. It is guarded by the queue's lock.
type spread struct {
	reserve float64       // the part of the limit that is kept free
	gap     time.Duration // between two of them
	slack   time.Duration // what the goroutine that is late may make up for
	free    gate.Instant  // when the next one is due
}

// debt is how far ahead of its time batch work may be while others wait as well:
// they have slots that fall due together, of which it is to get its part.
const debt = time.Second

// newSpread keeps a part of the limit free. In any time for which the limit is
// made there are at most its rate, less that part, rounded up: the slack with
// which the limit's window is longer covers what is made up for.
func newSpread(limit pacer, reserve float64) spread {
	if _, ours := limit.(*limiter); !ours || limit.rate() <= 0 {
		return spread{}
	}
	reserve = min(max(0, reserve), 0.99)
	rate := limit.rate() * (1 - reserve)
	return spread{reserve: reserve, gap: time.Duration(1/rate*float64(time.Second)) + 1, slack: limit.slack()} // 1 ns, as it was rounded down
}

// held returns for how long the next one has to wait, which may be less than 0.
func (s *spread) held(now gate.Instant, others bool) time.Duration {
	if others {
		now = now.Add(debt)
	}
	return s.free.Sub(now)
}

// taken notes that one went.
func (s *spread) taken(at gate.Instant) {
	if s.gap == 0 {
		return
	}
	if from := at.Add(-s.slack); s.free.Before(from) {
		s.free = from
	}
	s.free = s.free.Add(s.gap)
}
