package redislimit

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// alone is how a process goes on that cannot reach the others: with its part of
// the limit, which is divided by those that were seen last.
type alone struct {
	limiter *transport.StrictLimiter
	from    time.Time // until then slots of Redis may be in use
}

// newAlone divides n slots so that the parts of all processes together are n: of
// the remainder the first ones get one each.
func newAlone(n int, per time.Duration, processes, rank int, from time.Time) *alone {
	part := n / processes
	if rank < n%processes {
		part++
	}
	if part == 0 {
		part, per = 1, per*time.Duration((processes+n-1)/n)
	}
	return &alone{transport.NewLimiter(part, per), from}
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
	timer := time.NewTimer(time.Until(a.from))
	defer timer.Stop()
	select {
	case <-timer.C:
		return a.limiter.Wait(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// part makes this process go on alone. It is called with the lock.
func (l *Limiter) part(err error) {
	l.well = 0
	if l.alone != nil {
		return
	}
	// The slots that Redis gave until now may still be in use: each of the others
	// has one that is to come.
	from := time.Now().Add(l.per + l.per*time.Duration(l.share.Processes)/time.Duration(l.n))
	l.alone = newAlone(l.n, l.per, l.share.Processes, l.rank, from)
	l.share.Sharing, l.share.Err = shared.Alone, err
	l.share.PausedUntil = time.Time{} // the Transport has its own
	l.tell()
}

// join makes it share again, when Redis has answered twice in a row. It is called
// with the lock.
func (l *Limiter) join() {
	if l.alone == nil {
		return
	}
	if l.well++; l.well < 2 {
		return
	}
	l.alone, l.refill = nil, true
	l.share.Sharing, l.share.Err = shared.All, nil
	l.tell()
}
