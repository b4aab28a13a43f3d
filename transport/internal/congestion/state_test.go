package congestion

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// observations draws what could be measured at a time, the improbable included.
func observations(rt *rapid.T, now gate.Instant, answers int64) Observation {
	positive := func(name string, most float64) float64 { return rapid.Float64Range(0, most).Draw(rt, name) }
	return Observation{
		Delay: positive("delay", 1e6), Stddev: positive("stddev", 10), Service: positive("service", 1e6), Baseline: rapid.Bool().Draw(rt, "baseline"),
		Sending: positive("sending", 1e6), Answered: positive("answered", 1e6), Standing: positive("standing", 1e6),
		Scavenge: rapid.Bool().Draw(rt, "scavenge"), Refused: positive("refused", 1e3), Served: positive("served", 1e3),
		InFlight: positive("in flight", 1e9), Peak: positive("peak", 1e9), Answers: answers, Throughput: positive("throughput", 1e6),
		Short: rapid.Bool().Draw(rt, "short"), Lacking: rapid.Bool().Draw(rt, "lacking"), Paused: rapid.Bool().Draw(rt, "paused"),
		Limited:   now.Add(time.Duration(rapid.Int64Range(-int64(time.Minute), int64(time.Minute)).Draw(rt, "limited"))),
		NextProbe: now.Add(time.Duration(rapid.Int64Range(1, int64(probeEvery)).Draw(rt, "next probe"))),
	}
}

// Whatever is measured, and whatever the clock does, a State stays one that others can use.
func TestStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		scope := Scope{Limit: rapid.Float64Range(0.001, 1e6).Draw(rt, "limit"), Shared: rapid.Bool().Draw(rt, "shared")}
		now := gate.Instant(gate.Century)
		s := Start(now, scope, 0)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.OneOf(rapid.Int64Range(0, int64(2*time.Second)), rapid.Int64Range(-int64(time.Hour), int64(time.Hour))).Draw(rt, "later")))
			o := observations(rt, now, rapid.Int64Range(0, 1e9).Draw(rt, "answers"))
			before := s
			s = before.Step(now, scope, o)
			if again := before.Step(now, scope, o); again != s {
				rt.Fatalf("two steps from the same State: %v and %v; want the same", s, again)
			}
			if read, ok := Parse(s.String()); !ok || read != s {
				rt.Fatalf("written as %v, read as %v, %v; want the same", s, read, ok)
			}
			if !(s.Size >= 1) || !(s.room(now) >= 1) || math.IsInf(s.Size, 0) {
				rt.Fatalf("size %v, room %v; want 1 at least", s.Size, s.room(now))
			}
			if least, most := leastPart*scope.Limit, scope.Limit; scope.Shared && !(s.Rate >= least && s.Rate <= most) {
				rt.Fatalf("rate %v; want %v to %v", s.Rate, least, most)
			}
			if s.Due(now, 0) {
				rt.Fatalf("another step is due at once: %v; want none", s)
			}
		}
	})
}

// What is not a State of this version is ignored.
func TestParse(t *testing.T) {
	now := gate.Instant(gate.Century)
	good := Start(now, Scope{Limit: 15, Shared: true}, 0)
	bad := func(change func(*State)) string {
		s := good
		change(&s)
		return s.String()
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"no JSON":         "garbage",
		"another value":   "[1]",
		"empty":           "{}",
		"another version": bad(func(s *State) { s.Version++ }),
		"no time":         bad(func(s *State) { s.At = 0 }),
		"another mode":    bad(func(s *State) { s.Mode = "off" }),
		"size 0":          bad(func(s *State) { s.Size = 0 }),
		"no rate":         bad(func(s *State) { s.Rate = 0 }),
		"a huge count":    bad(func(s *State) { s.Done = 1e308 }),
		"a huge rate":     bad(func(s *State) { s.Rate = 1e308 }),
		"a negative time": bad(func(s *State) { s.Counted = -1 }),
		"a long probe":    bad(func(s *State) { s.Probe.Until = now.Add(time.Hour) }),
		"a probe far off": bad(func(s *State) { s.Probe.Next = now.Add(time.Hour) }),
		"a future 429":    bad(func(s *State) { s.Limited = now.Add(time.Hour) }),
	} {
		if s, ok := Parse(text); ok {
			t.Errorf("%s: got %v; want none", name, s)
		}
	}
	stored := `{"version":2,"at":3155760000000000000,"mode":"steady","size":8,"rate":10}`
	if _, ok := Parse(stored); !ok {
		t.Errorf("got no State from %s, want one: Redis may hold it", stored)
	}
	if s, ok := Parse(good.String()); !ok || s != good {
		t.Errorf("got %v, %v; want %v", s, ok, good)
	}
}

// A request costs no allocation here.
func TestAllocations(t *testing.T) {
	w := New(15, 0)
	now := gate.Instant(gate.Century)
	operation := gate.Operation{Method: "GET", Route: "/api/core/records"}
	request := func() {
		now = now.Add(100 * time.Millisecond)
		if _, open := w.Open(now); !open {
			t.Fatal("got no room, want some")
		}
		w.Begin(now)
		w.End(&gate.Outcome{Operation: operation, Granted: now, Sent: now, Ended: now.Add(20 * time.Millisecond), Status: 200})
	}
	request() // which learns of the operation
	if n := testing.AllocsPerRun(1000, request); n > 0 {
		t.Errorf("got %v allocations a request, want none", n)
	}
}

// An operation that took less than the delay that is estimated takes no negative time:
// the window's size would be no number then, and one request at a time in flight.
func TestOverestimatedDelay(t *testing.T) {
	var e delayEstimator
	now := gate.Instant(gate.Century)
	e.adopt(5, 0.1, now)
	name := work{gate.Operation{Method: "GET", Route: "/a"}, 2}
	for range youngSamples {
		now = now.Add(time.Millisecond)
		e.sample(e.op(name), 20*time.Millisecond, 0, false, false, now)
		if mean := e.op(name).mean; mean < 0 || e.service < 0 {
			t.Fatalf("mean %v s, service %v s; want 0 at least", mean, e.service)
		}
	}
}

// Whatever answers come, the estimates are numbers, and the window has room for one.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := New(rapid.Float64Range(0.1, 1e4).Draw(rt, "limit"), rapid.IntRange(0, 3).Draw(rt, "most"))
		now := gate.Instant(gate.Century)
		var sent []gate.Instant
		for range rapid.IntRange(1, 300).Draw(rt, "moves") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(rt, "later")))
			if _, open := w.Open(now); open && rapid.Bool().Draw(rt, "send") {
				w.Begin(now)
				sent = append(sent, now)
			}
			if len(sent) > 0 && rapid.Bool().Draw(rt, "answer") {
				begun := sent[0]
				sent = sent[1:]
				w.End(&gate.Outcome{
					Operation: gate.Operation{Method: "GET", Route: rapid.SampledFrom([]string{"/a", "/b"}).Draw(rt, "route")},
					Granted:   begun, Sent: begun, Ended: now, Status: rapid.SampledFrom([]int{200, 200, 200, 404, 429, 0}).Draw(rt, "status"),
				})
			}
			if room := w.Room(now); room < 1 {
				rt.Fatalf("room for %d; want 1 at least", room)
			}
			if d, x := w.Delay(), w.Rate(now); d < 0 || !(x >= 0) || !(w.delay.service >= 0) || math.IsNaN(w.delay.queue+w.delay.variance) {
				rt.Fatalf("delay %v, rate %v, service %v, estimate %v ± %v; want numbers, none negative", d, x, w.delay.service, w.delay.queue, w.delay.variance)
			}
			if w.InFlight() < 0 || w.InFlight() > len(sent) {
				rt.Fatalf("%d in flight; want %d at most", w.InFlight(), len(sent))
			}
		}
	})
}

// A 429 cuts what is in flight: the size of processes that share a limit may be far above that,
// since their rate binds.
func TestA429CutsWhatIsInFlight(t *testing.T) {
	now := gate.Instant(gate.Century)
	for _, c := range []struct {
		shared bool
		want   float64
	}{{true, 10 * cutBy}, {false, 100 * cutBy}} {
		scope := Scope{Limit: 15, Shared: c.shared}
		s := Start(now, scope, 0)
		s.Size, s.Mode = 100, Steady
		if got := s.Step(now, scope, Observation{InFlight: 10, Limited: now}).Size; got != c.want {
			t.Errorf("shared %v: a size of %v after a 429, want %v", c.shared, got, c.want)
		}
	}
}

// What the controller remembers after one step of a second.
func TestWhatAStepRemembers(t *testing.T) {
	now := gate.Instant(gate.Century)
	after := func(scope Scope, o Observation, change func(*State)) State {
		s := Start(now, scope, 0)
		s.Mode = Steady
		change(&s)
		return s.Step(now.Add(time.Second), scope, o)
	}
	s := after(Scope{Limit: 15}, Observation{InFlight: 20}, func(s *State) { s.Resized, s.Size, s.Peak, s.Calm = now, 20, 20, 1 })
	if want := 1 + 19/calmUp; s.Calm != want {
		t.Errorf("a size of %v suffices in calm, want %v", s.Calm, want)
	}
	s = after(Scope{Limit: 15, Shared: true}, Observation{InFlight: 6}, func(s *State) { s.Resized, s.Counted, s.Served = now.Add(time.Second), now.Add(time.Second), 5 })
	if want := 5 + (startSize-6)/fillTime; s.Rate != want {
		t.Errorf("5 answers a second, 6 of %v in flight: a rate of %v, want %v", s.Size, s.Rate, want)
	}
}

// In overload processes together have a fixed rate, whatever is in flight.
func TestTheRateInOverload(t *testing.T) {
	now := gate.Instant(gate.Century)
	scope := Scope{Limit: 15, Shared: true}
	s := Start(now, scope, 0)
	s = s.Step(now.Add(overloadFor+1), scope, Observation{Refused: 3, Served: 1, InFlight: 50})
	if want := overloadPart * 15; s.Mode != Competing || s.Rate != want {
		t.Errorf("got the mode %v and %v requests a second; want %v, %v", s.Mode, s.Rate, Competing, want)
	}
}

// The most in flight counts, though fewer are when an answer comes.
func TestPeak(t *testing.T) {
	w, now := New(15, 0), gate.Instant(gate.Century)
	for range 6 {
		w.Begin(now)
	}
	for range 5 {
		w.End(&gate.Outcome{Granted: now, Sent: now, Ended: now.Add(time.Second)})
	}
	w.End(&gate.Outcome{Granted: now, Sent: now, Ended: now.Add(time.Second), Status: 200})
	if w.state.Peak < 5 {
		t.Errorf("a peak of %v after 6 were in flight, want 5 at least", w.state.Peak)
	}
}

// Probes are rarer in overload, but only if the queue is full whatever we do.
func TestProbesInOverload(t *testing.T) {
	for _, c := range []struct {
		mode Mode
		full bool
		want time.Duration
	}{{Competing, true, overloadProbes * probeEvery}, {Competing, false, probeEvery}, {Steady, true, probeEvery}} {
		w := New(15, 0)
		w.state.Mode, w.judgment.full = c.mode, c.full
		if got := w.probeEvery(); got != c.want {
			t.Errorf("%v, full %v: got a probe each %v, want %v", c.mode, c.full, got, c.want)
		}
	}
}

// What a State may hold at most, and at least: all else makes no sense, since the clock was set or
// another program has written it.
func TestValid(t *testing.T) {
	good := Start(at(0), Scope{Limit: 15, Shared: true}, 0)
	for name, c := range map[string]struct {
		change func(*State)
		valid  bool
	}{
		"steady":                  {func(s *State) { s.Mode = Steady }, true},
		"competing":               {func(s *State) { s.Mode = Competing }, true},
		"probing":                 {func(s *State) { s.Mode = Probing }, false},
		"size 1":                  {func(s *State) { s.Size = 1 }, true},
		"size 0.9":                {func(s *State) { s.Size = 0.9 }, false},
		"a peak below 0":          {func(s *State) { s.Peak = -1 }, false},
		"a calm size below 0":     {func(s *State) { s.Calm = -1 }, false},
		"sizes at most":           {func(s *State) { s.Size, s.Peak, s.Calm = 1e12, 1e12, 1e12 }, true},
		"a huge size":             {func(s *State) { s.Size = 2e12 }, false},
		"a huge peak":             {func(s *State) { s.Peak = 2e12 }, false},
		"a huge calm size":        {func(s *State) { s.Calm = 2e12 }, false},
		"rates at least":          {func(s *State) { s.Done, s.Served, s.Rate = 0, 0, 0.1 }, true},
		"rates at most":           {func(s *State) { s.Done, s.Served, s.Rate = 1e12, 1e12, 1e12 }, true},
		"answers below 0":         {func(s *State) { s.Done = -1 }, false},
		"a rate of answers below": {func(s *State) { s.Served = -1 }, false},
		"a huge rate of answers":  {func(s *State) { s.Served = 2e12 }, false},
		"times a second ahead": {func(s *State) {
			s.Resized, s.Narrowed, s.Limited, s.Cut, s.Counted = at(1000), at(1000), at(1000), at(1000), at(1000)
			s.Probe = Probe{Next: at(52_000), From: at(1000), Tail: at(1000), Until: at(8000)}
		}, true},
		"resized later":             {func(s *State) { s.Resized = at(1001) }, false},
		"narrowed later":            {func(s *State) { s.Narrowed = at(1001) }, false},
		"limited later":             {func(s *State) { s.Limited = at(1001) }, false},
		"cut later":                 {func(s *State) { s.Cut = at(1001) }, false},
		"counted later":             {func(s *State) { s.Counted = at(1001) }, false},
		"a probe due later":         {func(s *State) { s.Probe.Next = at(52_001) }, false},
		"a probe that lasts longer": {func(s *State) { s.Probe.Until = at(8001) }, false},
		"a time below 0":            {func(s *State) { s.Cut = -1 }, false},
		"a probe's time below 0":    {func(s *State) { s.Probe.Tail = -1 }, false},
	} {
		s := good
		if c.change(&s); s.valid() != c.valid {
			t.Errorf("%s: got valid %v, want %v: %v", name, s.valid(), c.valid, s)
		}
	}
}

// A State that is no number is a mistake of ours, and not stored.
func TestStringOfNoNumber(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a size that is no number was written, want a panic")
		}
	}()
	_ = State{Size: math.NaN()}.String()
}

// It begins with half a second of the limit in flight, and, for processes together, 0.7 of it as the rate.
func TestStart(t *testing.T) {
	want := State{Version: 2, At: at(0), Mode: Opening, Size: 8, Answers: 7, Bearable: at(0), Counted: at(0), Served: 7.5, Rate: 10.5}
	if got := Start(at(0), Scope{Limit: 15}, 7); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A step is due 50 ms after the last one, after a 429, or if the clock was set back by more than a second.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		later   int
		limited gate.Instant
		want    bool
	}{{0, 0, false}, {49, 0, false}, {50, 0, true}, {0, at(-99), false}, {0, at(-98), true}, {-1000, 0, false}, {-1001, 0, true}} {
		s := State{At: at(0), Limited: at(-99)}
		if got := s.Due(at(c.later), c.limited); got != c.want {
			t.Errorf("after %d ms, the last 429 at %v: got %v, want %v", c.later, c.limited, got, c.want)
		}
	}
}

// Probes come at full 17 s of the wall clock.
func TestNextProbe(t *testing.T) {
	for ms, want := range map[int64]int{0: 17_000, 1: 16_999, 16_999: 1, 17_000: 17_000, 34_500: 16_500} {
		if got := NextProbe(at(0), time.Time{}.Add(time.Duration(ms)*time.Millisecond)); got != at(want) {
			t.Errorf("%d ms after a full 17 s: got one in %v, want %d ms", ms, got.Sub(at(0)), want)
		}
	}
}

// In a probe there is room for one request, otherwise for the size.
func TestRoom(t *testing.T) {
	for _, c := range []struct {
		size  float64
		until int
		want  int
	}{{7.9, 0, 7}, {7.9, 1, 1}, {0.5, 0, 1}, {1, -1, 1}} {
		s := State{Size: c.size, Probe: Probe{Until: at(c.until)}}
		if got := s.room(at(0)); got != c.want {
			t.Errorf("size %v, a probe until %d ms from now: got %v, want %v", c.size, c.until, got, c.want)
		}
	}
}
