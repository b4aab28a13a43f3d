package notify

import (
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
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

const (
	maxUntold  = 50  // incidents in an alert
	maxCounted = 200 // names that one process counts at once
)

// A course is how one level has gone so far: its state machine. It is a plain
// value; its methods use no clock but the one they are given.
type course struct {
	State  State       `json:",omitempty"` // "" is OK
	Times  []time.Time `json:",omitempty"` // the last events, as many as make an alert due, in order
	Latest time.Time   `json:",omitzero"`  // when the last of them was counted
	Due    bool        `json:",omitempty"` // there were enough of them, since the last step

	Incident string    `json:",omitempty"`
	Number   int       `json:",omitempty"` // alerts of this incident
	Reached  time.Time `json:",omitzero"`  // when the incident was noticed
	Calm     time.Time `json:",omitzero"`  // when Clearing began
	Sum      Alert     // of the incident; while OK of what may become one
	Parts    []part    `json:",omitempty"` // of each process in the server's queue

	Opened   time.Time     `json:",omitzero"`  // the last Firing alert
	Told     time.Time     `json:",omitzero"`  // the last alert of any phase
	Events   int           `json:",omitempty"` // of the incident, that it told of
	Untold   []Summary     `json:",omitempty"`
	Forgot   int           `json:",omitempty"` // events of more incidents than Untold has
	Waiting  time.Time     `json:",omitzero"`  // since when there is something for a digest; zero if nothing
	Begun    []time.Time   `json:",omitempty"` // the last incidents
	Flapping bool          `json:",omitempty"`
	Gap      time.Duration `json:",omitempty"` // between two digests, while it flaps
	Digests  int           `json:",omitempty"` // alerts of this phase
}

// tenantQueue is how many requests the server lets wait before it turns one away.
// See https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/.
const tenantQueue = 100

// A part is what one process had of the server's full queue: the sum of its
// requests there, at so many 429s. It is too high by those that the server was at
// work on, so what others had is at least the rest.
type part struct {
	By  string
	Sum int
	N   int
}

// share returns the requests a second that a process was served at most while
// others were turned away, of so many.
func (p part) share(of float64) float64 { return of * float64(p.Sum) / float64(p.N*tenantQueue) }

// limits are what the state machine needs of a Rule for one level.
type limits struct {
	Rule
	count int
}

// add takes in what a process has counted, whose clock is so much behind.
func (c *course) add(t tally, by string, now time.Time, behind time.Duration, l limits) {
	if t.count == 0 {
		return
	}
	idle := c.State == "" || c.State == OK
	if idle && !c.Latest.IsZero() && now.Sub(c.Latest) > l.Within {
		c.clear()
	}
	c.Latest = now
	for _, at := range t.times {
		c.Times = append(c.Times, at.Add(behind))
	}
	slices.SortFunc(c.Times, time.Time.Compare)
	for i := l.count - 1; i < len(c.Times); i++ {
		c.Due = c.Due || apart(c.Times[i], c.Times[i-l.count+1]) <= l.Within
	}
	c.Times = slices.Clone(c.Times[max(0, len(c.Times)-l.count):])
	c.sumUp(t, by)
}

func (c *course) sumUp(t tally, by string) {
	s := &c.Sum
	if s.Total == 0 || t.times[0].Before(s.Since) {
		s.Since = t.times[0]
	}
	s.Ended = t.times[len(t.times)-1]
	s.Total += t.count
	if s.Tenant == "" {
		s.Tenant = t.tenant
	}
	s.Users = merge(s.Users, t.users.Top(maxCounted))
	s.Operations = merge(s.Operations, t.ops.Top(maxCounted))
	s.Hosts = merge(s.Hosts, []Tally{{Name: by, Count: t.count}})
	samples := t.samples()
	if len(s.Samples) == 0 {
		s.Samples = samples
	} else {
		s.Samples = slices.Concat(s.Samples, samples)
		if n := len(s.Samples); n > 2*maxSamples {
			s.Samples = slices.Concat(s.Samples[:maxSamples], s.Samples[n-maxSamples:])
		}
	}
	if t.rejected == 0 {
		return
	}
	i := slices.IndexFunc(c.Parts, func(p part) bool { return p.By == by })
	if i < 0 {
		if len(c.Parts) == maxShared {
			return
		}
		i = len(c.Parts)
		c.Parts = append(c.Parts, part{By: by})
	}
	c.Parts[i].Sum += t.flying
	c.Parts[i].N += t.rejected
}

// clear forgets the incident.
func (c *course) clear() { c.Times, c.Sum, c.Parts = nil, Alert{}, nil }

// recent returns how many events there were within the window that ends now, as
// far as that is fewer than make an alert due.
func (c *course) recent(now time.Time, l limits) int {
	if len(c.Times) == 0 {
		return 0
	}
	since, last := now.Sub(c.Latest), c.Times[len(c.Times)-1]
	n := 0
	for _, t := range c.Times {
		if apart(last, t)+since <= l.Within {
			n++
		}
	}
	return n
}

// step goes on to the state that follows, and returns the phase of which there is
// something to tell, or "". It is to be told with tell, unless may is false: then
// it is kept for later.
func (c *course) step(now time.Time, l limits, incident string, closing, may bool) Phase {
	due, n := c.Due, c.recent(now, l)
	c.Due = false
	c.Flapping = c.flapping(now)
	switch {
	case c.idle() && due:
		c.State, c.Reached, c.Incident, c.Number, c.Events = Pending, now, incident, 0, 0
		c.Begun = append(c.Begun, now)
		c.Begun = slices.Clone(c.Begun[max(0, len(c.Begun)-flapIncidents-1):])
		c.Flapping = c.flapping(now)
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
	if phase := c.due(now, l); phase != "" && may {
		return phase
	}
	return ""
}

func (c *course) idle() bool { return c.State == "" || c.State == OK }

// due returns what is to be told of the incident that there is, or of those that
// were.
func (c *course) due(now time.Time, l limits) Phase {
	on := c.State == Active || c.State == Clearing
	switch {
	case on && c.Number == 0 && (!c.Flapping || now.Sub(c.Reached) >= flapLong) && (c.Opened.IsZero() || now.Sub(c.Opened) >= l.Cooldown):
		return Firing
	case on && c.Number == 0 && c.Waiting.IsZero() && (c.Events == 0 || l.Reminder > 0 && now.Sub(c.Told) >= l.Reminder):
		c.Waiting = now
	case c.State == Active && c.Number > 0 && c.Sum.Total >= escalation*c.Events && now.Sub(c.Told) >= escalationWait:
		return Escalated
	case on && c.Number > 0 && l.Reminder > 0 && now.Sub(c.Told) >= l.Reminder:
		return Reminder
	}
	if c.Waiting.IsZero() || !c.Told.IsZero() && now.Sub(c.Told) < max(c.Gap, l.Cooldown) {
		return ""
	}
	if c.idle() && now.Sub(c.Latest) >= digestQuiet || now.Sub(c.Waiting) >= digestLatest {
		return Digest
	}
	return ""
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
func (c *course) end(may bool, now time.Time) Phase {
	c.State = OK
	if c.Number > 0 && may {
		return Resolved
	}
	c.forget(now)
	return ""
}

// forget keeps an incident that is over for a later alert.
func (c *course) forget(now time.Time) {
	c.Untold = append(c.Untold, c.summary())
	if len(c.Untold) > maxUntold {
		c.Forgot += c.Untold[0].Total
		c.Untold = slices.Clone(c.Untold[1:])
	}
	if c.Waiting.IsZero() {
		c.Waiting = now
	}
	c.clear()
}

func (c *course) summary() Summary {
	s := Summary{Incident: c.Incident, Since: c.Sum.Since, Total: c.Sum.Total, Peak: c.Sum.Peak, Lost: c.Sum.Lost}
	if c.idle() {
		s.Ended = c.Sum.Ended
	}
	return s
}

// tell returns the alert of a phase.
func (c *course) tell(phase Phase, now time.Time, l limits) Alert {
	a := c.Sum
	if phase == Digest {
		a = c.digest(l)
	} else {
		c.Number++
		a.Incident, a.Number = c.Incident, c.Number
		a.Count, c.Events = a.Total-c.Events, a.Total
	}
	a.Phase, a.Time, a.Previous = phase, now, c.Told
	a.Limit, a.Within, a.Cooldown = l.count, l.Within, l.Cooldown
	a.Users, a.Operations, a.Hosts = cut(a.Users), cut(a.Operations), cut(a.Hosts)
	a.Untold = c.Untold
	a.Suppressed = c.Forgot
	for _, u := range c.Untold {
		a.Suppressed += u.Total
	}
	a.TenantRate = l.TenantRate
	for _, p := range c.Parts {
		a.Rate += p.share(a.TenantRate)
	}
	if len(c.Parts) > 0 {
		a.Others = max(0, a.TenantRate-a.Rate)
	}
	if phase != Resolved {
		a.Ended = time.Time{}
	}
	if l.Reminder > 0 && !c.idle() {
		a.Next = now.Add(l.Reminder)
	}
	c.Told, c.Untold, c.Forgot, c.Waiting = now, nil, 0, time.Time{}
	switch phase {
	case Firing:
		c.Opened = now
	case Resolved:
		c.clear()
	}
	return a
}

// digest returns what an alert says of incidents that had none, the one that is on
// included.
func (c *course) digest(l limits) Alert {
	a := Alert{}
	if !c.idle() {
		a = c.Sum
		c.Untold = append(c.Untold, c.summary())
		c.Events = c.Sum.Total
	}
	if c.Flapping {
		c.Gap = min(max(2*c.Gap, l.Cooldown), max(defaultReminder, l.Cooldown))
	}
	c.Digests++
	first := c.Untold[0]
	a.Incident, a.Number, a.Since = first.Incident, c.Digests, first.Since
	a.Total, a.Lost, a.Peak = 0, 0, 0
	for _, u := range c.Untold {
		a.Total += u.Total
		a.Lost += u.Lost
		a.Peak = max(a.Peak, u.Peak)
	}
	a.Count = a.Total
	return a
}

// apart returns how far two points in time are from each other. It has no sign: if
// the clock is set back, what was before does not look recent.
func apart(a, b time.Time) time.Duration { return a.Sub(b).Abs() }

// merge adds up the counts of each name.
func merge(a, b []Tally) []Tally {
	k := transport.TopK{Most: maxShared}
	for _, t := range slices.Concat(a, b) {
		k.AddTally(t)
	}
	return k.Top(maxShared)
}

func cut(list []Tally) []Tally { return list[:min(maxTop, len(list))] }
