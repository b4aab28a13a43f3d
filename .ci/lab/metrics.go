package main

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const (
	rate   = 15 // requests a second that the tenant serves
	warmup = 2 * time.Minute

	// settle is the time after which the share of a new process counts.
	settle = time.Minute
)

// metrics are the results of a run, or the worst of several.
type metrics struct {
	use      float64       // served to us and rivals, as a part of what the strangers left
	share    float64       // served to us, as a part of what we and the rivals were served
	jain     float64       // of our processes: 1 if all got the same
	ours     float64       // 429s a minute
	theirs   float64       // of strangers and rivals
	delay    float64       // mean seconds that strangers and rivals waited in the server's queue
	queue    float64       // mean length of the server's queue
	recovery float64       // seconds until we used what a step set free; NaN without steps
	wall     time.Duration // real time of the run
}

// measure computes the metrics of a run from its samples.
func measure(s scenario, samples []sample) metrics {
	first, last := after(samples, warmup), samples[len(samples)-1]
	d := last.since(first)
	minutes := (last.at - first.at).Minutes()
	ours, theirs := sum(d.ours...), sum(d.others, d.rivals)
	free := rate*(last.at-first.at).Seconds() - float64(d.others.Served)
	m := metrics{
		use:      float64(ours.Served+d.rivals.Served) / free,
		share:    ratio(ours.Served, ours.Served+d.rivals.Served),
		jain:     jain(last.since(after(samples, settled(s))).ours),
		ours:     float64(ours.Rejected) / minutes,
		theirs:   float64(theirs.Rejected) / minutes,
		delay:    theirs.MeanDelay().Seconds(),
		recovery: recovery(s, samples),
	}
	n := 0
	for _, x := range samples {
		if x.at >= warmup {
			m.queue += float64(x.queued)
			n++
		}
	}
	m.queue /= float64(n)
	return m
}

// settled returns the time from which the shares of our processes count.
func settled(s scenario) time.Duration {
	from := warmup
	for _, start := range s.processes() {
		if start > 0 {
			from = max(from, start+settle)
		}
	}
	return from
}

// after returns the first sample that is not before a time.
func after(samples []sample, at time.Duration) sample {
	for _, s := range samples {
		if s.at >= at {
			return s
		}
	}
	return samples[len(samples)-1]
}

// since returns what happened since an earlier sample.
func (s sample) since(earlier sample) sample {
	d := sample{at: s.at - earlier.at, rivals: less(s.rivals, earlier.rivals), others: less(s.others, earlier.others)}
	for i, a := range s.ours {
		d.ours = append(d.ours, less(a, earlier.ours[i]))
	}
	return d
}

func sum(agents ...aprimotest.Agent) aprimotest.Agent {
	var t aprimotest.Agent
	for _, a := range agents {
		t.Arrived += a.Arrived
		t.Served += a.Served
		t.Rejected += a.Rejected
		t.Delay += a.Delay
	}
	return t
}

func less(a, b aprimotest.Agent) aprimotest.Agent {
	return aprimotest.Agent{
		Arrived: a.Arrived - b.Arrived, Served: a.Served - b.Served,
		Rejected: a.Rejected - b.Rejected, Delay: a.Delay - b.Delay,
	}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// jain returns Jain's fairness index of the requests served: 1 if all got the same, 1/n if
// one of n got all.
func jain(agents []aprimotest.Agent) float64 {
	var total, squares float64
	for _, a := range agents {
		x := float64(a.Served)
		total += x
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return total * total / (float64(len(agents)) * squares)
}

// recovery returns the longest time in seconds from a step until we are served 85 % of
// the free capacity for 10 s, in bins of 5 s; until the next step if that never happens.
func recovery(s scenario, samples []sample) float64 {
	const bin, enough = 5, 0.85
	good := func(i int) bool {
		d := samples[i+bin].since(samples[i])
		return float64(sum(d.ours...).Served) >= enough*(rate*bin-float64(d.others.Served))
	}
	worst := math.NaN()
	end := len(samples) - 1 - 2*bin
	for n, step := range s.steps {
		from, until := int(step.Seconds()), end
		if n+1 < len(s.steps) {
			until = min(until, int(s.steps[n+1].Seconds()))
		}
		if step < warmup || from >= until {
			continue
		}
		i := from
		for i < until && !(good(i) && good(i+bin)) {
			i++
		}
		if !(float64(i-from) <= worst) { // also if there is no worst yet
			worst = float64(i - from)
		}
	}
	return worst
}

// worse returns the worse of each of the figures.
func (m metrics) worse(n metrics) metrics {
	return metrics{
		use: min(m.use, n.use), share: min(m.share, n.share), jain: min(m.jain, n.jain),
		ours: max(m.ours, n.ours), theirs: max(m.theirs, n.theirs),
		delay: max(m.delay, n.delay), queue: max(m.queue, n.queue),
		recovery: max(m.recovery, n.recovery), wall: max(m.wall, n.wall),
	}
}
