package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// mixOf returns a random scenario: it has open-loop strangers, half of the time scripts, and
// some of the time bursts or a slower API. The same number always gives the same one.
func mixOf(number int) scenario {
	random := rand.New(rand.NewPCG(uint64(number), 4))
	pick := func(n int) bool { return random.IntN(n) == 0 }
	s := scenario{name: fmt.Sprintf("mix%d", number), accept: whatever}
	s.calls = []workload{fast, mixed, mixed, slow}[random.IntN(4)]
	s.release = []aprimotest.Release{aprimotest.TokenBucket, aprimotest.TokenBucket, aprimotest.FixedWindow, aprimotest.EvenlySpaced}[random.IntN(4)]
	low, high := 5*random.Float64(), 12*random.Float64()
	switch random.IntN(3) {
	case 0:
		s.others = steady(high)
	case 1:
		s.others = twoState(low, high, 30*time.Second)
	default:
		s.others = together(steady(low), square(high/2, time.Minute))
	}
	if pick(4) {
		s.others = together(s.others, bursts(0, 20+random.IntN(40), 40*time.Second))
	}
	if pick(2) {
		s.scripts.workers = 1 + random.IntN(30)
		if pick(2) {
			s.scripts.think = time.Duration(1+random.IntN(4)) * time.Second
		}
	}
	if pick(6) {
		s.slower = slowdown{warmup + time.Minute, time.Duration(1+random.IntN(3)) * time.Second}
	}
	if pick(4) {
		s.starts = make([]time.Duration, 2+random.IntN(3))
	}
	return s
}

// writeMixes writes what holds over all random scenarios, for each client.
func writeMixes(out io.Writer, m matrix, cells []cell) {
	fmt.Fprintf(out, "%d random scenarios, one seed each, from number %s on\n", len(m.scenarios), m.scenarios[0].name[len("mix"):])
	for i, c := range m.clients {
		of := func(figure func(metrics) float64) (all []float64) {
			for row := range m.scenarios {
				all = append(all, figure(cells[row*len(m.clients)+i].metrics))
			}
			slices.Sort(all)
			return all
		}
		use, harm, truth := of(func(m metrics) float64 { return m.use }), of(func(m metrics) float64 { return m.harm }), of(func(m metrics) float64 { return m.truth })
		ours, theirs := of(func(m metrics) float64 { return m.ours }), of(func(m metrics) float64 { return m.caused })
		tenth := len(use) / 10
		fmt.Fprintf(out, "%s: use mean %.3f, a tenth below %.3f; harm mean %.2f s, a tenth above %.2f s; truth mean %.2f, a tenth below %.2f; 429s a minute %.2f ours, %.2f caused\n",
			c.name, meanOf(use), use[tenth], meanOf(harm), harm[len(harm)-1-tenth], meanOf(truth), truth[tenth], meanOf(ours), meanOf(theirs))
	}
}

func meanOf(all []float64) (mean float64) {
	for _, x := range all {
		mean += x / float64(len(all))
	}
	return mean
}
