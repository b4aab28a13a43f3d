package transport

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// Aprimo's documented limit, over all integrations of a tenant together:
// https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/
const (
	defaultRate = 15
	defaultPer  = time.Second
)

// A Limiter says when one more request may begin. Wait returns nil when it may,
// or an error: the context's if that ends first. The Transport asks for one slot
// at a time and gives it to whoever is first in its queue when it falls due; the
// context is that of the call at the head of the queue, without its deadline.
//
// A *rate.Limiter of golang.org/x/time/rate is a Limiter as it is, but lets up to
// twice its rate through in one second; one from [NewLimiter] never does.
type Limiter interface {
	Wait(ctx context.Context) error
}

// NewLimiter returns a Limiter that lets at most n requests begin in any window
// of the length per, wherever it is laid, and however long the process was
// stopped in between. Requests that come together go together: after an idle
// time the first n go at once. Callers are served first come first served, and
// one that gives up takes nothing with it. The windows are kept 0.8 % longer than
// per, so that the promise holds for the sending and not only for the intent.
//
// It needs memory for n points in time. If n or per is not positive, each Wait
// returns an error that says so. It is safe for concurrent use.
func NewLimiter(n int, per time.Duration) Limiter {
	l := &limiter{}
	l.keep(per)
	if n > 0 && per > 0 {
		l.starts = make([]gate.Instant, n)
	}
	return l
}

// A limiter remembers when the last n requests began. The next one may begin
// when the oldest of them has left the window.
type limiter struct {
	queue fairqueue.Queue // of those who call Wait

	mu     sync.Mutex
	window time.Duration  // that a request counts for
	starts []gate.Instant // a ring; the zero time is long ago
	oldest int

	slacking atomic.Int64 // what slack returns
}

var errLimiter = errors.New("transport: NewLimiter needs a number of requests and a time above zero")

func (l *limiter) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var w fairqueue.Waiter
		if err := l.queue.Wait(ctx, &w, directSlots{l}, gate.Now()); err != nil {
			return err
		}
		if gate.Now().Sub(w.Granted) <= l.slack() {
			return nil
		}
	}
}

// directSlots are the slots of a limiter for those who call its Wait.
type directSlots struct{ *limiter }

func (s directSlots) Take(now gate.Instant) (gate.Instant, gate.Wait) { return s.take(now) }

// Admit refuses nobody: the queue of a limiter has no bound.
func (directSlots) Admit(context.Context, *fairqueue.Waiter, int) error { return nil }

// Return does nothing: a slot counts from when it was granted, used or not.
func (directSlots) Return(gate.Instant) {}

// take uses a slot if one is free at this very moment.
func (l *limiter) take(now gate.Instant) (at gate.Instant, h gate.Wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.starts) == 0 {
		return at, gate.Wait{Ask: func(context.Context) error { return errLimiter }}
	}
	if wait := l.starts[l.oldest].Add(l.window).Sub(now); wait > 0 {
		return at, gate.Wait{AtMost: wait}
	}
	l.starts[l.oldest] = now
	l.oldest = (l.oldest + 1) % len(l.starts)
	return now, h
}

// due returns when a request may begin, at the earliest, that has `ahead` others
// before it, if none begins before from.
func (l *limiter) due(from gate.Instant, ahead int) gate.Instant {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.starts)
	if n == 0 {
		return from
	}
	first := l.starts[(l.oldest+ahead)%n].Add(l.window)
	if first.Before(from) {
		first = from
	}
	return first.Add(time.Duration(ahead/n) * l.window)
}

// plan returns when a request would begin that comes now and waits its turn, and
// counts it for then: a limiter that is only asked, never waited for.
func (l *limiter) plan(now gate.Instant) gate.Instant {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now
	if free := l.starts[l.oldest].Add(l.window); free.After(at) {
		at = free
	}
	l.starts[l.oldest] = at
	l.oldest = (l.oldest + 1) % len(l.starts)
	return at
}

// resize changes the limit. What has begun before counts on.
func (l *limiter) resize(n int, per time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := append(slices.Clone(l.starts[l.oldest:]), l.starts[:l.oldest]...) // the oldest first
	if len(begun) > n {
		begun = begun[len(begun)-n:]
	}
	l.starts = append(make([]gate.Instant, n-len(begun)), begun...)
	l.oldest = 0
	l.keep(per)
}

// slack is how long after it was given a slot may be used, 8 ms of a second: a
// request that is later does not go. With a window that is longer by as much, the
// limit holds for the sending itself and not only for our intent, whatever the
// scheduler or a SIGSTOP does in between.
func (l *limiter) slack() time.Duration { return time.Duration(l.slacking.Load()) }

func slackOf(per time.Duration) time.Duration { return max(per/125, min(per/10, time.Millisecond)) }

// keep makes the windows so long.
func (l *limiter) keep(per time.Duration) {
	l.window = min(per, gate.Century/2) + slackOf(per)
	l.slacking.Store(int64(slackOf(per)))
}

// nominal is the rate that was asked for; rate is a little less.
func (l *limiter) nominal() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(len(l.starts)) / max(1e-9, (l.window-l.slack()).Seconds())
}

// rate is how many requests it lets through in a second.
func (l *limiter) rate() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.starts) == 0 {
		return 0 // of one that makes no sense
	}
	return float64(len(l.starts)) / l.window.Seconds()
}
