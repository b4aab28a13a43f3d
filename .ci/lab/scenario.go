package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A scenario is a tenant, who else uses it, and what is asked of our client there.
type scenario struct {
	name  string
	about string // for people

	release aprimotest.Release
	calls   workload
	slower  time.Duration // from this time on every call takes a second longer; 0: never

	others func(*rand.Rand) []aprimotest.Load // open loop: they come whatever they get
	rivals string                             // name of the client that two others with unlimited work use; "": none

	starts []time.Duration // of our processes, each with unlimited work; nil: one, at once
	steps  []time.Duration // when more becomes free, or the server changes

	accept accept
}

func (s scenario) processes() []time.Duration {
	if s.starts == nil {
		return []time.Duration{0}
	}
	return s.starts
}

// An accept is what is asked of our client. Zero asks nothing of the first three,
// anyLevel nothing of the others.
type accept struct {
	use, jain, share    float64 // at least
	ours, theirs, delay float64 // at most
}

var anyLevel = math.Inf(1)

// whatever asks nothing: the figures are for comparison.
var whatever = accept{ours: anyLevel, theirs: anyLevel, delay: anyLevel}

// misses says in which figures m falls short of what is asked.
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
