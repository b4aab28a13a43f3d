package main

import (
	"math"
	"slices"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// least is the part of the limit that strangers must leave for a regret to mean anything.
const least = 0.05

// regret returns what is lost against the clairvoyant schedule, which knows all arrivals: it serves
// strangers as if we were not there, and one of ours in each slot that they leave, since we
// always have more to do. Lost are slots that nobody used and those that we took from
// strangers, as a part of all that they leave without us. A longer wait that costs no slot is
// not in it: it is the harm, and that of this schedule is nearly none.
//
// Beside a closed loop, a rival or an overload no schedule can leave the strangers as they are
// and serve us: there, and with Batch work, which is to yield, the regret is NaN. See maxMin.
func regret(s scenario, with, without sample) float64 {
	all := rate * with.at.Seconds()
	alone := rate * without.at.Seconds()
	free := all * (1 - float64(without.others.Served)/alone)
	if competes(s, without) || s.batch || free < least*all {
		return math.NaN()
	}
	theirs := float64(with.others.Served)
	unused := all - theirs - float64(sum(with.ours...).Served)
	taken := all - free - theirs
	return (max(0, unused) + max(0, taken)) / free
}

// maxMin returns what the least served of our programs got, as a part of its max-min fair share:
// the limit is divided equally between our programs, the open-loop strangers, the scripts and
// each rival, and what one of them does not want, as it does not take it without us, between the
// others. Each of our processes is a program, but those that share a limit are one. It is NaN where we are one program beside open-loop strangers that leave room, as
// the use says it all, and with Batch work, which is to yield.
func maxMin(s scenario, with, without sample) float64 {
	ours := with.ours
	if s.shared {
		ours = []aprimotest.Agent{sum(ours...)}
	}
	if s.batch || len(ours) == 0 || len(ours) == 1 && !competes(s, without) {
		return math.NaN()
	}
	wants := []float64{
		float64(without.others.Arrived) / without.at.Seconds(),
		float64(without.scripts.Served) / without.at.Seconds(),
	}
	greedy := len(ours)
	if s.rivals != "" {
		greedy += rivalCount
	}
	for range greedy {
		wants = append(wants, math.Inf(1))
	}
	worst := math.Inf(1)
	for _, a := range ours {
		worst = min(worst, float64(a.Served)/with.at.Seconds())
	}
	return worst / fairShare(rate, wants)
}

// competes reports whether somebody else takes what we leave.
func competes(s scenario, without sample) bool {
	overload := float64(without.others.Arrived) > rate*without.at.Seconds()
	return s.scripts.workers > 0 || s.rivals != "" || overload
}

// fairShare returns the max-min fair share of those that want more than it.
func fairShare(capacity float64, wants []float64) float64 {
	slices.Sort(wants)
	for i, want := range wants {
		share := capacity / float64(len(wants)-i)
		if want >= share {
			return share
		}
		capacity -= want
	}
	return math.Inf(1)
}
