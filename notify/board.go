package notify

import (
	"maps"
	"slices"
	"time"
)

const (
	maxShared  = 100 // names in a board, of each kind
	maxApplied = 200 // processes that it remembers
	maxPending = 8   // alerts on their way; while there are so many no other begins
)

// A board is what the Alerters that share a Store know together: a plain value
// that each of them reads, adds to and writes back if nobody else has meanwhile.
// Without a Store an Alerter has one of its own. Its methods use no clock but the
// one they are given, and wait for nothing.
type board struct {
	Version int                `json:"version"`
	Now     time.Time          `json:"now"` // the latest that anybody has told
	Courses courses            `json:"incidents"`
	History history            `json:"history,omitempty"`
	Sent    []time.Time        `json:"sent,omitempty"` // the alerts of the last day
	Outbox  []outgoing         `json:"pending,omitempty"`
	Applied map[string]applied `json:"applied,omitempty"` // of each process: what was taken in last
	Muted   muting             `json:"mute"`
}

// courses are those of all levels, in their order.
type courses [len(levels)]course

type applied struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
}

// A muting keeps alerts back.
type muting struct {
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"` // when somebody said so
}

// A delta is what a process tells the board.
type delta struct {
	id, by string // the process, for machines and for people
	seq    uint64
	now    time.Time
	counts
	minutes history
	mute    muting
	closing bool
	fresh   string   // for the incident that begins with it, if one does
	sending []string // alerts that are on their way from here
	sent    []sentTo // and that were sent from here
	alone   bool
	tenant  string
}

// lease is after how long without a word a sender is taken for dead.
func (r Rule) lease() time.Duration { return r.Timeout + 3*watchEvery }

// apply takes in what a process tells, and returns the alerts that it has to send
// now. The process's clock may be behind the board's.
func (b *board) apply(d delta, r Rule, targets func(Level) []target) []outgoing {
	now := d.now
	if b.Now.After(now) {
		now = b.Now
	}
	b.Now = now
	if b.Applied[d.id].Seq < d.seq {
		b.count(d, r, now)
		b.note(d, r, now)
	}
	if d.mute.Since.After(b.Muted.Since) {
		b.Muted = d.mute
	}
	b.Sent = slices.DeleteFunc(b.Sent, func(t time.Time) bool { return now.Sub(t) >= 24*time.Hour })
	for i := range b.Courses {
		l := limits{r, r.limit(levels[i])}
		if d.alone { // what is not told at the end of the program is lost, as without a Store
			l.Store = nil
		}
		c := &b.Courses[i]
		may := func(p Phase) bool { return b.may(now, r, levels[i], p) }
		if phase := c.step(now, l, d.fresh+"-"+string(levels[i]), d.closing, may); phase != "" {
			b.post(c.tell(phase, now, l), levels[i], d, r, targets)
		}
	}
	return b.mine(d, r, now)
}

// count adds up.
func (b *board) count(d delta, r Rule, now time.Time) {
	b.History.add(d.minutes)
	for i := range b.Courses {
		c := &b.Courses[i]
		c.add(d.hits[i], d.by, now, now.Sub(d.now), limits{r, r.limit(levels[i])})
		s := &c.Sum
		if s.Total == 0 {
			continue
		}
		s.Lost += d.lost
		s.Recovered += d.recovered
		s.Refused += d.refused
		s.Paused += d.paused
		if d.hits[i].count > 0 {
			s.Queued, s.Delay, s.ServerDelay = d.queued, d.delay, d.serverDelay
		}
		for _, m := range b.History {
			if !m.Time.Before(s.Since.Truncate(time.Minute)) {
				s.Peak = max(s.Peak, m.Limited)
			}
		}
	}
}

// note remembers what was taken in: the Store's answer may be lost, and the
// process tells it again.
func (b *board) note(d delta, r Rule, now time.Time) {
	if r.Store == nil {
		return
	}
	if b.Applied == nil {
		b.Applied = map[string]applied{}
	}
	b.Applied[d.id] = applied{d.seq, now}
	for len(b.Applied) > maxApplied {
		delete(b.Applied, slices.MinFunc(slices.Collect(maps.Keys(b.Applied)), func(x, y string) int {
			return b.Applied[x].At.Compare(b.Applied[y].At)
		}))
	}
}

// may tells whether an alert may begin.
func (b *board) may(now time.Time, r Rule, level Level, phase Phase) bool {
	return !now.Before(b.Muted.Until) && len(b.Outbox) < maxPending && b.noneBefore(now, r, level, phase).IsZero()
}

// reserve is the part of the alerts that is kept for those that say that calls are
// lost, or many more: they must not go unheard because there was so much else to tell.
const reserve = 6

// noneBefore returns until when there have been as many alerts as the Rule allows, or
// zero.
func (b *board) noneBefore(now time.Time, r Rule, level Level, phase Phase) (until time.Time) {
	hour, day := r.PerHour, r.PerDay
	if r.Lost > 0 && (level != Failing || phase != Firing && phase != Escalated) {
		hour, day = hour-hour/reserve, day-day/reserve
	}
	n := len(b.Sent)
	if n >= day {
		until = b.Sent[n-day].Add(24 * time.Hour)
	}
	if n >= hour {
		if t := b.Sent[n-hour].Add(time.Hour); t.After(until) {
			until = t
		}
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

// withheld returns how many events there were of which no alert has told.
func (b *board) withheld() (n int) {
	for i := range b.Courses {
		n += b.Courses[i].withheld()
	}
	return n
}

// busy tells whether there is something to come without any other event.
func (b *board) busy(now time.Time, r Rule) bool {
	if len(b.Outbox) > 0 {
		return true
	}
	for i := range b.Courses {
		c := &b.Courses[i]
		if !c.idle() || !c.Waiting.IsZero() || r.Store != nil && len(c.Times) > 0 && now.Sub(c.Latest) <= r.Within {
			return true
		}
	}
	return false
}
