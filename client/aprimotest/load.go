package aprimotest

import (
	"math"
	"math/rand/v2"
	"time"
)

// A Load is another integration that uses the tenant: its requests use rate and places
// in the queue. They need no goroutine and no waiting, because they are computed when
// something depends on them.
//
// Even or random requests can be combined with bursts. The first even request and the
// first burst arrive at From.
type Load struct {
	// Agent is the name in the [Report], among the User-Agents.
	Agent string

	// Rate is the number of requests in a second: evenly spaced, or, if Random, each
	// independent of the others (a Poisson process).
	Rate   float64
	Random bool

	// Burst is the number of requests that arrive at once, repeated after each Every.
	// With a zero Every they arrive once.
	Burst int
	Every time.Duration

	// From and Until are counted from the tenant's first request, or from
	// [Tenant.Start]. Until is exclusive; zero means for ever.
	From, Until time.Duration
}

// A source is the next request of a Load, and the way to the one after.
type source struct {
	agent string
	at    time.Duration
	next  func() time.Duration
}

// never is later than any request: 146 years, so that adding two does not overflow.
const never = time.Duration(math.MaxInt64 / 2)

func (s *source) step() { s.at = s.next() }

// sources turns loads into sources that stand at their first request.
func sources(loads []Load, seed uint64) []source {
	var all []source
	add := func(l Load, next func() time.Duration) {
		s := source{agent: l.Agent, next: func() time.Duration {
			if at := next(); l.Until == 0 || at < l.Until {
				return at
			}
			return never
		}}
		s.step()
		all = append(all, s)
	}
	for i, l := range loads {
		if l.Rate > 0 && !math.IsInf(l.Rate, 0) {
			if l.Random {
				// A generator for each, so that a load does not change when
				// another is added after it.
				add(l, l.poisson(rand.New(rand.NewPCG(seed, uint64(i)))))
			} else {
				add(l, l.even())
			}
		}
		if l.Burst > 0 {
			add(l, l.bursts())
		}
	}
	return all
}

// earliest returns the source whose request is next, the first of equals, or nil
// if nothing is to come.
func earliest(all []source) *source {
	var first *source
	for i := range all {
		if s := &all[i]; s.at < never && (first == nil || s.at < first.at) {
			first = s
		}
	}
	return first
}

// even counts the requests instead of adding intervals: errors do not add up.
func (l Load) even() func() time.Duration {
	n := -1.0
	return func() time.Duration {
		n++
		return l.after(math.Ceil(n * float64(time.Second) / l.Rate))
	}
}

func (l Load) poisson(random *rand.Rand) func() time.Duration {
	var ns float64
	return func() time.Duration {
		ns += random.ExpFloat64() * float64(time.Second) / l.Rate
		return l.after(ns)
	}
}

func (l Load) bursts() func() time.Duration {
	n := -1
	return func() time.Duration {
		n++
		if l.Every <= 0 && n >= l.Burst {
			return never
		}
		return l.after(float64(n/l.Burst) * float64(l.Every))
	}
}

// after returns the time that is so many nanoseconds after From.
func (l Load) after(ns float64) time.Duration {
	if ns >= float64(never) {
		return never
	}
	return min(never, l.From+time.Duration(ns))
}
