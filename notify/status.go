package notify

import (
	"slices"
	"time"
)

// A Status is how one level stands.
type Status struct {
	Level    Level     `json:"condition"`
	State    State     `json:"state"`
	Incident string    `json:"incident,omitempty"`
	Since    time.Time `json:"since,omitzero"`    // the first event of the incident
	Total    int       `json:"total"`             // events of the incident
	Told     time.Time `json:"reported,omitzero"` // the last alert
	Muted    time.Time `json:"muted,omitzero"`    // until then no alert is sent
	Reason   string    `json:"reason,omitempty"`
}

// Status returns how each level stands that the Rule does not switch off, with a
// Rule.Store as it was when this process last looked.
func (a *Alerter) Status() []Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	all, mute := slices.Clone(a.shown), a.muted
	if len(all) == 0 {
		all = new(board).status(a.rule)
	}
	if a.mute.Since.After(mute.Since) {
		mute = a.mute
	}
	off := a.clock.off()
	for i := range all {
		s := &all[i]
		if a.clock.on(time.Now()).Before(mute.Until) {
			s.Muted, s.Reason = mute.Until, mute.Reason
		}
		for _, t := range []*time.Time{&s.Since, &s.Told, &s.Muted} {
			*t = shifted(*t, -off)
		}
	}
	return all
}

// Deliveries tells whether the alerts arrive that this process has sent since [New]. Each
// is counted for each of the [Routes] that it goes: as sent when all who are to be told
// that way have it, as failed when somebody is not told, as often as the log says so at
// level ERROR. Pending are the alerts that are still sent, or tried again.
func (a *Alerter) Deliveries() (sent, failed uint64, pending int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told, a.failed, len(a.way)
}

// status returns how each level stands.
func (b *board) status(r Rule) (all []Status) {
	for i, level := range levels {
		if r.limit(level) == 0 {
			continue
		}
		c := &b.Courses[i]
		s := Status{Level: level, State: OK, Told: c.Told}
		if !c.idle() {
			s.State, s.Incident, s.Since, s.Total = c.State, c.Incident, c.Sum.Since, c.Sum.Total
		}
		all = append(all, s)
	}
	return all
}
