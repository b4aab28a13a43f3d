package notify

import (
	"reflect"
	"slices"
	"time"
)

// merge adds what a process has counted alone, from base on, while it could not use the
// Store. An incident that nobody else has changed meanwhile is as that process has it. One that
// both have continued reports what neither has reported yet, and nothing that either has.
func (s *sharedState) merge(alone, base sharedState) {
	for i, c := range s.Incidents.all() {
		own, was := alone.Incidents.all()[i], base.Incidents.all()[i]
		if reflect.DeepEqual(c, was) {
			*c = *own
		} else {
			c.merge(*own, *was)
		}
	}
	s.History.add(alone.History.since(base.History))
	s.Now = later(s.Now, alone.Now)
	s.Sent = slices.Concat(s.Sent, alone.Sent)
	slices.SortFunc(s.Sent, time.Time.Compare)
	s.Sent = slices.CompactFunc(s.Sent, time.Time.Equal)
	for _, p := range alone.Pending {
		if o := s.find(p.ID); o == nil {
			s.Pending = append(s.Pending, p)
		} else if o.Sender == p.Sender { // some may have got it meanwhile
			*o = p
		}
	}
	s.Mute = s.Mute.orLater(alone.Mute)
}

// merge adds an incident that has continued alone from base.
func (c *incident) merge(alone, base incident) {
	for _, s := range alone.Unreported {
		same := func(u Summary) bool { return u.Incident == s.Incident }
		if !slices.ContainsFunc(c.Unreported, same) && !slices.ContainsFunc(base.Unreported, same) {
			c.keep(s, alone.Latest)
		}
	}
	c.Opened, c.Reported = later(c.Opened, alone.Opened), later(c.Reported, alone.Reported)
	more := alone.Sum.Total
	if alone.ID == base.ID && alone.isOK() == base.isOK() {
		more -= base.Sum.Total
	}
	switch same := alone.ID == c.ID; {
	case alone.isOK():
		if same && !c.isOK() && !c.Latest.After(alone.Reported) { // its end was reported, and nothing happened since
			c.State = stateOK
			c.clear()
		}
	case same && (more <= 0 || c.isOK()): // nothing new, or it has ended here
	case same:
		c.extend(alone, more)
	case c.isOK():
		c.replace(alone)
	default: // two at the same time: from now on they are one
		s := alone.summary()
		s.Ended = alone.Sum.Latest
		c.keep(s, alone.Latest)
		c.UnreportedSum.include(alone.Sum)
	}
}

// extend adds so many more events of the same incident.
func (c *incident) extend(alone incident, more int) {
	c.Sum.Total += more
	c.Sum.Latest, c.Latest = later(c.Sum.Latest, alone.Sum.Latest), later(c.Latest, alone.Latest)
	c.Sum.Peak = max(c.Sum.Peak, alone.Sum.Peak)
	c.Number, c.ReportedTotal = max(c.Number, alone.Number), max(c.ReportedTotal, alone.ReportedTotal)
	c.Times = alone.Times
}

// replace makes the other's incident the current one, and keeps what is to be reported
// about earlier ones.
func (c *incident) replace(alone incident) {
	alone.Unreported, alone.Dropped, alone.DroppedCount = c.Unreported, c.Dropped, c.DroppedCount
	alone.UnreportedSum, alone.DigestSince = c.UnreportedSum, c.DigestSince
	alone.Opened, alone.Reported, alone.Digests = c.Opened, c.Reported, max(c.Digests, alone.Digests)
	*c = alone
}
