package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// scenarios are all that are measured.
var scenarios = slices.Concat(classic, closedLoops(), batches(), slowerOnes(), overloads(), fewCallers(), startsLate(), unlike(), fleets())

// classic scenarios have open-loop strangers or rivals.
var classic = []scenario{
	{
		name: "alone-fast", about: "alone, calls of 20 ms", calls: fast,
		accept: accept{use: 0.99, harm: anyLevel, attempts: anyLevel},
	},
	{
		name: "alone-mixed", about: "alone, calls of 0.12 to 5 s", calls: mixed,
		accept: accept{use: 0.97, harm: anyLevel, attempts: anyLevel},
	},
	{
		name: "alone-slow", about: "alone, calls of 4 s", calls: slow,
		accept: accept{use: 0.90, harm: anyLevel, attempts: anyLevel},
	},
	steady8("steady8-fast", fast, aprimotest.TokenBucket),
	steady8("steady8-fast-window", fast, aprimotest.FixedWindow),
	steady8("steady8-fast-even", fast, aprimotest.EvenlySpaced),
	steady8("steady8-mixed", mixed, aprimotest.TokenBucket),
	steady8("steady8-mixed-window", mixed, aprimotest.FixedWindow),
	steady8("steady8-mixed-even", mixed, aprimotest.EvenlySpaced),
	{
		name: "steady6-slow", about: "strangers 6/s, our calls of 4 s", calls: slow,
		others: steady(6), accept: accept{use: 0.90, harm: 2, attempts: anyLevel},
	},
	{
		name: "square", about: "strangers 0 and 12/s by the minute", calls: mixed,
		others: square(12, time.Minute), steps: every(2 * time.Minute),
		accept: accept{use: 0.95, ours: 1, theirs: 1, harm: 1.8, attempts: anyLevel},
	},
	{
		name: "bursts", about: "strangers 3/s, and 60 in one second each 30 s", calls: mixed,
		others: bursts(3, 60, 30*time.Second),
		accept: accept{use: 0.93, ours: 1, theirs: 2, harm: 1.1, attempts: anyLevel},
	},
	{
		name: "slower", about: "strangers 3/s, the API slower by 1 s from minute 3 on", calls: mixed,
		others: steady(3), slower: slowdown{3 * time.Minute, time.Second}, steps: []time.Duration{3 * time.Minute},
		accept: accept{use: 0.90, ours: 1, theirs: 1, harm: 1, attempts: anyLevel},
	},
	{
		name: "two-state", about: "strangers 2 or 13/s, for 25 s on average", calls: mixed,
		others: twoState(2, 13, 25*time.Second), accept: whatever,
	},
	{
		name: "four", about: "four processes of ours, strangers 3/s", calls: mixed,
		others: steady(3), starts: make([]time.Duration, 4),
		accept: accept{use: 0.93, jain: 0.95, ours: 5, theirs: 3, harm: 1, attempts: anyLevel},
	},
	{
		name: "ten", about: "ten processes of ours, strangers 3/s", calls: mixed,
		others: steady(3), starts: make([]time.Duration, 10), accept: whatever,
	},
	{
		name: "late", about: "four processes of ours, the last from minute 3 on, strangers 3/s", calls: mixed,
		others: steady(3), starts: []time.Duration{0, 0, 0, 3 * time.Minute}, accept: whatever,
	},
	{
		name: "into-queue", about: "we start in a queue that strangers, 14/s and a burst, have made", calls: mixed,
		others: together(steady(14), once(90, 50*time.Second)), starts: []time.Duration{time.Minute}, accept: whatever,
	},
	{
		name: "rivals", about: "two greedy AIMD rivals, strangers 3/s", calls: mixed,
		others: steady(3), rivals: "aimd",
		accept: accept{use: 0.95, share: 0.1, ours: 70, theirs: anyLevel, harm: anyLevel, attempts: anyLevel},
	},
	{
		name: "aws-rivals", about: "two rivals with AWS's adaptive mode, strangers 3/s", calls: mixed,
		others: steady(3), rivals: "aws", accept: whatever,
	},
}

func steady8(name string, calls workload, release aprimotest.Release) scenario {
	lengths := "0.12 to 5 s"
	if len(calls) == 1 {
		lengths = "20 ms"
	}
	return scenario{
		name: name, about: "strangers 8/s, calls of " + lengths + ", release by " + release.String(),
		calls: calls, release: release, others: steady(8),
		accept: accept{use: 0.93, harm: 1.3, attempts: anyLevel},
	}
}

// closedLoops are beside scripts, and strangers that send 2/s.
func closedLoops() (all []scenario) {
	closed := func(w scripts, name string, accept accept) {
		all = append(all, scenario{
			name: name, about: w.String() + ", strangers 2/s", calls: mixed,
			others: steady(2), scripts: w, accept: accept,
		})
	}
	for _, row := range []struct {
		workers   int
		got, kept float64
		harm, own float64
	}{{1, 0, 0.5, 1, 0}, {5, 0, 0, 1.4, 0}, {10, 4, 0, 1.6, 0}, {20, 2, 0, 1.6, 0}, {40, 1.8, 0, 1.8, 1}, {70, 0.6, 0, 2, 20}} {
		closed(scripts{workers: row.workers}, fmt.Sprintf("script%d", row.workers), accept{
			use: 0.95, got: row.got, kept: row.kept, harm: row.harm, ours: row.own, theirs: anyLevel, attempts: anyLevel,
		})
	}
	for _, n := range []int{10, 40} {
		closed(scripts{n, 3 * time.Second}, fmt.Sprintf("script%d-thinks", n), whatever)
	}
	return all
}

// batches are scenarios in which our work has the priority Batch.
func batches() []scenario {
	var all []scenario
	for _, s := range slices.Concat(classic, closedLoops(), slowerOnes()) {
		switch s.name {
		case "alone-fast", "alone-mixed", "alone-slow", "steady8-fast", "steady8-mixed", "square", "bursts", "script1", "script10", "script40",
			"slower1-TokenBucket-script0", "slower3-TokenBucket-script0", "slower1-EvenlySpaced-script0", "slower3-EvenlySpaced-script0":
			s.name, s.about, s.batch, s.accept = "batch-"+s.name, "only Batch; "+s.about, true, whatever
			all = append(all, s)
		}
	}
	return all
}

// slowerOnes have an API that becomes slower for good in minute 3.
func slowerOnes() (all []scenario) {
	const from = 3 * time.Minute
	for _, by := range []time.Duration{time.Second, 3 * time.Second} {
		for _, release := range []aprimotest.Release{aprimotest.TokenBucket, aprimotest.FixedWindow, aprimotest.EvenlySpaced} {
			for _, workers := range []int{0, 10} {
				all = append(all, scenario{
					name:  fmt.Sprintf("slower%.0f-%v-script%d", by.Seconds(), release, workers),
					about: fmt.Sprintf("strangers 3/s, %d workers of a script, the API slower by %v from minute 3 on", workers, by),
					calls: mixed, release: release, others: steady(3), scripts: scripts{workers: workers},
					slower: slowdown{from, by}, steps: []time.Duration{from}, accept: whatever,
				})
			}
		}
	}
	return all
}

// overloads are beside strangers that send more than the tenant takes.
func overloads() (all []scenario) {
	for _, n := range []int{16, 20, 40} {
		all = append(all, scenario{
			name: fmt.Sprintf("overload%d", n), about: fmt.Sprintf("strangers %d/s", n), calls: mixed, others: steady(float64(n)),
			accept: accept{got: 1, attempts: 4.2, ours: anyLevel, theirs: anyLevel, harm: anyLevel},
		})
	}
	return all
}

// fewCallers are beside overload, with little work at once.
func fewCallers() (all []scenario) {
	for _, n := range []int{1, 10} {
		for _, others := range []int{16, 20, 40} {
			all = append(all, scenario{
				name: fmt.Sprintf("few%d-overload%d", n, others), about: fmt.Sprintf("%d callers, strangers %d/s", n, others),
				calls: mixed, others: steady(float64(others)), few: n, accept: whatever,
			})
		}
	}
	return all
}

// startsLate have a process that starts in minute 2, when the tenant is busy or slower than before:
// for the first time, or again, with a Store.
func startsLate() (all []scenario) {
	const at = 2 * time.Minute
	for _, s := range []scenario{
		{name: "queue", about: "strangers 10/s, who have just sent 90 more", others: together(steady(10), once(90, at-5*time.Second))},
		{name: "script20", about: "20 workers of a script, strangers 2/s", others: steady(2), scripts: scripts{workers: 20}},
		{name: "slower1", about: "strangers 8/s, the API slower by 1 s since", others: steady(8), slower: slowdown{at, time.Second}},
		{name: "slower3", about: "alone, the API slower by 3 s since", slower: slowdown{at, 3 * time.Second}},
	} {
		s.calls, s.accept = mixed, whatever
		first, again := s, s
		first.name, first.about, first.starts = "start-"+s.name, "we start; "+s.about, []time.Duration{at}
		again.name, again.about, again.again = "again-"+s.name, "we start again; "+s.about, at
		all = append(all, first, again)
	}
	return all
}

// fleets have processes that share a limit through Redis, where one is also measured.
func fleets() (all []scenario) {
	for _, n := range []int{2, 8, 64} {
		for _, s := range slices.Concat(classic, closedLoops(), overloads()) {
			switch s.name {
			case "steady8-fast", "steady8-mixed", "square", "script1", "script20", "overload20":
				s.name, s.about = fmt.Sprintf("redis%d-%s", n, s.name), fmt.Sprintf("%d processes over Redis; %s", n, s.about)
				s.starts, s.shared, s.accept = make([]time.Duration, n), true, whatever
				all = append(all, s)
			}
		}
	}
	return all
}

// unlike has ten processes whose networks differ.
func unlike() []scenario {
	s := scenario{
		name: "ten-unlike", about: "ten processes of ours with networks of 10 ms to 2 s, strangers 3/s", calls: mixed,
		others: steady(3), starts: make([]time.Duration, 10), accept: whatever,
	}
	for i := range s.starts {
		s.lags = append(s.lags, 10*time.Millisecond<<(i*7/9)*3/2)
	}
	return []scenario{s}
}
