package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Aprimo's documented limit, over all integrations of a tenant together:
// https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/
const (
	defaultRate = 15
	defaultPer  = time.Second
)

// maxLimit bounds the memory of a StrictLimiter to 8 MB.
const maxLimit = 1 << 20

// A Limiter decides when one more request may begin. Wait returns nil when it may, or an
// error: the context's error if the context ends first. A Transport calls Wait once at a time
// and assigns the slot to the head of its queue at that moment. The context is that of the
// call at the head when Wait was called, without its deadline.
//
// A *rate.Limiter of golang.org/x/time/rate is a Limiter. It allows up to twice its rate in
// one second; a [StrictLimiter] does not.
type Limiter interface {
	Wait(ctx context.Context) error
}

// A StrictLimiter lets at most n requests begin in any window of length per, also after the
// process was stopped. After an idle time the first n begin at once. Callers are served first
// come, first served, and a cancelled caller uses no slot. Create one with NewLimiter. It is
// safe for concurrent use.
//
// As the limiter of a Transport, a slot counts from when its request is written, which is
// later if the request waits for a connection.
type StrictLimiter struct {
	age   atomic.Int64    // what maxSlotAge returns: it is asked for without a lock
	queue fairqueue.Queue // of those who call Wait

	mu     sync.Mutex // taken last, with the lock of a queue held
	n      int        // 0 if the limit makes no sense
	per    time.Duration
	counts time.Duration  // how long a request counts
	starts []gate.Instant // when the last requests began, at least n; a ring
	oldest int            // the oldest of them

	waiting map[*fairqueue.Queue]struct{} // whose leaders wait for the next slot
}

// NewLimiter returns a StrictLimiter of n requests per window. Its windows are 0.8 % longer
// than per, because a request is written a little later than its slot was given.
//
// It needs 8 bytes for each of the n. If n or per is not positive, or n is above 1,048,576,
// each Wait returns an error that says so.
func NewLimiter(n int, per time.Duration) *StrictLimiter {
	l := &StrictLimiter{}
	if checkLimit(n, per) == nil {
		l.resize(gate.Now(), n, per)
	}
	return l
}

func checkLimit(n int, per time.Duration) error {
	if n <= 0 || n > maxLimit || per <= 0 {
		return fmt.Errorf("a limit of %d requests in %v: it must be 1 to %d requests in a time above zero", n, per, maxLimit)
	}
	return nil
}

var errLimiter = errors.New("transport: NewLimiter needs a number of requests from 1 to 1,048,576 and a time above zero")

// Wait returns when one more request may begin, which should then begin at once. If the
// context ends first, Wait returns the context's error.
func (l *StrictLimiter) Wait(ctx context.Context) error {
	_, err := l.wait(ctx)
	return err
}

func (l *StrictLimiter) wait(ctx context.Context) (gate.Instant, error) {
	for {
		var w fairqueue.Waiter
		if err := l.queue.Wait(ctx, &w, directSlots{l}, gate.Now()); err != nil {
			return 0, err
		}
		if gate.Now().Sub(w.Granted) <= l.maxSlotAge() {
			return w.Granted, nil
		}
	}
}

// SetLimit changes the limit at once, also for waiting callers. Requests that have begun still
// count: from now on at most n requests begin in any window of the new length. Numbers that
// NewLimiter does not accept are an error and change nothing.
//
// To change the limiter of a Transport, use Transport.SetLimit.
func (l *StrictLimiter) SetLimit(n int, per time.Duration) error {
	if err := l.setLimit(n, per); err != nil {
		return fmt.Errorf("transport: SetLimit: %w", err)
	}
	return nil
}

func (l *StrictLimiter) setLimit(n int, per time.Duration) error {
	if err := checkLimit(n, per); err != nil {
		return err
	}
	l.mu.Lock()
	if l.n == 0 {
		l.mu.Unlock()
		return errLimiter
	}
	l.resize(gate.Now(), n, per)
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	for q := range waiting { // without our lock, which is taken last
		q.Lock()
		q.Wake()
		q.Unlock()
	}
	return nil
}

// resize keeps what has begun and still counts, by the old limit or the new one: a large
// limit that follows a small one must not forget it.
func (l *StrictLimiter) resize(now gate.Instant, n int, per time.Duration) {
	begun := slices.Concat(l.starts[l.oldest:], l.starts[:l.oldest]) // the oldest first
	since := now.Add(-max(counted(per), l.counts))
	recent := begun[sort.Search(len(begun), func(i int) bool { return begun[i].After(since) }):]
	keep := max(n, len(recent))
	if len(begun) > keep {
		begun = begun[len(begun)-keep:]
	}
	l.starts = append(make([]gate.Instant, keep-len(begun)), begun...)
	l.n, l.per, l.counts, l.oldest = n, per, counted(per), 0
	l.age.Store(int64(slotAge(per)))
}

// at returns the k-th of the last n starts, the first one being the oldest.
func (l *StrictLimiter) at(k int) *gate.Instant {
	return l.start(len(l.starts) - l.n + k)
}

// start returns the i-th of all starts, the first one being the oldest.
func (l *StrictLimiter) start(i int) *gate.Instant {
	if i += l.oldest; i >= len(l.starts) {
		i -= len(l.starts)
	}
	return &l.starts[i]
}

// begin counts a request that begins then, not before any that is counted already.
func (l *StrictLimiter) begin(at gate.Instant) {
	l.starts[l.oldest] = at
	if l.oldest++; l.oldest == len(l.starts) {
		l.oldest = 0
	}
}

// take uses a slot if one is free at this very moment. If none is, a change of the limit
// wakes the leader of q.
func (l *StrictLimiter) take(now gate.Instant, q *fairqueue.Queue) (at gate.Instant, w gate.Wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return at, gate.Wait{Ask: func(context.Context) error { return errLimiter }}
	}
	if wait := l.at(0).Add(l.counts).Sub(now); wait > 0 {
		if l.waiting == nil {
			l.waiting = map[*fairqueue.Queue]struct{}{}
		}
		l.waiting[q] = struct{}{}
		return at, gate.Wait{AtMost: wait}
	}
	if len(l.waiting) > 0 {
		delete(l.waiting, q)
	}
	// A process that was stopped may come with a time from before the last start.
	now = max(now, *l.at(l.n - 1))
	l.begin(now)
	return now, w
}

// directSlots are the slots of a limiter for those who call its Wait.
type directSlots struct{ *StrictLimiter }

func (s directSlots) Take(now gate.Instant) (gate.Instant, gate.Wait) {
	return s.take(now, &s.queue)
}

// Admit refuses nobody: the queue of a limiter has no bound.
func (directSlots) Admit(context.Context, *fairqueue.Waiter, int, gate.Instant) error { return nil }

// Return does nothing: a slot counts from when it was granted, used or not.
func (directSlots) Return(gate.Instant) {}

// move makes a start that was counted from granted count from now. Starts of the same
// instant are as good as one another.
func (l *StrictLimiter) move(granted, now gate.Instant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := len(l.starts)
	i := sort.Search(all, func(i int) bool { return !l.start(i).Before(granted) })
	if i == all || *l.start(i) != granted {
		return false
	}
	now = max(now, *l.start(all - 1))
	for ; i < all-1; i++ {
		*l.start(i) = *l.start(i + 1)
	}
	*l.start(all - 1) = now
	return true
}

func (l *StrictLimiter) next(ctx context.Context) (gate.Instant, error) { return l.wait(ctx) }

func (l *StrictLimiter) due(from gate.Instant, ahead int) gate.Instant {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return from
	}
	first := max(from, l.at(ahead%l.n).Add(l.counts))
	return first.Add(time.Duration(ahead/l.n) * l.counts)
}

func (l *StrictLimiter) plan(now gate.Instant) (gate.Instant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return 0, errLimiter
	}
	at := max(now, l.at(0).Add(l.counts))
	l.begin(at)
	return at, nil
}

// counted is how long a request counts: longer than asked for by the time that a slot may
// be old when it is used.
func counted(per time.Duration) time.Duration { return min(per, gate.Century/2) + slotAge(per) }

// slotAge returns how long after its grant a slot may be used: 8 ms for a window of a second,
// which a busy scheduler needs, at least 1 ms, and at most a tenth of the window, but 0.1 ms, or
// no slot would be used in time. A request that comes later needs another slot. Since the window
// is longer by slotAge, the limit holds for the sending itself, whatever the scheduler or a
// SIGSTOP does in between.
func slotAge(per time.Duration) time.Duration {
	return max(per/125, min(per/10, time.Millisecond), 100*time.Microsecond)
}

func (l *StrictLimiter) maxSlotAge() time.Duration { return time.Duration(l.age.Load()) }

func (l *StrictLimiter) rate() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return 0
	}
	return float64(l.n) / l.counts.Seconds()
}

func (l *StrictLimiter) limit() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return 0
	}
	return float64(l.n) / l.per.Seconds()
}

func (l *StrictLimiter) exact() bool { return true }

func (l *StrictLimiter) asked() bool { return false }

func (l *StrictLimiter) peers() shared.Limiter { return nil }
