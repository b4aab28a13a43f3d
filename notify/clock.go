package notify

import (
	"slices"
	"time"
)

// A clock is one that is never set: the wall's when it was made, and what has
// passed since. It is ahead of that if the others' are, with whom a Store is shared,
// or if it was itself before it was set back.
type clock struct {
	real, wall time.Time
	ahead      time.Duration
}

func newClock() clock {
	now := time.Now()
	return clock{now, now.Round(0), 0}
}

// on returns the clock's time at a point in time of the wall's.
func (c clock) on(t time.Time) time.Time { return c.wall.Add(t.Sub(c.real) + c.ahead) }

// off returns by how much the clock differs from the wall's, which may have been set
// since.
func (c clock) off() time.Duration {
	now := time.Now()
	return c.on(now).Sub(now.Round(0)).Round(time.Second)
}

// shift makes the times of an alert those of a clock that differs by d: people are
// told the wall's.
func (a *Alert) shift(d time.Duration) {
	if d == 0 {
		return
	}
	for _, t := range []*time.Time{&a.Time, &a.Since, &a.Latest, &a.Ended, &a.Previous, &a.Next, &a.NoneBefore} {
		*t = shifted(*t, d)
	}
	a.Untold = slices.Clone(a.Untold)
	for i := range a.Untold {
		a.Untold[i].Since, a.Untold[i].Ended = shifted(a.Untold[i].Since, d), shifted(a.Untold[i].Ended, d)
	}
	for i := range a.History { // a copy of the board's
		a.History[i].Time = a.History[i].Time.Add(d).Round(time.Minute)
	}
}

func shifted(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(d)
}
