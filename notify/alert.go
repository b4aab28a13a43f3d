package notify

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// A Condition is a reason for alerts. Each has its own threshold in a [Rule] and its own
// incidents.
type Condition string

// The conditions.
const (
	// Saturated: for a minute the server has delayed requests by more than
	// Rule.MaxDelay, or the queue has been more than four fifths full.
	Saturated Condition = "saturated"
	// Throttled: there were Rule.Count answers with status 429.
	Throttled Condition = "throttled"
	// Failing: Rule.Lost calls were given up after all their attempts.
	Failing Condition = "failing"
	// Refusing: Rule.Refused calls were rejected in this process and never sent, since
	// the queue was full, their deadlines came before their turns, or the Limiter
	// failed.
	Refusing Condition = "refusing"
)

// conditions are all of them. State of version 0 has the first three, in this order.
var conditions = [...]Condition{Saturated, Throttled, Failing, Refusing}

// A Phase says what an [Alert] reports.
type Phase string

// The phases.
const (
	Firing    Phase = "firing"    // an incident has started
	Escalated Phase = "escalated" // it has grown tenfold
	Reminder  Phase = "reminder"  // it continues
	Resolved  Phase = "resolved"  // it has ended
	Digest    Phase = "digest"    // incidents that had no alert of their own
	Test      Phase = "test"      // nothing; an empty Phase with a Count of 0 means the same
)

// An Alert reports what Aprimo's rate limit has done to this process, or with a
// Rule.Store to all processes that share it. It is a plain value that can be encoded as
// JSON. Text from outside, such as user names, is printable and short; it must still be
// escaped for HTML.
type Alert struct {
	Condition Condition `json:"condition"`
	Phase     Phase     `json:"phase"`

	// Incident is the same in all alerts about an incident. Number is 1 in the first.
	Incident string `json:"incident"`
	Number   int    `json:"number"`

	Tenant string `json:"tenant"`
	Host   string `json:"host"` // the machine that sends the alert
	PID    int    `json:"pid"`

	Time   time.Time `json:"time"`            // of this alert
	Since  time.Time `json:"since"`           // the first event of the incident
	Latest time.Time `json:"latest,omitzero"` // the last one so far
	Ended  time.Time `json:"ended,omitzero"`  // Latest, if Resolved
	Count  int       `json:"count"`           // events since the last alert about the incident: 429s, lost or refused calls, or seconds of saturation
	Total  int       `json:"total"`           // events of the whole incident
	Peak   int       `json:"peak,omitempty"`  // 429s in its worst minute
	Alone  bool      `json:"alone,omitempty"` // the Store could not be used: this is about one process

	// The rule.
	Limit    int           `json:"limit"`
	Within   time.Duration `json:"within_ns"`
	Cooldown time.Duration `json:"cooldown_ns"`
	MaxDelay time.Duration `json:"max_delay_ns,omitempty"`

	// The consequences since the incident started, as far as known at Time.
	Lost      int `json:"lost"`      // calls given up after all attempts; all events of Failing
	Recovered int `json:"recovered"` // calls that succeeded at a later attempt
	Refused   int `json:"refused"`   // calls rejected in this process, never sent; all events of Refusing
	Paused    int `json:"paused"`    // how often all calls were paused

	// Unconfirmed are those of Lost that may have been carried out: they change
	// something, and got no answer to their last attempt, or a 502, 503 or 504. The
	// others of Lost can be run again without doing anything twice.
	Unconfirmed int `json:"unconfirmed,omitempty"`

	// At the last event.
	Queued      int           `json:"queued"`          // calls in this process's queue
	Again       bool          `json:"will_retry"`      // the request that got the last 429 is retried
	Delay       time.Duration `json:"delay_ns"`        // after this time
	ServerDelay time.Duration `json:"server_delay_ns"` // how long the server delayed a request; 0 if unknown

	// OthersSent is how many requests a second other programs sent, at the last event at
	// which that was known. Its Stddev is 0 if it never was.
	OthersSent transport.Others `json:"others_sent,omitzero"`

	// While it sent 429s the server processed TenantRate requests a second and had
	// a hundred more queued. Our part of that queue shows that at most Rate of these
	// were ours, and at least Others came from other programs. Processes that share no
	// Store with this one count as other programs. Rate and Others are 0 if unknown.
	Rate       float64 `json:"rate"`
	TenantRate float64 `json:"tenant_rate"`
	Others     float64 `json:"others"`

	// The most frequent names of the whole incident, at most 10 each, the most
	// frequent first. An empty name is unknown. Operations are method and path with
	// {id} for identifiers. Hosts are the processes, with a Rule.Store.
	Users      []Tally `json:"users"`
	Operations []Tally `json:"operations"`
	Hosts      []Tally `json:"hosts,omitempty"`

	// Samples are the first three and the last three events, without queries in
	// the URL.
	Samples Samples `json:"samples,omitempty"`

	// History is the last hour. Minutes without a request may be missing.
	History []Minute `json:"history,omitempty"`

	Previous   time.Time `json:"previous,omitzero"`    // the alert before this one
	Suppressed int       `json:"suppressed,omitempty"` // events of the incidents in Unreported
	Unreported []Summary `json:"unreported,omitempty"` // incidents whose start or end no alert has reported; at most 50
	Incidents  int       `json:"incidents,omitempty"`  // how many a Digest reports
	Next       time.Time `json:"next,omitzero"`        // of the reminder, if the incident continues

	// NoneBefore is set if this is the last alert of its kind until then, because the
	// Rule allows no more.
	NoneBefore time.Time `json:"none_before,omitzero"`
}

// A Summary is a short description of an incident.
type Summary struct {
	Incident string    `json:"incident"`
	Since    time.Time `json:"since"`
	Ended    time.Time `json:"ended,omitzero"` // zero if it continues
	Total    int       `json:"total"`
	Peak     int       `json:"peak,omitempty"`
	Lost     int       `json:"lost,omitempty"`
	Opened   bool      `json:"opened,omitempty"` // an alert has reported its start
}

// A Minute is what happened in one minute.
type Minute struct {
	Time        time.Time     `json:"time"`
	Sent        int           `json:"sent"`            // requests sent in it, retries included
	Limited     int           `json:"limited"`         // those of them that were answered 429
	ServerDelay time.Duration `json:"server_delay_ns"` // the longest in it; 0 if unknown
}

// A Tally counts how often a name occurred.
type Tally = topk.Tally

// Samples are some events of an incident. As JSON each has time, user, method, url,
// attempt and status.
type Samples []transport.Event

type sampleJSON struct {
	Time    time.Time `json:"time"`
	User    string    `json:"user"`
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (s Samples) MarshalJSON() ([]byte, error) {
	all := make([]sampleJSON, len(s))
	for i, e := range s {
		all[i] = sampleJSON{e.Time, e.User, e.Method, e.URL, e.Attempt, e.Status}
	}
	return json.Marshal(all)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Samples) UnmarshalJSON(b []byte) error {
	var all []sampleJSON
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*s = nil
	for _, e := range all {
		*s = append(*s, transport.Event{Time: e.Time, User: e.User, Method: e.Method, URL: e.URL, Attempt: e.Attempt, Status: e.Status})
	}
	return nil
}

// isTest reports whether the alert is a test.
func (a Alert) isTest() bool { return a.Phase == Test || a.Phase == "" && a.Count == 0 }

// agree makes numbers that mean the same thing the same: without the Store, or in a merge of
// states, they may have been counted in different ways.
func (a *Alert) agree() {
	switch a.Condition {
	case Failing:
		a.Lost = a.Total
	case Refusing:
		a.Refused = a.Total
	case Throttled:
		a.Peak = min(a.Peak, a.Total)
	}
	a.Unconfirmed = min(a.Unconfirmed, a.Lost)
}

// include adds the sums of o, which are of later events.
func (a *Alert) include(o Alert) {
	if o.Total == 0 {
		return
	}
	if a.Total == 0 || o.Since.Before(a.Since) {
		a.Since = o.Since
	}
	a.Latest = later(a.Latest, o.Latest)
	a.Tenant = cmp.Or(a.Tenant, o.Tenant)
	a.Total += o.Total
	a.addConsequences(o)
	a.Peak = max(a.Peak, o.Peak)
	a.setLast(o)
	a.Users = mergeTallies(a.Users, o.Users)
	a.Operations = mergeTallies(a.Operations, o.Operations)
	a.Hosts = mergeTallies(a.Hosts, o.Hosts)
	a.Samples = slices.Concat(a.Samples, o.Samples)
	if n := len(a.Samples); n > 2*maxSamples {
		a.Samples = slices.Concat(a.Samples[:maxSamples], a.Samples[n-maxSamples:])
	}
}

func (a *Alert) addConsequences(o Alert) {
	a.Lost += o.Lost
	a.Recovered += o.Recovered
	a.Refused += o.Refused
	a.Unconfirmed += o.Unconfirmed
	a.Paused += o.Paused
}

// setLast takes from o how things stood at the last event.
func (a *Alert) setLast(o Alert) {
	a.Queued, a.Again, a.Delay, a.ServerDelay = o.Queued, o.Again, o.Delay, o.ServerDelay
	if known(o.OthersSent) {
		a.OthersSent = o.OthersSent
	}
}

// known reports whether a program knew what others use.
func known(o transport.Others) bool { return o.Stddev > 0 }

// top returns the alert with at most n names of each kind.
func (a Alert) top(n int) Alert {
	first := func(list []Tally) []Tally { return list[:min(n, len(list))] }
	a.Users, a.Operations, a.Hosts = first(a.Users), first(a.Operations), first(a.Hosts)
	return a
}

func mergeTallies(a, b []Tally) []Tally {
	k := topk.Counter{Most: maxShared}
	for _, t := range slices.Concat(a, b) {
		k.AddTally(t)
	}
	return k.Top(maxShared)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
