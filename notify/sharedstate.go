package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	maxShared  = 100 // names in the shared state, of each kind
	maxApplied = 200 // processes that it remembers
	maxPending = 8   // alerts being delivered; while there are so many no other is sent
)

// A sharedState is what the Alerters that share a Store know together: a plain value
// that each of them loads, changes, and stores if nobody else has changed it meanwhile.
// Without a Store an Alerter has one of its own. Its methods use no clock but the time
// they are given, and never block.
type sharedState struct {
	Version   int                `json:"version"`
	Now       time.Time          `json:"now"` // the latest time of any process
	Incidents incidents          `json:"incidents"`
	History   history            `json:"history,omitempty"`
	Sent      []time.Time        `json:"sent,omitempty"` // the alerts of the last day
	Pending   []pendingAlert     `json:"pending,omitempty"`
	Applied   map[string]applied `json:"applied,omitempty"` // the last delta of each process
	Mute      mute               `json:"mute"`

	alone bool // it is a process's own, since the Store cannot be used
}

// incidents has one for each condition.
type incidents struct {
	Saturated incident `json:"saturated"`
	Throttled incident `json:"throttled"`
	Failing   incident `json:"failing"`
	Refusing  incident `json:"refusing"`
}

// all returns them in the order of conditions.
func (i *incidents) all() [len(conditions)]*incident {
	return [...]*incident{&i.Saturated, &i.Throttled, &i.Failing, &i.Refusing}
}

type applied struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
}

// A mute suspends alerts.
type mute struct {
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"` // when it was set
}

// orLater returns the one that was set last.
func (m mute) orLater(o mute) mute {
	if o.Since.After(m.Since) {
		return o
	}
	return m
}

// A pendingAlert is an alert that is being delivered. Its sender must renew the lease.
type pendingAlert struct {
	ID      string    `json:"id"`
	Alert   Alert     `json:"alert"`
	Targets []target  `json:"targets"` // that have not got it yet
	Sender  string    `json:"sender"`
	Lease   time.Time `json:"lease"`
}

// A delta is what a process adds to the shared state.
type delta struct {
	id, process string // the process, for machines and for people
	seq         uint64
	now         time.Time
	counts
	minutes  history
	mute     mute
	closing  bool
	newID    string   // for the incident that begins with it, if one does
	inFlight []string // IDs of the alerts that this process is delivering
}

// A receipt says that an alert was delivered to a route, or never will be.
type receipt struct{ alert, route string }

// lease is how long a sender may be silent before it counts as dead.
func (r Rule) lease() time.Duration { return r.Timeout + 3*watchEvery }

// apply adds what a process has counted, and returns the alerts that it must deliver
// now. The process's clock may be behind the state's.
func (s *sharedState) apply(d delta, r Rule, targets func(Condition) []target) []pendingAlert {
	s.Now = later(s.Now, d.now)
	now := s.Now
	if s.Applied[d.id].Seq < d.seq {
		s.count(d, r)
		s.markApplied(d, r)
	}
	s.Mute = s.Mute.orLater(d.mute)
	s.Sent = slices.DeleteFunc(s.Sent, func(t time.Time) bool { return now.Sub(t) >= 24*time.Hour })
	for i, c := range s.Incidents.all() {
		condition := conditions[i]
		l := limits{r, r.limit(condition)}
		if s.alone { // what is not reported when the program ends is lost, as without a Store
			l.Store = nil
		}
		allowed := func(p Phase) bool { return s.allowed(r, condition, p) }
		if phase := c.step(now, l, d.newID+"-"+string(condition), d.closing, allowed); phase != "" {
			a := c.alert(phase, now, l)
			a.Condition = condition
			a.agree()
			s.enqueue(a, d, r, targets(condition))
		}
	}
	return s.claim(d, r)
}

func (s *sharedState) count(d delta, r Rule) {
	s.History.add(d.minutes)
	for i, c := range s.Incidents.all() {
		c.add(d.hits[i], d.process, s.Now, s.Now.Sub(d.now), limits{r, r.limit(conditions[i])})
		sum := &c.Sum
		if sum.Total == 0 {
			continue
		}
		sum.addConsequences(d.seen)
		if d.hits[i].count > 0 {
			sum.setLast(d.seen)
		}
		for _, m := range s.History {
			if m.Time.After(sum.Since.Add(-2 * time.Minute)) { // the first may have been sent a minute earlier
				sum.Peak = max(sum.Peak, m.Limited)
			}
		}
	}
}

// markApplied notes that a delta was added: if the Store's answer is lost, the process
// sends it again.
func (s *sharedState) markApplied(d delta, r Rule) {
	if r.Store == nil {
		return
	}
	if s.Applied == nil {
		s.Applied = map[string]applied{}
	}
	s.Applied[d.id] = applied{d.seq, s.Now}
	for len(s.Applied) > maxApplied {
		delete(s.Applied, slices.MinFunc(slices.Collect(maps.Keys(s.Applied)), func(x, y string) int {
			return s.Applied[x].At.Compare(s.Applied[y].At)
		}))
	}
}

// allowed reports whether an alert may be sent.
func (s *sharedState) allowed(r Rule, condition Condition, phase Phase) bool {
	return !s.Now.Before(s.Mute.Until) && len(s.Pending) < maxPending && s.noneBefore(r, condition, phase).IsZero()
}

// reserve is the fraction of the alerts that is kept for calls that are lost: they must
// be reported however many other alerts there are.
const reserve = 6

// noneBefore returns when the next alert is allowed, if there have been as many as the
// Rule allows, else zero.
func (s *sharedState) noneBefore(r Rule, condition Condition, phase Phase) (until time.Time) {
	hour, day := r.PerHour, r.PerDay
	if r.Lost > 0 && (condition != Failing || phase != Firing && phase != Escalated) {
		hour, day = hour-hour/reserve, day-day/reserve
	}
	n := len(s.Sent)
	if n >= day {
		until = s.Sent[n-day].Add(24 * time.Hour)
	}
	if n >= hour {
		until = later(until, s.Sent[n-hour].Add(time.Hour))
	}
	if !until.After(s.Now) {
		return time.Time{}
	}
	return until
}

// enqueue makes an alert pending.
func (s *sharedState) enqueue(a Alert, d delta, r Rule, to []target) {
	if len(to) == 0 {
		return
	}
	a.Alone = s.alone
	a.Tenant = cmp.Or(r.Tenant, a.Tenant)
	if r.Store == nil {
		a.Hosts = nil
	}
	s.Sent = append(s.Sent, s.Now)
	a.NoneBefore = s.noneBefore(r, a.Condition, a.Phase)
	id := fmt.Sprintf("%s.%d.%s", a.Incident, a.Number, a.Phase)
	s.Pending = append(s.Pending, pendingAlert{id, a, to, d.id, s.Now.Add(r.lease())})
}

// claim returns the alerts that a process must deliver and does not deliver yet. Among
// them are those of a sender that has died. Those of an incident are delivered one
// after the other, so that they arrive in order after a mail server was down, and no pager
// opens an incident after it has resolved it.
func (s *sharedState) claim(d delta, r Rule) (claimed []pendingAlert) {
	s.Pending = slices.DeleteFunc(s.Pending, func(p pendingAlert) bool { return !slices.Contains(conditions[:], p.Alert.Condition) }) // invalid state
	for i := range s.Pending {
		p := &s.Pending[i]
		if p.Sender != d.id && (d.closing || !s.Now.After(p.Lease)) {
			continue
		}
		behind := slices.ContainsFunc(s.Pending[:i], func(o pendingAlert) bool {
			ours := d.closing && (o.Sender == d.id || slices.Contains(d.inFlight, o.ID)) // all at once: dispatch keeps the order
			return o.Alert.sharesIncident(p.Alert) && !ours
		})
		if behind && d.closing { // whoever delivers the earlier one delivers this one too
			p.Sender, p.Lease = "", time.Time{}
			continue
		}
		p.Sender, p.Lease = d.id, s.Now.Add(r.lease())
		if !behind && !slices.Contains(d.inFlight, p.ID) {
			claimed = append(claimed, *p)
		}
	}
	return claimed
}

// find returns the pending alert with an ID, or nil.
func (s *sharedState) find(id string) *pendingAlert {
	if i := slices.IndexFunc(s.Pending, func(p pendingAlert) bool { return p.ID == id }); i >= 0 {
		return &s.Pending[i]
	}
	return nil
}

// remove removes a target that has the alert, or never will.
func (s *sharedState) remove(done receipt) {
	if p := s.find(done.alert); p != nil {
		p.Targets = slices.DeleteFunc(slices.Clone(p.Targets), func(t target) bool { return t.Route == done.route })
	}
	s.Pending = slices.DeleteFunc(s.Pending, func(p pendingAlert) bool { return len(p.Targets) == 0 })
}

// narrow notes which recipients of a target have not got an alert yet.
func (s *sharedState) narrow(id string, left target) {
	if p := s.find(id); p != nil {
		p.Targets = slices.Clone(p.Targets)
		for i := range p.Targets {
			if p.Targets[i].Route == left.Route {
				p.Targets[i] = left
			}
		}
	}
}

// rollback removes an alert that nobody has got, and makes the first one of an incident due again.
// Otherwise the first alert that people get would say that the incident continues.
func (s *sharedState) rollback(p pendingAlert) {
	s.Pending = slices.DeleteFunc(s.Pending, func(o pendingAlert) bool { return o.ID == p.ID })
	a := p.Alert
	c := s.Incidents.all()[slices.Index(conditions[:], a.Condition)]
	if a.Phase != Firing || c.ID != a.Incident || c.isOK() {
		return
	}
	c.Number, c.ReportedTotal, c.Opened, c.Reported = 0, 0, time.Time{}, s.Now
	s.Pending = slices.DeleteFunc(s.Pending, func(p pendingAlert) bool { return p.Alert.Incident == a.Incident })
}

// release lets any process deliver an alert that its sender cannot deliver any more.
func (s *sharedState) release(id string) {
	if p := s.find(id); p != nil {
		p.Sender, p.Lease = "", time.Time{}
	}
}

// unreported returns how many events no alert has reported.
func (s *sharedState) unreported() (n int) {
	for _, c := range s.Incidents.all() {
		n += c.unreported()
	}
	return n
}

// busy reports whether there is anything to do without another event.
func (s *sharedState) busy(r Rule) bool {
	if len(s.Pending) > 0 {
		return true
	}
	for _, c := range s.Incidents.all() {
		if !c.isOK() || !c.DigestSince.IsZero() || r.Store != nil && len(c.Times) > 0 && s.Now.Sub(c.Latest) <= r.Within {
			return true
		}
	}
	return false
}

// status returns the state of each condition that the Rule does not switch off.
func (s *sharedState) status(r Rule) (all []Status) {
	for i, c := range s.Incidents.all() {
		if r.limit(conditions[i]) == 0 {
			continue
		}
		status := Status{Condition: string(conditions[i]), State: stateOK, Reported: c.Reported}
		if !c.isOK() {
			status.State, status.Incident, status.Since, status.Total = c.State, c.ID, c.Sum.Since, c.Sum.Total
		}
		all = append(all, status)
	}
	return all
}
