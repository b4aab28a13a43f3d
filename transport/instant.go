package transport

import "time"

// An instant is a point on the monotonic clock, as a time.Time is, but at a third
// of the size, half the cost, and without a pointer for the collector to follow.
// Zero is long before the process began, and stands for never.
type instant int64 // nanoseconds since the epoch

const century = 100 * 365 * 24 * time.Hour

var epoch = time.Now().Add(-century)

// clock returns the present instant. In a bubble of testing/synctest it is the
// bubble's.
func clock() instant { return instant(time.Since(epoch)) }

func (t instant) Add(d time.Duration) instant { return t + instant(d) }

func (t instant) Sub(u instant) time.Duration { return time.Duration(t - u) }

func (t instant) Before(u instant) bool { return t < u }

func (t instant) After(u instant) bool { return t > u }

func (t instant) IsZero() bool { return t == 0 }
