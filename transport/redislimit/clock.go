package redislimit

import "time"

// A serverClock knows what time it is for Redis. Its clock was read between the
// sending of a command and the coming of its answer: that gives a least and a most
// for the difference to ours, and the quickest answer the closest ones.
type serverClock struct {
	zero   time.Time     // of our monotonic clock
	lo, hi time.Duration // the server's time, less that since zero
	last   time.Time     // when it was looked at last; zero if never
}

const (
	// drift is how much faster one clock may run than the other, in parts of a
	// thousand: twice as much as NTP slews.
	drift = 1

	// jump is by how much the server's clock may be off before it has been set.
	jump = 20 * time.Millisecond
)

// see records the server's time, which an answer contains. It reports whether the server's
// clock was set meanwhile, or is another server's.
func (c *serverClock) see(server int64, sent, came time.Time) (set bool) {
	at := time.Duration(server) * time.Microsecond
	lo, hi := at-came.Sub(c.zero), at+time.Microsecond-sent.Sub(c.zero)
	if !c.last.IsZero() {
		c.widen(came)
		if set = lo > c.hi+jump || hi < c.lo-jump; !set {
			lo, hi = max(lo, c.lo), min(hi, c.hi)
		}
	}
	if lo > hi { // within the jump that is allowed for
		lo, hi = hi, lo
	}
	c.lo, c.hi, c.last = lo, hi, came
	return set
}

func (c *serverClock) widen(now time.Time) {
	by := now.Sub(c.last) * drift / 1000
	c.lo, c.hi, c.last = c.lo-by, c.hi+by, now
}

// known reports whether the clock was read lately enough to reserve slots by it: a slot
// whose time is uncertain keeps others waiting for as long.
func (c *serverClock) known(now time.Time) bool {
	return !c.last.IsZero() && c.uncertainty(now) <= 2*replyTimeout
}

// uncertainty is how far from the truth local may be.
func (c *serverClock) uncertainty(now time.Time) time.Duration {
	return c.hi - c.lo + 2*now.Sub(c.last)*drift/1000
}

// local returns the latest time at which the server's clock can reach a time.
func (c *serverClock) local(server int64) time.Time {
	return c.zero.Add(time.Duration(server)*time.Microsecond - c.lo)
}
