package redislimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

const (
	beatEvery = 100 * time.Millisecond // while there are calls
	idleEvery = 2 * time.Second
	active    = time.Second // since the last call
	idleFor   = time.Minute // then this process is none of the members any more

	// memory is how long processes that are no longer seen may still use slots: when Redis has lost
	// its data, the first ones see themselves alone. An idle one beats each idleEvery. (Judgement.)
	memory = 2 * idleEvery

	// rateFor is how long the rates of answers count after the last one: the time constant with
	// which package congestion measures them.
	rateFor = 30 * time.Second

	// maxWeight, in 1/s², is that of a standard deviation of 10 ms: one process alone is
	// never surer than that.
	maxWeight = 1e4
)

var errAnswer = errors.New("redislimit: the answer of Redis is not one of the script")

// steady is the longest time without a step of the State; after it nothing adjusts the rate.
const steady = time.Second

// start starts the heartbeat. A process that was alone when it became idle asks for a slot
// again: the others do not know of its part any more. It is called with the lock.
func (l *Limiter) start() {
	l.alone, l.share.Sharing = nil, shared.All
	l.beats, l.counted = true, 0
	l.ended = make(chan struct{})
	go l.heartbeat(l.ended)
}

// heartbeat exchanges measurements with the other processes until this one is closed, or idle
// for long.
func (l *Limiter) heartbeat(ended chan<- struct{}) {
	defer close(ended)
	for {
		l.beat()
		l.rejoin()
		l.fill()
		timer := time.NewTimer(l.interval())
		select {
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
		}
		if l.over() {
			l.leave()
			return
		}
	}
}

// fill makes all slots count as used after the server's clock was set or its data were lost, whether
// or not a caller waits. Otherwise a process that starts now would wait for slots of the old clock,
// or use those that others have.
func (l *Limiter) fill() {
	l.mu.Lock()
	ask := l.refill && l.alone == nil && !l.closed
	l.mu.Unlock()
	if !ask {
		return
	}
	r, _ := l.reserve(context.Background(), time.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.turn) == 0 {
		l.seen.waiting = 0
	}
	if r.at != 0 {
		l.keep(r)
	}
}

func (l *Limiter) beatNow() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Limiter) interval() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alone == nil && len(l.turn) == 0 && time.Since(l.asked) > active && time.Since(l.seen.at) > active {
		return idleEvery
	}
	return beatEvery
}

// over reports whether the heartbeat is to stop.
func (l *Limiter) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || time.Since(l.asked) > idleFor && len(l.turn) == 0 {
		l.beats = false
	}
	return !l.beats
}

func (l *Limiter) leave() {
	l.mu.Lock()
	kept := l.kept
	l.kept = reservation{}
	l.mu.Unlock()
	if kept.at != 0 {
		l.server.run(context.Background(), returnScript, nil, []string{l.keys.slots, l.keys.state}, kept.at, kept.late)
	}
	l.server.run(context.Background(), beatScript, nil, []string{l.keys.state, l.keys.members, l.keys.slots},
		l.id, "leave", "", 0, 0, 0)
}

// beat exchanges with the others what was seen since the last time, and adjusts the rate
// of all if that is due.
func (l *Limiter) beat() {
	l.mu.Lock()
	report := l.seen
	l.seen.answers, l.seen.served = 0, false
	measured := report.measured()
	if l.alone != nil {
		measured += " " + aloneMark
	}
	l.mu.Unlock()

	a, err := l.server.run(context.Background(), beatScript, nil, []string{l.keys.state, l.keys.members, l.keys.slots},
		l.id, "", measured, report.answers, report.pause(), l.per.Microseconds())
	lost := err != nil
	var p beatReply
	if err == nil {
		p, err = beatReplyOf(a.values)
	}
	if err == nil {
		err = l.step(&p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if lost {
		l.seen.answers += report.answers
		l.seen.served = l.seen.served || report.served
	}
	if err != nil {
		l.part(err)
		return
	}
	if l.seen.limited.Equal(report.limited) {
		l.seen.limited = time.Time{}
	}
	l.learn(a, p)
	if p.wrong != 0 {
		l.part(errDiscarded)
		return
	}
	l.well++
}

// step makes the controller's next step, if it is due and no other process makes it at
// the same time.
func (l *Limiter) step(p *beatReply) error {
	scope := congestion.Scope{Limit: l.share.Limit, Shared: true} // Limit never changes
	old, ok := congestion.Parse(p.law)
	if !ok {
		old = congestion.Start(p.instant(), scope, p.answers)
	}
	p.state = old
	if ok && !old.Due(p.instant(), instant(p.limited)) {
		return nil
	}
	next := old.Step(p.instant(), scope, p.observe(old.Binds(scope.Limit)))
	gap := 0.0
	if next.Binds(scope.Limit) {
		gap = 1e6 / next.Rate
	}
	a, err := l.server.run(context.Background(), swapScript, nil, []string{l.keys.state}, p.law, next.String(), int64(gap))
	var swapped []int64
	if err == nil {
		swapped, err = a.ints(1)
	}
	if err == nil && swapped[0] == 1 {
		p.state = next
	}
	if ok && p.instant().Sub(old.At) < steady {
		return nil // others make the steps, whatever keeps this one from it
	}
	return err
}

// learn records what the server knows of all processes. It is called with the lock.
func (l *Limiter) learn(a answer, p beatReply) {
	first := !l.clock.known(a.came)
	l.look(p.now, a, false)
	if p.answers < l.counted && (len(l.turn) > 0 || time.Since(l.usedAt) < l.per) {
		l.refill = true // Redis has lost data, and this process has used slots lately
	}
	l.counted = p.answers
	paused := !l.share.PausedUntil.IsZero()
	s := &l.share
	s.Time, s.Processes, s.Rate = a.came, max(1, len(p.members)), max(s.Limit/10, min(p.state.Rate, s.Limit))
	l.apart = p.apart(l.id)
	if s.Processes >= l.lately.processes || a.came.Sub(l.lately.at) > memory {
		more := s.Processes > l.lately.processes
		l.lately = crowd{s.Processes, p.rank(l.id), a.came}
		if more && l.alone != nil { // another one joined just before this one lost them
			l.alone.part = l.takePart()
		}
	}
	l.count(first, a.came)
	if l.apart > 0 {
		l.joining = a.came
	}
	s.ServerDelay, s.Stddev = p.measured(func(m member) bool { return m.id != l.id }).estimate()
	s.Served = p.state.Served
	s.Overload = p.state.Mode == congestion.Competing
	if probe := p.state.Probe; !probe.From.IsZero() {
		s.ProbeFrom, s.ProbeTail, s.ProbeUntil = l.local(probe.From), l.local(probe.Tail), l.local(probe.Until)
	}
	if l.seen.limited.IsZero() {
		s.PausedUntil = time.Time{}
		if p.pause > p.now {
			s.PausedUntil = a.came.Add(micro(p.pause - p.now))
			l.hold(s.PausedUntil)
		}
	}
	if first || paused && p.pause == 0 {
		l.changed() // there is no need to wait any longer
	}
}

// count notes by how many processes those that are alone divide the limit, at least: they see only
// at their next beat who has joined, and a window later they have used no more than their
// smaller part. It is called with the lock.
func (l *Limiter) count(first bool, now time.Time) {
	switch all := l.share.Processes; {
	case first:
		l.fewest, l.growing = max(1, all-1), now
	case all <= l.fewest:
		l.fewest, l.growing = all, time.Time{}
	case l.growing.IsZero():
		l.growing = now
	case now.Sub(l.growing) > l.per+2*beatEvery:
		l.fewest, l.growing = all, time.Time{}
	}
}

// local returns when the server's clock reaches a time, at the latest. The lock is held.
func (l *Limiter) local(t gate.Instant) time.Time { return l.clock.local(int64(t) / 1000) }

// measured is what the others get to know of this process, see member.
func (s seen) measured() string {
	r := s.report
	if time.Since(s.at) > rateFor {
		r.Refused, r.Served = 0, 0
	}
	return fmt.Sprint(r.ServerDelay.Microseconds(), s.weight(), r.Service.Microseconds(), r.InFlight, s.waiting,
		int64(1e3*r.Refused), int64(1e3*r.Served))
}

// weight is that of the measured delay, 1/s².
func (s seen) weight() int64 {
	if s.report.Stddev <= 0 {
		return 0
	}
	return int64(min(maxWeight, congestion.Weight(s.report.Stddev, time.Since(s.at))))
}

// pause is for how long a 429 holds all, in microseconds; -1 if the one that went
// ahead after a pause was let in.
func (s seen) pause() int64 {
	switch d := time.Until(s.limited); {
	case d > 0:
		return d.Microseconds()
	case s.served:
		return -1
	}
	return 0
}
