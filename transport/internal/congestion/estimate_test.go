package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// The first answer is the mean, known to a quarter. Each one after it weighs as much as one of all,
// a sixtieth at least.
func TestLatencyLearns(t *testing.T) {
	var l latency
	l.begin(-1)
	if l.mean != 0 {
		t.Errorf("got a mean of %v s after an answer sooner than the delay, want 0", l.mean)
	}
	l.begin(2)
	if l.mean != 2 || l.samples != 1 || l.variance != 0.25 {
		t.Errorf("got a mean of %v s of %v with a variance of %v after one of 2 s, want 2, 1, 0.25", l.mean, l.samples, l.variance)
	}
	for _, c := range []struct{ samples, learnt, mean, of float64 }{{1, 4, 3, 2}, {58, 61, 3, 59}, {59, 62, 3, 60}, {60, 62, 3, 60}, {1, -5, 0, 2}} {
		l = latency{mean: 2, samples: c.samples}
		if l.learn(c.learnt); !near(l.mean, c.mean) || l.samples != c.of {
			t.Errorf("got a mean of %v s of %v after %v of 2 s and one of %v s, want %v of %v", l.mean, l.samples, c.samples, c.learnt, c.mean, c.of)
		}
	}
}

// Half of the square of the difference of two answers is the noise; it is averaged over twenty of
// them, if they come within 2 s, and bounded by three standard deviations.
func TestLatencyJitter(t *testing.T) {
	for _, c := range []struct {
		about          string
		mean, variance float64
		took           float64 // the answer before took 3 s
		later          int     // milliseconds
		want           float64
	}{
		{"a difference of 2 s", 0, 1, 5, 1999, 1 + (2-1)/20.0},
		{"the same the other way round", 0, 1, 1, 1999, 1 + (2-1)/20.0},
		{"none", 0, 1, 3, 0, 1 - 1/20.0},
		{"too far apart", 0, 1, 5, 2000, 1},
		{"a stray one", 1, 0.01, 13, 0, 0.01 + (9*0.01-0.01)/20},
		{"a stray one of what had no noise", 1, 0, 13, 0, 9 * 0.05 * 0.05 / 20},
	} {
		l := latency{mean: c.mean, variance: c.variance, last: 3, lastAt: at(0)}
		if l.jitter(c.took, at(c.later)); !near(l.variance, c.want) || l.last != c.took || l.lastAt != at(c.later) {
			t.Errorf("%s: got a variance of %v, %v s at %v as the last; want %v, %v s, %v", c.about, l.variance, l.last, l.lastAt, c.want, c.took, at(c.later))
		}
	}
}

// The noise is 20 ms and 3 % of the mean at least. From 0.15 s on an operation is not precise.
func TestLatencyNoise(t *testing.T) {
	for _, c := range []struct {
		mean, variance, want float64
		precise              bool
	}{
		{0, 0, 0.02 * 0.02, true},
		{1, 0, 0.05 * 0.05, true},
		{1, 0.01, 0.01, true},
		{1, 0.0224, 0.0224, true},
		{1, preciseWithin * preciseWithin, 0.15 * 0.15, false},
		{5, 0, 0.17 * 0.17, false},
	} {
		l := latency{mean: c.mean, variance: c.variance}
		if !near(l.noise(), c.want) || l.precise() != c.precise {
			t.Errorf("mean %v s, variance %v: got a noise of %v, precise %v; want %v, %v", c.mean, c.variance, l.noise(), l.precise(), c.want, c.precise)
		}
	}
}

// A precise operation goes half of the way down to the least of a probe and a standard deviation,
// a twentieth of the way up, and not up by 0.3 s. Another one weighs each answer by their number.
func TestLatencySettles(t *testing.T) {
	for _, c := range []struct {
		about          string
		l              latency
		least, mean, n float64 // of the probe
		queued         float64
		want, samples  float64
	}{
		{"precise, less", latency{mean: 1, variance: 0.01, samples: 7}, 0.7, 9, 3, 0, 1 - 0.5*0.2, 7},
		{"precise, more", latency{mean: 1, variance: 0.01, samples: 7}, 1.1, 9, 3, 0, 1 + 0.05*0.2, 7},
		{"precise, too much more", latency{mean: 0}, followWithin, 9, 3, 0, 0, 0},
		{"precise, of which a part is a queue", latency{mean: 1, variance: 0.01, samples: 7}, 1.1, 9, 3, 0.4, 1 - 0.5*0.2, 7},
		{"noisy", latency{mean: 1, variance: 1, samples: 6}, 0.1, 5, 2, 1, 1 + 2/8.0*3, 8},
		{"noisy, old", latency{mean: 1, variance: 1, samples: 60}, 0.1, 5, 30, 1, 1 + 30/60.0*3, 60},
		{"noisy, many", latency{mean: 1, variance: 1, samples: 60}, 0.1, 5, 90, 1, 1 + 3, 60},
		{"noisy, faster than anything", latency{mean: 1, variance: 1}, 0.1, 5, 2, 7, 0, 2},
	} {
		c.l.probed = sample{n: c.n, sum: c.n * c.mean, least: c.least}
		if c.l.settle(c.queued); !near(c.l.mean, c.want) || c.l.samples != c.samples {
			t.Errorf("%s: got a mean of %v s of %v, want %v s of %v", c.about, c.l.mean, c.l.samples, c.want, c.samples)
		}
	}
}

func TestSample(t *testing.T) {
	var s sample
	for _, took := range []float64{3, 2, 4} {
		s.add(took)
	}
	if want := (sample{n: 3, sum: 9, least: 2}); s != want {
		t.Errorf("got %+v of answers after 3, 2 and 4 s, want %+v", s, want)
	}
}

// The filter weighs a measurement by its noise and by what is not known of the delay, which grows
// by the square of 0.3 s a second, to the square of 2 s. A stray one counts as three standard deviations.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		about           string
		queue, variance float64
		at              gate.Instant
		y, noise        float64
		ms              int
		want, left      float64
	}{
		{"as sure as the delay", 1, 0.5, at(0), 2, 0.5, 0, 1.5, 0.25},
		{"half as sure", 1, 0.5, at(0), 2, 1, 0, 1 + 1/3.0, 1 / 3.0},
		{"the delay is known", 1, 0, at(0), 2, 0.5, 0, 1, 0},
		{"the delay was known 2 s ago", 1, 0, at(0), 2, 0.18, 2000, 1.5, 0.09},
		{"it was long ago", 1, 0, at(0), 2, 4, 1e6, 1.5, 2},
		{"the first one", 0, 0, 0, 2, 1, 0, 0, 0},
		{"it comes late", 1, 0.5, at(0), 2, 0.5, -1000, 1.5, 0.25},
		{"stray", 1, 0.5, at(0), 100, 0.5, 0, 1 + 3*0.5, 0.25},
		{"stray, below", 1, 0.5, at(0), -100, 0.5, 0, 1 - 3*0.5, 0.25},
	} {
		e := delayEstimator{queue: c.queue, variance: c.variance, at: c.at}
		e.measure(c.y, c.noise, at(c.ms))
		if !near(e.queue, c.want) || !near(e.variance, c.left) || c.variance == 0 && c.ms == 0 && e.variance != 0 {
			t.Errorf("%s: got a delay of %v s with a variance of %v, want %v, %v", c.about, e.queue, e.variance, c.want, c.left)
		}
		if want := max(c.at, at(c.ms)); e.at != want {
			t.Errorf("%s: got %v as the last, want %v", c.about, e.at, want)
		}
	}
}

// sampled returns what is known after an answer, to an estimate of 1 s and an operation of 1 s, both with a
// standard deviation of 1 s.
func sampled(change func(*delayEstimator, *latency), took time.Duration, moved float64, calm, probed bool) (*delayEstimator, *latency) {
	e := &delayEstimator{queue: 1, variance: 1, at: at(0), first: at(-60_000), service: 1}
	l := e.op(work{class: 2})
	l.mean, l.variance, l.samples = 1, 1, 30
	change(e, l)
	e.sample(l, took, moved, calm, probed, at(0))
	return e, l
}

func same(*delayEstimator, *latency) {}

// What an answer took more than its operation measures the delay when it was sent, which our own
// requests have moved since: down to none, but not below.
func TestWhatAnAnswerMeasures(t *testing.T) {
	for _, c := range []struct {
		took        time.Duration
		moved, want float64 // want: the measurement
	}{{3, 0, 2}, {3, 1, 3}, {3, -3, 0}, {0, -3, -1}, {0, 0.5, -0.5}} {
		e, _ := sampled(same, c.took*time.Second, c.moved, false, false)
		if want := 1 + 0.5*(c.want-1); !near(e.queue, want) {
			t.Errorf("an answer after %d s, moved by %v s: got a delay of %v s, want %v", c.took, c.moved, e.queue, want)
		}
	}
}

// An answer belongs to a probe, or tells what the operation takes if there was no queue; of a young
// operation any does, less the delay.
func TestWhatAnAnswerTeaches(t *testing.T) {
	young := func(_ *delayEstimator, l *latency) { l.samples = 19 }
	for _, c := range []struct {
		about        string
		change       func(*delayEstimator, *latency)
		calm, probed bool
		mean         float64
		answers      float64 // of the probe
	}{
		{"in a queue", same, false, false, 1, 0},
		{"in calm", same, true, false, 1 + 3/31.0, 0},
		{"in a probe", same, false, true, 1, 1},
		{"in a probe and in calm", same, true, true, 1, 1},
		{"young", young, false, false, 1 + (3-2)/20.0, 0}, // the delay is 2 s then
		{"of age", func(_ *delayEstimator, l *latency) { l.samples = 20 }, false, false, 1, 0},
		{"young, of a delay that is overestimated", func(e *delayEstimator, l *latency) { young(e, l); e.queue, e.variance = -0.04, 0 }, false, false, 1 + 3/20.0, 0},
	} {
		_, l := sampled(c.change, 4*time.Second, 0, c.calm, c.probed)
		if !near(l.mean, c.mean) || l.probed.n != c.answers {
			t.Errorf("%s: got a mean of %v s, %v answers of a probe; want %v, %v", c.about, l.mean, l.probed.n, c.mean, c.answers)
		}
	}
}

// Requests that were sent before the first answer came are no measurement unless they are precise,
// since the fastest of them are answered first.
func TestTheFirstAnswersMeasureNothing(t *testing.T) {
	first := func(ms int, samples, variance float64) func(*delayEstimator, *latency) {
		return func(e *delayEstimator, l *latency) { e.first, l.samples, l.variance = at(ms), samples, variance }
	}
	for _, c := range []struct {
		about       string
		change      func(*delayEstimator, *latency)
		queue, mean float64
	}{
		{"sent before", first(-3999, 4, 1), 1, 1 + 2/5.0},
		{"sent as it came", first(-4000, 4, 1), 2, 1 + 1/5.0},
		{"sent before, the first of its operation", first(-3999, 0, 1), 1, 3},
		{"sent before, in a delay below zero", func(e *delayEstimator, l *latency) { first(-3999, 4, 1)(e, l); e.queue = -1 }, -1, 1 + 3/5.0},
		{"sent before, precise", first(-3999, 30, 0.01), 1 + 2/1.01, 1},
	} {
		e, l := sampled(c.change, 4*time.Second, 0, false, false)
		if !near(e.queue, c.queue) || !near(l.mean, c.mean) {
			t.Errorf("%s: got a delay of %v s, a mean of %v s; want %v, %v", c.about, e.queue, l.mean, c.queue, c.mean)
		}
	}
	var e delayEstimator
	if e.sample(e.op(work{}), time.Second, 0, true, false, at(0)); e.first != at(0) {
		t.Errorf("got %v as the time of the first answer, want %v", e.first, at(0))
	}
	if e.sample(e.op(work{}), time.Second, 0, true, false, at(5)); e.first != at(0) {
		t.Errorf("got %v as the time of the first answer after the second, want %v", e.first, at(0))
	}
}

// What requests take is averaged over twenty answers.
func TestService(t *testing.T) {
	e, _ := sampled(func(_ *delayEstimator, l *latency) { l.mean = 3 }, time.Second, 0, false, false)
	if !near(e.service, 1+2/20.0) {
		t.Errorf("got %v s after one of 3 s to a mean of 1 s, want 1.1 s", e.service)
	}
	if e, _ = sampled(func(e *delayEstimator, l *latency) { e.at, l.mean = 0, 3 }, time.Second, 0, false, false); e.service != 3 {
		t.Errorf("got %v s after a first one of 3 s, want that", e.service)
	}
}

// A delay below zero by four standard deviations and 50 ms was a queue that counted as the
// server's own time.
func TestADelayBelowZeroIsLearnt(t *testing.T) {
	for _, c := range []struct {
		queue, variance, want float64
	}{{-certainMargin, 0, -0.05}, {-0.051, 0, 0}, {-0.449, 0.01, -0.449}, {-0.451, 0.01, 0}} {
		e, l := sampled(func(e *delayEstimator, l *latency) { e.queue, e.variance, l.variance = c.queue, c.variance, 1e18 }, time.Second, 0, false, false)
		if math.Abs(e.queue-c.want) > 1e-6 || math.Abs(l.mean-1-(c.queue-c.want)) > 1e-6 {
			t.Errorf("%v s with a variance of %v: got %v s, a mean of %v s; want %v, %v", c.queue, c.variance, e.queue, l.mean, c.want, 1+c.queue-c.want)
		}
	}
}

func TestShift(t *testing.T) {
	e := delayEstimator{queue: 3, service: 1}
	slow, fast := e.op(work{class: 2}), e.op(work{class: 4})
	slow.mean, fast.mean = 4, 0.5
	slow.probed.add(1)
	if e.shift(2); slow.mean != 6 || fast.mean != 2.5 || e.queue != 1 || e.service != 3 || slow.probed.n != 0 {
		t.Errorf("up by 2 s: got %v s and %v s, a delay of %v s, %v s on average, %v answers of a probe; want 6, 2.5, 1, 3, 0", slow.mean, fast.mean, e.queue, e.service, slow.probed.n)
	}
	if e.shift(-4); slow.mean != 2 || fast.mean != 0 || e.queue != 5 || e.service != 0 {
		t.Errorf("down by 4 s: got %v s and %v s, a delay of %v s, %v s on average; want 2, 0, 5, 0", slow.mean, fast.mean, e.queue, e.service)
	}
}

func TestAdopt(t *testing.T) {
	var e delayEstimator
	if e.fresh(at(0)) {
		t.Error("an estimate without an answer is fresh; want it not to be")
	}
	e.adopt(3, 2, at(0))
	if e.delay() != 3 || e.stddev() != 2 || !e.fresh(at(5000)) || e.fresh(at(5001)) {
		t.Errorf("got %v s ± %v, fresh after 5 s %v, then %v; want 3 ± 2, true, false", e.delay(), e.stddev(), e.fresh(at(5000)), e.fresh(at(5001)))
	}
	if e.adopt(-1, 2, at(0)); e.delay() != 0 {
		t.Errorf("got a delay of %v s where less than none is estimated, want 0", e.delay())
	}
}

// In what a probe left precise operations count alone: each with its least answer, weighed by its
// noise. Otherwise each answer counts.
func TestLeft(t *testing.T) {
	probed := func(mean, variance float64, took ...float64) *latency {
		l := &latency{mean: mean, variance: variance, samples: oldSamples}
		for _, seconds := range took {
			l.probed.add(seconds)
		}
		return l
	}
	for _, c := range []struct {
		about        string
		ops          []*latency
		left, stddev float64
		precise, ok  bool
	}{
		{"no answer", []*latency{probed(1, 0), probed(1, 1)}, 0, 0, false, false},
		{"one precise", []*latency{probed(1, 0.01, 2.9, 4, 5), probed(1, 1, 9), probed(7, 0.01)}, 2, 0.1, true, true},
		{"two precise", []*latency{probed(0, 0.01, 0.9), probed(0, 0.02, 4-math.Sqrt(0.02), 5)}, (100*1 + 50*4) / 150.0, 1 / math.Sqrt(150), true, true},
		{"very noisy", []*latency{probed(1, 25, 4, 8)}, 5, 5 / math.Sqrt2, false, true},
		{"noisy", []*latency{probed(1, 1, 4), probed(1, 4, 9, 9, 9, 9), probed(1, 1)}, (1*3 + 1*8) / 2.0, 1 / math.Sqrt2, false, true},
	} {
		e := delayEstimator{ops: map[work]*latency{}}
		for i, l := range c.ops {
			e.ops[work{class: i}] = l
		}
		left, stddev, precise, ok := e.left()
		if !near(left, c.left) || !near(stddev, c.stddev) || precise != c.precise || ok != c.ok {
			t.Errorf("%s: got %v s ± %v, precise %v, %v; want %v ± %v, %v, %v", c.about, left, stddev, precise, ok, c.left, c.stddev, c.precise, c.ok)
		}
		if e.probed() != c.ok {
			t.Errorf("%s: got %v for whether there was an answer, want %v", c.about, e.probed(), c.ok)
		}
		if e.forget(); e.probed() {
			t.Errorf("%s: there are answers of a probe after they were forgotten, want none", c.about)
		}
	}
}

// Only operations that had an answer in the probe learn from it, the precise ones or the others.
func TestSettle(t *testing.T) {
	for _, precise := range []bool{true, false} {
		e := delayEstimator{}
		ops := [4]*latency{}
		for i := range ops {
			ops[i] = e.op(work{class: i})
			ops[i].mean, ops[i].variance = 1, []float64{0.01, 1}[i%2]
			if i < 2 {
				ops[i].probed.add(0.5)
			}
		}
		e.settle(precise, 0.1)
		for i, l := range ops {
			if learns := i < 2 && (i == 0) == precise; (l.mean != 1) != learns {
				t.Errorf("precise %v, operation %d: got a mean of %v s, want it to change: %v", precise, i, l.mean, learns)
			}
		}
	}
}

// An estimate weighs less the older it is: the delay changes by 0.3 s a second.
func TestWeight(t *testing.T) {
	for age, want := range map[time.Duration]float64{0: 1 / 4.0, time.Second: 1 / 4.09, 10 * time.Second: 1 / 4.9} {
		if got := Weight(2*time.Second, age); !near(got, want) {
			t.Errorf("got a weight of %v for a standard deviation of 2 s %v ago, want %v", got, age, want)
		}
	}
}
