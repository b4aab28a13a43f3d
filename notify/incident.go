package notify

import (
	"slices"
	"time"
)

const (
	maxUnreported = 50  // incidents in an alert
	maxCounted    = 200 // names that one process counts at once
	maxHeld       = 20  // names of what is kept for a later alert
	maxTop        = 10  // names in an alert
)

// The states of a condition. It goes from ok to pending when there are as many events as
// the Rule says, to active once the first alert has been gathered, to clearing when
// there are fewer than half as many, and back to ok when that has lasted for
// Rule.Within.
const (
	stateOK       = "ok" // the same as ""
	statePending  = "pending"
	stateActive   = "firing"
	stateClearing = "clearing"
)

// An incident is the state machine of one condition: its current incident, and what it
// must still report about earlier ones. It is a plain value; its methods use no clock
// but the time they are given.
type incident struct {
	State  string      `json:"state,omitempty"`
	Times  []time.Time `json:"times,omitempty"` // of the last events in order, as many as make an alert due
	Latest time.Time   `json:"latest,omitzero"` // when the last event was counted
	Due    bool        `json:"due,omitempty"`   // since the last step there were enough events

	ID            string        `json:"id,omitempty"`
	Number        int           `json:"number,omitempty"` // alerts about this incident
	Noticed       time.Time     `json:"noticed,omitzero"` // when it became pending
	ClearingSince time.Time     `json:"clearing_since,omitzero"`
	Sum           Alert         `json:"sum,omitzero"`             // of the incident; while ok, of the current window
	PreviousSum   Alert         `json:"previous_sum,omitzero"`    // while ok, of the window before
	Shares        []queueShare  `json:"shares,omitempty"`         // of each process
	Opened        time.Time     `json:"opened,omitzero"`          // the last Firing alert
	Reported      time.Time     `json:"reported,omitzero"`        // the last alert of any phase
	ReportedTotal int           `json:"reported_total,omitempty"` // events of the incident that the last alert reported
	Begun         []time.Time   `json:"begun,omitempty"`          // the last incidents
	Flapping      bool          `json:"flapping,omitempty"`
	Unreported    []Summary     `json:"unreported,omitempty"`    // incidents for a later alert
	UnreportedSum Alert         `json:"unreported_sum,omitzero"` // of all of them
	Dropped       Summary       `json:"dropped,omitzero"`        // the sum of those for which Unreported has no room
	DroppedCount  int           `json:"dropped_count,omitempty"` // their number
	DigestSince   time.Time     `json:"digest_since,omitzero"`   // since when a digest is to be sent; zero if none is
	DigestGap     time.Duration `json:"digest_gap_ns,omitempty"` // between two digests while it flaps
	Digests       int           `json:"digests,omitempty"`       // alerts of this phase
}

// tenantQueue is how many requests the server queues before it answers 429. See
// https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/.
const tenantQueue = 100

// A queueShare is one process's part of the server's full queue: the sum of its requests
// in flight at a number of 429s. It includes requests that the server already processes,
// so the rest, which others had, is a lower bound.
type queueShare struct {
	Process string `json:"process"`
	Sum     int    `json:"sum"`
	Count   int    `json:"count"`
}

// limits are what an incident needs of a Rule.
type limits struct {
	Rule
	count int // events within Rule.Within; 0 if the condition is off
}

func (c *incident) isOK() bool { return c.State == "" || c.State == stateOK }

// add adds what a process has counted whose clock is behind by so much.
func (c *incident) add(t tally, process string, now time.Time, behind time.Duration, l limits) {
	if t.count == 0 {
		return
	}
	c.expire(now, l)
	c.Latest = now
	for _, at := range t.times {
		c.Times = append(c.Times, at.Add(behind))
	}
	c.trimTimes(l)
	c.Sum.include(t.sum(process, behind))
	if t.answers > 0 {
		c.addShare(process, t.inFlight, t.answers)
	}
}

// trimTimes keeps the last events, and notes whether there were enough of them.
func (c *incident) trimTimes(l limits) {
	slices.SortFunc(c.Times, time.Time.Compare)
	for i := l.count - 1; i >= 0 && i < len(c.Times); i++ {
		c.Due = c.Due || distance(c.Times[i], c.Times[i-l.count+1]) <= l.Within
	}
	c.Times = slices.Clone(c.Times[max(0, len(c.Times)-l.count):])
}

// expire drops, while there is no incident, what is too old to belong to the next one:
// a trickle of events over hours is no part of it.
func (c *incident) expire(now time.Time, l limits) {
	switch {
	case !c.isOK() || c.Latest.IsZero():
	case now.Sub(c.Latest) > l.Within:
		c.clear()
	case c.Sum.Total > 0 && now.Sub(c.Sum.Since) > l.Within:
		c.PreviousSum, c.Sum, c.Shares = c.Sum.top(maxHeld), Alert{}, nil
	}
}

func (c *incident) addShare(process string, sum, count int) {
	i := slices.IndexFunc(c.Shares, func(p queueShare) bool { return p.Process == process })
	if i < 0 {
		if len(c.Shares) == maxShared {
			return
		}
		i = len(c.Shares)
		c.Shares = append(c.Shares, queueShare{Process: process})
	}
	c.Shares[i].Sum += sum
	c.Shares[i].Count += count
}

// clear forgets the current incident.
func (c *incident) clear() {
	c.Times, c.Sum, c.PreviousSum, c.Shares = nil, Alert{}, Alert{}, nil
}

// recent returns how many events there were within the window that ends now, up to the
// number that makes an alert due.
func (c *incident) recent(now time.Time, l limits) (n int) {
	if len(c.Times) == 0 {
		return 0
	}
	since, last := now.Sub(c.Latest), c.Times[len(c.Times)-1]
	for _, t := range c.Times {
		if distance(last, t)+since <= l.Within {
			n++
		}
	}
	return n
}

// step advances the state, and returns the phase of the alert that is due, or "". What
// allowed rejects is kept for a later alert. The last step of a program that keeps no
// state reports at once what it can.
func (c *incident) step(now time.Time, l limits, id string, closing bool, allowed func(Phase) bool) Phase {
	if l.count == 0 || !c.isOK() && c.ID == "" { // switched off meanwhile, or invalid state
		*c = incident{}
		return ""
	}
	if c.advance(now, l, id, closing) {
		return c.end(allowed, now)
	}
	phase := c.due(now, l)
	if closing && l.Store == nil {
		phase = c.lastPhase()
	}
	if phase == "" || !allowed(phase) {
		return ""
	}
	return phase
}

// advance goes to the state that follows, and reports whether the incident is over.
func (c *incident) advance(now time.Time, l limits, id string, closing bool) (over bool) {
	due, few := c.Due, 2*c.recent(now, l) < l.count
	c.Due = false
	c.Flapping = c.isFlapping(now)
	switch {
	case c.isOK() && due:
		c.begin(now, id)
	case c.State == stateActive && few:
		c.State, c.ClearingSince = stateClearing, now
	case c.State == stateClearing && !few:
		c.State = stateActive
	}
	if c.State == statePending && (closing || now.Sub(c.Noticed) >= l.Gather) {
		c.State = stateActive
	}
	return c.State == stateClearing && now.Sub(c.ClearingSince) >= l.Within
}

func (c *incident) begin(now time.Time, id string) {
	c.State, c.Noticed, c.ID, c.Number, c.ReportedTotal = statePending, now, id, 0, 0
	sum := c.PreviousSum
	sum.include(c.Sum)
	c.Sum, c.PreviousSum = sum, Alert{}
	c.Begun = append(c.Begun, now)
	c.Begun = slices.Clone(c.Begun[max(0, len(c.Begun)-flapIncidents-1):])
	c.Flapping = c.isFlapping(now)
}

// due returns the phase of the alert that is due: about the current incident, else a
// digest.
func (c *incident) due(now time.Time, l limits) Phase {
	remind := l.Reminder > 0 && now.Sub(c.Reported) >= l.Reminder
	switch {
	case (c.State == stateActive || c.State == stateClearing) && c.Number == 0:
		if c.firingDue(now, l) {
			return Firing
		}
		if c.DigestSince.IsZero() && (c.ReportedTotal == 0 || remind) {
			c.DigestSince = now
		}
	case c.State != stateActive || c.Number == 0:
	case c.Sum.Total >= escalation*c.ReportedTotal && now.Sub(c.Reported) >= escalationWait:
		return Escalated
	case remind:
		return Reminder
	}
	if c.digestDue(now, l) {
		return c.digestPhase()
	}
	return ""
}

// firingDue reports whether the first alert about the current incident is due.
func (c *incident) firingDue(now time.Time, l limits) bool {
	flaps := c.Flapping && now.Sub(c.Noticed) < flapLong
	cools := !c.Opened.IsZero() && now.Sub(c.Opened) < l.Cooldown
	waits := !c.isUnreported() && now.Sub(c.Reported) < escalationWait // an attempt has failed
	return c.State == stateActive && !flaps && !cools && !waits
}

func (c *incident) digestDue(now time.Time, l limits) bool {
	if c.DigestSince.IsZero() || !c.Reported.IsZero() && now.Sub(c.Reported) < max(c.DigestGap, l.Cooldown) {
		return false
	}
	return c.isOK() && now.Sub(c.Latest) >= digestQuiet || now.Sub(c.DigestSince) >= digestLatest
}

// lastPhase returns what is to be reported when the program ends.
func (c *incident) lastPhase() Phase {
	if c.State == stateActive && c.isUnreported() {
		return Firing
	}
	return c.digestPhase()
}

// isUnreported reports whether no alert about the current incident was sent, or tried.
func (c *incident) isUnreported() bool {
	return !c.isOK() && c.Number == 0 && c.Reported.Before(c.Noticed)
}

// digestPhase returns Digest if there is anything to report in one.
func (c *incident) digestPhase() Phase {
	if len(c.Unreported) == 0 && !c.isUnreported() {
		c.DigestSince = time.Time{}
		return ""
	}
	return Digest
}

// isFlapping reports whether there are too many incidents for an alert about each. It
// remains true until there was none for flapSpan.
func (c *incident) isFlapping(now time.Time) bool {
	n := len(c.Begun)
	switch {
	case n == 0 || now.Sub(c.Begun[n-1]) > flapSpan:
		c.DigestGap = 0
		return false
	case c.Flapping:
		return true
	}
	return n > flapIncidents && now.Sub(c.Begun[n-1-flapIncidents]) <= flapSpan
}

// end ends the incident.
func (c *incident) end(allowed func(Phase) bool, now time.Time) Phase {
	c.State = stateOK
	if c.Number > 0 && allowed(Resolved) {
		return Resolved
	}
	c.keep(c.summary(), now)
	c.UnreportedSum.include(c.Sum)
	c.UnreportedSum = c.UnreportedSum.top(maxHeld)
	c.clear()
	return ""
}

// keep notes an incident for a later alert.
func (c *incident) keep(s Summary, now time.Time) {
	c.Unreported = append(c.Unreported, s)
	if len(c.Unreported) > maxUnreported {
		c.DroppedCount++
		c.Dropped.Total += c.Unreported[0].Total
		c.Dropped.Lost += c.Unreported[0].Lost
		c.Unreported = slices.Clone(c.Unreported[1:])
	}
	if c.DigestSince.IsZero() {
		c.DigestSince = now
	}
}

func (c *incident) summary() Summary {
	s := Summary{Incident: c.ID, Since: c.Sum.Since, Total: c.Sum.Total, Peak: c.Sum.Peak, Lost: c.Sum.Lost, Opened: c.Number > 0}
	if c.isOK() {
		s.Ended = c.Sum.Latest
	}
	return s
}

// unreported returns how many events no alert has reported.
func (c *incident) unreported() int {
	n := c.suppressed()
	if c.isUnreported() {
		n += c.Sum.Total
	}
	return n
}

// suppressed returns how many events the incidents had that are kept for a later alert.
func (c *incident) suppressed() int {
	n := c.Dropped.Total
	for _, s := range c.Unreported {
		n += s.Total
	}
	return n
}

// alert returns the alert of a phase, and notes that it was sent.
func (c *incident) alert(phase Phase, now time.Time, l limits) Alert {
	a := c.Sum
	if phase == Digest {
		a = c.digest(l)
	} else {
		c.Number++
		a.Incident, a.Number = c.ID, c.Number
		a.Count, c.ReportedTotal = a.Total-c.ReportedTotal, a.Total
	}
	a = a.top(maxTop)
	a.Phase, a.Time, a.Previous = phase, now, c.Reported
	a.Limit, a.Within, a.Cooldown, a.MaxDelay = l.count, l.Within, l.Cooldown, l.MaxDelay
	a.Unreported, a.Suppressed = c.Unreported, c.suppressed()
	a.TenantRate = l.TenantRate
	for _, p := range c.Shares {
		a.Rate += a.TenantRate * float64(p.Sum) / float64(p.Count*tenantQueue)
	}
	if len(c.Shares) > 0 {
		a.Others = max(0, a.TenantRate-a.Rate)
	}
	if l.Reminder > 0 && !c.isOK() {
		a.Next = now.Add(l.Reminder)
	}
	c.Reported, c.Unreported, c.UnreportedSum, c.DigestSince = now, nil, Alert{}, time.Time{}
	c.Dropped, c.DroppedCount = Summary{}, 0
	switch phase {
	case Firing:
		c.Opened = now
	case Resolved:
		a.Ended = a.Latest
		c.clear()
	}
	return a
}

// digest returns an alert about incidents that had none. It includes the current one,
// which then counts as reported.
func (c *incident) digest(l limits) Alert {
	a := c.UnreportedSum
	if !c.isOK() {
		c.Unreported = append(c.Unreported, c.summary())
		a.include(c.Sum)
		c.ReportedTotal, c.Number = c.Sum.Total, max(1, c.Number)
	}
	if c.Flapping {
		c.DigestGap = min(max(2*c.DigestGap, l.Cooldown), max(defaultReminder, l.Cooldown))
	}
	c.Digests++
	first := c.Unreported[0]
	a.Incident, a.Number, a.Since = first.Incident, c.Digests, first.Since
	a.Incidents, a.Total, a.Lost = len(c.Unreported)+c.DroppedCount, c.suppressed(), c.Dropped.Lost
	for _, u := range c.Unreported {
		a.Lost += u.Lost
		a.Peak = max(a.Peak, u.Peak)
	}
	a.Count = a.Total
	return a
}

// distance returns how far two points in time are apart. It has no sign: if the clock
// is set back, what was before does not look recent.
func distance(a, b time.Time) time.Duration { return a.Sub(b).Abs() }
