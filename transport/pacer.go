package transport

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A pacer is a Limiter as the throttle needs it.
type pacer interface {
	// take uses a slot if one is free now; else it says what to wait for.
	take(now gate.Instant) (at gate.Instant, h gate.Wait)

	// due returns when a request may begin, at the earliest, that has so many
	// others before it, if none begins before from.
	due(from gate.Instant, ahead int) gate.Instant

	// slack is how old a slot may be when it is used.
	slack() time.Duration

	// rate is how many it lets through in a second.
	rate() float64
}

func pacerOf(l Limiter) pacer {
	switch l := l.(type) {
	case pacer:
		return l
	case shared.Limiter:
		return &pooled{Limiter: l}
	}
	return &foreign{Limiter: l}
}

// A foreign Limiter can only be waited for, and does not tell when a request will
// be due. Its methods are used by one goroutine at a time: with the queue's lock,
// or by its leader.
type foreign struct {
	Limiter
	given bool // it has given a slot that has not been taken yet
}

func (f *foreign) take(now gate.Instant) (at gate.Instant, h gate.Wait) {
	if f.given {
		f.given = false
		return now, h
	}
	return at, gate.Wait{Ask: f.ask}
}

// ask waits on behalf of all who wait. A Limiter that knew the deadline of the
// call at their head would refuse them all for it, as x/time/rate does, with an
// error that is not context.DeadlineExceeded.
func (f *foreign) ask(ctx context.Context) error {
	err := f.Wait(noDeadline{ctx})
	f.given = err == nil
	return err
}

func (f *foreign) due(from gate.Instant, _ int) gate.Instant { return from }

func (f *foreign) slack() time.Duration { return slackOf(defaultPer) }

func (f *foreign) rate() float64 { return defaultRate }

type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }
