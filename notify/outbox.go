package notify

import (
	"fmt"
	"slices"
	"time"
)

// An outgoing is an alert on its way: who sends it, and until when that one must
// have said again that it does.
type outgoing struct {
	ID     string    `json:"id"`
	Alert  Alert     `json:"alert"`
	Routes []target  `json:"targets"` // that have not got it yet
	Sender string    `json:"sender"`
	Lease  time.Time `json:"lease"`
}

// post puts an alert into the outbox.
func (b *board) post(a Alert, level Level, d delta, r Rule, targets func(Level) []target) {
	a.Level, a.Alone = level, d.alone
	if d.tenant != "" {
		a.Tenant = d.tenant
	}
	if r.Store == nil {
		a.Hosts = nil
	}
	to := targets(level)
	if len(to) == 0 {
		return
	}
	b.Sent = append(b.Sent, b.Now)
	a.NoneBefore = b.noneBefore(b.Now, r, level, a.Phase)
	id := fmt.Sprintf("%s.%d.%s", a.Incident, a.Number, a.Phase)
	b.Outbox = append(b.Outbox, outgoing{id, a, to, d.id, b.Now.Add(r.lease())})
}

// mine returns the alerts that a process has to send and does not send yet, among
// them those of a sender that has died. Those of an incident go one after the
// other: a mail server that was down does not mix them up.
func (b *board) mine(d delta, r Rule, now time.Time) (out []outgoing) {
	for _, s := range d.sent {
		b.take(s)
	}
	b.Outbox = slices.DeleteFunc(b.Outbox, func(o outgoing) bool { return !slices.Contains(levels[:], o.Alert.Level) }) // nonsense of a Store
	for i := range b.Outbox {
		o := &b.Outbox[i]
		if o.Sender != d.id && (d.closing || !now.After(o.Lease)) {
			continue
		}
		o.Sender, o.Lease = d.id, now.Add(r.lease())
		first := d.closing || !slices.ContainsFunc(b.Outbox[:i], func(p outgoing) bool { return p.Alert.Incident == o.Alert.Incident })
		if first && !slices.Contains(d.sending, o.ID) {
			out = append(out, *o)
		}
	}
	return out
}

// take takes an alert down for one route: it was sent there, or never will be.
func (b *board) take(sent sentTo) {
	for i := range b.Outbox {
		if o := &b.Outbox[i]; o.ID == sent.alert {
			o.Routes = slices.DeleteFunc(slices.Clone(o.Routes), func(t target) bool { return t.Route == sent.route })
		}
	}
	b.Outbox = slices.DeleteFunc(b.Outbox, func(o outgoing) bool { return len(o.Routes) == 0 })
}

// narrow takes down that some on a way have got an alert.
func (b *board) narrow(id string, left target) {
	for i := range b.Outbox {
		if o := &b.Outbox[i]; o.ID == id {
			o.Routes = slices.Clone(o.Routes)
			for j, t := range o.Routes {
				if t.Route == left.Route {
					o.Routes[j] = left
				}
			}
		}
	}
}

// unsay makes the first alert of an incident that nobody has got one that is still to
// be told: else what people heard first would be that it goes on.
func (b *board) unsay(a Alert) {
	c := &b.Courses[slices.Index(levels[:], a.Level)]
	if a.Phase != Firing || c.Incident != a.Incident || c.idle() {
		return
	}
	c.Number, c.Events, c.Opened, c.Told = 0, 0, time.Time{}, b.Now
	b.Outbox = slices.DeleteFunc(b.Outbox, func(o outgoing) bool { return o.Alert.Incident == a.Incident })
}

// release leaves an alert that a process cannot send any more to others.
func (b *board) release(id string) {
	for i := range b.Outbox {
		if o := &b.Outbox[i]; o.ID == id {
			o.Sender, o.Lease = "", time.Time{}
		}
	}
}
