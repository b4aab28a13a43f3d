package gate

import "time"

// An Instant is a point on the monotonic clock, as a time.Time is, but at a third
// of the size, half the cost, and without a pointer for the collector to follow.
// Zero is long before the process began, and stands for never.
type Instant int64 // nanoseconds since the epoch

// Century is how long before the process the epoch lies, and so how long a duration may
// be that is added to or taken from the present.
const Century = 100 * 365 * 24 * time.Hour

var epoch = time.Now().Add(-Century)

// Now returns the present instant. In a bubble of testing/synctest it is the bubble's.
func Now() Instant { return Instant(time.Since(epoch)) }

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns how long t is after u.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Before reports whether t is earlier than u.
func (t Instant) Before(u Instant) bool { return t < u }

// After reports whether t is later than u.
func (t Instant) After(u Instant) bool { return t > u }

// IsZero reports whether t stands for never.
func (t Instant) IsZero() bool { return t == 0 }
