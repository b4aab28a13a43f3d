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
func sources(loads []Load, seed uint64) (all []*source) {
	for i, l := range loads {
		if l.Rate > 0 && !math.IsInf(l.Rate, 0) {
			// A generator for each, so that a load does not change when another is added after it.
			all = append(all, l.source(l.steady(rand.New(rand.NewPCG(seed, uint64(i))))))
		}
		if l.Burst > 0 {
			all = append(all, l.source(l.bursts()))
		}
	}
	return all
}

// source returns the source of the requests that come so many nanoseconds after From.
func (l Load) source(next func() float64) *source {
	s := &source{agent: l.Agent, next: func() time.Duration {
		at := min(never, min(never, l.From)+time.Duration(min(next(), float64(never))))
		if l.Until != 0 && at >= l.Until {
			return never
		}
		return at
	}}
	s.step()
	return s
}

// steady returns the times of requests at the rate. Even ones are counted instead of adding
// intervals: errors do not add up.
func (l Load) steady(random *rand.Rand) func() float64 {
	n, ns := -1.0, 0.0
	return func() float64 {
		if l.Random {
			ns += random.ExpFloat64() * float64(time.Second) / l.Rate
			return ns
		}
		n++
		return math.Ceil(n * float64(time.Second) / l.Rate)
	}
}

func (l Load) bursts() func() float64 {
	n := -1
	return func() float64 {
		n++
		if l.Every <= 0 && n >= l.Burst {
			return float64(never)
		}
		return float64(n/l.Burst) * float64(l.Every)
	}
}
