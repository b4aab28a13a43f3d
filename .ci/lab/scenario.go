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
	slower  slowdown // of every call

	others  func(*rand.Rand) []aprimotest.Load // open loop
	scripts scripts                            // closed loop
	rivals  string                             // client of two processes with unlimited work; "": none

	starts []time.Duration // of our processes, each with unlimited work; nil: one, immediately
	again  time.Duration   // when our process ends and starts again, with what it has kept in a Store; 0: never
	shared bool            // our processes share a limit through Redis
	batch  bool            // our work has the priority Batch
	few    int             // goroutines of each process that call; 0: more than the tenant allows
	lags   []time.Duration // the most that the network takes, by process; nil: 45 ms each
	steps  []time.Duration // when capacity becomes free, or the server changes

	accept accept
}

func (s scenario) processes() []time.Duration {
	if s.starts == nil {
		return []time.Duration{0}
	}
	return s.starts
}

// callers returns how many goroutines of each process call without a pause, so that there is
// always more work than the tenant allows.
func (s scenario) callers() int {
	if s.few > 0 {
		return s.few
	}
	if s.shared {
		return max(10, 150/len(s.processes())) // there may be very many processes
	}
	return 150
}

// A slowdown makes every call take longer from a time on; zero never does.
type slowdown struct{ from, by time.Duration }

// lag returns the most that the network takes for a request of a process.
func (s scenario) lag(process int) time.Duration {
	if process < len(s.lags) {
		return s.lags[process]
	}
	return usualLag
}

// An accept has the bounds for our client, for the mean of the seeds. Zero in the first
// two lines and anyLevel in the others are no bound.
type accept struct {
	use, jain, share   float64 // at least
	got, kept          float64
	ours, theirs, harm float64 // at most
	attempts           float64
}

var anyLevel = math.Inf(1)

// whatever has no bounds: the figures are for comparison.
var whatever = accept{ours: anyLevel, theirs: anyLevel, harm: anyLevel, attempts: anyLevel}

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
	check(m.harm <= a.harm, "harm %.2f s > %g", m.harm, a.harm)
	check(m.got >= a.got, "ours %.1f/s < %g", m.got, a.got)
	check(a.kept == 0 || m.kept >= a.kept, "kept %.2f < %g", m.kept, a.kept)
	check(m.attempts <= a.attempts, "attempts %.1f/s > %g", m.attempts, a.attempts)
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
