package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// Until 0.4 s after a probe requests belong to it: precise ones from its begin, the others from
// when the queue should be empty.
func TestWhatBelongsToAProbe(t *testing.T) {
	p := Probe{From: at(1000), Tail: at(2000), Until: at(3000)}
	for sent, want := range map[gate.Instant][2]bool{
		at(1000) - 1: {false, false}, at(1000): {true, false}, at(2000) - 1: {true, false}, at(2000): {true, true},
		at(3400) - 1: {true, true}, at(3400): {false, false},
	} {
		precise, noisy := p.includes(sent, &latency{}), p.includes(sent, &latency{variance: 1})
		if got := [2]bool{precise, noisy}; got != want {
			t.Errorf("sent %v after a probe of 2 s began: got %v for precise and noisy ones, want %v", sent.Sub(p.From), got, want)
		}
	}
}

// A probe is judged a second, half of what requests take and the delay after its end.
func TestWhenAProbeIsJudged(t *testing.T) {
	var j judgment
	j.begin(Probe{Until: at(3000)}, 2, 5, 3)
	if want := at(3000 + 1000 + 1500 + 2000); j.due != want || j.before != 2 || j.rate != 5 {
		t.Errorf("got %v after the end, from %v s and %v a second; want %v, 2 s, 5", j.due.Sub(at(3000)), j.before, j.rate, want.Sub(at(3000)))
	}
	for ms, judged := range map[int]bool{7499: false, 7500: true, 9000: true} {
		w := New(15, 0)
		w.judgment = j
		w.delay.op(work{}).probed.add(1)
		w.judge(at(ms))
		if got := w.judgment.due.IsZero(); got != judged || w.judgment.known != judged || w.delay.probed() == judged {
			t.Errorf("after %d ms: judged %v, known %v, answers left %v; want %v, %v, %v", ms, got, w.judgment.known, w.delay.probed(), judged, judged, !judged)
		}
	}
	w := New(15, 0)
	w.judgment.known, w.judgment.due = true, at(0)
	if w.judge(at(0)); !w.judgment.known {
		t.Error("after a probe without an answer the latencies are not known, want them to stay known")
	}
	if w.judge(at(1)); w.state.Bearable != at(0) {
		t.Errorf("judged again at %v, want once", w.state.Bearable)
	}
}

// probing returns a window with an operation, of 1 s and a variance, and what a probe left of a
// delay of 4 s, of which we sent rate a second before.
func probing(variance, left, rate float64) (*Window, *latency) {
	w := New(15, 0)
	w.delay.queue = 4
	w.judgment.due, w.judgment.before, w.judgment.rate = at(0), 4, rate
	w.limited = at(-60_001)
	l := w.delay.op(work{})
	l.mean, l.variance, l.samples = 1, variance, oldSamples
	l.probed = sample{n: 10, sum: 10 * (1 + left), least: 1 + left - math.Sqrt(variance)}
	return w, l
}

// What a probe of precise operations left is concluded from.
func TestJudgeConcludes(t *testing.T) {
	w, _ := probing(0.01, 3, 5)
	if w.judge(at(0)); !near(w.judgment.fell, 1) {
		t.Errorf("got a fall of %v s in a probe that left 3 s of 4 s, want 1 s", w.judgment.fell)
	}
}

// The queue of the server stays full if a probe leaves more than 4.5 s, or, where it has no
// answer, if the delay is that long.
func TestAQueueThatStaysFull(t *testing.T) {
	for _, c := range []struct {
		about string
		left  float64 // -1: no answer
		delay float64
		full  bool
	}{{"much is left", 4.6, 1, true}, {"less is left", 4.4, 6, false}, {"no answer to a long delay", -1, 4.6, true}, {"no answer to a short delay", -1, crowdedLeft, false}} {
		w, l := probing(0.01, c.left, 5)
		w.delay.queue = c.delay
		w.refused.last = 7
		if c.left < 0 {
			l.probed = sample{}
		}
		w.judge(at(1))
		if w.judgment.full != c.full || (w.state.Bearable == at(1)) == c.full || (w.refused == pace{span: 30}) == c.full {
			t.Errorf("%s: got full %v, bearable at %v, 429s of %+v; want %v, and overload to be counted anew otherwise", c.about, w.judgment.full, w.state.Bearable, w.refused, c.full)
		}
	}
}

// Of noisy operations what a probe left is learnt as far as it is proven: all of it by four
// standard deviations, or what half of one leaves.
func TestWhatNoisyOperationsLearnFromAProbe(t *testing.T) {
	for _, c := range []struct {
		about    string
		variance float64
		left     float64
		rate     float64
		limited  gate.Instant
		want     float64
	}{
		// All of the 15 requests a second were ours and 3 s stayed: 3 s are no queue. The standard deviation is
		// that of ten answers.
		{"proven", 1, 3, 15, 0, 1 + 3},
		{"proven, but a 429 was a minute ago", 1, 3, 15, at(-60_000), 1 + 10/60.0*(3-(3-(3-0.5*math.Sqrt(0.1+0.03*0.03))))},
		{"hardly proven", 9, 3, 15, 0, 1 + 10/60.0*(3-0.5*math.Sqrt(0.9+0.03*0.03))},
		{"we sent a third: all of it is a queue", 1, 2, 5, 0, 1},
		{"we sent less, which counts as a third", 1, 3, 1, 0, 1 + 10/60.0*max(0, 1-0.5*3*math.Sqrt(0.1+0.03*0.03+0.7*10*(0.5+4)/225))},
		{"less than known", 1, -0.5, 15, 0, 1 - 10/60.0*0.5},
	} {
		w, l := probing(c.variance, c.left, c.rate)
		if c.limited != 0 {
			w.limited = c.limited
		}
		if w.judge(at(0)); !near(l.mean, c.want) {
			t.Errorf("%s: got a mean of %v s, want %v", c.about, l.mean, c.want)
		}
	}
}

// What a probe of precise operations tells: more than before is no news but that less stands; less
// than none shows a faster server; otherwise noisy operations learn beside them, and it is weighed.
func TestConclude(t *testing.T) {
	for _, c := range []struct {
		about               string
		left, stddev        float64
		standing, precise   float64
		noisy, fell, before float64
	}{
		{"it grew", 4 + 0.25 + 2*0.1 + 0.01, 0.1, 4, 1, 1, 0, 4},
		{"it grew by what is no more than noise", 4 + 0.25 + 2*0.1 - 0.01, 0.1, 0, 1, 1 + 10/60.0*(9-1-4.44), 4 - 4.44, 4},
		{"faster", -0.46, 0.1, 0, 1 - 0.46, 1 + 10/60.0*(9-1) - 0.46, 0, 4},
		{"as fast as it can be measured", -0.44, 0.1, 0, 1 + 0.05*(0.1-0), 1 + 10/60.0*(9-1), 4.44, 4},
		{"exactly at the margin", -certainMargin, 0, 0, 1 + 0.05*0.1, 1 + 10/60.0*(9-1), 4.05, 4},
	} {
		w, l := probing(0.01, 0, 5)
		noisy := w.delay.op(work{class: 2})
		noisy.mean, noisy.variance, noisy.samples, noisy.probed = 1, 1, oldSamples, sample{n: 10, sum: 90}
		l.probed.least = 1               // with the standard deviation a little more than known
		w.standing, w.limited = 7, at(0) // after a 429 nothing is the server's own time
		w.conclude(at(0), c.left, c.stddev)
		if !near(l.mean, c.precise) || !near(noisy.mean, c.noisy) || !near(w.judgment.fell, c.fell) {
			t.Errorf("%s: got means of %v s and %v s, a fall of %v s; want %v, %v, %v", c.about, l.mean, noisy.mean, w.judgment.fell, c.precise, c.noisy, c.fell)
		}
		if c.fell == 0 && w.standing != c.standing {
			t.Errorf("%s: got %v s that stand, want %v", c.about, w.standing, c.standing)
		}
	}
}

// Evidence is what is left beyond what would be if our own part had gone: at most what is left. Its
// uncertainty is that of what is left, 30 ms, and that of what others sent meanwhile; our part
// multiplies it.
func TestProve(t *testing.T) {
	noise := 0.1*0.1 + 0.03*0.03
	for _, c := range []struct {
		about               string
		rate, least, left   float64
		excess, others, our float64 // our: the limit through our rate
	}{
		{"a third is ours and a third went", 5, 0.5, 4, 6 - 2*3, 0.7 * 10 * (0.5 + 6) / 225, 3},
		{"a third is ours and a sixth went", 5, 0.5, 5, 6 - 1*3, 0.7 * 10 * (0.5 + 6) / 225, 3},
		{"all is ours", 15, 0.5, 5, 5, 0, 1},
		{"it counts no more than the limit", 20, 0.5, 5, 5, 0, 1},
		{"it counts as the least", 0.1, 5, 5, 6 - 1*3, 0.7 * 10 * (0.5 + 6) / 225, 3},
		{"it grew", 5, 0.5, 7, 7, 0.7 * 10 * (0.5 + 6) / 225, 3},
	} {
		j := judgment{before: 6, rate: c.rate}
		excess, variance := j.prove(15, c.least, c.left, 0.1)
		if !near(excess, c.excess) || !near(variance, noise+c.others) {
			t.Errorf("%s: got %v s with a variance of %v, want %v, %v", c.about, excess, variance, c.excess, noise+c.others)
		}
		if want := c.our * c.our * (noise + c.others); !near(j.proof.mean(), c.excess) || !near(1/j.proof.weight, want) {
			t.Errorf("%s: got evidence of %v s with a variance of %v, want %v, %v", c.about, j.proof.mean(), 1/j.proof.weight, c.excess, want)
		}
	}
}

// Old evidence loses a fifth with each probe. Against a slower server it weighs 4 at most.
func TestEvidence(t *testing.T) {
	var e evidence
	if e.mean() != 0 || !math.IsInf(e.stddev(), 1) {
		t.Errorf("got %v s ± %v without evidence, want 0 ± Inf", e.mean(), e.stddev())
	}
	e.add(2, 0.5)
	e.add(1, 0.25)
	if want := (evidence{weight: 0.8*2 + 4, sum: 0.8*4 + 4}); !near(e.weight, want.weight) || !near(e.sum, want.sum) || !near(e.mean(), 7.2/5.6) || !near(e.stddev(), 1/math.Sqrt(5.6)) {
		t.Errorf("got %+v, %v s ± %v; want %+v", e, e.mean(), e.stddev(), want)
	}
	for _, c := range []struct{ excess, weight, want float64 }{{0.09, 10, 4}, {-0.5, 10, 4}, {0.1, 10, 10}, {0.11, 10, 10}, {0.09, 3, 3}, {0.09, 4, 4}} {
		e = evidence{}
		if e.add(c.excess, 1/c.weight); !near(e.weight, c.want) || !near(e.mean(), c.excess) {
			t.Errorf("evidence of %v s with a weight of %v: got %v s with %v, want a weight of %v", c.excess, c.weight, e.mean(), e.weight, c.want)
		}
	}
}

// The delay is the server's own time if the evidence is more than 0.15 s and so many standard deviations, the last
// probe shows half of it, and there was no 429 for a minute.
func TestProven(t *testing.T) {
	for _, c := range []struct {
		about        string
		proof        evidence // of a mean of sum/weight, with a standard deviation of weight^-½
		excess, need float64
		sinceLimited time.Duration
		want         bool
	}{
		{"all of it", evidence{weight: 100, sum: 30}, 0.3, 2.5, time.Hour, true},
		{"not enough deviations", evidence{weight: 100, sum: 25}, 0.3, 2.5, time.Hour, false},
		{"little", evidence{weight: 1e6, sum: provenLeast * 1e6}, 0.3, 2.5, time.Hour, false},
		{"little more", evidence{weight: 1e6, sum: 0.151e6}, 0.3, 2.5, time.Hour, true},
		{"the last probe shows half", evidence{weight: 100, sum: 50}, 0.25, 2.5, time.Hour, false},
		{"the last probe shows more than half", evidence{weight: 100, sum: 50}, 0.251, 2.5, time.Hour, true},
		{"a 429 a minute ago", evidence{weight: 100, sum: 30}, 0.3, 2.5, time.Minute, false},
		{"a 429 longer ago", evidence{weight: 100, sum: 30}, 0.3, 2.5, time.Minute + 1, true},
		{"none", evidence{}, 1, 2.5, time.Hour, false},
	} {
		w := New(15, 0)
		w.judgment.proof, w.limited = c.proof, at(0).Add(-c.sinceLimited)
		if got := w.proven(at(0), c.excess, c.need); got != c.want {
			t.Errorf("%s: got %v, want %v", c.about, got, c.want)
		}
	}
}

// What a probe of precise operations leaves: the server's own time if the evidence or trains say
// so, for which trains that are spread ask 2.5 times the evidence. Up to 0.3 s it is learnt slowly.
func TestWeigh(t *testing.T) {
	proof := func(sum, weight float64) func(*Window) {
		return func(w *Window) { w.judgment.proof = evidence{weight: weight / 0.8, sum: sum * weight / 0.8} }
	}
	together := func(w *Window) { w.judgment.train = train{spread: -10, weight: 1, least: 1} }
	apart := func(w *Window) { w.judgment.train = train{spread: 10, weight: 1, least: 1} }
	for _, c := range []struct {
		about      string
		before     float64
		left, rate float64
		change     []func(*Window)
		want       float64 // the mean, of 1 s
	}{
		{"half of it is no queue, proven before", 4, 3, 7.5, []func(*Window){proof(2, 1e6)}, 1 + 2},
		{"nothing is proven", 4, 3, 1, nil, 1},
		{"proven before, but the last probe shows none", 4, 2, 7.5, []func(*Window){proof(2, 1e6)}, 1},
		{"spread trains leave doubt", 4, 2.6, 15, []func(*Window){proof(2.6, 2), apart}, 1},
		{"without them it is enough", 4, 2.6, 15, []func(*Window){proof(2.6, 2)}, 1 + 2.6},
		{"trains together prove all", 4, 3, 7.5, []func(*Window){together}, 1 + 3},
		{"trains together, but all of it may be a queue", 4, 2.09, 7.5, []func(*Window){together}, 1},
		{"trains together, but hardly a delay", suspectLeast, 0.2, 7.5, []func(*Window){together}, 1 + 0.05*0.1},
		{"trains together, but there was a 429", 4, 3, 7.5, []func(*Window){together, func(w *Window) { w.limited = at(0) }}, 1},
		{"little is left", 4, followWithin, 7.5, nil, 1 + 0.05*0.1},
		{"a little more", 4, 0.301, 7.5, nil, 1},
	} {
		w, l := probing(0.01, 0, c.rate)
		w.judgment.before = c.before
		l.probed.least = 1
		for _, change := range c.change {
			change(w)
		}
		w.weigh(at(0), c.left, 1)
		if !near(l.mean, c.want) && math.Abs(l.mean-c.want) > 1e-3 {
			t.Errorf("%s: got a mean of %v s, want %v", c.about, l.mean, c.want)
		}
	}
}

// Each probe ends the train, and learns what stands.
func TestWeighEndsTheTrain(t *testing.T) {
	w, _ := probing(0.01, 0, 5)
	w.judgment.train.from = at(0)
	if w.weigh(at(0), 3, 0.1); !w.judgment.train.from.IsZero() || w.judgment.fell != 1 {
		t.Errorf("got a train from %v, a fall of %v s; want none, 1 s", w.judgment.train.from, w.judgment.fell)
	}
}

// What is the server's own time is no queue: neither measured nor standing. Evidence begins anew,
// and the size grows with what requests take.
func TestSlower(t *testing.T) {
	w, l := probing(0.01, 0, 5)
	w.delay.service, w.standing, w.judgment.stood = 1, 3, 2.5
	w.judgment.proof, w.judgment.train = evidence{weight: 1, sum: 1}, train{spread: 1, weight: 2, variance: 3}
	w.state.Size, w.state.Calm = 5, 10
	w.slower(1)
	if l.mean != 2 || w.delay.queue != 3 || w.standing != 2 || w.judgment.stood != 1.5 || w.state.Size != 20 {
		t.Errorf("got a mean of %v s, a delay of %v s, %v s and %v s that stand, a size of %v; want 2, 3, 2, 1.5, 20", l.mean, w.delay.queue, w.standing, w.judgment.stood, w.state.Size)
	}
	if w.judgment.proof != (evidence{}) || w.judgment.train != (train{}) {
		t.Errorf("got %+v, %+v; want no evidence, no train", w.judgment.proof, w.judgment.train)
	}
	if w.slower(9); w.standing != 0 || w.judgment.stood != 0 {
		t.Errorf("got %v s and %v s that stand, want none", w.standing, w.judgment.stood)
	}
}

// What stands belongs to closed loops as far as the delay fell by our own part alone, less than 1.2 of
// it, and not at all from 1.5 of it on; what is uncertain counts for them. A larger part than before is believed by half.
func TestStand(t *testing.T) {
	for _, c := range []struct {
		about           string
		j               judgment // a third is ours, so 1.2 s of 3.6 s
		left, variance  float64
		standing, stood float64
	}{
		{"by our part, the first time", judgment{}, 2.4, 0, 1.2, 2.4},
		{"by our part, as before", judgment{stood: 2.4}, 2.4, 0, 2.4, 2.4},
		{"by our part, before a little less stood", judgment{stood: 2}, 2.4, 0, 2, 2.4},
		{"by 1.2 of it", judgment{stood: 9}, 3.6 - 1.2*1.2, 0, 2.16, 2.16},
		{"by 1.35 of it", judgment{stood: 9}, 3.6 - 1.35*1.2, 0, 1.98 / 2, 1.98 / 2},
		{"by 1.5 of it", judgment{stood: 9}, 3.6 - 1.5*1.2, 0, 0, 0},
		{"by more, uncertain by 0.36 s", judgment{stood: 9}, 3.6 - 1.5*1.2, 0.36 * 0.36, 1.8 / 2, 1.8 / 2},
		{"all of it", judgment{stood: 9}, -1, 0, 0, 0},
		{"below none, and uncertain", judgment{stood: 9}, -0.1, 100, 0, 0},
		{"by some of little, and uncertain", judgment{stood: 9}, 0.5, 1e12, 0.5, 0.5},
		// 0.7 of what was counts: 1.2 s + 0.7·2 s of 1.2 s + 0.7·1 s, with 0.49 of the variance.
		{"after others that fell by more", judgment{stood: 9, fell: 2, ours: 1, fallVariance: 0.36 * 0.36 / 0.49}, 2.4, 0, 2.4 * (1.5*1.9 + 0.36 - 2.6) / (0.3*1.9 + 0.36), 2.4 * (1.5*1.9 + 0.36 - 2.6) / (0.3*1.9 + 0.36)},
	} {
		w := New(15, 0)
		w.judgment = c.j
		w.judgment.before, w.judgment.rate = 3.6, 5
		w.stand(c.left, c.variance)
		if math.Abs(w.standing-c.standing) > 1e-5 || math.Abs(w.judgment.stood-c.stood) > 1e-5 {
			t.Errorf("it fell %s: got %v s that stand, %v now; want %v, %v", c.about, w.standing, w.judgment.stood, c.standing, c.stood)
		}
	}
}
