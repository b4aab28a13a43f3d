package redislimit

import (
	"context"
	"errors"
	"math"
	"time"
)

const (
	beatEvery = 100 * time.Millisecond // while there are calls
	idleEvery = 2 * time.Second
	active    = time.Second // since the last call
	idleFor   = time.Minute // then this process is none of the members any more
)

// wander is by how much the delay may change in a second, in seconds, as a standard
// deviation.
const wander = 0.3

var errAnswer = errors.New("redislimit: Redis answered something else than the script does")

// start lets the heart beat. It is called with the lock.
func (l *Limiter) start() {
	l.beats = true
	l.ended = make(chan struct{})
	go l.heart(l.ended)
}

// heart tells the others of this process, and this one of them, until it is closed or
// was idle for long.
func (l *Limiter) heart(ended chan<- struct{}) {
	defer close(ended)
	for {
		l.beat()
		timer := time.NewTimer(l.pulse())
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

func (l *Limiter) beatNow() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Limiter) pulse() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alone == nil && time.Since(l.asked) > active && time.Since(l.seen.at) > active {
		return idleEvery
	}
	return beatEvery
}

// over tells whether the heart is to stop.
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
		l.id, "leave", l.n, l.per.Microseconds(), 0, 0, 0, 0, 0, 0, 0)
}

// beat exchanges with the others what was seen since the last time.
func (l *Limiter) beat() {
	l.mu.Lock()
	told := l.seen
	l.seen.answers, l.seen.served = 0, false
	l.mu.Unlock()

	a, err := l.server.run(context.Background(), beatScript, nil, []string{l.keys.state, l.keys.members, l.keys.slots},
		l.id, "", l.n, l.per.Microseconds(), told.report.ServerDelay.Microseconds(), told.weight(),
		told.report.Service.Microseconds(), told.report.InFlight, told.answers, told.waiting, told.pause())
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && len(a.values) < 9 {
		err = errAnswer
	}
	if err != nil {
		l.seen.answers += told.answers
		l.seen.served = l.seen.served || told.served
		l.part(err)
		return
	}
	if l.seen.limited.Equal(told.limited) {
		l.seen.limited = time.Time{}
	}
	l.learn(a)
	l.join()
}

// learn takes in what the server knows of all.
func (l *Limiter) learn(a answer) {
	v := a.values
	first := l.clock.last.IsZero()
	l.look(v[0], a, false)
	paused := !l.share.PausedUntil.IsZero()
	l.rank = int(v[2])
	s := &l.share
	s.Time, s.Processes, s.Rate = a.came, max(1, int(v[1])), float64(v[4])/1000
	s.ServerDelay, s.Stddev = micro(v[5]), 0
	if v[6] > 0 {
		s.Stddev = time.Duration(float64(time.Second) / math.Sqrt(float64(v[6])))
	}
	if v[8] > 0 {
		s.ProbeFrom, s.ProbeUntil = l.clock.local(v[7]), l.clock.local(v[8])
		s.ProbeTail = s.ProbeFrom.Add(s.ProbeUntil.Sub(s.ProbeFrom) * 6 / 10)
	}
	if l.seen.limited.IsZero() {
		s.PausedUntil = time.Time{}
		if v[3] > v[0] {
			s.PausedUntil = a.came.Add(micro(v[3] - v[0]))
		}
	}
	if first || paused && v[3] == 0 {
		l.tell() // there is no need to wait any longer
	}
}

// weight is that of the measured delay, 1/s².
func (s seen) weight() int64 {
	if s.report.Stddev <= 0 {
		return 0
	}
	doubt := s.report.Stddev.Seconds()
	return int64(math.Min(1e4, 1/(doubt*doubt+wander*wander*time.Since(s.at).Seconds())))
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
