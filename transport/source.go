package transport

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A source is a Limiter as the engine uses it. sourceOf is the only place that asks what
// a Limiter is. Unless it says otherwise, a method is called with the engine's lock held
// and returns at once.
type source interface {
	// take uses a slot if one is free now; else it says what to wait for, and wakes the
	// leader of q if it comes sooner.
	take(now gate.Instant, q *fairqueue.Queue) (at gate.Instant, w gate.Wait)

	// move makes a slot that was granted count from now, since its request is written
	// only now. It reports whether the slot was still there: if so much time has passed
	// that it may have been given to another, the request needs another one.
	move(granted, now gate.Instant) bool

	// next waits for one more slot, for a request that is under way and so cannot wait in
	// the queue. It is called without the lock.
	next(ctx context.Context) (gate.Instant, error)

	// due returns when a request may begin, at the earliest, that has so many others
	// before it, if none begins before from.
	due(from gate.Instant, ahead int) gate.Instant

	// plan returns when a request would begin that comes now, and counts it for then: a
	// source that is only asked, never waited for.
	plan(now gate.Instant) (gate.Instant, error)

	// maxSlotAge is how old a slot may be when it is used.
	maxSlotAge() time.Duration

	// rate is how many requests a second it allows; limit is what it was made for,
	// or 0 if that is not known.
	rate() float64
	limit() float64

	// exact reports whether due is the truth, because all requests are counted here.
	exact() bool

	// asked reports whether it makes a request wait for a slot at the moment, if it is one that
	// can only be waited for.
	asked() bool

	// setLimit changes the limit. What has begun counts on. It is called without the lock.
	setLimit(n int, per time.Duration) error

	// peers returns the limiter that several processes share, or nil.
	peers() shared.Limiter
}

func sourceOf(l Limiter) source {
	switch l := l.(type) {
	case nil:
		return NewLimiter(defaultRate, defaultPer)
	case source:
		return l
	case shared.Limiter:
		return &sharedSource{opaqueSource: opaqueSource{limiter: l}, processes: l}
	default:
		return &opaqueSource{limiter: l, serial: make(chan struct{}, 1)}
	}
}

// An opaqueSource is a Limiter that can only be waited for. It does not tell when a
// request will be due.
type opaqueSource struct {
	limiter Limiter
	serial  chan struct{} // held by the one who waits for the Limiter
	granted bool          // it has given a slot that has not been taken yet
}

func (o *opaqueSource) take(now gate.Instant, _ *fairqueue.Queue) (at gate.Instant, w gate.Wait) {
	if o.granted {
		o.granted = false
		return now, w
	}
	return at, gate.Wait{Ask: o.ask}
}

// ask waits on behalf of all who wait. Only the leader of the queue calls it.
func (o *opaqueSource) ask(ctx context.Context) error {
	_, err := o.next(ctx)
	o.granted = err == nil
	return err
}

// next hides the deadline of the call: a Limiter that knew the one of the call at the
// head of the queue would refuse all for it, as x/time/rate does, with an error that is
// not context.DeadlineExceeded. The Limiter is asked in a goroutine of its own, since it may
// not heed the end of the context.
func (o *opaqueSource) next(ctx context.Context) (gate.Instant, error) {
	select {
	case o.serial <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	answered := make(chan limiterAnswer, 1)
	go func() {
		defer func() { <-o.serial }()
		a := limiterAnswer{err: errLimiterExit}
		defer func() {
			a.panicked = recover()
			answered <- a
		}()
		a.err = o.limiter.Wait(noDeadline{ctx})
	}()
	select {
	case a := <-answered:
		if a.panicked != nil {
			panic(a.panicked) // here it is the caller's, as if the caller had asked
		}
		return gate.Now(), a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

type limiterAnswer struct {
	err      error
	panicked any
}

var errLimiterExit = errors.New("the Limiter has ended its goroutine instead of returning")

type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// move: such a Limiter counts from when it gave the slot, whatever happens then.
func (o *opaqueSource) move(gate.Instant, gate.Instant) bool { return true }

func (o *opaqueSource) due(from gate.Instant, _ int) gate.Instant { return from }

func (o *opaqueSource) plan(now gate.Instant) (gate.Instant, error) { return now, nil }

func (o *opaqueSource) maxSlotAge() time.Duration { return slotAge(defaultPer) }

func (o *opaqueSource) rate() float64 { return defaultRate }

func (o *opaqueSource) limit() float64 { return 0 }

func (o *opaqueSource) exact() bool { return false }

func (o *opaqueSource) asked() bool { return len(o.serial) > 0 }

var errOpaque = errors.New("the Limiter is not from NewLimiter: change the limit of that Limiter")

func (o *opaqueSource) setLimit(int, time.Duration) error { return errOpaque }

func (o *opaqueSource) peers() shared.Limiter { return nil }

// A sharedSource is a limiter that several processes share.
type sharedSource struct {
	opaqueSource
	processes shared.Limiter
	given     gate.Instant // a slot that has not been taken yet
	asking    atomic.Int32 // requests that wait for a slot
}

func (s *sharedSource) take(now gate.Instant, _ *fairqueue.Queue) (at gate.Instant, w gate.Wait) {
	at, s.given = s.given, 0
	if !at.IsZero() && now.Sub(at) <= s.processes.MaxSlotAge() {
		return at, w
	}
	return 0, gate.Wait{Ask: s.ask}
}

func (s *sharedSource) ask(ctx context.Context) error {
	at, err := s.next(ctx)
	if err == nil {
		s.given = at
	}
	return err
}

func (s *sharedSource) next(ctx context.Context) (gate.Instant, error) {
	s.asking.Add(1)
	defer s.asking.Add(-1)
	due, err := s.processes.Slot(noDeadline{ctx})
	return gate.Now().Add(time.Until(due)), err
}

// move: the other processes know until when the slot may be used.
func (s *sharedSource) move(granted, now gate.Instant) bool {
	return now.Sub(granted) <= s.processes.MaxSlotAge()
}

// due: below the limit slots are spaced, and no process has more of them than all together.
func (s *sharedSource) due(from gate.Instant, ahead int) gate.Instant {
	share := s.processes.Share()
	from = max(from, gate.Now().Add(time.Until(share.PausedUntil)))
	if 0 < share.Rate && share.Rate < share.Limit {
		from = from.Add(time.Duration(float64(ahead) / share.Rate * float64(time.Second)))
	}
	return from
}

func (s *sharedSource) plan(now gate.Instant) (gate.Instant, error) { return s.due(now, 0), nil }

func (s *sharedSource) maxSlotAge() time.Duration { return s.processes.MaxSlotAge() }

func (s *sharedSource) rate() float64 { return s.processes.Share().Limit }

func (s *sharedSource) limit() float64 { return s.rate() }

func (s *sharedSource) asked() bool { return s.asking.Load() > 0 }

func (s *sharedSource) peers() shared.Limiter { return s.processes }

// Sharing says whether a limit is shared with other processes.
type Sharing = shared.Sharing

// Whether a limit is shared.
const (
	// SharingNone: the Limiter serves this process alone.
	SharingNone = shared.None
	// SharingAll: the limit holds for all processes together.
	SharingAll = shared.All
	// SharingAlone: the other processes cannot be reached. This one uses only its part of
	// the limit.
	SharingAlone = shared.Alone
)

// takeInPeers records what is known of the processes that share the limit, and notes
// if they were lost or found. The lock is held.
func (e *engine) takeInPeers(c *call, now gate.Instant) {
	if e.peers == nil {
		return
	}
	s := e.peers.Share()
	e.window.Share(s, now)
	if s.Losses != e.losses {
		e.losses, s.Sharing = s.Losses, SharingAlone // also if they have been found since: next time
	}
	if s.Sharing == SharingAll {
		s.Err = nil // it is of the last loss
	}
	if s.Sharing != e.sharing {
		e.sharing, c.change().peers = s.Sharing, &s
	}
}

// reportToPeers reports to the processes that share the limit, if there are any, how this one
// stands, and of an attempt that has ended, if it is not nil.
func (e *engine) reportToPeers(o *gate.Outcome) {
	if e.peers == nil {
		return
	}
	var r shared.Report
	if o != nil {
		r = shared.Report{Answered: true, Limited: o.Status == http.StatusTooManyRequests, Sent: time.Now().Add(-o.Took())}
	}
	e.queue.Lock()
	e.window.Report(&r, gate.Now())
	e.queue.Unlock()
	e.peers.Report(r)
}
