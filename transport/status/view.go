package status

import (
	"fmt"
	"os"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const most = 20 // users of each class that waits

// A view is what the page shows, and the JSON, in which no list is null.
type view struct {
	Tenant string    `json:"tenant"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Time   time.Time `json:"time"`

	Now        transport.Stats       `json:"now"`
	Pause      time.Duration         `json:"pause_ns"` // how long a 429 still holds all calls back
	Waiting    []waiting             `json:"waiting"`
	Minutes    []minute              `json:"minutes"`
	Users      []topk.Tally          `json:"limited_users"`      // of the last hour
	Operations []topk.Tally          `json:"limited_operations"` // of the last hour
	Limited    []limited             `json:"limited"`            // the last
	Alerts     []measure.AlertStatus `json:"alerts"`
	Delivered  delivered             `json:"alert_deliveries"`
}

// delivered is whether alerts arrive.
type delivered struct {
	Sent    uint64 `json:"sent"`
	Failed  uint64 `json:"failed"`
	Pending int    `json:"pending"`
}

// waiting are the calls of one user that wait in one class, or of those of the class
// for whom there is no room.
type waiting struct {
	Class  string `json:"class"`
	User   string `json:"user"`
	Heavy  bool   `json:"heavy"`
	Others int    `json:"others,omitempty"` // how many these are
	Calls  int    `json:"calls"`
}

func (h *handler) view() view {
	now := time.Now()
	p := h.seen.last(now)
	v := view{
		Tenant: p.tenant, PID: os.Getpid(), Time: now, Now: h.transport.Stats(),
		Waiting: []waiting{}, Minutes: p.minutes, Users: p.users, Operations: p.operations, Limited: p.limited, Alerts: []measure.AlertStatus{},
	}
	v.Host, _ = os.Hostname()
	if at := v.Now.PausedUntil; !at.IsZero() {
		v.Pause = max(0, at.Sub(now))
	}
	listed := map[string]int{}
	for _, w := range h.transport.Queue() { // class by class
		class := w.Priority.String()
		listed[class]++
		switch n := listed[class]; {
		case n <= most:
			v.Waiting = append(v.Waiting, waiting{Class: class, User: w.User, Heavy: w.Heavy, Calls: w.Calls})
		case n == most+1:
			v.Waiting = append(v.Waiting, waiting{Class: class, Others: 1, Calls: w.Calls})
		default:
			others := &v.Waiting[len(v.Waiting)-1]
			others.Others++
			others.Calls += w.Calls
		}
	}
	if h.alerts != nil {
		v.Alerts = append(v.Alerts, h.alerts.Status()...)
		d := &v.Delivered
		d.Sent, d.Failed, d.Pending = h.alerts.Deliveries()
	}
	return v
}

// Sum adds up the last hour.
func (v view) Sum() (sum minute) {
	for _, m := range v.Minutes {
		sum.Calls += m.Calls
		sum.Sent += m.Sent
		sum.Limited += m.Limited
		sum.Lost += m.Lost
		sum.Refused += m.Refused
	}
	return sum
}

// Severity is how bad it is: "bad", "busy" or "good".
func (v view) Severity() string {
	for _, a := range v.Alerts {
		if a.State == "firing" {
			return "bad"
		}
	}
	switch {
	case v.Pause > 0:
		return "bad"
	case v.Now.Queued > 0 || v.Minutes[len(v.Minutes)-1].Limited > 0:
		return "busy"
	}
	return "good"
}

// Headline says in a sentence how it stands.
func (v view) Headline() string {
	s := v.Now
	switch {
	case v.Pause > 0:
		return fmt.Sprintf("After a 429 all calls are held back for %s.", seconds(v.Pause))
	case s.Queued == 0:
		return "Nothing waits."
	}
	why := map[transport.Bottleneck]string{
		transport.BottleneckLimit:  "for the limit",
		transport.BottleneckWindow: "because others keep Aprimo busy",
		transport.BottleneckHeavy:  "for other heavy operations to end",
	}[s.Bottleneck]
	if s.Queued == 1 {
		return "1 call waits " + why + "."
	}
	return fmt.Sprintf("%d calls wait %s.", s.Queued, why)
}

// Window says how many requests may be in flight.
func (v view) Window() string {
	if v.Now.Window > 1<<30 {
		return "no bound"
	}
	return fmt.Sprintf("of %d", v.Now.Window)
}
