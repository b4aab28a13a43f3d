package redislimit

import (
	"context"
	"errors"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A reservation is a slot that is not due yet.
type reservation struct {
	due   time.Time
	at    int64 // for the server
	late  int64
	after int64 // the caller's last slot before it
}

// While other programs use part of the limit, a slot may be soonest ahead when it is reserved, and
// a patience-th part of the time that its caller has waited: what is reserved does not follow a
// change of the common rate, and many processes would have reserved seconds. Those that have
// waited longest come first. soonest is long against an answer of Redis, and with a larger
// patience more processes ask in vain. (Judgement; the effect was measured in .ci/lab.)
const (
	soonest  = 500 * time.Millisecond
	patience = 10
)

// What the server answers to a request for a slot.
const (
	granted = iota
	paused
	probing   // another process makes the half-open probe, or it is too early to reserve a slot
	discarded // the stored slots or pause were invalid
)

// errDiscarded is in the PeersLost event, because a person must find the cause.
var errDiscarded = errors.New("redislimit: Redis held slots or a pause that were unreadable or too far ahead; they are discarded: " +
	"find out whether its clock was set back, or what else writes to this tenant's keys")

// Slot returns when a request may begin, with the time from which its slot counts. The
// request must begin within MaxSlotAge of that time. If the context ends first, Slot returns
// the context's error, and the next caller gets the reserved slot, or it is returned.
func (l *Limiter) Slot(ctx context.Context) (due time.Time, err error) {
	if l.err != nil {
		return due, l.err
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return due, ctx.Err()
	}
	began := time.Now()
	for {
		a, news, err := l.mode()
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
			return due, err
		case a != nil:
			if a.slot(ctx, news) == nil {
				return l.usedAlone(), nil
			}
			continue
		}
		r, retry := l.reserve(ctx, began)
		switch {
		case r.at == 0:
			sleep(ctx, retry, news)
		case l.await(ctx, r):
			return r.due, nil
		}
	}
}

// mode returns the state of a process that is alone, or nil, and a channel that is closed when
// something changes. It starts the heartbeat.
func (l *Limiter) mode() (*alone, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, ErrClosed
	}
	idle := time.Since(l.asked) > active
	l.asked = time.Now()
	if !l.beats {
		l.start()
	} else if idle {
		l.beatNow() // the next beat may be idleEvery away: until then it would not know who has joined
	}
	return l.alone, l.news, nil
}

// usedAlone notes that a slot is used now by a process that is alone.
func (l *Limiter) usedAlone() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apartAt = time.Now()
	return l.apartAt
}

// reserve returns the slot that is kept or a new one, or else when to ask again,
// unless there are news. The caller has waited since it began.
func (l *Limiter) reserve(ctx context.Context, began time.Time) (r reservation, retry time.Duration) {
	r, q, known := l.request(began)
	if r.at != 0 || !known {
		return r, replyTimeout // first a beat must read the server's clock, or those that are alone must see this process
	}
	a, err := l.server.run(ctx, slotScript, func(a answer) { l.lost(a, q) },
		[]string{l.keys.slots, l.keys.state}, l.n, l.per.Microseconds(), q.late, q.last, q.filled, flag(q.refill), q.ahead, q.far, q.ours, q.alone, q.soon, q.heard)
	if ctx.Err() != nil && err != nil {
		return r, 0
	}
	return l.answered(q, a, err)
}

// A request has the arguments of the script that reserves a slot.
type request struct {
	late, last, filled, ahead int64
	far                       int64 // beyond that no slot can be
	soon                      int64 // beyond that no slot is wanted yet
	heard                     int64 // when it was answered last
	ours                      int   // slots for those that share
	alone                     int   // slots used alone
	refill                    bool
	settings                  int // of the server's clock, until then
}

// request returns the slot that is kept, or what to ask the server for, if it is
// known what time it is there.
func (l *Limiter) request(began time.Time) (r reservation, q request, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, l.kept = l.kept, reservation{}
	if r.at != 0 && time.Since(r.due) <= usable {
		return r, q, true
	}
	now := time.Now()
	ours := l.n - partsOf(l.n, l.fewest, min(l.apart, l.fewest))
	if !l.clock.known(now) || ours < 1 && l.fewest < l.share.Processes {
		return reservation{}, q, false
	}
	l.seen.waiting = 1
	margin := l.clock.uncertainty(now) + time.Millisecond // the wait itself adds some
	return reservation{}, request{
		late: (usable + spare + margin).Microseconds(), last: l.last, filled: l.filled, refill: l.refill, settings: l.settings,
		ahead: l.ahead(now).Microseconds(),
		far:   l.farthest().Microseconds(),
		soon:  (soonest + now.Sub(began)/patience).Microseconds(),
		heard: l.heard,
		ours:  max(1, ours),
		alone: l.used(now),
	}, true
}

// ahead is how far ahead the slots may be that the others hold, and a caller of this process. Each
// has one. If any of them share, it may be a window ahead after a burst; one that has joined lately
// got it a window after the last.
func (l *Limiter) ahead(now time.Time) time.Duration {
	others := l.lately.processes - 1
	sharing := max(0, others-l.apart)
	windows := min(1, sharing)
	lately := idleEvery + l.per*time.Duration(others+2) // that slot is not used yet
	if now.Sub(l.joined) < lately || now.Sub(l.joining) < lately {
		windows += sharing
	}
	d := time.Duration(float64(others)/l.share.Rate*float64(time.Second)) + l.per*time.Duration(windows)
	return max(d, l.awaited.Sub(now)+usable)
}

// farthest is how far ahead a slot may be: each process has reserved one, at the lowest
// rate that package congestion sets, a tenth of the limit. The rest is for processes that
// are not known yet.
func (l *Limiter) farthest() time.Duration {
	return 2*l.per + 10*l.per*time.Duration(l.share.Processes)/time.Duration(l.n) + 10*time.Second
}

// slotReply returns the numbers of the slot script, if they can be true.
func slotReply(a answer, q request) (v []int64, err error) {
	v, err = a.ints(5)
	if err == nil && (v[0] < granted || v[0] > discarded || v[1] < 0 || v[1] > 2*q.far+maxPause.Microseconds() || v[2] <= 0 || v[2] > maxTime) {
		err = errAnswer
	}
	return v, err
}

// answered returns what reserve returns for an answer of the server.
func (l *Limiter) answered(q request, a answer, err error) (r reservation, retry time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var v []int64
	if err == nil {
		v, err = slotReply(a, q)
	}
	if l.refused = err != nil; l.refused {
		l.part(err)
		return r, 0
	}
	kind, wait, now := v[0], v[1], v[2]
	fresh := v[3] != l.filled
	if fresh {
		l.filled, l.refill, l.counted = v[3], false, 0
	}
	l.look(now, a, fresh)
	l.heard = now
	if fresh && v[3] != now && l.awaited.After(l.clock.local(v[3]).Add(l.per)) {
		l.awaited = time.Time{} // another process has filled them: it may not have known of a slot that is so far ahead
		l.changed()
	}
	if l.settings != q.settings {
		return r, 0 // of another clock
	}
	switch kind {
	case granted:
		return l.take(q, now+wait, v[4] == 1), 0
	case discarded:
		l.part(errDiscarded)
		return r, 0
	case paused:
		l.share.PausedUntil = a.came.Add(micro(wait))
	}
	return r, micro(wait)
}

// take returns the slot that was granted at a time of the server's, or none if the process
// has lost the others since it asked: then it has its part instead. It is called with the lock.
func (l *Limiter) take(q request, at int64, probes bool) reservation {
	r := reservation{due: l.clock.local(at), at: at, late: q.late, after: l.last}
	if l.last = r.at; l.seen.limited.IsZero() {
		l.share.PausedUntil = time.Time{}
	}
	if probes {
		l.probe = r.due
	}
	if l.alone != nil && q.alone == 0 {
		l.giveBack(r)
		return reservation{}
	}
	return r
}

// await waits until a slot falls due, and reports whether it may be used then: not if
// there is a pause, which a beat has found meanwhile, nor much later, nor if answered has found that
// the slot does not count any more. If the wait was ended, the slot is for the next caller.
func (l *Limiter) await(ctx context.Context, r reservation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.awaited = r.due
	for !l.awaited.IsZero() && time.Until(r.due) > 0 && !l.closed && ctx.Err() == nil {
		left, news := time.Until(r.due), l.news
		l.mu.Unlock()
		sleep(ctx, left, news)
		l.mu.Lock()
	}
	counts := !l.awaited.IsZero()
	l.seen.waiting, l.awaited = 0, time.Time{}
	if counts && time.Until(r.due) > 0 {
		l.keep(r)
		return false
	}
	if !counts || time.Now().Before(l.share.PausedUntil) || time.Since(r.due) > usable {
		return false
	}
	l.usedAt = time.Now()
	return true
}

// look reads the server's clock. If that was set, the slots of the others were reserved by
// another clock: all slots have to count as used, unless that is done. It is called with the
// lock.
func (l *Limiter) look(now int64, a answer, done bool) {
	if l.clock.see(now, a.sent, a.came) {
		l.settings++
		l.refill, l.last, l.heard = !done, 0, 0
	}
}

// keepFor is how long the reservation of a cancelled caller is kept for the next caller.
const keepFor = 5 * time.Millisecond

// keep holds the slot of a cancelled caller for the next one, for keepFor. It is called with the
// lock.
func (l *Limiter) keep(r reservation) {
	l.kept = r
	time.AfterFunc(keepFor, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.kept == r {
			l.kept = reservation{}
			l.giveBack(r)
		}
	})
}

// giveBack is called with the lock.
func (l *Limiter) giveBack(r reservation) {
	if l.last == r.at {
		l.last = r.after // so that it is not missed
	}
	go l.server.run(context.Background(), returnScript, nil, []string{l.keys.slots, l.keys.state}, r.at, r.late)
}

// lost returns a slot whose answer came after its caller had stopped waiting.
func (l *Limiter) lost(a answer, q request) {
	v, err := slotReply(a, q)
	if err != nil || v[0] != granted {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack(reservation{at: v[1] + v[2], late: q.late})
}

// sleep returns after d, or when there are news or the context ends.
func sleep(ctx context.Context, d time.Duration, news <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-news:
	case <-ctx.Done():
	}
}

func micro(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

var _ shared.Limiter = (*Limiter)(nil)
