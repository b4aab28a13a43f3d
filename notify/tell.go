package notify

import "time"

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
	a.Limit, a.Within, a.Cooldown, a.MaxDelay = l.count, l.Within, l.Cooldown, l.MaxDelay
	a.Users, a.Operations, a.Hosts = first(a.Users, maxTop), first(a.Operations, maxTop), first(a.Hosts, maxTop)
	a.Untold, a.Suppressed = c.Untold, c.Forgot.Total
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
	if phase == Resolved {
		a.Ended = a.Latest
	}
	if l.Reminder > 0 && !c.idle() {
		a.Next = now.Add(l.Reminder)
	}
	c.Told, c.Untold, c.Forgot, c.ForgotN, c.Held, c.Waiting = now, nil, Summary{}, 0, Alert{}, time.Time{}
	switch phase {
	case Firing:
		c.Opened = now
	case Resolved:
		c.clear()
	}
	return a
}

// digest returns what an alert says of incidents that had none, the one that is on
// included: from now on that one has been told of.
func (c *course) digest(l limits) Alert {
	a := c.Held
	if !c.idle() {
		c.Untold = append(c.Untold, c.summary())
		a.include(c.Sum)
		c.Events, c.Number = c.Sum.Total, max(1, c.Number)
	}
	if c.Flapping {
		c.Gap = min(max(2*c.Gap, l.Cooldown), max(defaultReminder, l.Cooldown))
	}
	c.Digests++
	head := c.Untold[0]
	a.Incident, a.Number, a.Since = head.Incident, c.Digests, head.Since
	a.Incidents, a.Total, a.Lost = len(c.Untold)+c.ForgotN, c.Forgot.Total, c.Forgot.Lost
	for _, u := range c.Untold {
		a.Total += u.Total
		a.Lost += u.Lost
		a.Peak = max(a.Peak, u.Peak)
	}
	a.Count = a.Total
	return a
}
