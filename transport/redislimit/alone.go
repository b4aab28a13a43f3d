package redislimit

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// alone is the state of a process that cannot reach the others: it uses its part of the limit,
// which is divided by the number of processes seen last.
type alone struct {
	limiter *transport.StrictLimiter
	part    int       // slots
	since   time.Time // until then slots of Redis may be in use
	from    time.Time // since, or the end of a pause
}

// partOf divides n slots so that the parts of all processes together are n at most: of the
// remainder the first ones get one each. If there are fewer slots than processes, each gets one
// in a longer time.
func partOf(n int, per time.Duration, processes, rank int) (int, time.Duration) {
	if n < processes {
		return 1, (per*time.Duration(processes)-1)/time.Duration(n) + 1 // rounded up
	}
	part := n / processes
	if rank < n%processes {
		part++
	}
	return part, per
}

// partsOf returns how many slots so many processes use together that are alone.
func partsOf(n, processes, apart int) int {
	return n/processes*apart + min(apart, n%processes)
}

// slot waits for one, but not longer than until there are news.
func (a *alone) slot(ctx context.Context, news <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-news:
			cancel()
		case <-ctx.Done():
		}
	}()
	sleep(ctx, time.Until(a.from), nil)
	return a.limiter.Wait(ctx)
}

const (
	// leastBeats succeed in a row before a process asks for a slot, to join the others. Each
	// time that it gets none, or parts again within settledAfter, twice as many are
	// needed, up to mostBeats: it takes time from the others. (Judgement.)
	leastBeats, mostBeats = 2, 32
	settledAfter          = 10 * time.Second
)

// part makes this process go on alone. It says so to the others, if it can, and they leave
// its part free. It is called with the lock.
func (l *Limiter) part(err error) {
	l.well = 0
	l.share.Err = err
	if l.alone != nil {
		return
	}
	if time.Since(l.joined) > settledAfter {
		l.needed = leastBeats
	}
	// The slots that Redis gave until now may still be in use: each of the others has reserved
	// one, and so has this process, up to a window ahead after a burst.
	from := time.Now().Add(l.per + l.per*time.Duration(l.lately.processes)/time.Duration(l.n))
	if last := l.clock.local(l.last).Add(usable + l.per); l.last != 0 && last.After(from) {
		from = last
	}
	if held := l.awaited.Add(usable + l.per); held.After(from) { // of a clock that has been set since, perhaps
		from = held
	}
	l.alone = &alone{l.own, l.takePart(), from, from}
	l.share.Sharing = shared.Alone
	l.share.Losses++
	l.share.PausedUntil = time.Time{} // the Transport has its own
	l.changed()
	l.beatNow()
}

// takePart limits what this process sends alone to its part, and returns the part. It is called
// with the lock.
func (l *Limiter) takePart() int {
	part, per := partOf(l.n, l.per, l.lately.processes, l.lately.rank)
	if err := l.own.SetLimit(part, per); err != nil {
		panic(err) // New has checked the limit
	}
	return part
}

// hold keeps a process that is alone from sending until then, since the others are held
// back. It is called with the lock.
func (l *Limiter) hold(until time.Time) {
	if l.alone != nil && until.After(l.alone.from.Add(beatEvery)) {
		l.alone = &alone{l.own, l.alone.part, l.alone.since, until}
		l.changed()
	}
}

// used returns how many slots this process may have used alone in the last window, at least
// 1 if it is alone: others may be, too. It is called with the lock.
func (l *Limiter) used(now time.Time) int {
	switch {
	case l.alone == nil:
		return 0
	case l.idle(now), now.Add(replyTimeout).Before(l.alone.since): // while it asks it does not either
		return 1
	}
	return l.alone.part
}

// idle reports whether it used no slot alone in the last window. It is called with the lock.
func (l *Limiter) idle(now time.Time) bool { return now.Sub(l.apartAt) > l.per+usable }

// rejoin makes a process that is alone share the limit again when it gets a slot from Redis:
// beats may succeed while the script for slots fails. A process that has used no slot alone lately,
// and has lost only beats, joins without a slot, because a slot for a process that was alone delays
// all by a window or more.
func (l *Limiter) rejoin() {
	l.mu.Lock()
	ask := l.alone != nil && l.well >= l.needed && !l.closed
	l.mu.Unlock()
	if !ask {
		return
	}
	waits := false
	select {
	case l.turn <- struct{}{}: // its part is not used meanwhile
		defer func() { <-l.turn }()
	default:
		waits = true
	}
	l.mu.Lock()
	if now := time.Now(); waits && !now.Add(replyTimeout).Before(l.alone.from) {
		l.apartAt = now // the caller may use its part at any moment
	}
	idle := l.idle(time.Now()) && !l.refused
	if idle {
		l.join()
	}
	l.mu.Unlock()
	if !idle {
		l.joinWithSlot()
	}
}

func (l *Limiter) joinWithSlot() {
	r, wait := l.reserve(context.Background(), time.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.waiting = 0
	if r.at == 0 && l.well > 0 {
		l.hold(time.Now().Add(wait)) // it is paused
		return
	}
	if r.at == 0 {
		l.needed = min(2*l.needed, mostBeats)
		return
	}
	l.join()
	l.keep(r)
}

// join is called with the lock.
func (l *Limiter) join() {
	l.needed = min(2*l.needed, mostBeats)
	l.alone, l.joined = nil, time.Now()
	l.share.Sharing = shared.All
	l.changed()
}
