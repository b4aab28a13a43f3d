package notify

import (
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// An Alert tells that Aprimo has turned away many requests of this process. It
// is a plain value. Text that comes from outside, such as the names of users,
// has been made printable and short; only HTML must still escape it.
type Alert struct {
	// Incident identifies the incident: an unbroken series of 429s, with no
	// pause longer than Within. Number is 1 for its first alert, 2 for the one
	// that follows after the cool-down if it goes on.
	Incident string
	Number   int

	Tenant string
	Host   string // the machine that this process runs on
	PID    int

	Time  time.Time // when the limit was reached
	Since time.Time // the first 429 of Count
	Count int       // 429 answers of this incident, or since its last alert

	// The rule.
	Limit            int
	Within, Cooldown time.Duration

	// What came of it since Since, as far as it was known at Time.
	Lost      int // calls given up: their callers got the 429
	Recovered int // calls that succeeded at a later attempt
	Refused   int // calls turned away in this process, never sent
	Paused    int // times that all calls were held back

	Queued int           // calls waiting in this process, at the last 429
	Delay  time.Duration // until the last call turned away is sent again; 0 if it is not

	Users      []Tally // at most 10, the most frequent first; an empty name is unknown
	Operations []Tally // likewise: method and path with {id} for identifiers

	Hosts []Tally // likewise, with a Rule.Store: the processes that were answered 429

	// Samples are the first three and the last three of the 429s, with no
	// query in the URL.
	Samples []transport.Event

	Previous   time.Time // of the alert before this one; zero if there was none
	Suppressed int       // 429s in the cool-down after Previous, no alert told of them
}

// next returns when another alert is possible.
func (a Alert) next() time.Time { return a.Time.Add(a.Cooldown) }
