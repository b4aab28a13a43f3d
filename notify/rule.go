package notify

import (
	"cmp"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// What the zero values in a Rule stand for.
const (
	defaultCount      = 20
	defaultLost       = 5
	defaultWithin     = 5 * time.Minute
	defaultGather     = 30 * time.Second
	defaultCooldown   = time.Hour
	defaultReminder   = 4 * time.Hour
	defaultPerHour    = 6
	defaultPerDay     = 24
	defaultTenantRate = 15 // Aprimo's limit, requests a second
	defaultTimeout    = 30 * time.Second
)

// What is the same for everybody.
const (
	escalation     = 10               // times as many events as were told of
	escalationWait = 15 * time.Minute // after the last alert
	saturatedFor   = time.Minute
	saturatedGap   = 15 * time.Second
	flapIncidents  = 3 // more of them within flapSpan are flapping
	flapSpan       = 6 * time.Hour
	flapLong       = 30 * time.Minute // an incident that lasts longer does not flap
	digestQuiet    = 5 * time.Minute
	digestLatest   = 15 * time.Minute
)

// A Rule says when an alert is due and how hard to try to deliver it. The zero
// value is a sensible rule: 20 answers with status 429, or 5 calls lost, within
// 5 minutes.
type Rule struct {
	// Count is the number of 429 answers within Within at which requests count
	// as Throttled. The first and the last of them may be exactly Within apart.
	// 0 means 20, less than 0 never.
	Count int

	// Lost is the number of calls given up within Within at which the program
	// counts as Failing. A call is given up if its last attempt got a 429, or,
	// after others, a 502, 503, 504 or no answer. 0 means 5, less than 0 never.
	Lost int

	// MaxDelay is how long the server may let requests wait before they begin;
	// longer for a minute counts as Saturated, and so does a queue that has
	// been more than four fifths full for a minute. 2 seconds is sensible. 0 or
	// less means that there is no such alert.
	MaxDelay time.Duration

	// Within is the length of the window, which slides: bursts are not cut at
	// the full minute. An incident is over when there were fewer than half as
	// many events within it, for as long. 0 or less means 5 minutes.
	Within time.Duration

	// Gather is how long the first alert of an incident waits, to tell the
	// whole of it. It is never longer than half of Within, so that a short
	// burst is told of too. 0 means 30 seconds, less than 0 that it does not
	// wait.
	Gather time.Duration

	// Cooldown is the least time between the first alerts of two incidents; the
	// next alert tells of those that came and went in it. 0 means 1 hour, less
	// than 0 that there is none.
	Cooldown time.Duration

	// Reminder is how long after the last alert another one says that the
	// incident still lasts. 0 means 4 hours, less than 0 never.
	Reminder time.Duration

	// PerHour and PerDay are how many alerts there are at most; the last one
	// says so, and what it could not tell is told later. 0 or less means 6 and
	// 24.
	PerHour, PerDay int

	// Tenant is the name that alerts carry. Empty means what the first
	// request's host says: acme for acme.dam.aprimo.com.
	Tenant string

	// TenantRate is what the server serves the tenant, in requests a second,
	// to tell how much of it others took. 0 or less means 15, Aprimo's limit.
	TenantRate float64

	// Store keeps the state of the alerts: over a restart, and for several
	// processes that count together. They send one alert for an incident, by
	// one of them. If that one dies on the way, another that has seen events in
	// the incident sends it, or the same program when it is started again: so
	// it is never lost, and comes twice if the mail was handed over but not yet
	// noted. While the Store cannot be reached each process counts alone. Nil
	// means that it always does, and forgets all when it ends. All of them need
	// the same Rule. [Dir] keeps it in a folder.
	Store Store

	// Timeout bounds each try to deliver an alert. 0 or less means 30 seconds.
	Timeout time.Duration

	// Retries are the pauses before the second, third, … try to deliver an
	// alert. Nil means 1, 5 and 15 minutes; empty but not nil means that there
	// is one try only. With a Store the last pause is repeated for a day.
	Retries []time.Duration

	// Logger gets a line at level WARN for each try that failed and one at
	// level ERROR, with the whole alert, if it could not be delivered. Nil
	// means zerolog's global logger, log.Logger.
	Logger *zerolog.Logger
}

// withDefaults returns the rule with its zero values replaced. Whatever is
// switched off is 0 in it.
func (r Rule) withDefaults() Rule {
	r.Count = max(0, cmp.Or(r.Count, defaultCount))
	r.Lost = max(0, cmp.Or(r.Lost, defaultLost))
	r.MaxDelay = max(0, r.MaxDelay)
	r.Within = positive(r.Within, defaultWithin)
	r.Gather = min(max(0, cmp.Or(r.Gather, defaultGather)), r.Within/2)
	r.Cooldown = max(0, cmp.Or(r.Cooldown, defaultCooldown))
	r.Reminder = max(0, cmp.Or(r.Reminder, defaultReminder))
	r.PerHour = positive(r.PerHour, defaultPerHour)
	r.PerDay = positive(r.PerDay, defaultPerDay)
	r.TenantRate = positive(r.TenantRate, defaultTenantRate)
	r.Timeout = positive(r.Timeout, defaultTimeout)
	if r.Retries == nil {
		r.Retries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	return r
}

// limit returns how many events of a level make an alert due; 0 is never.
func (r Rule) limit(l Condition) int {
	switch {
	case l == Throttled:
		return r.Count
	case l == Failing:
		return r.Lost
	case r.MaxDelay > 0:
		return 1
	}
	return 0
}

// logger returns the logger to use now.
func (r Rule) logger() *zerolog.Logger {
	if r.Logger != nil {
		return r.Logger
	}
	return &log.Logger
}

func positive[N int | time.Duration | float64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}
