package notify

import (
	"slices"
	"time"
)

// A clock is one that is never set: the wall clock's time when it was made, and what has
// passed since. It is ahead of that if the shared state is, because the clocks of other
// processes are ahead, or because the wall clock was set back between two programs.
type clock struct {
	real, wall time.Time
	ahead      time.Duration
}

func newClock() clock {
	now := time.Now()
	return clock{now, now.Round(0), 0}
}

// on returns the clock's time at a point in time of the wall clock.
func (c clock) on(t time.Time) time.Time { return c.wall.Add(t.Sub(c.real) + c.ahead) }

// offset returns by how much the clock is ahead of the wall clock, which may have been
// set since.
func (c clock) offset() time.Duration {
	now := time.Now()
	return c.on(now).Sub(now.Round(0)).Round(time.Second)
}

// shift adds d to the times of an alert, to turn them into the wall clock's.
func (a *Alert) shift(d time.Duration) {
	if d == 0 {
		return
	}
	shift(d, &a.Time, &a.Since, &a.Latest, &a.Ended, &a.Previous, &a.Next, &a.NoneBefore)
	a.Unreported = slices.Clone(a.Unreported)
	for i := range a.Unreported {
		shift(d, &a.Unreported[i].Since, &a.Unreported[i].Ended)
	}
	for i := range a.History { // a copy of the state's
		a.History[i].Time = a.History[i].Time.Add(d).Round(time.Minute)
	}
}

// shift adds d to points in time unless they are zero.
func shift(d time.Duration, times ...*time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			*t = t.Add(d)
		}
	}
}
