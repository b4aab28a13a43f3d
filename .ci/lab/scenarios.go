package main

import (
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// scenarios are all that are measured. The bounds hold for the worst of several seeds.
var scenarios = []scenario{
	{
		name: "alone-fast", about: "alone, calls of 20 ms", calls: fast,
		accept: accept{use: 0.99, delay: anyLevel},
	},
	{
		name: "alone-mixed", about: "alone, calls of 0.12 to 5 s", calls: mixed,
		accept: accept{use: 0.98, delay: anyLevel},
	},
	{
		name: "alone-slow", about: "alone, calls of 4 s", calls: slow,
		accept: accept{use: 0.95, delay: anyLevel},
	},
	steady8("steady8-fast", fast, aprimotest.TokenBucket),
	steady8("steady8-fast-window", fast, aprimotest.FixedWindow),
	steady8("steady8-fast-even", fast, aprimotest.EvenlySpaced),
	steady8("steady8-mixed", mixed, aprimotest.TokenBucket),
	steady8("steady8-mixed-window", mixed, aprimotest.FixedWindow),
	steady8("steady8-mixed-even", mixed, aprimotest.EvenlySpaced),
	{
		name: "steady6-slow", about: "strangers 6/s, our calls of 4 s", calls: slow,
		others: steady(6), accept: accept{use: 0.90, delay: 2.5},
	},
	{
		name: "square", about: "strangers 0 and 12/s by the minute", calls: mixed,
		others: square(12, time.Minute), steps: every(2 * time.Minute),
		accept: accept{use: 0.93, ours: 1, theirs: 1, delay: 2.2},
	},
	{
		name: "bursts", about: "strangers 3/s, and 60 in one second each 30 s", calls: mixed,
		others: bursts(3, 60, 30*time.Second),
		accept: accept{use: 0.93, ours: 1, theirs: 2, delay: 2},
	},
	{
		name: "slower", about: "strangers 3/s, the API slower by 1 s from minute 3 on", calls: mixed,
		others: steady(3), slower: 3 * time.Minute, steps: []time.Duration{3 * time.Minute},
		accept: accept{use: 0.90, ours: 1, theirs: 1, delay: 2.5},
	},
	{
		name: "two-state", about: "strangers 2 or 13/s, for 25 s on average", calls: mixed,
		others: twoState(2, 13, 25*time.Second), accept: whatever,
	},
	{
		name: "four", about: "four processes of ours, strangers 3/s", calls: mixed,
		others: steady(3), starts: make([]time.Duration, 4),
		accept: accept{use: 0.93, jain: 0.95, ours: 5, theirs: 3, delay: 3.5},
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
		accept: accept{use: 0.95, share: 0.2, ours: 30, theirs: anyLevel, delay: anyLevel},
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
		accept: accept{use: 0.95, delay: 1.5},
	}
}
