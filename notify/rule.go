package notify

import (
	"cmp"
	"time"

	"github.com/rs/zerolog"
)

// The defaults of a Rule.
const (
	defaultCount      = 20
	defaultLost       = 5
	defaultRefused    = 20
	defaultWithin     = 5 * time.Minute
	defaultGather     = 30 * time.Second
	defaultCooldown   = time.Hour
	defaultReminder   = 4 * time.Hour
	defaultPerHour    = 6
	defaultPerDay     = 24
	defaultTenantRate = 15 // Aprimo's limit, requests a second
	defaultTimeout    = 30 * time.Second

	maxTimeout = 24 * time.Hour
)

// What a Rule does not set.
const (
	escalation     = 10               // times as many events as last reported
	escalationWait = 15 * time.Minute // after the last alert
	saturatedFor   = time.Minute
	saturatedGap   = 15 * time.Second
	flapIncidents  = 3 // more of them within flapSpan are flapping
	flapSpan       = 6 * time.Hour
	flapLong       = 30 * time.Minute // a longer incident has its own alert
	digestQuiet    = 5 * time.Minute
	digestLatest   = 15 * time.Minute
)

// A Rule says when an alert is due and how hard to try to deliver it. The zero value is a
// sensible rule: 20 answers with status 429, 5 lost calls, or 20 refused ones, within 5 minutes.
type Rule struct {
	// Count is the number of 429 answers within Within that make the condition
	// Throttled. The first and the last of them may be exactly Within apart. 0 means
	// 20, negative never.
	Count int

	// Lost is the number of calls given up within Within that make the condition
	// Failing. A call is given up if its last attempt got a 429, or, after a retry, a
	// 502, 503, 504 or no answer. 0 means 5, negative never.
	Lost int

	// Refused is the number of calls rejected locally within Within that makes the
	// condition Refusing. A call is rejected if the queue is full, its deadline comes
	// before its turn, or the Limiter fails; one that a Transport rejects because it is
	// shut down does not count. 0 means 20, negative never.
	Refused int

	// MaxDelay is how long the server may delay requests. A longer delay for a minute
	// makes the condition Saturated, and so does a queue that is more than four fifths
	// full for a minute. 2 seconds is sensible. 0 and negative mean no such alert.
	MaxDelay time.Duration

	// Within is the length of the sliding window. An incident ends when there are
	// fewer than half as many events within it, for as long. 0 and negative mean 5
	// minutes.
	Within time.Duration

	// Gather is how long the first alert of an incident is delayed, so that it reports
	// the whole event. It is at most half of Within. 0 means 30 seconds, negative no
	// delay.
	Gather time.Duration

	// Cooldown is the minimum time between the first alerts of two incidents.
	// Incidents in between are reported by the next alert. 0 means 1 hour, negative
	// none.
	Cooldown time.Duration

	// Reminder is the time after the last alert when another one says that the
	// incident continues. 0 means 4 hours, negative never.
	Reminder time.Duration

	// PerHour and PerDay limit the number of alerts. The last one says so; what it
	// could not report is reported later. 0 and negative mean 6 and 24.
	PerHour, PerDay int

	// Tenant is the name in alerts. Empty means the first label of the first
	// request's host: acme for acme.dam.aprimo.com.
	Tenant string

	// TenantRate is the tenant's limit in requests per second, to compute how much of it
	// other programs used. 0 and negative mean 15.
	TenantRate float64

	// Store keeps the state of the alerts across restarts and for several processes, which
	// then count together and need the same Rule. One of them sends the alert about an
	// incident. If it crashes first, another process that has seen events of the incident
	// sends it, or the restarted program does. So no alert is lost. One is sent twice only
	// if its sender crashes before it has noted that, or gets no confirmation. While the Store
	// is unavailable, each process counts alone. Nil means that each process counts alone and
	// starts from zero. [Dir] is a Store in a directory.
	Store Store

	// Timeout limits each attempt to deliver an alert. 0 and negative mean 30 seconds; more
	// than a day counts as a day. A mail server that has got the whole mail may take ten
	// minutes more to confirm it.
	Timeout time.Duration

	// Retries are the pauses before the second, third, … attempt to deliver an alert.
	// Nil means 1, 5 and 15 minutes; empty but not nil means no retry. With a Store
	// the last pause is repeated for a day. An alert that may have been delivered
	// ([ErrUnconfirmed]) is sent once more at most.
	Retries []time.Duration

	// Logger gets a line at level WARN for each attempt that failed, and one at level
	// ERROR, with the whole alert, if it could not be delivered. Nil means zerolog's
	// global logger, log.Logger.
	Logger *zerolog.Logger
}

// withDefaults returns the rule with its defaults. What is switched off is 0 in it.
func (r Rule) withDefaults() Rule {
	r.Count = max(0, cmp.Or(r.Count, defaultCount))
	r.Lost = max(0, cmp.Or(r.Lost, defaultLost))
	r.Refused = max(0, cmp.Or(r.Refused, defaultRefused))
	r.MaxDelay = max(0, r.MaxDelay)
	r.Within = positive(r.Within, defaultWithin)
	r.Gather = min(max(0, cmp.Or(r.Gather, defaultGather)), r.Within/2)
	r.Cooldown = max(0, cmp.Or(r.Cooldown, defaultCooldown))
	r.Reminder = max(0, cmp.Or(r.Reminder, defaultReminder))
	r.PerHour = positive(r.PerHour, defaultPerHour)
	r.PerDay = positive(r.PerDay, defaultPerDay)
	r.TenantRate = min(positive(r.TenantRate, defaultTenantRate), 1e9) // JSON has no infinity
	r.Timeout = min(positive(r.Timeout, defaultTimeout), maxTimeout)
	if r.Retries == nil {
		r.Retries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	return r
}

// limit returns how many events make an alert about a condition due; 0 is never.
func (r Rule) limit(c Condition) int {
	switch {
	case c == Throttled:
		return r.Count
	case c == Failing:
		return r.Lost
	case c == Refusing:
		return r.Refused
	case r.MaxDelay > 0:
		return 1
	}
	return 0
}

func positive[N int | time.Duration | float64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}
