package congestion

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// steady returns a window of 15 a second whose size is 10, with no probe to come soon.
func steady(most int) *Window {
	w := New(15, most)
	w.state = State{Version: 2, At: at(0), Mode: Steady, Size: 10, Peak: 10, Resized: at(0), Probe: Probe{Next: at(60_000)}}
	w.delay.at, w.delay.first = at(-10_000), at(-60_000)
	return w
}

func TestRoomAndMode(t *testing.T) {
	for _, c := range []struct {
		about  string
		most   int
		change func(*Window)
		room   int
		mode   Mode
	}{
		{"off", -1, func(w *Window) {}, math.MaxInt, Off},
		{"steady", 0, func(w *Window) {}, 10, Steady},
		{"bounded above it", 12, func(w *Window) {}, 10, Steady},
		{"bounded below it", 3, func(w *Window) {}, 3, Steady},
		{"bounded by one", 1, func(w *Window) {}, 1, Steady},
		{"in a probe", 3, func(w *Window) { w.state.Probe.Until = at(1) }, 1, Probing},
		{"with others", 0, func(w *Window) { w.joint = true }, math.MaxInt, Steady},
		{"with others, bounded", 3, func(w *Window) { w.joint = true }, 3, Steady},
		{"with others, bounded by 1", 1, func(w *Window) { w.joint = true }, 1, Steady},
	} {
		w := steady(c.most)
		c.change(w)
		if w.Room(at(0)) != c.room || w.Mode(at(0)) != c.mode {
			t.Errorf("%s: got room for %d, %v; want %d, %v", c.about, w.Room(at(0)), w.Mode(at(0)), c.room, c.mode)
		}
	}
	w := New(15, 0)
	if w.state != Start(0, Scope{Limit: 15}, 0) || w.Mode(at(0)) != Opening || w.Room(at(0)) != 8 {
		t.Errorf("got %v, %v, room for %d to begin with; want the State to start with, %v, 8", w.state, w.Mode(at(0)), w.Room(at(0)), Opening)
	}
	for got, want := range map[pace]float64{w.sending: 1.5, w.usual: 8, w.answered: 3, w.refused: 30, w.served: 30} {
		if got.span != want {
			t.Errorf("got a rate over %v s, want %v s", got.span, want)
		}
	}
	if w.SetRate(7); w.limit != 7 {
		t.Errorf("got a limit of %v a second, want 7", w.limit)
	}
	if w.delay.queue = 1.23456; w.Delay() != 1235*time.Millisecond {
		t.Errorf("got a delay of %v, want 1.235 s", w.Delay())
	}
}

// In overload a request is served after as many attempts as there are answers for each that is no 429.
func TestGoodput(t *testing.T) {
	for _, c := range []struct {
		about           string
		change          func(*Window)
		served, refused float64
		want            float64
	}{
		{"a third is served", func(*Window) {}, 1, 2, 0.22 * 15 / 3},
		{"nothing is, so far", func(*Window) {}, 0, 2, 0},
		{"no answers", func(*Window) {}, 0, 0, 0},
		{"no overload", func(w *Window) { w.state.Mode = Steady }, 1, 2, 0},
		{"processes together", func(w *Window) { w.joint = true }, 1, 2, 0},
	} {
		w := steady(0)
		w.state.Mode, w.served.last, w.served.at, w.refused.last, w.refused.at = Competing, c.served, at(0), c.refused, at(0)
		if c.change(w); !near(w.Goodput(at(0)), c.want) {
			t.Errorf("%s: got %v a second, want %v", c.about, w.Goodput(at(0)), c.want)
		}
	}
}

// What a request waits for, and how long at most.
func TestWhatARequestWaitsFor(t *testing.T) {
	full := func(w *Window) {
		for range 10 {
			w.inflight.add(at(0))
		}
	}
	compete := func(w *Window) { w.state.Mode, w.entered = Competing, at(-3) } // 3.3 a second
	place := seconds(1/3.3) - 3*time.Millisecond
	for _, c := range []struct {
		about  string
		most   int
		change []func(*Window)
		open   bool
		atMost time.Duration
		sooner bool
		short  bool
	}{
		{"room", 0, nil, true, 0, false, false},
		{"off", -1, []func(*Window){full}, true, 0, false, false},
		{"no room", 0, []func(*Window){full}, false, time.Second, true, true},
		{"in a probe", 0, []func(*Window){full, func(w *Window) { w.state.Probe.Until = at(70) }}, false, 70 * time.Millisecond, true, true},
		{"with others", 0, []func(*Window){full, func(w *Window) { w.joint = true }}, true, 0, false, false},
		{"overload", 0, []func(*Window){compete}, false, place, false, false},
		{"overload, a probe comes sooner", 0, []func(*Window){compete, func(w *Window) { w.state.Probe.Next = at(50) }}, false, 50 * time.Millisecond, false, false},
		{"overload, a probe comes in an instant", 0, []func(*Window){compete, func(w *Window) { w.state.Probe.Next = at(0) + 1 }}, false, 1, false, false},
		{"overload, a probe is due, but a 429 came", 0, []func(*Window){compete, func(w *Window) {
			w.state.Probe.Next, w.limited, w.state.Bearable, w.refused.last, w.refused.at = at(0), at(0), at(-20_000), 1, at(0)
		}}, false, place, false, false},
		{"overload, full", 0, []func(*Window){compete, full}, false, place, false, false},
		{"overload, the place has just come", 0, []func(*Window){compete, func(w *Window) { w.entered = at(0).Add(-seconds(1 / (overloadPart * 15))) }}, true, 0, false, false},
		{"overload, the place comes in an instant", 0, []func(*Window){compete, func(w *Window) { w.entered = at(0).Add(1 - seconds(1/(overloadPart*15))) }}, false, 1, false, false},
		{"full for 30 s: they hang", 0, []func(*Window){func(w *Window) {
			for range 10 {
				w.inflight.add(at(-30_000))
			}
		}}, true, 0, false, false},
		{"overload, full, the place comes in an instant", 0, []func(*Window){compete, full, func(w *Window) { w.entered = at(0).Add(1 - seconds(1/(overloadPart*15))) }}, false, 1, false, false},
		{"overload, full, the place has just come", 0, []func(*Window){compete, full, func(w *Window) { w.entered = at(0).Add(-seconds(1 / (overloadPart * 15))) }}, false, time.Second, true, true},
	} {
		w := steady(c.most)
		for _, change := range c.change {
			change(w)
		}
		wait, open := w.Open(at(0))
		if open != c.open || (wait.AtMost-c.atMost).Abs() > time.Microsecond || (wait.Sooner != nil) != c.sooner || w.short != c.short {
			t.Errorf("%s: got open %v, %v at most, woken %v, short %v; want %v, %v, %v, %v", c.about, open, wait.AtMost, wait.Sooner != nil, w.short, c.open, c.atMost, c.sooner, c.short)
		}
		if (w.lacked == at(0)) == open {
			t.Errorf("%s: a request lacked room at %v, want that now: %v", c.about, w.lacked, !open)
		}
	}
}

// A request that waits is woken by the next answer, and one that waits beside it, too.
func TestAnAnswerWakes(t *testing.T) {
	w := steady(0)
	for range 10 {
		w.Begin(at(0))
	}
	one, _ := w.Open(at(1))
	other, _ := w.Open(at(2))
	w.Cancel(at(0), at(3))
	for _, wait := range []gate.Wait{one, other} {
		select {
		case <-wait.Sooner:
		default:
			t.Error("a request is not woken when another one is cancelled, want it to be")
		}
	}
	if _, open := w.Open(at(3)); !open || w.InFlight() != 9 {
		t.Errorf("got open %v with %d in flight, want room for one more than 9", open, w.InFlight())
	}
	w.short, w.entered, w.state.Mode = true, at(3), Competing
	if w.Open(at(4)); !w.short {
		t.Error("that a request lacked room is forgotten while another one is held, want it kept")
	}
}

// A probe begins when it is due, by the request that asks for room then. It takes in what was
// before it, and all that has been measured.
func TestOpenBeginsAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			next  int
			joint bool
			want  bool
		}{{0, false, true}, {1, false, false}, {0, true, false}} {
			w := steady(0)
			w.state.Probe.Next, w.joint, w.lacked = at(c.next), c.joint, at(-100)
			w.delay.queue, w.delay.service = 2, 3
			for ms := -2500; ms < 0; ms += 250 {
				w.history.add(at(ms))
			}
			w.Open(at(0))
			if began := w.state.Probe.From == at(0); began != c.want {
				t.Errorf("due in %d ms, with others %v: got a probe %v, want %v", c.next, c.joint, began, c.want)
			}
			if c.want && (w.judgment.before != 2 || w.judgment.rate != 3.5 || w.judgment.due != w.state.Probe.Until.Add(4500*time.Millisecond)) {
				t.Errorf("got a delay of %v s, %v a second, judged at %v; want 2 s, the 7 in (−2 s, 0] through 2 s, 4.5 s after its end", w.judgment.before, w.judgment.rate, w.judgment.due.Sub(w.state.Probe.Until))
			}
			if c.want && w.state.Probe.Next != NextProbe(at(0), time.Now()) {
				t.Errorf("got the next one in %v, want it at full 17 s of the clock", w.state.Probe.Next.Sub(at(0)))
			}
		}
	})
}

// After the clock was set back by more than a second, no time before means anything.
func TestTheClockIsSetBack(t *testing.T) {
	for ms, forgets := range map[int]bool{-1000: false, -1001: true} {
		w := steady(0)
		w.history.add(at(0))
		w.trend.add(at(0), 1)
		w.entered, w.left, w.judgment.due = at(0), at(0), at(5)
		w.Open(at(ms))
		if forgot := w.history.n+w.trend.n == 0; forgot != forgets || (w.entered == 0) != forgets || (w.left == 0) != forgets || (w.judgment.due == 0) != forgets {
			t.Errorf("set back by %d ms: got %d requests, the last at %v, a probe judged at %v; want them forgotten: %v", -ms, w.history.n, w.entered, w.judgment.due, forgets)
		}
	}
}

// A train follows a probe by a chance of a third, if a delay of more than 0.3 s was before and 0.7 of it
// is left, and no train tells yet. It has twelve requests at most, whatever the window has room for.
func TestWhenATrainIsSent(t *testing.T) {
	for _, c := range []struct {
		about  string
		most   int
		change func(*Window)
		want   int // requests; 0: never
	}{
		{"after a probe", 0, func(*Window) {}, 12},
		{"in its last instant", 0, func(w *Window) { w.state.Probe.Until = at(-859) }, 12},
		{"too late", 0, func(w *Window) { w.state.Probe.Until = at(-860) }, 0},
		{"before its end", 0, func(w *Window) { w.state.Probe.Until = at(1) }, 0},
		{"judged already", 0, func(w *Window) { w.judgment.due = 0 }, 0},
		{"begun already", 0, func(w *Window) { w.judgment.train.from = at(0) }, 0},
		{"little delay", 0, func(w *Window) { w.judgment.before, w.delay.queue = 0.3, 0.3 }, 0},
		{"a little more", 0, func(w *Window) { w.judgment.before, w.delay.queue = 0.31, 0.3 }, 12},
		{"too little is left", 0, func(w *Window) { w.delay.queue = 0.7 * 2 }, 0},
		{"a 429 a minute ago", 0, func(w *Window) { w.limited = at(-60_000) }, 0},
		{"trains tell already", 0, func(w *Window) { w.judgment.train = train{spread: 9, weight: 1} }, 0},
		{"with others", 0, func(w *Window) { w.joint = true }, 0},
		{"bounded", 4, func(*Window) {}, 4},
		{"bounded by one", 1, func(*Window) {}, 1},
		{"some were sent", 0, func(w *Window) { w.judgment.train = train{from: at(0), gap: time.Second / 15, sent: 6} }, 6},
	} {
		trains := 0
		for range 50 { // none of a third of them: once in 10⁹ runs
			w := steady(c.most)
			w.state.Size, w.state.Probe.Until = 1, at(0)
			w.judgment.due, w.judgment.before, w.delay.queue = at(9000), 2, 1.5
			w.Want(at(0))
			c.change(w)
			sent := 0
			for w.trains(at(0)) && sent < 20 {
				w.Begin(at(0))
				sent++
			}
			if sent > 0 {
				trains++
			}
			if c.want == 0 && w.Train(at(0)) != 0 {
				t.Fatalf("%s: batch work is not held back for a train, want no train", c.about)
			}
			if sent > 0 && sent != c.want {
				t.Fatalf("%s: got %d requests in a train, want %d", c.about, sent, c.want)
			}
		}
		if (trains > 0) != (c.want > 0) {
			t.Errorf("%s: got %d trains after 50 probes, want some: %v", c.about, trains, c.want > 0)
		}
	}
	trains := 0
	for range 3000 {
		w := Window{limit: 15, most: 1}
		w.state.Probe.Until, w.limited = at(0), at(-60_001)
		w.judgment.due, w.judgment.before, w.delay.queue = at(9000), 2, 1.5
		w.Want(at(0))
		if w.trains(at(0)) {
			trains++
		}
	}
	if trains < 870 || trains > 1130 { // five standard deviations
		t.Errorf("got %d trains after 3000 probes, want 1000", trains)
	}
}

// There is overload if for 15 s at least 6 answers within 30 s, and a fifth of all, were 429.
func TestOverload(t *testing.T) {
	for _, c := range []struct {
		about           string
		refused, served float64 // within 30 s
		since           int     // milliseconds
		want            bool
	}{
		{"many 429s", 10, 30, 15_001, true},
		{"not for long", 10, 30, 15_000, false},
		{"five 429s", 5.99, 0, 60_000, false},
		{"six 429s", 6, 0, 60_000, true},
		{"less than a fifth", 10, 41, 60_000, false},
		{"a fifth", 7.5, 30, 60_000, true},
		{"more than a fifth", 10, 39, 60_000, true},
	} {
		s := State{Mode: Steady, Bearable: at(-c.since)}
		s.compete(at(0), alone, Observation{Refused: c.refused / 30, Served: c.served / 30})
		if got := s.Mode == Competing; got != c.want {
			t.Errorf("%s: got %v, want %v", c.about, got, c.want)
		}
		if bears := !c.want && c.since > 15_000; (s.Bearable == at(0)) != bears {
			t.Errorf("%s: bearable at %v, want now: %v", c.about, s.Bearable, bears)
		}
	}
}

// What an answer counts for: 429s and others for overload, what the application answered as a measurement.
func TestWhatAnAnswerCountsFor(t *testing.T) {
	for status, c := range map[int]struct{ refused, served, learns bool }{
		0: {}, 200: {false, true, true}, 399: {false, true, true}, 400: {false, true, true}, 500: {false, true, true},
		http.StatusTooManyRequests: {refused: true}, 502: {served: true}, 503: {served: true}, 504: {served: true},
	} {
		w := steady(0)
		w.Begin(at(0))
		w.End(&gate.Outcome{Granted: at(0), Began: at(0), Sent: at(0), Ended: at(100), Status: status})
		if refused, served, answered := w.refused.last > 0, w.served.last > 0, w.answered.last > 0; refused != c.refused || served != c.served || answered != c.served {
			t.Errorf("%d: counted as 429 %v, as served %v, as answered %v; want %v, %v, %v", status, refused, served, answered, c.refused, c.served, c.served)
		}
		if learnt := len(w.delay.ops) == 1; learnt != c.learns || (w.answers == 1) != c.learns || (w.limited == at(100)) != c.refused {
			t.Errorf("%d: learnt %v of %d, limited at %v; want %v, and the time of a 429", status, learnt, w.answers, w.limited, c.learns)
		}
		if w.InFlight() != 0 || (w.state.At == at(100)) != (c.learns || c.refused) {
			t.Errorf("%d: %d in flight, a step at %v; want none, one for what it learns or a 429", status, w.InFlight(), w.state.At)
		}
	}
	for status, want := range map[int]int{200: 2, 302: 2, 404: 4, 503: 0, 500: 5} {
		w := steady(0)
		w.End(&gate.Outcome{Operation: gate.Operation{Method: "GET"}, Sent: at(0), Ended: at(100), Status: status})
		if w.delay.ops[work{gate.Operation{Method: "GET"}, want}] == nil && want != 0 {
			t.Errorf("%d: got %v, want a measurement of class %d", status, w.delay.ops, want)
		}
	}
}

// An answer makes a step of a process that is alone and not off, and is a sample a thousand times a second at most.
func TestWhenAnAnswerMakesAStep(t *testing.T) {
	for _, c := range []struct {
		about  string
		change func(*Window)
		later  time.Duration // since the answer before
		learns bool
		step   bool
	}{
		{"alone", func(*Window) {}, time.Millisecond / 2, true, true},
		{"with others", func(w *Window) { w.joint = true }, time.Second, true, false},
		{"off", func(w *Window) { w.off = true }, time.Second, false, false},
		{"1000 a second", func(w *Window) { w.limit = 1000 }, time.Millisecond / 2, true, true},
		{"more, within a millisecond", func(w *Window) { w.limit = 1001 }, time.Millisecond - 1, false, false},
		{"more, after a millisecond", func(w *Window) { w.limit = 1001 }, time.Millisecond, true, true},
	} {
		w := steady(0)
		w.state.At = at(-1)
		c.change(w)
		w.delay.at = at(0).Add(-c.later)
		w.End(&gate.Outcome{Granted: at(0), Sent: at(-20), Ended: at(0), Status: 200})
		if learnt, step := w.answers == 1, w.state.At == at(0); learnt != c.learns || step != c.step {
			t.Errorf("%s: got learnt %v, a step %v; want %v, %v", c.about, learnt, step, c.learns, c.step)
		}
	}
}

// An answer of calm is one while no request lacked room and there is hardly a delay; one of a train
// counts there, if it is precise.
func TestWhatIsLearntFromAnAnswer(t *testing.T) {
	answer := func(change func(*Window)) (*Window, *latency) {
		w := steady(0)
		l := w.delay.op(work{gate.Operation{}, 2})
		l.mean, l.variance, l.samples = 1, 0.01, 30
		w.delay.at = at(3000)
		change(w)
		w.learn(&gate.Outcome{Granted: at(0), Began: at(0), Sent: at(1000), Ended: at(3000), Status: 200})
		return w, l
	}
	for _, c := range []struct {
		about  string
		change func(*Window)
		calm   bool
	}{
		{"calm", func(*Window) {}, true},
		{"a request lacked room", func(w *Window) { w.lacked = at(0) }, false},
		{"one did before", func(w *Window) { w.lacked = at(-1) }, true},
		{"a delay", func(w *Window) { w.delay.queue = calmDelay }, false},
		{"hardly a delay", func(w *Window) { w.delay.queue = 0.099 }, true},
	} {
		if _, l := answer(c.change); (l.samples == 31) != c.calm {
			t.Errorf("%s: got a mean of %v answers, want that of 30 to learn: %v", c.about, l.samples, c.calm)
		}
	}
	if _, l := answer(func(w *Window) { w.state.Probe = Probe{From: at(1000), Tail: at(2000), Until: at(2500)} }); l.probed.n != 1 || l.probed.sum != 2 {
		t.Errorf("in a probe: got %+v, want one of 2 s", l.probed)
	}
	in := func(w *Window) { w.judgment.train.from = at(0) }
	if w, l := answer(in); w.judgment.train.n != 1 || !near(w.judgment.train.late(), 2-l.mean) || w.judgment.train.weights != 1/l.noise() {
		t.Errorf("in a train: got %+v, want one that came %v s late", w.judgment.train, 2-l.mean)
	}
	if w, _ := answer(func(w *Window) { in(w); w.delay.ops[work{class: 2}].variance = 1 }); w.judgment.train.n != 0 {
		t.Errorf("in a train, but noisy: got %+v, want none", w.judgment.train)
	}
	if w, _ := answer(func(w *Window) { w.judgment.train.from = at(1) }); w.judgment.train.n != 0 {
		t.Errorf("before a train: got %+v, want none", w.judgment.train)
	}
}

// Beside closed loops our own requests, more or fewer than usual, are what changes the delay: by
// one through the limit for each. It counts from 0.05 s of delay on, in full from 0.3 s and 0.5 s that stand.
func TestMoved(t *testing.T) {
	for _, c := range []struct {
		about           string
		queue, standing float64
		change          func(*Window)
		since, moved    float64
	}{
		{"in full", 2, 2, func(*Window) {}, 4 - 2, 8 - 4},
		{"little stands", 2, 0.25, func(*Window) {}, (4 - 2) / 2.0, (8 - 4) / 2.0},
		{"no more stands than the delay", 0.25, 9, func(*Window) {}, 0.8 * 0.5 * (4 - 2), 0.8 * 0.5 * (8 - 4)},
		{"hardly a delay", 0.05, 2, func(*Window) {}, 0, 0},
		{"some delay", 0.175, 2, func(*Window) {}, 0.5 * 0.35 * (4 - 2), 0.5 * 0.35 * (8 - 4)},
		{"a delay below 0", -1, 2, func(*Window) {}, 0, 0},
		{"nothing stands", 2, 0, func(*Window) {}, 0, 0},
		{"with others", 2, 2, func(w *Window) { w.joint = true }, 0, 0},
		{"no answer before", 2, 2, func(w *Window) { w.delay.at = 0 }, 0, 0},
		{"one answer in the future", 2, 2, func(w *Window) { w.delay.at = at(500) }, 0, 8 - 4},
	} {
		w := steady(0)
		w.delay.queue, w.standing, w.delay.at = c.queue, c.standing, at(-1000)
		w.usual = pace{span: 8, last: 2, at: at(0)}
		for ms := -2000 + 250; ms <= 0; ms += 250 {
			w.history.add(at(ms))
		}
		c.change(w)
		if since, moved := w.moved(at(-2000), at(0)); !near(since, c.since/15) || !near(moved, c.moved/15) {
			t.Errorf("%s: got %v s since the last answer, %v since this one was sent; want %v, %v", c.about, since, moved, c.since/15, c.moved/15)
		}
	}
	// The delay moves before it is measured.
	w := steady(0)
	w.delay.queue, w.standing, w.delay.at = 2, 2, at(-1000)
	for range 15 {
		w.history.add(at(0))
	}
	w.learn(&gate.Outcome{Sent: at(-2000), Ended: at(0), Status: 200})
	if w.delay.queue < 2.9 {
		t.Errorf("got a delay of %v s after 15 requests of ours beside closed loops, want 2.9 s at least", w.delay.queue)
	}
}

// What the server does not do for us it does for others, while requests lack room for a delay, or we send 0.9 of the limit.
func TestOthers(t *testing.T) {
	for _, c := range []struct {
		about        string
		change       func(*Window)
		own          int // in 10 s
		rate, stddev float64
	}{
		{"a delay holds us back", func(*Window) {}, 50, 10, math.Sqrt(10/10.0 + 2*0.3*0.3)},
		{"without doubt", func(w *Window) { w.delay.variance = 0 }, 50, 10, 1},
		{"no delay", func(w *Window) { w.delay.queue = 0 }, 50, 0, 0},
		{"nobody waits", func(w *Window) { w.lacked = at(-3002) }, 50, 0, 0},
		{"no delay, but we send nearly all", func(w *Window) { w.delay.queue = 0 }, 135, 1.5, math.Sqrt(1.5/10 + 2*0.3*0.3)},
		{"no delay, and we send less", func(w *Window) { w.delay.queue = 0 }, 134, 0, 0},
		{"no delay, and all together send nearly all", func(w *Window) { w.delay.queue, w.joint, w.shared.Rate = 0, true, 13.5 }, 50, 1.5, math.Sqrt(1.5/10 + 2*0.3*0.3)},
		{"nobody waits, but we send nearly all", func(w *Window) { w.lacked = 0 }, 135, 1.5, math.Sqrt(1.5/10 + 2*0.3*0.3)},
		{"we send more than all", func(*Window) {}, 200, 0, math.Sqrt(1/10.0 + 2*0.3*0.3)},
		{"off", func(w *Window) { w.off = true }, 50, 0, 0},
		{"the queue has grown by 0.4 s", func(w *Window) { w.trend.add(at(-9_000), 0.1) }, 50, 10 + 0.5*15*0.4/10, math.Sqrt((10+0.5*15*0.4/10)/10.0 + 2*0.3*0.3)},
		{"it has become shorter", func(w *Window) { w.trend.add(at(-9_000), 1.5) }, 50, 10 - 0.5*15/10, math.Sqrt((10-0.5*15/10)/10.0 + 2*0.3*0.3)},
		{"it has for all together, whose rate is steered", func(w *Window) { w.trend.add(at(-9_000), 1.5); w.joint, w.shared.Rate = true, 8 }, 50, 7, math.Sqrt(7/10.0 + 2*0.3*0.3)},
		{"all together send 8", func(w *Window) { w.joint, w.shared.Rate = true, 8 }, 50, 7, math.Sqrt(7/10.0 + 2*0.3*0.3)},
	} {
		w := steady(0)
		w.sends.first, w.sends.last, w.sends.sum = at(-60_000), at(-250), uint32(c.own)
		w.sends.buckets[0], w.sends.next = uint32(c.own), 1 // the newest, of a quarter that ends now
		w.lacked, w.delay.queue, w.delay.variance = at(-3001), 0.5, 0.04
		c.change(w)
		if rate, stddev := w.Others(at(-1)); math.Abs(rate-c.rate) > 0.01 || math.Abs(stddev-c.stddev) > 0.01 {
			t.Errorf("%s: got %v ± %v a second, want %v ± %v", c.about, rate, stddev, c.rate, c.stddev)
		}
	}
}

// A delay grows since the oldest of the last 10 s, of which one each quarter of a second is remembered.
func TestTrend(t *testing.T) {
	var tr trend
	if got := tr.rise(at(0), 2); got != 0 {
		t.Errorf("got a rise of %v s before anything is known, want 0", got)
	}
	for ms := 0; ms < 60_000; ms += 50 {
		tr.add(at(ms), float64(ms)/1000)
	}
	for _, c := range []struct {
		now   int
		delay float64
		want  float64
	}{{60_000, 60, 10}, {60_000, 40, -10}, {65_000, 55, 0}, {69_750, 60, 0.25}, {69_751, 60, 0}} {
		if got := tr.rise(at(c.now), c.delay); !near(got, c.want) {
			t.Errorf("a delay of %v s at %d ms: got a rise of %v s, want %v", c.delay, c.now, got, c.want)
		}
	}
}

// A request lacks room recently within 3 s, and is bound within a round trip.
func TestLacking(t *testing.T) {
	w := steady(0)
	if w.boundSince(at(0)) || w.lacking(at(0)) {
		t.Error("a request lacks room before any had to wait")
	}
	w.lacked, w.delay.queue, w.delay.service = at(0), 0.5, 1
	for ms, want := range map[int][2]bool{1500: {true, true}, 1501: {true, false}, 3000: {true, false}, 3001: {false, false}} {
		if got := [2]bool{w.lacking(at(ms)), w.boundSince(at(ms))}; got != want {
			t.Errorf("%d ms later: got lacking, bound %v, want %v", ms, got, want)
		}
	}
}

// A request counts in each rate, and in a train.
func TestBegin(t *testing.T) {
	w := steady(0)
	w.judgment.train.from = at(0)
	w.Begin(at(0))
	w.Begin(at(10))
	if w.SentAgain(at(20)); w.sends.sum != 3 || math.Abs(w.sending.last-3/1.5) > 0.05 || math.Abs(w.usual.last-3/8.0) > 0.01 || w.history.n != 3 || w.judgment.train.sent != 3 {
		t.Errorf("got %d sent, %v and %v a second, %d in the history, %d in a train; want 3 each", w.sends.sum, w.sending.last, w.usual.last, w.history.n, w.judgment.train.sent)
	}
	if w.InFlight() != 2 || w.peak != 2 || w.entered != at(10) {
		t.Errorf("got %d in flight, %v at most, the last at %v; want 2, 2, %v", w.InFlight(), w.peak, w.entered, at(10))
	}
	w.Cancel(at(0), at(30))
	if w.Cancel(at(100), at(100)); w.judgment.train.sent != 2 || w.history.n != 1 {
		t.Errorf("got %d in a train, %d in the history after one of it and another one were cancelled; want 2, 1", w.judgment.train.sent, w.history.n)
	}
	w.judgment.train.sent = 0
	if w.Cancel(at(0), at(100)); w.judgment.train.sent != 0 {
		t.Errorf("got %d in a train, want none", w.judgment.train.sent)
	}
}

// The requests of a train are 1/R apart, also if the window has no room for them.
func TestATrainIsPaced(t *testing.T) {
	w := steady(0)
	w.limit, w.state.Size, w.judgment.train = 10, 1, train{from: at(0), gap: 100 * time.Millisecond}
	for i := range 12 {
		if wait, open := w.Open(at(100 * i)); !open {
			t.Fatalf("request %d of a train: got a wait of %+v, want none", i+1, wait)
		}
		w.Begin(at(100 * i))
		if wait, open := w.Open(at(100*i + 30)); i < 11 && (open || wait.AtMost != 70*time.Millisecond) {
			t.Fatalf("30 ms after request %d of a train: got open %v, a wait of %+v; want one of 70 ms", i+1, open, wait)
		}
	}
	if wait, open := w.Open(at(1200)); open || wait.Sooner == nil {
		t.Errorf("after a train: got open %v, a wait of %+v; want one for room in the window", open, wait)
	}
}

// The requests of a train are not held back as batch work until the train ends.
func TestUntilWhenATrainIsSent(t *testing.T) {
	for _, c := range []struct {
		train train
		ms    int
		want  gate.Instant
	}{
		{train{from: at(0), gap: 10 * time.Millisecond}, 0, at(180)}, {train{from: at(0), gap: 10 * time.Millisecond}, 179, at(180)},
		{train{from: at(0), gap: 10 * time.Millisecond}, 180, 0}, {train{from: at(0)}, 0, 0}, {train{gap: time.Second}, 0, 0},
	} {
		w := steady(0)
		w.judgment.train = c.train
		if got := w.Train(at(c.ms)); got != c.want {
			t.Errorf("%+v, %d ms after its begin: got until %v, want %v", c.train, c.ms, got, c.want)
		}
	}
}

// A scavenger with one request in flight leaves the server alone for 0.7/R after each answer, but not in
// a probe, nor if more may be in flight.
func TestScavengerLeavesAGap(t *testing.T) {
	for _, c := range []struct {
		about  string
		change func(*Window)
		want   time.Duration
	}{
		{"batch work", func(*Window) {}, 70 * time.Millisecond},
		{"almost two in flight", func(w *Window) { w.state.Size = 1.99 }, 70 * time.Millisecond},
		{"two in flight", func(w *Window) { w.state.Size = 2 }, 0},
		{"others wait", func(w *Window) { w.Want(at(0)) }, 0},
		{"in a probe", func(w *Window) { w.state.Probe.From, w.state.Probe.Until = at(0), at(5000) }, 0},
		{"with other processes", func(w *Window) { w.joint = true }, 0},
		{"in overload", func(w *Window) { w.state.Mode, w.entered = Competing, at(-900) }, seconds(1/(0.22*10)) - 900*time.Millisecond},
	} {
		w := steady(0)
		w.limit, w.state.Size = 10, 1
		w.Begin(at(0))
		w.leave(at(0), at(0))
		c.change(w)
		if got := max(0, w.held(at(0))); got != max(0, c.want) {
			t.Errorf("%s: got held for %v after an answer, want %v", c.about, got, c.want)
		}
	}
}

// In a probe, requests come the more slowly the fewer were sent before it, but not in the first one, whose
// rate says nothing yet, and never beyond its end. Whoever obtains the limit is not held back.
func TestProbeIsPaced(t *testing.T) {
	for _, c := range []struct {
		about  string
		rate   float64 // requests a second before the probe, of 10
		change func(*Window)
		want   time.Duration
	}{
		{"a half", 5, func(*Window) {}, 200 * time.Millisecond},
		{"one of ten", 1, func(*Window) {}, 1800 * time.Millisecond},
		{"all", 10, func(*Window) {}, 0},
		{"hardly any", 0, func(*Window) {}, 4 * time.Second},
		{"a moment later", 1, func(w *Window) { w.entered = at(-1000) }, 800 * time.Millisecond},
		{"the first probe", 1, func(w *Window) { w.judgment.known = false }, 0},
		{"after the probe", 1, func(w *Window) { w.state.Probe.Until = at(0) }, 0},
		{"batch work", 1, func(w *Window) { w.wanted = at(-4000) }, 0},
		{"with other processes", 1, func(w *Window) { w.joint = true }, 0},
	} {
		w := steady(0)
		w.limit, w.entered, w.judgment.known, w.judgment.rate = 10, at(0), true, c.rate
		w.state.Probe.From, w.state.Probe.Until = at(0), at(4000)
		w.Want(at(0))
		c.change(w)
		if got := max(0, w.held(at(0))).Round(time.Millisecond); got != c.want {
			t.Errorf("%s: got held for %v, want %v", c.about, got, c.want)
		}
	}
}

// All that is measured goes into a step.
func TestObserve(t *testing.T) {
	w := steady(0)
	w.delay.queue, w.delay.variance, w.delay.service, w.judgment.known = 2, 0.25, 3, true
	w.sending, w.answered = pace{span: 1.5, last: 4, at: at(0)}, pace{span: 3, last: 5, at: at(0)}
	w.sends.add(at(0))
	w.standing, w.peak, w.answers, w.limited = 1.5, 7, 8, at(-9)
	w.inflight.add(at(0))
	w.Want(at(-3000))
	w.state.Bearable = at(0)
	want := Observation{Delay: 2, Stddev: 0.5, Service: 3, Baseline: true, Sending: 4, Answered: 5, Throughput: 1, Standing: 1.5, InFlight: 1, Peak: 7, Answers: 8, Limited: at(-9)}
	if got := w.observe(at(0)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.wanted, w.short = at(-3001), true
	if got := w.observe(at(0)); !got.Scavenge || !got.Short || got.Lacking {
		t.Errorf("got batch work %v, short %v, lacking %v; want true, true, false", got.Scavenge, got.Short, got.Lacking)
	}
	w.short, w.lacked = false, at(-5)
	if got := w.observe(at(0)); !got.Short || !got.Lacking {
		t.Errorf("got short %v, lacking %v within a round trip; want true, true", got.Short, got.Lacking)
	}
}

// A step begins the count of the most in flight anew. What stands is forgotten if others must make more
// delay than that.
func TestWindowStep(t *testing.T) {
	for _, c := range []struct{ delay, sending, standing, want float64 }{
		{1.65, 0, 1, 1}, {1.66, 0, 1, 0}, {3.3, 7.5, 1, 1}, {3.32, 7.5, 1, 0}, {2.89, 0, 2, 2}, {2.91, 0, 2, 0}, {openLeast, 0, 0, 0}, {5, 15, 1, 1},
	} {
		w := steady(0)
		w.delay.queue, w.standing, w.sending = c.delay, c.standing, pace{span: 1.5, last: c.sending, at: at(10)}
		w.inflight.add(at(0))
		w.peak, w.short = 9, true
		if w.step(at(10)); w.standing != c.want {
			t.Errorf("a delay of %v s while we send %v a second: got %v s that stand, want %v", c.delay, c.sending, w.standing, c.want)
		}
		if w.peak != 1 || w.short || w.state.Peak != 10 || !w.state.Short {
			t.Errorf("got %v in flight at most, short %v, then; want 1, false", w.peak, w.short)
		}
	}
	w := steady(0)
	w.delay.queue, w.delay.variance, w.standing, w.sending = 5, 0, 1, pace{span: 1.5, last: 7, at: at(600)}
	w.state.Size, w.state.Peak, w.delay.service = 50, 50, 9
	w.Want(at(600))
	if w.step(at(600)); !near(w.state.Size, 50-0.5*(35-0.3)) {
		t.Errorf("got a size of %v beside an open loop, want %v: what stood is no part of the target", w.state.Size, 50-0.5*(35-0.3))
	}
}

// What the others know replaces what is not known here. A process alone has its part of the limit.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := shared.Share{Sharing: shared.All, Processes: 3, Limit: 30, Rate: 30, Served: 25, Time: time.Now(), ServerDelay: 2 * time.Second, Stddev: time.Second}
		for _, c := range []struct {
			about  string
			change func(*Window, *shared.Share)
			want   func(*Window) bool
		}{
			{"the limit is that of all", func(*Window, *shared.Share) {}, func(w *Window) bool { return w.joint && w.limit == 30 && w.shared.Rate == 30 }},
			{"alone it is a part", func(_ *Window, s *shared.Share) { s.Sharing = shared.Alone }, func(w *Window) bool { return !w.joint && w.limit == 10 }},
			{"of one at least", func(_ *Window, s *shared.Share) { s.Sharing, s.Processes = shared.Alone, 0 }, func(w *Window) bool { return w.limit == 30 }},
			{"overload is counted anew, 429s are the others' too", func(w *Window, _ *shared.Share) { w.limited = at(-7) }, func(w *Window) bool { return w.state.Bearable == at(0) && w.state.Limited == at(-7) }},
			{"it does not compete", func(w *Window, _ *shared.Share) { w.state.Mode = Competing }, func(w *Window) bool { return w.state.Mode == Steady }},
			{"all compete", func(_ *Window, s *shared.Share) { s.Overload = true }, func(w *Window) bool { return w.Overloaded() && w.held(at(0)) == 0 }},
			{"it goes on opening", func(w *Window, _ *shared.Share) { w.state.Mode = Opening }, func(w *Window) bool { return w.state.Mode == Opening }},
			{"the rate lets requests wait", func(_ *Window, s *shared.Share) { s.Rate = 28.4 }, func(w *Window) bool { return w.lacked == at(0) }},
			{"the rate does not", func(_ *Window, s *shared.Share) { s.Rate = 28.5 }, func(w *Window) bool { return w.lacked == 0 }},
			{"their delay is adopted", func(w *Window, _ *shared.Share) { w.delay.at = at(-5001) }, func(w *Window) bool { return w.delay.queue == 2 && w.delay.variance == 1 && w.delay.at == at(0) }},
			{"they are very sure of it", func(w *Window, s *shared.Share) { w.delay.at, s.Stddev = at(-5001), 1 }, func(w *Window) bool { return w.delay.queue == 2 }},
			{"what is known here is kept", func(w *Window, _ *shared.Share) { w.delay.at = at(-5000) }, func(w *Window) bool { return w.delay.queue == 0 }},
			{"they know nothing", func(w *Window, s *shared.Share) { w.delay.at, s.Stddev = 0, 0 }, func(w *Window) bool { return w.delay.queue == 0 && w.delay.at == 0 }},
			{"nothing new", func(w *Window, s *shared.Share) { w.delay.at, w.shared.Time = 0, s.Time }, func(w *Window) bool { return w.delay.at == 0 }},
			{"a probe", func(w *Window, s *shared.Share) {
				w.delay.at, w.delay.queue, w.delay.service = at(0), 1, 4
				s.ProbeFrom, s.ProbeTail, s.ProbeUntil = s.Time.Add(time.Second), s.Time.Add(2*time.Second), s.Time.Add(3*time.Second)
			}, func(w *Window) bool {
				p := w.state.Probe
				return p.From == at(1000) && p.Tail == at(2000) && p.Until == at(3000) && w.judgment.due == at(3000+1000+2000+1000) && w.judgment.before == 1 && w.judgment.rate == 25
			}},
			{"the same probe", func(w *Window, s *shared.Share) {
				w.shared.ProbeFrom, s.ProbeFrom, s.ProbeTail, s.ProbeUntil = s.Time, s.Time.Add(time.Second), s.Time.Add(2*time.Second), s.Time.Add(3*time.Second)
			}, func(w *Window) bool { return w.judgment.due == 0 }},
			{"a probe is judged", func(w *Window, _ *shared.Share) { w.judgment.due = at(0) }, func(w *Window) bool { return w.judgment.due == 0 }},
		} {
			w, s := steady(0), share
			w.delay.at = 0
			c.change(w, &s)
			if w.Share(s, at(0)); !c.want(w) {
				t.Errorf("%s: got %+v, %+v, a limit of %v, bearable at %v, lacked at %v; want it", c.about, w.state, w.judgment, w.limit, w.state.Bearable, w.lacked)
			}
		}
	})
}

func TestReport(t *testing.T) {
	w := steady(0)
	w.inflight.add(at(0))
	w.delay.service, w.delay.queue, w.delay.variance = 1, 2, 9
	var r shared.Report
	want := shared.Report{InFlight: 1, Service: time.Second, ServerDelay: 2 * time.Second, Stddev: 3 * time.Second}
	if w.Report(&r, at(0)); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}
