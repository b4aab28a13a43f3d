package notify

import (
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// What the zero values in a Rule stand for.
const (
	defaultCount    = 20
	defaultWithin   = 5 * time.Minute
	defaultCooldown = time.Hour
	defaultTimeout  = 30 * time.Second
)

// A Rule says when an alert is due and how hard to try to deliver it. The zero
// value is a sensible rule: 20 answers with status 429 within 5 minutes, and at
// most one alert an hour.
type Rule struct {
	// Count is the number of 429 answers within Within that makes an alert
	// due. The first and the last of them may be exactly Within apart. An
	// Alerter remembers so many points in time. 0 or less means 20.
	Count int

	// Within is the length of the window, which slides: bursts are not cut at
	// the full minute. It is also the pause that separates two incidents. 0 or
	// less means 5 minutes.
	Within time.Duration

	// Cooldown is the least time between two alerts. 0 means 1 hour, less than
	// 0 that there is none.
	Cooldown time.Duration

	// Tenant is the name that alerts carry. Empty means what the first
	// request's host says: acme for acme.dam.aprimo.com.
	Tenant string

	// Store makes the Alerters of several processes count together: they send
	// one alert for an incident, by one of them. If that one dies on the way,
	// another that has seen 429s in the incident sends it: so it is never
	// lost, and comes twice if the mail was handed over but not yet noted.
	// While the Store cannot be reached each process counts alone. Nil means
	// that it always does. All of them need the same Rule.
	Store Store

	// Timeout bounds each try to deliver an alert. 0 or less means 30 seconds.
	Timeout time.Duration

	// Retries are the pauses before the second, third, … try to deliver an
	// alert. Nil means 1, 5 and 15 minutes; empty but not nil means that there
	// is one try only.
	Retries []time.Duration

	// Logger gets a line at level WARN for each try that failed and one at
	// level ERROR, with the whole alert, if it could not be delivered. Nil
	// means zerolog's global logger, log.Logger.
	Logger *zerolog.Logger
}

// withDefaults returns the rule with its zero values replaced.
func (r Rule) withDefaults() Rule {
	if r.Count <= 0 {
		r.Count = defaultCount
	}
	if r.Within <= 0 {
		r.Within = defaultWithin
	}
	if r.Cooldown == 0 {
		r.Cooldown = defaultCooldown
	}
	r.Cooldown = max(r.Cooldown, 0)
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	if r.Retries == nil {
		r.Retries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	return r
}

// logger returns the logger to use now.
func (r Rule) logger() *zerolog.Logger {
	if r.Logger != nil {
		return r.Logger
	}
	return &log.Logger
}
