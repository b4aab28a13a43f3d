package notify

import (
	"slices"
	"time"
)

// A State is where a level stands. It goes from OK to Pending when there are as
// many events as the Rule says, to Active when the first alert has been gathered,
// to Clearing when there are fewer than half as many, and back to OK when that has
// lasted for Rule.Within.
type State string

// The states.
const (
	OK       State = "ok"
	Pending  State = "pending"
	Active   State = "firing"
	Clearing State = "clearing"
)

// step goes on to the state that follows, and returns the phase of which there is
// something to tell, or "". It is to be told with tell. What may not be told now is
// kept for later. The last step, of a program that ends and forgets all, tells
// at once what it can.
func (c *course) step(now time.Time, l limits, incident string, closing bool, may func(Phase) bool) Phase {
	if l.count == 0 || !c.idle() && c.Incident == "" { // switched off since, or nonsense of a Store
		*c = course{}
		return ""
	}
	due, n := c.Due, c.recent(now, l)
	c.Due = false
	c.Flapping = c.flapping(now)
	switch {
	case c.idle() && due:
		c.begin(now, incident)
	case c.State == Active && 2*n < l.count:
		c.State, c.Calm = Clearing, now
	case c.State == Clearing && 2*n >= l.count:
		c.State = Active
	}
	if c.State == Pending && (closing || now.Sub(c.Reached) >= l.Gather) {
		c.State = Active
	}
	if c.State == Clearing && now.Sub(c.Calm) >= l.Within {
		return c.end(may, now)
	}
	phase := c.due(now, l)
	if closing && l.Store == nil {
		phase = c.last()
	}
	if phase == "" || !may(phase) {
		return ""
	}
	return phase
}

// begin begins an incident.
func (c *course) begin(now time.Time, name string) {
	c.State, c.Reached, c.Incident, c.Number, c.Events = Pending, now, name, 0, 0
	past := c.Past
	past.include(c.Sum)
	c.Sum, c.Past = past, Alert{}
	c.Begun = append(c.Begun, now)
	c.Begun = slices.Clone(c.Begun[max(0, len(c.Begun)-flapIncidents-1):])
	c.Flapping = c.flapping(now)
}

// due returns what is to be told of the incident that there is, or of those that
// were.
func (c *course) due(now time.Time, l limits) Phase {
	on := c.State == Active || c.State == Clearing
	again := l.Reminder > 0 && now.Sub(c.Told) >= l.Reminder
	switch {
	case c.State == Active && c.Number == 0 && (!c.Flapping || now.Sub(c.Reached) >= flapLong) && (c.Opened.IsZero() || now.Sub(c.Opened) >= l.Cooldown) &&
		(c.unheard() || now.Sub(c.Told) >= escalationWait): // or in vain, so much later
		return Firing
	case on && c.Number == 0 && c.Waiting.IsZero() && (c.Events == 0 || again):
		c.Waiting = now
	case c.State == Active && c.Number > 0 && c.Sum.Total >= escalation*c.Events && now.Sub(c.Told) >= escalationWait:
		return Escalated
	case c.State == Active && c.Number > 0 && again:
		return Reminder
	}
	if c.Waiting.IsZero() || !c.Told.IsZero() && now.Sub(c.Told) < max(c.Gap, l.Cooldown) {
		return ""
	}
	if c.idle() && now.Sub(c.Latest) >= digestQuiet || now.Sub(c.Waiting) >= digestLatest {
		return c.kept()
	}
	return ""
}

// last returns what is told at the end of the program.
func (c *course) last() Phase {
	if c.State == Active && c.unheard() {
		return Firing
	}
	return c.kept()
}

// unheard tells whether nobody has been told of the incident, nor was it tried in vain.
func (c *course) unheard() bool { return !c.idle() && c.Number == 0 && c.Told.Before(c.Reached) }

// kept returns Digest if there is something to tell in one.
func (c *course) kept() Phase {
	if len(c.Untold) == 0 && !c.unheard() {
		c.Waiting = time.Time{}
		return ""
	}
	return Digest
}

// flapping tells whether there were too many incidents to tell of each. It lasts
// until there was none for as long.
func (c *course) flapping(now time.Time) bool {
	n := len(c.Begun)
	switch {
	case n == 0 || now.Sub(c.Begun[n-1]) > flapSpan:
		c.Gap = 0
		return false
	case c.Flapping:
		return true
	}
	return n > flapIncidents && now.Sub(c.Begun[n-1-flapIncidents]) <= flapSpan
}

// end is the end of the incident.
func (c *course) end(may func(Phase) bool, now time.Time) Phase {
	c.State = OK
	if c.Number > 0 && may(Resolved) {
		return Resolved
	}
	c.forget(now)
	return ""
}
