package notify

import (
	"slices"
	"time"
)

const (
	maxUntold  = 50  // incidents in an alert
	maxCounted = 200 // names that one process counts at once
	maxHeld    = 20  // names of what is kept beside the incident that there is
)

// A course is how one level has gone so far: its state machine. It is a plain
// value; its methods use no clock but the one they are given.
type course struct {
	State  State       `json:"state,omitempty"` // "" is OK
	Times  []time.Time `json:"times,omitempty"` // the last events, as many as make an alert due, in order
	Latest time.Time   `json:"latest,omitzero"` // when the last of them was counted
	Due    bool        `json:"due,omitempty"`   // there were enough of them, since the last step

	Incident string    `json:"id,omitempty"`
	Number   int       `json:"number,omitempty"`         // alerts of this incident
	Reached  time.Time `json:"noticed,omitzero"`         // when the incident was noticed
	Calm     time.Time `json:"clearing_since,omitzero"`  // when Clearing began
	Sum      Alert     `json:"sum,omitzero"`             // of the incident; while OK of what may become one
	Past     Alert     `json:"previous_window,omitzero"` // while OK: of the window before
	Parts    []part    `json:"shares,omitempty"`         // of each process in the server's queue

	Opened   time.Time     `json:"opened,omitzero"`          // the last Firing alert
	Told     time.Time     `json:"reported,omitzero"`        // the last alert of any phase
	Events   int           `json:"reported_total,omitempty"` // of the incident, that it told of
	Untold   []Summary     `json:"unreported,omitempty"`
	Forgot   Summary       `json:"dropped,omitzero"`        // the sum of more of them than Untold has
	ForgotN  int           `json:"dropped_count,omitempty"` // so many
	Held     Alert         `json:"unreported_sum,omitzero"` // the sum of all these
	Waiting  time.Time     `json:"digest_since,omitzero"`   // since when there is something for a digest; zero if nothing
	Begun    []time.Time   `json:"begun,omitempty"`         // the last incidents
	Flapping bool          `json:"flapping,omitempty"`
	Gap      time.Duration `json:"digest_gap_ns,omitempty"` // between two digests, while it flaps
	Digests  int           `json:"digests,omitempty"`       // alerts of this phase
}

// tenantQueue is how many requests the server lets wait before it turns one away.
// See https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/.
const tenantQueue = 100

// A part is what one process had of the server's full queue: the sum of its
// requests there, at so many 429s. It is too high by those that the server was at
// work on, so what others had is at least the rest.
type part struct {
	By  string `json:"process"`
	Sum int    `json:"sum"`
	N   int    `json:"count"`
}

// share returns the requests a second that a process was served at most while
// others were turned away, of so many.
func (p part) share(of float64) float64 { return of * float64(p.Sum) / float64(p.N*tenantQueue) }

// limits are what the state machine needs of a Rule for one level.
type limits struct {
	Rule
	count int
}

func (c *course) idle() bool { return c.State == "" || c.State == OK }

// add takes in what a process has counted, whose clock is so much behind.
func (c *course) add(t tally, by string, now time.Time, behind time.Duration, l limits) {
	if t.count == 0 {
		return
	}
	c.age(now, l)
	c.Latest = now
	for _, at := range t.times {
		c.Times = append(c.Times, at.Add(behind))
	}
	c.order(l)
	c.Sum.include(t.sum(by, behind))
	if t.rejected > 0 {
		c.part(by, t.flying, t.rejected)
	}
}

// order keeps the last events, and notes whether there were enough of them.
func (c *course) order(l limits) {
	slices.SortFunc(c.Times, time.Time.Compare)
	for i := l.count - 1; i >= 0 && i < len(c.Times); i++ {
		c.Due = c.Due || apart(c.Times[i], c.Times[i-l.count+1]) <= l.Within
	}
	c.Times = slices.Clone(c.Times[max(0, len(c.Times)-l.count):])
}

// age forgets, while there is no incident, what is too old to belong to the next one:
// a trickle that goes on for hours is not a part of it.
func (c *course) age(now time.Time, l limits) {
	switch {
	case !c.idle() || c.Latest.IsZero():
	case now.Sub(c.Latest) > l.Within:
		c.clear()
	case c.Sum.Total > 0 && now.Sub(c.Sum.Since) > l.Within:
		c.Past, c.Sum, c.Parts = c.Sum.brief(), Alert{}, nil
	}
}

func (c *course) part(by string, sum, n int) {
	i := slices.IndexFunc(c.Parts, func(p part) bool { return p.By == by })
	if i < 0 {
		if len(c.Parts) == maxShared {
			return
		}
		i = len(c.Parts)
		c.Parts = append(c.Parts, part{By: by})
	}
	c.Parts[i].Sum += sum
	c.Parts[i].N += n
}

// clear forgets the incident.
func (c *course) clear() {
	c.Times, c.Sum, c.Past, c.Parts = nil, Alert{}, Alert{}, nil
}

// recent returns how many events there were within the window that ends now, as
// far as that is fewer than make an alert due.
func (c *course) recent(now time.Time, l limits) int {
	if len(c.Times) == 0 {
		return 0
	}
	since, last := now.Sub(c.Latest), c.Times[len(c.Times)-1]
	n := 0
	for _, t := range c.Times {
		if apart(last, t)+since <= l.Within {
			n++
		}
	}
	return n
}

// forget keeps an incident that is over for a later alert.
func (c *course) forget(now time.Time) {
	c.keep(c.summary(), now)
	c.Held.include(c.Sum)
	c.Held = c.Held.brief()
	c.clear()
}

// keep notes an incident of which a later alert must tell.
func (c *course) keep(s Summary, now time.Time) {
	c.Untold = append(c.Untold, s)
	if len(c.Untold) > maxUntold {
		c.ForgotN++
		c.Forgot.Total += c.Untold[0].Total
		c.Forgot.Lost += c.Untold[0].Lost
		c.Untold = slices.Clone(c.Untold[1:])
	}
	if c.Waiting.IsZero() {
		c.Waiting = now
	}
}

func (c *course) summary() Summary {
	s := Summary{Incident: c.Incident, Since: c.Sum.Since, Total: c.Sum.Total, Peak: c.Sum.Peak, Lost: c.Sum.Lost, Opened: c.Number > 0}
	if c.idle() {
		s.Ended = c.Sum.Latest
	}
	return s
}

// withheld returns how many events there were of which no alert has told.
func (c *course) withheld() int {
	n := c.Forgot.Total
	for _, s := range c.Untold {
		n += s.Total
	}
	if c.unheard() {
		n += c.Sum.Total
	}
	return n
}

// apart returns how far two points in time are from each other. It has no sign: if
// the clock is set back, what was before does not look recent.
func apart(a, b time.Time) time.Duration { return a.Sub(b).Abs() }
