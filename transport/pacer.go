package transport

import (
	"context"
	"time"
)

// A pacer is a Limiter as the throttle needs it.
type pacer interface {
	// slot waits for one, and returns the time from which it counts.
	slot(context.Context) (time.Time, error)

	// due returns when a request may begin, at the earliest, that has so many
	// others before it, if none begins before from.
	due(from time.Time, ahead int) time.Time

	// slack is how old a slot may be when it is used.
	slack() time.Duration
}

func pacerOf(l Limiter) pacer {
	if p, ok := l.(pacer); ok {
		return p
	}
	return foreign{l}
}

// A foreign Limiter does not tell when a request will be due.
type foreign struct{ Limiter }

// slot asks on behalf of all who wait. A Limiter that knew the deadline of the
// call at their head would refuse them all for it, as x/time/rate does, with an
// error that is not context.DeadlineExceeded.
func (f foreign) slot(ctx context.Context) (time.Time, error) {
	err := f.Wait(noDeadline{ctx})
	return time.Now(), err
}

func (f foreign) due(from time.Time, _ int) time.Time { return from }

func (f foreign) slack() time.Duration { return 8 * time.Millisecond }

type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }
