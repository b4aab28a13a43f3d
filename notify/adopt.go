package notify

import (
	"slices"
	"time"
)

// adopt takes in what a process has counted alone, from base on, while it could not
// reach this board. If nobody else has changed the board meanwhile, that is how it
// stands now. Otherwise both have gone on, and each course becomes one that tells of
// what either has not told yet, and never again of what one of them has.
func (b *board) adopt(alone, base board, unchanged bool) {
	theirs := *b
	if unchanged {
		*b = alone
		b.Applied, b.Outbox = theirs.Applied, theirs.Outbox
	} else {
		for i := range b.Courses {
			b.Courses[i].adopt(alone.Courses[i], base.Courses[i])
		}
		b.History.add(alone.History.since(base.History))
	}
	b.Sent = slices.Concat(theirs.Sent, alone.Sent)
	slices.SortFunc(b.Sent, time.Time.Compare)
	b.Sent = slices.CompactFunc(b.Sent, time.Time.Equal)
	for _, o := range alone.Outbox {
		i := slices.IndexFunc(b.Outbox, func(p outgoing) bool { return p.ID == o.ID })
		if i < 0 {
			b.Outbox = append(b.Outbox, o)
		} else if b.Outbox[i].Sender == o.Sender { // some may have got it meanwhile
			b.Outbox[i] = o
		}
	}
	if alone.Muted.Since.After(b.Muted.Since) {
		b.Muted = alone.Muted
	}
}

// adopt takes in a course that has gone on alone from base.
func (c *course) adopt(alone, base course) {
	for _, s := range alone.Untold {
		if !slices.ContainsFunc(c.Untold, func(u Summary) bool { return u.Incident == s.Incident }) &&
			!slices.ContainsFunc(base.Untold, func(u Summary) bool { return u.Incident == s.Incident }) {
			c.keep(s, alone.Latest)
		}
	}
	c.Opened, c.Told = later(c.Opened, alone.Opened), later(c.Told, alone.Told)
	more := alone.Sum.Total
	if alone.Incident == base.Incident && alone.idle() == base.idle() {
		more -= base.Sum.Total
	}
	switch {
	case alone.idle() && alone.Incident == c.Incident && !c.idle() && !c.Latest.After(alone.Told):
		c.State = OK // told to be over, and nothing since
		c.clear()
	case alone.idle(), more <= 0 && alone.Incident == c.Incident:
	case c.idle() && alone.Incident != c.Incident:
		alone.Untold, alone.Forgot, alone.ForgotN, alone.Held, alone.Waiting = c.Untold, c.Forgot, c.ForgotN, c.Held, c.Waiting
		alone.Opened, alone.Told, alone.Digests = c.Opened, c.Told, max(c.Digests, alone.Digests)
		*c = alone
	case alone.Incident != c.Incident: // two at the same time: from now on they are one
		s := alone.summary()
		s.Ended = alone.Sum.Latest
		c.keep(s, alone.Latest)
		c.Held.include(alone.Sum)
	case !c.idle():
		c.Sum.Total += more
		c.Sum.Latest, c.Latest = later(c.Sum.Latest, alone.Sum.Latest), later(c.Latest, alone.Latest)
		c.Sum.Peak = max(c.Sum.Peak, alone.Sum.Peak)
		c.Number, c.Events = max(c.Number, alone.Number), max(c.Events, alone.Events)
		c.Times = alone.Times
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
