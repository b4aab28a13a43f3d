package notify

import (
	"time"
)

// A Level is a kind of trouble. Each has its own threshold in a [Rule], its own
// [State] and its own incidents.
type Level string

// The levels.
const (
	// Saturated: for a minute the server has let requests wait longer than
	// Rule.MaxDelay, or the queue has been fuller than four fifths.
	Saturated Level = "saturated"
	// Throttled: there were Rule.Count answers with status 429.
	Throttled Level = "throttled"
	// Failing: Rule.Lost calls were given up after all their attempts.
	Failing Level = "failing"
)

// levels are all of them, the worst last.
var levels = [...]Level{Saturated, Throttled, Failing}

// A Phase says what has happened that an [Alert] tells of.
type Phase string

// The phases.
const (
	Firing    Phase = "firing"    // an incident has begun
	Escalated Phase = "escalated" // it has become ten times as large
	Reminder  Phase = "reminder"  // it lasts
	Resolved  Phase = "resolved"  // it is over
	Digest    Phase = "digest"    // what happened while there was no mail for each incident
	Test      Phase = "test"      // nothing; also an empty Phase with a Count of 0
)

// An Alert tells what Aprimo's rate limit has done to this process, or with a
// Rule.Store to all of them. It is a plain value that can be encoded as JSON.
// Text that comes from outside, such as the names of users, has been made
// printable and short; only HTML must still escape it.
type Alert struct {
	Level Level `json:"condition"`
	Phase Phase `json:"phase"`

	// Incident identifies what all alerts about it have in common. Number is 1
	// for the first of them.
	Incident string `json:"incident"`
	Number   int    `json:"number"`

	Tenant string `json:"tenant"`
	Host   string `json:"host"` // the machine that the alert comes from
	PID    int    `json:"pid"`

	Time   time.Time `json:"time"`            // of this alert
	Since  time.Time `json:"since"`           // the first event of the incident
	Latest time.Time `json:"latest,omitzero"` // the last one so far
	Ended  time.Time `json:"ended,omitzero"`  // the same, if Resolved
	Count  int       `json:"count"`           // events since the last alert about the incident: 429s; calls lost; seconds of saturation
	Total  int       `json:"total"`           // events of the whole incident
	Peak   int       `json:"peak,omitempty"`  // 429s in its worst minute
	Alone  bool      `json:"alone,omitempty"` // the Store could not be reached: this is about one process

	// The rule.
	Limit    int           `json:"limit"`
	Within   time.Duration `json:"within_ns"`
	Cooldown time.Duration `json:"cooldown_ns"`
	MaxDelay time.Duration `json:"max_delay_ns,omitempty"`

	// What came of it since the incident began, as far as it was known at Time.
	Lost      int `json:"lost"`      // calls given up after all attempts
	Recovered int `json:"recovered"` // calls that succeeded at a later attempt
	Refused   int `json:"refused"`   // calls turned away in this process, never sent
	Paused    int `json:"paused"`    // times that all calls were held back

	Queued      int           `json:"queued"`          // calls waiting in this process, at the last event
	Again       bool          `json:"will_retry"`      // the last call turned away is sent again,
	Delay       time.Duration `json:"delay_ns"`        // after so long
	ServerDelay time.Duration `json:"server_delay_ns"` // how long the server let a request wait, at the last event

	// Whose share it was: while requests were turned away the server served the
	// tenant TenantRate a second and had a hundred more waiting. By the part of
	// these that can have been ours we were served Rate a second at most, and
	// others Others at least; those of our processes that were not turned away
	// count among them, unless they share a Store. Both are 0 if that is not known.
	Rate       float64 `json:"rate"`
	TenantRate float64 `json:"tenant_rate"`
	Others     float64 `json:"others"`

	// At most 10 each, the most frequent first, of the whole incident. An empty
	// name is unknown. Operations are method and path with {id} for identifiers;
	// Hosts the processes, with a Rule.Store.
	Users      []Tally `json:"users"`
	Operations []Tally `json:"operations"`
	Hosts      []Tally `json:"hosts,omitempty"`

	// Samples are the first three and the last three of the events, with no
	// query in the URL.
	Samples Samples `json:"samples,omitempty"`

	// History is the last hour, minute by minute. A minute without any request
	// may be missing.
	History []Minute `json:"history,omitempty"`

	Previous   time.Time `json:"previous,omitzero"`    // the last alert before this one
	Suppressed int       `json:"suppressed,omitempty"` // events of the incidents in Untold
	Untold     []Summary `json:"unreported,omitempty"` // incidents of which no alert, or none of their end, has told; at most 50
	Incidents  int       `json:"incidents,omitempty"`  // how many there were, of a Digest
	Next       time.Time `json:"next,omitzero"`        // of the reminder, if it lasts

	// NoneBefore says that this is the last alert of its level until then, whatever
	// happens: there have been as many as the Rule allows.
	NoneBefore time.Time `json:"none_before,omitzero"`
}

// A Summary is an incident in one line.
type Summary struct {
	Incident string    `json:"incident"`
	Since    time.Time `json:"since"`
	Ended    time.Time `json:"ended,omitzero"` // zero if it is not over
	Total    int       `json:"total"`
	Peak     int       `json:"peak,omitempty"`
	Lost     int       `json:"lost,omitempty"`
	Opened   bool      `json:"opened,omitempty"` // its beginning had an alert
}

// A Minute is what happened in one.
type Minute struct {
	Time    time.Time     `json:"time"`
	Limited int           `json:"limited"`         // 429s
	Sent    int           `json:"sent"`            // requests, repetitions included, by calls that ended in it
	Delay   time.Duration `json:"server_delay_ns"` // the longest that the server let a request wait
}

// isTest reports whether the alert tells of nothing.
func (a Alert) isTest() bool { return a.Phase == Test || a.Phase == "" && a.Count == 0 }
