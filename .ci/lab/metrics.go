package main

import (
	"math"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const (
	rate   = 15 // requests a second that the tenant serves
	warmup = 2 * time.Minute

	// settle is the time after which the share of a new process counts.
	settle = time.Minute
)

// metrics are the results of a run, or the means of several.
type metrics struct {
	use      float64       // served to us and rivals, as a part of what the strangers left
	regret   float64       // see regret
	maxMin   float64       // see maxMin
	lost     float64       // calls of ours that failed, a minute
	share    float64       // served to us, as a part of what we and the rivals were served
	jain     float64       // of our processes: 1 if all got the same
	ours     float64       // 429s a minute
	theirs   float64       // of strangers and rivals
	caused   float64       // of these, how many more than without us
	delay    float64       // mean seconds that strangers and rivals waited in the server's queue
	harm     float64       // by how many seconds we made that longer
	got      float64       // served to us a second
	attempts float64       // requests that we sent a second
	kept     float64       // served to scripts, as a part of what they are served without us; NaN without scripts
	truth    float64       // part of the seconds in which the reported delay was right to 0.3 s
	strange  float64       // part of the seconds with Others in which they were right to 1.5/s; NaN without any
	promised float64       // median of real waits / said waits
	queue    float64       // mean length of the server's queue
	recovery float64       // seconds until we used what a step set free; NaN without steps
	wall     time.Duration // real time of the run
}

// measure computes the metrics of a run, given the same run without us.
func measure(s scenario, r, without record) metrics {
	samples := r.samples
	first, last := after(samples, warmup), samples[len(samples)-1]
	d := last.since(first)
	minutes := (last.at - first.at).Minutes()
	ours, theirs := sum(d.ours...), sum(d.others, d.scripts, d.rivals)
	free := rate*(last.at-first.at).Seconds() - float64(d.others.Served+d.scripts.Served)
	w := without.samples[len(without.samples)-1].since(after(without.samples, warmup))
	m := metrics{
		use:      float64(ours.Served+d.rivals.Served) / free,
		regret:   regret(s, d, w),
		maxMin:   maxMin(s, last.since(after(samples, settled(s))), w),
		lost:     float64(last.lost-first.lost) / minutes,
		share:    ratio(ours.Served, ours.Served+d.rivals.Served),
		jain:     jain(last.since(after(samples, settled(s))).ours),
		ours:     float64(ours.Rejected) / minutes,
		theirs:   float64(theirs.Rejected) / minutes,
		caused:   float64(theirs.Rejected-sum(w.others, w.scripts, w.rivals).Rejected) / minutes,
		delay:    theirs.MeanDelay().Seconds(),
		harm:     (theirs.MeanDelay() - sum(w.others, w.scripts, w.rivals).MeanDelay()).Seconds(),
		got:      float64(ours.Served) / (60 * minutes),
		attempts: float64(ours.Arrived) / (60 * minutes),
		kept:     math.NaN(),
		truth:    truth(samples),
		strange:  strange(s, samples),
		promised: promised(r.promises),
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
	if s.scripts.workers > 0 {
		m.kept = ratio(d.scripts.Served, w.scripts.Served)
	}
	return m
}

// truth returns the part of the seconds in which the delay that we reported was within
// 0.3 s of the server's.
func truth(samples []sample) float64 {
	const within = 0.3
	right, n := 0, 0
	for _, s := range samples {
		if s.at < warmup {
			continue
		}
		n++
		if math.Abs(s.stats.ServerDelay.Seconds()-s.waits) <= within {
			right++
		}
	}
	return ratio(right, n)
}

// strange returns the part of the seconds in which the Others of our first process were
// within 1.5/s of what all others sent in the last 10 s, of those in which it gave them. Our
// other processes are others unless they share the limit.
func strange(s scenario, samples []sample) float64 {
	const within, span = 1.5, 10
	right, n := 0, 0
	for i, now := range samples {
		if now.at < warmup || now.stats.Others.Stddev == 0 || len(now.ours) == 0 {
			continue
		}
		d := now.since(samples[i-span])
		n++
		real := sum(d.others, d.scripts, d.rivals).Arrived
		if !s.shared {
			real += sum(d.ours[1:]...).Arrived
		}
		if math.Abs(now.stats.Others.Rate-float64(real)/span) <= within {
			right++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return ratio(right, n)
}

// promised returns the median of the real waits divided by the said ones; NaN without any.
func promised(all []promise) float64 {
	var ratios []float64
	for _, p := range all {
		ratios = append(ratios, p.real.Seconds()/max(0.01, p.said.Seconds()))
	}
	if len(ratios) == 0 {
		return math.NaN()
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
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
	d := sample{at: s.at - earlier.at, rivals: less(s.rivals, earlier.rivals), others: less(s.others, earlier.others), scripts: less(s.scripts, earlier.scripts)}
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
		return float64(sum(d.ours...).Served) >= enough*(rate*bin-float64(d.others.Served+d.scripts.Served))
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

// figures lists the metrics that have a mean and a spread.
func (m *metrics) figures() []*float64 {
	return []*float64{&m.use, &m.regret, &m.maxMin, &m.lost, &m.share, &m.jain, &m.ours, &m.theirs, &m.caused, &m.delay, &m.harm, &m.got, &m.attempts, &m.kept, &m.truth, &m.strange, &m.promised, &m.queue, &m.recovery}
}

// summarize returns the mean of each figure, and its standard deviation.
func summarize(all []metrics) (mean, spread metrics) {
	n := float64(len(all))
	for _, m := range all {
		mean.wall += m.wall / time.Duration(len(all))
		for i, f := range m.figures() {
			*mean.figures()[i] += *f / n
		}
	}
	for i, sd := range spread.figures() {
		for _, m := range all {
			*sd += math.Pow(*m.figures()[i]-*mean.figures()[i], 2) / n
		}
		*sd = math.Sqrt(*sd)
	}
	return mean, spread
}
