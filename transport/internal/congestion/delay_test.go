package congestion

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
	"pgregory.net/rapid"
)

// An operationModel is a simulated one: what it takes without a queue, in
// seconds, lognormal.
type operationModel struct {
	name          work
	median, sigma float64
}

func (o operationModel) takes(random *rand.Rand) float64 {
	return o.median * math.Exp(o.sigma*random.NormFloat64())
}

// learn feeds an estimator with perSecond answers for so many seconds: calm ones
// first, then behind a queue.
func learn(m *delayEstimator, random *rand.Rand, ops []operationModel, perSecond, calm, behind int, queue func(at float64) float64) {
	begin := gate.Instant(1)
	for i := range perSecond * (calm + behind) {
		at := float64(i) / float64(perSecond)
		q, quiet := 0.0, i < perSecond*calm
		if !quiet {
			q = queue(at - float64(calm))
		}
		o := ops[random.IntN(len(ops))]
		m.sample(m.op(o.name), seconds(o.takes(random)+q), 0, quiet, false, begin.Add(seconds(at)))
	}
}

func TestDelayEstimatorFindsTheQueue(t *testing.T) {
	record := operationModel{work{gate.Operation{Method: "GET", Route: "/record"}, 2}, 0.02, 0.3}
	search := operationModel{work{gate.Operation{Method: "POST", Route: "/search"}, 2}, 0.8, 0.5}
	order := operationModel{work{gate.Operation{Method: "POST", Route: "/orders"}, 2}, 4, 0.35}
	for name, test := range map[string]struct {
		ops    []operationModel
		behind int // seconds until it must be known
		queue  float64
		within float64
	}{
		"fast ones, soon":       {[]operationModel{record}, 2, 2, 0.1},
		"no queue":              {[]operationModel{record, search, order}, 30, 0, 0.35},
		"mixed":                 {[]operationModel{record, search, order}, 5, 2, 0.2},
		"searches":              {[]operationModel{search}, 20, 2, 0.5},
		"orders alone":          {[]operationModel{order}, 30, 3, 1.2},
		"a queue as long as 6s": {[]operationModel{record, order}, 20, 6, 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				var m delayEstimator
				learn(&m, rand.New(rand.NewPCG(seed, 0)), test.ops, 10, 30, test.behind, func(float64) float64 { return test.queue })
				if off := math.Abs(m.queue - test.queue); off > test.within {
					t.Errorf("seed %d: a queue of %.2f s is taken for %.2f s; want that within %v s", seed, test.queue, m.queue, test.within)
				}
				if d := m.stddev(); d > 1.5 || d <= 0 {
					t.Errorf("seed %d: standard deviation %.2f s; want more than 0 and 1.5 s at most", seed, d)
				}
			}
		})
	}
}

// One answer that took very long, for reasons of its own, is no queue.
func TestDelayEstimatorIsNotFooledByOneAnswer(t *testing.T) {
	var m delayEstimator
	record := operationModel{work{gate.Operation{Method: "GET", Route: "/record"}, 2}, 0.02, 0.3}
	learn(&m, rand.New(rand.NewPCG(1, 1)), []operationModel{record}, 10, 30, 0, nil)
	m.sample(m.op(record.name), time.Minute, 0, false, false, gate.Instant(30*time.Second))
	if m.queue > 0.4 {
		t.Errorf("a queue of %.2f s; want 0.4 s at most", m.queue)
	}
}

// What is precise stays precise while the queue swings.
func TestJitterIsNotFooledByASwingingQueue(t *testing.T) {
	record := operationModel{work{gate.Operation{Method: "GET", Route: "/record"}, 2}, 0.05, 0.2}
	swing := func(at float64) float64 { return 2 - 2*math.Cos(2*math.Pi*at/20) }
	var m delayEstimator
	learn(&m, rand.New(rand.NewPCG(2, 2)), []operationModel{record}, 10, 10, 120, swing)
	l := m.op(record.name)
	if !l.precise() {
		t.Errorf("noise of %.3f s for an operation that takes 50 ms and hardly more; want a precise one", math.Sqrt(l.noise()))
	}
	if off := math.Abs(m.queue - swing(120)); off > 0.5 {
		t.Errorf("the queue is off by %.2f s; want 0.5 s at most", off)
	}

	// And what is not, is not taken for it.
	order := operationModel{work{gate.Operation{Method: "POST", Route: "/orders"}, 2}, 4, 0.35}
	m = delayEstimator{}
	learn(&m, rand.New(rand.NewPCG(3, 3)), []operationModel{order}, 10, 60, 0, swing)
	if l := m.op(order.name); l.precise() || math.Sqrt(l.noise()) < 0.7 || math.Sqrt(l.noise()) > 3 {
		t.Errorf("noise of %.3f s for an operation of 4 s with a σ of 1.5 s; want 0.7 s to 3 s", math.Sqrt(l.noise()))
	}
}

// Paths may hold anything: there is no end to them.
func TestOperationsAreForgotten(t *testing.T) {
	var m delayEstimator
	for i := range 10_000 {
		m.sample(m.op(work{gate.Operation{Method: "GET", Route: fmt.Sprint("/", i)}, 2}), 20*time.Millisecond, 0, true, false, gate.Instant(i)*gate.Instant(time.Second))
		if len(m.ops) > 256 || len(m.ops) == 0 {
			t.Fatalf("%d operations are kept; want 1 to 256", len(m.ops))
		}
	}
}

// Answers come in any order: on a busy machine one that ended a second ago may be taken in
// after one of now. Whatever it is, the estimate stays a number, and the window open.
func TestAnswersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := New(15, 0)
		begin := gate.Now()
		for range rapid.IntRange(1, 60).Draw(t, "answers") {
			sent := begin.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "sent")))
			ended := sent.Add(time.Duration(rapid.Int64Range(-int64(time.Second), int64(5*time.Second)).Draw(t, "took")))
			w.Begin(sent)
			w.End(&gate.Outcome{Granted: sent, Sent: sent, Ended: ended, Status: rapid.SampledFrom([]int{200, 404, 429, 500, 503, 0}).Draw(t, "status")})
			if room, delay, rate := w.Room(ended), w.Delay(), w.Rate(ended); room < 1 || delay < 0 || !(rate >= 0) {
				t.Fatalf("room for %d, a delay of %v, %v a second; want 1, 0 and 0 at least", room, delay, rate)
			}
		}
	})
}

// The answers of a full window may all come at the same instant, before any request that waits
// asks again: each of them opens the window.
func TestAnswersAtTheSameInstantOpenTheWindow(t *testing.T) {
	// A bubble's wall clock, by which probes come, is the same each time.
	synctest.Test(t, func(t *testing.T) {
		w := New(15, 0)
		sent := gate.Now()
		n := w.Room(sent)
		for range n {
			w.Begin(sent)
		}
		if _, open := w.Open(sent); open {
			t.Fatalf("open for request %d, want room for %d", n+1, n)
		}
		ended := sent.Add(3 * time.Second)
		for range n {
			w.End(&gate.Outcome{Granted: sent, Sent: sent, Ended: ended, Status: 200})
		}
		if room := w.Room(ended); room < 2*n {
			t.Errorf("room for %d after %d answers to a full window of %d, want %d", room, n, n, 2*n)
		}
	})
}

// A process that found overload while it was alone doesn't go on as if when it shares the limit
// again: the others' pauses count, and the rate of all is adjusted together.
func TestOverloadEndsWithBeingAlone(t *testing.T) {
	w := New(15, 0)
	now := gate.Now()
	w.state.Mode, w.state.Probe.Next, w.entered = Competing, now.Add(time.Hour), now
	if _, open := w.Open(now); open || !w.Overloaded() {
		t.Fatalf("alone: open %v, overloaded %v; want a request held, overloaded", open, w.Overloaded())
	}
	w.Share(shared.Share{Sharing: shared.All, Limit: 15, Rate: 15, Time: time.Now()}, now)
	if _, open := w.Open(now); !open || w.Overloaded() {
		t.Errorf("shared: open %v, overloaded %v; want no request held, not overloaded", open, w.Overloaded())
	}
}

// WithWindow's bound holds for trains as well.
func TestATrainKeepsToTheBound(t *testing.T) {
	for range 20 { // a train comes by chance
		w := New(15, 2)
		now := gate.Now()
		w.state.At, w.state.Mode, w.state.Probe = now, Steady, Probe{Next: now.Add(10 * time.Second), From: now.Add(-2 * time.Second), Until: now}
		w.judgment.due, w.judgment.before, w.delay.queue = now.Add(time.Second), 1, 1
		for range 20 {
			if _, open := w.Open(now); open {
				w.Begin(now)
			}
			now = now.Add(50 * time.Millisecond)
		}
		if w.inflight.n != 2 {
			t.Fatalf("%d in flight, want 2", w.inflight.n)
		}
	}
}

// While the limit is shared, a beat that shows the clock of a probe a little differently begins no
// other probe, and a 429 keeps a full queue from being taken for the server's own time.
func TestAProbeOfAllIsJudgedOnce(t *testing.T) {
	w := New(15, 0)
	now, from := gate.Now(), time.Now()
	share := shared.Share{Sharing: shared.All, Limit: 15, Rate: 1.5, Served: 10, Time: from, ProbeFrom: from, ProbeTail: from.Add(time.Second), ProbeUntil: from.Add(2 * time.Second)}
	w.delay.queue = 3
	w.Share(share, now)
	w.delay.queue = 0.4
	share.Time, share.ProbeFrom, share.Served = from.Add(time.Second), from.Add(30*time.Microsecond), 1.5
	w.Share(share, now.Add(time.Second))
	if w.judgment.before != 3 || w.judgment.rate != 10 {
		t.Errorf("judged from a delay of %v s at %v a second; want 3 s, 10, as it was when the probe began", w.judgment.before, w.judgment.rate)
	}
	w.End(&gate.Outcome{Granted: now, Sent: now, Ended: now, Status: 429})
	if w.limited != now {
		t.Errorf("the last 429 is %v; want %v", w.limited, now)
	}
}

// Of a noisy operation a probe tells the mean, of precise ones how much longer they took than
// known, the surer the more there are.
func TestWhatAProbeTells(t *testing.T) {
	noisy := &latency{mean: 5, variance: 1, samples: oldSamples}
	for _, took := range []float64{4, 5, 6} {
		noisy.probed.add(took)
	}
	if noisy.settle(0); noisy.mean != 5 {
		t.Errorf("a mean of %v s after a probe in which it was 5 s, want that", noisy.mean)
	}
	e := delayEstimator{ops: map[work]*latency{{class: 2}: noisy}}
	for i, late := range []float64{0.2, 0.4} {
		l := &latency{mean: 1, variance: 0.01}
		l.probed.add(1 + late)
		e.ops[work{class: 3 + i}] = l
	}
	// The least of some answers lies about a standard deviation, 0.1 s, below the mean.
	left, stddev, precise, ok := e.left()
	if !ok || !precise || math.Abs(left-0.4) > 1e-9 || math.Abs(stddev-0.1/math.Sqrt2) > 1e-9 {
		t.Errorf("%.3f s longer by %v, standard deviation %.3f s; want 0.4 s, 0.071 s", left, ok, stddev)
	}
}

// Without precise operations the noisy ones tell, the surer the more answers there are.
func TestWhatAProbeTellsOfNoisyOperations(t *testing.T) {
	l := &latency{mean: 5, variance: 1, samples: oldSamples}
	for _, took := range []float64{6, 7, 8, 7} {
		l.probed.add(took)
	}
	e := delayEstimator{ops: map[work]*latency{{class: 2}: l}}
	left, stddev, precise, ok := e.left()
	if !ok || precise || math.Abs(left-2) > 1e-9 || math.Abs(stddev-0.5) > 1e-9 {
		t.Errorf("%.3f s longer by %v, precisely %v, standard deviation %.3f s; want 2 s, 0.5 s, not precisely", left, ok, precise, stddev)
	}
}

// Of eight requests that are sent at once the fastest are answered first. The others are no
// proof of a queue.
func TestTheFirstAnswersAreTheFastest(t *testing.T) {
	var e delayEstimator
	sent, l := gate.Now(), e.op(work{class: 2})
	for _, took := range []time.Duration{2, 3, 3, 4, 4, 5, 5, 6} {
		e.sample(l, took*time.Second, 0, true, false, sent.Add(took*time.Second))
	}
	if e.delay() != 0 || math.Abs(l.mean-4) > 1e-9 {
		t.Errorf("a delay of %.2f s and a mean of %.2f s, want 0 and 4 s", e.delay(), l.mean)
	}
}

// What a probe leaves is learnt as the time of a slow operation only as far as it cannot be a
// queue, since our own part of a queue goes in a probe.
func TestASlowOperationDoesNotLearnTheQueueOfOthers(t *testing.T) {
	for _, c := range []struct {
		about              string
		rate, left, learnt float64
	}{
		{"we send a fifth and half of it goes: a queue", 3, 2, 0},
		{"we send all and nothing goes: no queue", 15, 4, 1},
		{"it is faster than known", 15, -1, -1},
	} {
		w, now := New(15, 0), gate.Now()
		l := w.delay.op(work{class: 2})
		l.mean, l.variance, l.samples = 4, 1, oldSamples
		for range 20 {
			l.probed.add(4 + c.left)
		}
		w.judgment.due, w.judgment.before, w.judgment.rate = now, 4, c.rate
		w.judge(now)
		if learnt := l.mean - 4; learnt*c.learnt < 0 || (learnt != 0) != (c.learnt != 0) {
			t.Errorf("%s: the mean moved by %.2f s, want the sign of %v", c.about, learnt, c.learnt)
		}
	}
}

// Overload is over when a probe leaves little, though the queue may be long again since.
func TestOverloadEndsWithWhatAProbeLeaves(t *testing.T) {
	for left, over := range map[float64]bool{1: true, 6: false} {
		w, now := New(15, 0), gate.Now()
		l := w.delay.op(work{class: 2})
		l.mean, l.variance, l.samples = 1, 0.01, oldSamples
		l.probed.add(1 + left)
		w.delay.queue = 6
		w.judgment.due, w.judgment.before, w.judgment.rate = now, 6, 3
		w.judge(now)
		if got := w.state.Bearable == now; got != over {
			t.Errorf("a probe leaves %v s: over %v, want %v", left, got, over)
		}
	}
}

// What a saturated server does not do for us, it does for others: of 15 requests a second 5 are
// ours.
func TestOthersGetTheRest(t *testing.T) {
	w, now := New(15, 0), gate.Now()
	if rate, stddev := w.Others(now); rate != 0 || stddev != 0 {
		t.Errorf("%v ± %v a second before anything is known, want none", rate, stddev)
	}
	for range 5 * 120 {
		now = now.Add(time.Second / 5)
		w.Begin(now)
		w.End(&gate.Outcome{Granted: now, Sent: now, Ended: now, Status: 200})
	}
	w.delay.queue = 1
	if rate, stddev := w.Others(now); rate != 0 || stddev != 0 {
		t.Errorf("%v ± %v a second while the window holds nothing back, want none: we may not want more", rate, stddev)
	}
	w.lacked = now
	if rate, stddev := w.Others(now); math.Abs(rate-10) > 1 || stddev <= 0 {
		t.Errorf("%v ± %v a second, want 10", rate, stddev)
	}
}

// Much evidence that the delay is a queue weighs as much as a little, and says the same.
func TestEvidenceAgainstIsKeptDown(t *testing.T) {
	var e evidence
	for range 10 {
		e.add(0.05, 0.1)
	}
	if math.Abs(e.mean()-0.05) > 1e-9 || e.weight != mostAgainst {
		t.Errorf("a mean of %v s with a weight of %v, want 0.05 s, %v", e.mean(), e.weight, mostAgainst)
	}
}

// What a probe tells of a noisy operation weighs as much as its answers are of all.
func TestANoisyOperationLearnsByItsAnswers(t *testing.T) {
	l := &latency{mean: 5, variance: 1, samples: 3}
	for range 3 {
		l.probed.add(8)
	}
	if l.settle(0); l.samples != 6 || l.mean != 6.5 {
		t.Errorf("got a mean of %v s of %v answers, want 6.5 s of 6", l.mean, l.samples)
	}
}

func TestAStepJudgesTheProbeThatIsOver(t *testing.T) {
	w, now := New(15, 0), gate.Now()
	w.judgment.due = now
	if w.step(now.Add(time.Millisecond)); !w.judgment.due.IsZero() {
		t.Error("the probe has not been judged; want it to be")
	}
}

// Overload is counted from the last probe after which the queue was not full.
func TestAProbeThatEmptiesTheQueueEndsOverload(t *testing.T) {
	for _, c := range []struct {
		queue float64
		want  gate.Instant
	}{{1, 9}, {crowdedLeft + 1, 5}} {
		w := New(15, 0)
		w.judgment.due, w.state.Bearable, w.delay.queue = 7, 5, c.queue
		if w.judge(9); w.state.Bearable != c.want {
			t.Errorf("a delay of %v s: bearable at %v, want %v", c.queue, w.state.Bearable, c.want)
		}
	}
}

// A release by fixed windows makes all operations noisy, and of a starved job a probe has one
// answer. What stays in probe after probe is the server's own time nevertheless, and learnt at
// once.
func TestEvidenceOfNoisyOperations(t *testing.T) {
	for rate, learnt := range map[float64]float64{5: 2.5, 15: 0} {
		w, now := New(15, 0), gate.Now()
		l := w.delay.op(work{class: 2})
		l.mean, l.variance, l.samples = 1, 0.06, oldSamples
		for range 12 {
			w.delay.queue = l.mean + 2.5 - 1
			left, before := 3.5-l.mean, 3.5-l.mean
			if learnt == 0 {
				left, before = 0, 2.5 // all of it goes: a queue
			}
			l.probed.add(l.mean + left)
			w.judgment.due, w.judgment.before, w.judgment.rate = now, before, rate
			w.judge(now)
		}
		if got := l.mean - 1; math.Abs(got-learnt) > 0.1 {
			t.Errorf("at %v requests a second %.2f s are learnt, want %v s", rate, got, learnt)
		}
	}
}

// A release that spaces requests never lets them go together: where they do, the server is not
// saturated.
func TestATrainThatGoesTogether(t *testing.T) {
	j := train{from: 1, gap: time.Second / 15, sent: 8, leaky: true}
	for range 8 {
		j.add(2, 0.0001)
	}
	if j.end(15, 2); !j.together() || j.apart() {
		t.Errorf("together %v, apart %v; want true, false", j.together(), j.apart())
	}
}
