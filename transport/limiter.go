package transport

import (
	"context"
	"fmt"
	"sync"
	"time"
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
// one that gives up takes nothing with it.
//
// If n or per is not positive, each Wait returns an error that says so. It is
// safe for concurrent use.
func NewLimiter(n int, per time.Duration) Limiter {
	l := &limiter{per: per}
	if n > 0 && per > 0 {
		l.starts = make([]time.Time, n)
	}
	return l
}

// slackOf is how long after it was given a slot may be used: 5 ms of a second.
// A request that is later does not go (see throttle.turn). With a window that is
// longer by as much, the limit holds for the sending itself and not only for our
// intent, whatever the scheduler or a SIGSTOP does in between.
func slackOf(per time.Duration) time.Duration {
	return max(per/200, min(per/10, time.Millisecond))
}

// A limiter remembers when the last n requests began. The next one may begin
// when the oldest of them has left the window.
type limiter struct {
	queue queue // of those who call Wait, where many do

	mu     sync.Mutex
	per    time.Duration
	starts []time.Time // a ring; the zero time is long ago
	oldest int
}

func (l *limiter) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.queue.len() == 0 && l.take() {
		return nil
	}
	if len(l.starts) == 0 {
		return fmt.Errorf("transport: NewLimiter needs a number of requests and a time above zero, not %d in %v", len(l.starts), l.per)
	}
	return l.queue.wait(ctx, new(place), l)
}

// next is the limiter's own queue's way to a slot: with one caller at a time,
// one timer is enough.
func (l *limiter) next(ctx context.Context) error {
	for !l.take() {
		if err := sleep(ctx, time.Until(l.due(time.Now(), 0))); err != nil {
			return err
		}
	}
	return nil
}

func (l *limiter) admit(context.Context, *place, int) error { return nil }

// take uses a slot if one is free at this very moment.
func (l *limiter) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.starts) == 0 || now.Before(l.starts[l.oldest].Add(l.window())) {
		return false
	}
	l.starts[l.oldest] = now
	l.oldest = (l.oldest + 1) % len(l.starts)
	return true
}

// due returns when a request may begin, at the earliest, that has `ahead` others
// before it, if none begins before from.
func (l *limiter) due(from time.Time, ahead int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.starts)
	if n == 0 {
		return from
	}
	first := l.starts[(l.oldest+ahead)%n].Add(l.window())
	if first.Before(from) {
		first = from
	}
	return first.Add(time.Duration(ahead/n) * l.window())
}

func (l *limiter) window() time.Duration { return l.per + slackOf(l.per) }

// patient asks a Limiter that is not ours on behalf of all who wait. One that
// knew the deadline of the call at their head would refuse them all for it, as
// x/time/rate does, with an error that is not context.DeadlineExceeded.
type patient struct{ Limiter }

func (p patient) Wait(ctx context.Context) error { return p.Limiter.Wait(noDeadline{ctx}) }

type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// sleep returns after d, or with the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
