package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A scenario describes a tenant, its other users, and what our client must achieve.
type scenario struct {
	name  string
	about string // for people

	release aprimotest.Release
	calls   workload
	slower  time.Duration // time from which every call takes 1 s longer; 0: never

	others func(*rand.Rand) []aprimotest.Load // open loop
	rivals string                             // client of two processes with unlimited work; "": none

	starts []time.Duration // of our processes, each with unlimited work; nil: one, immediately
	steps  []time.Duration // when capacity becomes free, or the server changes

	accept accept
}

func (s scenario) processes() []time.Duration {
	if s.starts == nil {
		return []time.Duration{0}
	}
	return s.starts
}

// An accept has the bounds for our client. Zero in the first three and anyLevel in the
// others are no bound.
type accept struct {
	use, jain, share    float64 // at least
	ours, theirs, delay float64 // at most
}

var anyLevel = math.Inf(1)

// whatever has no bounds: the figures are for comparison.
var whatever = accept{ours: anyLevel, theirs: anyLevel, delay: anyLevel}

// misses lists the metrics that are out of bounds.
func (a accept) misses(m metrics) []string {
	var all []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	check(m.use >= a.use, "use %.3f < %g", m.use, a.use)
	check(m.jain >= a.jain, "Jain %.2f < %g", m.jain, a.jain)
	check(m.share >= a.share, "share %.2f < %g", m.share, a.share)
	check(m.ours <= a.ours, "our 429s %.1f > %g", m.ours, a.ours)
	check(m.theirs <= a.theirs, "their 429s %.1f > %g", m.theirs, a.theirs)
	check(m.delay <= a.delay, "delay %.1f s > %g", m.delay, a.delay)
	return all
}

func (a accept) verdict(m metrics) string {
	if a == whatever {
		return "–"
	}
	if misses := a.misses(m); len(misses) > 0 {
		return "MISS " + strings.Join(misses, ", ")
	}
	return "ok"
}
