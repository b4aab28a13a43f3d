package status

import (
	"fmt"
	"os"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const most = 20 // users of each class in the queue

// A view is what the page shows, and the JSON. No list in it is null.
type view struct {
	Tenant string    `json:"tenant"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Time   time.Time `json:"time"`

	Now        transport.Stats       `json:"now"`
	Pause      time.Duration         `json:"pause_ns"` // how long all calls remain paused after a 429
	Waiting    []waiting             `json:"waiting"`
	Minutes    []minute              `json:"minutes"`
	Users      []topk.Tally          `json:"limited_users"`      // of the last hour
	Operations []topk.Tally          `json:"limited_operations"` // of the last hour
	Limited    []limited             `json:"limited"`            // the last
	Alerts     []measure.AlertStatus `json:"alerts"`
	Delivered  delivered             `json:"alert_deliveries"`
}

// delivered says whether alerts arrive.
type delivered struct {
	Sent    uint64 `json:"sent"`
	Failed  uint64 `json:"failed"`
	Pending int    `json:"pending"`
}

// waiting are the queued calls of one user in one class, or of all users of the class beyond
// the first most.
type waiting struct {
	Class  string `json:"class"`
	User   string `json:"user"`
	Heavy  bool   `json:"heavy"`
	Others int    `json:"others,omitempty"` // the number of these users
	Calls  int    `json:"calls"`
}

func (h *handler) view() view {
	now := time.Now()
	p := h.seen.last(now)
	v := view{
		Tenant: p.tenant, PID: os.Getpid(), Time: now, Now: h.transport.Stats(),
		Minutes: p.minutes, Users: p.users, Operations: p.operations, Limited: p.limited, Alerts: []measure.AlertStatus{},
	}
	v.Host, _ = os.Hostname()
	if at := v.Now.PausedUntil; !at.IsZero() {
		v.Pause = max(0, at.Sub(now))
	}
	v.Waiting = h.waiting()
	if h.alerts != nil {
		v.Alerts = append(v.Alerts, h.alerts.Status()...)
		d := &v.Delivered
		d.Sent, d.Failed, d.Pending = h.alerts.Deliveries()
	}
	return v
}

// waiting returns the queue, class by class.
func (h *handler) waiting() []waiting {
	list, users := []waiting{}, map[string]int{}
	for _, w := range h.transport.Queue() {
		class := w.Priority.String()
		users[class]++
		switch n := users[class]; {
		case n <= most:
			list = append(list, waiting{Class: class, User: w.User, Heavy: w.Heavy, Calls: w.Calls})
		case n == most+1:
			list = append(list, waiting{Class: class, Others: 1, Calls: w.Calls})
		default:
			others := &list[len(list)-1]
			others.Others++
			others.Calls += w.Calls
		}
	}
	return list
}

// Sum returns the sum of the last hour.
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

// Severity returns "bad", "busy" or "good", a class of the style sheet.
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

// Headline returns the state in a sentence.
func (v view) Headline() string {
	s := v.Now
	switch {
	case v.Pause > 0:
		return fmt.Sprintf("All calls are paused for %s after a 429.", seconds(v.Pause))
	case s.Queued == 0:
		return "The queue is empty."
	}
	queued := fmt.Sprintf("%d calls are queued", s.Queued)
	if s.Queued == 1 {
		queued = "1 call is queued"
	}
	switch s.Bottleneck {
	case transport.BottleneckLimit:
		return queued + ": the rate limit is reached."
	case transport.BottleneckWindow:
		return queued + ": other programs keep Aprimo busy."
	case transport.BottleneckHeavy:
		return queued + ": other heavy operations are in progress."
	}
	return queued + "."
}

// Window returns how many requests may be in flight.
func (v view) Window() string {
	if v.Now.Window > 1<<30 {
		return "unlimited"
	}
	return fmt.Sprintf("of %d", v.Now.Window)
}
