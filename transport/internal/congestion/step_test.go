package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

var (
	alone = Scope{Limit: 15}
	joint = Scope{Limit: 15, Shared: true}
)

// One request of ours is to wait at the server; half of one while only work waits that yields.
// Above 1.5 s of delay less, or the delay would grow with the processes, unless closed loops keep it.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		about string
		scope Scope
		o     Observation
		want  float64
	}{
		{"no delay", alone, Observation{}, 1},
		{"up to 1.5 s", alone, Observation{Delay: 1.5}, 1},
		{"3 s", alone, Observation{Delay: 3}, 0.5},
		{"3 s, of processes together", joint, Observation{Delay: 3}, 1},
		{"batch work", alone, Observation{Scavenge: true}, 0.3},
		{"batch work, 3 s", alone, Observation{Delay: 3, Scavenge: true}, 0.15},
		{"batch work of processes together", joint, Observation{Delay: 3, Scavenge: true}, 1},
		{"0.7 of the 15 that stand in a second", alone, Observation{Delay: 1, Standing: 1}, 0.7 * 15},
		{"no more stands than the delay", alone, Observation{Delay: 1, Standing: 4}, 0.7 * 15},
		{"16 at most", alone, Observation{Delay: 3, Standing: 3}, 16},
		{"what does not stand is yielded to", alone, Observation{Delay: 3.01, Standing: 0.01, Scavenge: true}, 0.15},
		{"little stands", alone, Observation{Delay: 3.01, Standing: 0.01}, 0.5},
	} {
		if got := c.scope.target(c.o); !near(got, c.want) {
			t.Errorf("%s: got %v requests, want %v", c.about, got, c.want)
		}
	}
}

// A thirtieth of the limit is the least rate, two fifteenths where others keep the queue full, and
// none for work that yields.
func TestFloor(t *testing.T) {
	for _, c := range []struct {
		scope Scope
		o     Observation
		want  float64
	}{
		{alone, Observation{Delay: 5}, 0.5}, {alone, Observation{Delay: 5.1}, 2}, {joint, Observation{Delay: 5.1}, 0.5},
		{alone, Observation{Delay: 5.1, Scavenge: true}, 0}, {joint, Observation{Scavenge: true}, 0},
	} {
		if got := c.scope.floor(c.o); !near(got, c.want) {
			t.Errorf("%+v, %+v: got %v a second, want %v", c.scope, c.o, got, c.want)
		}
	}
}

// By Little's law, a rate times a delay waits; the rate counts as 0.1 a second at least, the limit at most.
func TestQueued(t *testing.T) {
	for sending, rate := range map[float64]float64{0: 0.1, 4: 4, 99: 15} {
		if queued, stddev := (Observation{Sending: sending, Delay: 3, Stddev: 2}).queued(15); !near(queued, 3*rate) || !near(stddev, 2*rate) {
			t.Errorf("at %v a second: got %v ± %v, want %v ± %v", sending, queued, stddev, 3*rate, 2*rate)
		}
	}
}

// We are alone at 0.92 of the limit; where noise is 0.15 s, at 0.85, or 0.9 over ten seconds.
func TestAlone(t *testing.T) {
	for _, c := range []struct {
		o    Observation
		want bool
	}{
		{Observation{Answered: 91}, false}, {Observation{Answered: answeredAlone * 100}, false}, {Observation{Answered: 93}, true}, {Observation{Throughput: 99}, false},
		{Observation{Answered: 84, Stddev: 0.15}, false}, {Observation{Answered: 86, Stddev: 0.15}, true}, {Observation{Answered: 86, Stddev: 0.149}, false},
		{Observation{Throughput: 89, Stddev: 0.15}, false}, {Observation{Throughput: 91, Stddev: 0.15}, true}, {Observation{Throughput: 91, Stddev: 0.149}, false},
		{Observation{Answered: answeredNoisy * 100, Throughput: aloneAt * 100, Stddev: 1}, false},
	} {
		if got := c.o.alone(100); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.o, got, c.want)
		}
	}
}

// The rate of processes together binds below 0.999 of the limit.
func TestBinds(t *testing.T) {
	for rate, want := range map[float64]bool{998: true, fullPart * 1000: false, 1000: false} {
		if got := (State{Rate: rate}).Binds(1000); got != want {
			t.Errorf("%v of 1000: got %v, want %v", rate, got, want)
		}
	}
}

// In the opening each answer makes room for another one, if requests wait for it, until there
// is a queue.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		queue, short bool
		mode         Mode
		size         float64
	}{{false, true, Opening, 13}, {false, false, Opening, 10}, {true, true, Steady, 10}} {
		s := State{Mode: Opening, Size: 10, Short: c.short}
		if s.open(c.queue, 3); s.Mode != c.mode || s.Size != c.size {
			t.Errorf("queue %v, short %v: got %v with %v, want %v with %v", c.queue, c.short, s.Mode, s.Size, c.mode, c.size)
		}
	}
}

// The calm size goes to what is used in 2 s, up only in calm, and is forgotten in 40 s.
func TestRemember(t *testing.T) {
	for _, c := range []struct {
		size, peak, before float64
		calm               bool
		want               float64
	}{
		{30, 50, 10, true, 10 + 20*0.5/2}, {50, 30, 10, true, 10 + 20*0.5/2}, {30, 50, 10, false, 10},
		{30, 50, 70, true, 70 - 40*0.5/40}, {30, 50, 70, false, 70 - 40*0.5/40}, {30, 50, 30, true, 30},
	} {
		s := State{Size: c.size, Peak: c.peak, Calm: c.before}
		if s.remember(0.5, c.calm); !near(s.Calm, c.want) {
			t.Errorf("%v of %v used, calm %v: got %v after %v, want %v", c.peak, c.size, c.calm, s.Calm, c.before, c.want)
		}
	}
}

// The size that sufficed in calm grows as what requests take does; a smaller one is no news.
func TestSlowerNeedsMore(t *testing.T) {
	for _, c := range []struct{ calm, by, service, want float64 }{
		{10, 1, 2, 20}, {10, 1, 1.25, 50}, {10, 0.1, 5, 12}, {30, -1, 2, 12}, {30, 2, 2, 12}, {30, 3, 2, 12}, {30, 0, 2, 12},
	} {
		s := State{Size: 12, Calm: c.calm}
		if s.slower(c.by, c.service); !near(s.Size, c.want) {
			t.Errorf("slower by %v s, now %v s: got a size of %v, want %v", c.by, c.service, s.Size, c.want)
		}
	}
}

// While nothing waits for room, the size is no more than what was used and some.
func TestBound(t *testing.T) {
	for _, c := range []struct {
		about string
		s     State
		scope Scope
		o     Observation
		want  float64
	}{
		{"it was used", State{Size: 30, Peak: 30}, alone, Observation{Service: 3}, 30},
		{"a third of it was used", State{Size: 60, Peak: 20}, alone, Observation{Service: 9}, 1.3*20 + 8},
		{"hardly any was used", State{Size: 60}, alone, Observation{Service: 9}, 8},
		{"requests wait", State{Size: 60, Peak: 20, Short: true}, alone, Observation{Service: 9}, 60},
		{"none waits, and it is less", State{Size: 2}, alone, Observation{}, 2},
		{"what the least rate keeps in flight", State{Size: 1}, alone, Observation{Service: 4, Delay: 4}, 4},
		{"the same, in a crowd", State{Size: 1}, alone, Observation{Service: 4, Delay: 6}, 20},
		{"never less than one", State{Size: 0.3}, alone, Observation{Service: 0.1}, 1},
		{"as much as the limit keeps in flight", State{Size: 500, Short: true}, alone, Observation{Service: 15}, 225 + 4*15 + 20},
		{"as much as it keeps at once", State{Size: 500, Short: true}, alone, Observation{}, 20},
	} {
		if c.s.bound(c.scope, c.o); !near(c.s.Size, c.want) {
			t.Errorf("%s: got a size of %v, want %v", c.about, c.s.Size, c.want)
		}
	}
}

// One request of ours is to wait at the server, and what is uncertain as well, once for the least and twice
// for the most. The cases say how many wait; half a second passes, and 10 requests a second are sent.
func TestResizeSteps(t *testing.T) {
	long := at(-3_600_000)
	for _, c := range []struct {
		about string
		s     State
		o     Observation
		alone bool
		want  float64
	}{
		{"31 wait", State{Size: 50}, Observation{Delay: 3.1}, false, 50 - 0.5*30},
		{"31 wait, but nobody else can be there", State{Size: 50}, Observation{Delay: 3.1}, true, 50},
		{"31 wait, it has just shrunk", State{Size: 50, Narrowed: at(-2669)}, Observation{Delay: 3.1}, false, 50},
		{"31 wait, it shrunk 2.67 s ago", State{Size: 50, Narrowed: at(-2670)}, Observation{Delay: 3.1}, false, 50 - 0.5*30},
		{"doubt of 0.5 requests", State{Size: 50}, Observation{Delay: 3.1, Stddev: 0.05, Service: 2}, false, 50 - 0.5*(31-1-2*0.25)/(1+0.3*2*0.05/0.3)},
		{"doubt of 6 requests", State{Size: 50}, Observation{Delay: 3.1, Stddev: 0.6, Service: 2}, false, 50 - 0.5*(31-1-2*6)/(1+0.3*2)},
		{"as many as are to", State{Size: 50, Short: true, Mode: Steady}, Observation{Delay: 0.1}, false, 50},
		{"within the doubt", State{Size: 50, Short: true, Mode: Steady}, Observation{Delay: 0.12, Stddev: 0.05}, false, 50 + 0.5*0.1*50*(1-1.2/1.25)},
		{"half of what is to", State{Size: 2, Short: true, Mode: Steady}, Observation{Delay: 0.05}, false, 2 + 0.5*0.5*0.5},
		{"half of it, slow", State{Size: 2, Short: true, Mode: Steady}, Observation{Delay: 0.05, Service: 6}, false, 2 + 0.5*0.5},
		{"half of it, rather slow", State{Size: 2, Short: true, Mode: Steady}, Observation{Delay: 0.05, Service: 2}, false, 2 + 0.5*0.5*2/3},
		{"half of it, slow batch work", State{Size: 2, Short: true, Mode: Steady}, Observation{Delay: 0.05, Service: 6, Scavenge: true}, false, 2 + 0.5*0.5*0.5/7},
		{"half of it, of many", State{Size: 50, Short: true, Mode: Steady}, Observation{Delay: 0.05, Service: 1}, false, 50 + 0.5*0.1*50*0.5/2},
		{"half of it, 80 sufficed", State{Size: 50, Calm: 80, Peak: 80, Short: true, Mode: Steady}, Observation{Delay: 0.05}, false, 50 + 0.5*(80-30*0.5/40-50)*0.5},
		{"half of it, nobody waits for room", State{Size: 50, Mode: Steady}, Observation{Delay: 0.05}, false, 50},
		{"half of it, in the opening", State{Size: 50, Short: true, Mode: Opening}, Observation{Delay: 0.05}, false, 50},
	} {
		c.o.Sending = 10
		if c.s.Narrowed == 0 {
			c.s.Narrowed = long
		}
		before := c.s
		c.s.resize(at(0), 0.5, joint, c.o, c.alone)
		if !near(c.s.Size, c.want) {
			t.Errorf("%s: got a size of %v, want %v", c.about, c.s.Size, c.want)
		}
		if shrunk := c.want < before.Size; (c.s.Narrowed == at(0)) != shrunk {
			t.Errorf("%s: shrunk %v ago, want now: %v", c.about, at(0).Sub(c.s.Narrowed), shrunk)
		}
	}
}

// The calm size is learnt while what waits is within the band.
func TestResizeRemembers(t *testing.T) {
	for delay, want := range map[float64]float64{0.149: 10 + 10*0.5/2, 0.15: 10, 3: 10} {
		s := State{Size: 20, Peak: 20, Calm: 10}
		s.resize(at(0), 0.5, alone, Observation{Delay: delay, Stddev: 0.05, Sending: 10}, true) // up to 1.5 are within it
		if !near(s.Calm, want) {
			t.Errorf("%v s of delay: got %v in calm, want %v", delay, s.Calm, want)
		}
	}
}

// In overload 0.22 of the limit is sent, and as many are in flight as it takes when each waits 7 s, and 4.
func TestCompete(t *testing.T) {
	s := State{Size: 50, Calm: 50, Mode: Steady}
	if s.compete(at(20_000), alone, Observation{Refused: 1, Service: 1}); s.Mode != Competing || !near(s.Size, 0.22*15*8+4) || s.Calm != 50 {
		t.Errorf("got %v with a size of %v, %v in calm; want %v with %v, 50", s.Mode, s.Size, s.Calm, Competing, 0.22*15*8+4)
	}
	if s.compete(at(20_000), alone, Observation{}); s.Mode != Steady || s.Size != 1 || s.Calm != 1 {
		t.Errorf("after it: got %v with a size of %v, %v in calm; want %v with 1, 1", s.Mode, s.Size, s.Calm, Steady)
	}
	s = State{Size: 50, Calm: 50, Mode: Opening}
	if s.compete(at(20_000), alone, Observation{}); s.Mode != Opening || s.Size != 50 {
		t.Errorf("without it: got %v with a size of %v, want no change", s.Mode, s.Size)
	}
}

// A 429 cuts the size to 0.6, once in two seconds.
func TestLimit(t *testing.T) {
	for _, c := range []struct {
		about string
		s     State
		scope Scope
		want  State
	}{
		{"a first one", State{Mode: Opening, Size: 20}, alone, State{Mode: Steady, Size: 12, Limited: at(0), Cut: at(0)}},
		{"one soon after", State{Mode: Opening, Size: 20, Cut: at(-1999)}, alone, State{Mode: Opening, Size: 20, Limited: at(0), Cut: at(-1999)}},
		{"one two seconds after", State{Mode: Steady, Size: 20, Cut: at(-2000)}, alone, State{Mode: Steady, Size: 12, Limited: at(0), Cut: at(0)}},
		{"in overload", State{Mode: Competing, Size: 20}, alone, State{Mode: Competing, Size: 20, Limited: at(0), Cut: at(0)}},
		{"of a small size", State{Mode: Steady, Size: 1.2}, alone, State{Mode: Steady, Size: 1, Limited: at(0), Cut: at(0)}},
		{"of all, while 10 are in flight", State{Mode: Steady, Size: 20}, joint, State{Mode: Steady, Size: 6, Limited: at(0), Cut: at(0)}},
		{"of all, while as many are as may be", State{Mode: Steady, Size: 5}, joint, State{Mode: Steady, Size: 3, Limited: at(0), Cut: at(0)}},
	} {
		if c.s.limit(c.scope, Observation{Limited: at(0), InFlight: 10}); c.s != c.want {
			t.Errorf("%s: got %v, want %v", c.about, c.s, c.want)
		}
	}
}

// Answers a second are averaged over 3 s, from counts over 0.2 s at least and 5 s at most.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		about        string
		later        int
		done, served float64
		counted      int
	}{
		{"too soon", 199, 6, 9, 0},
		{"0.2 s", 200, 0, 9 + (30-9)*0.2/3, 200},
		{"a second", 1000, 0, 9 + (6-9)/3.0, 1000},
		{"3 s", 3000, 0, 2, 3000},
		{"a silence", 60_000, 0, 1.2, 60_000},
		{"the clock was set back", -1, 0, 9 + (30-9)*0.2/3, -1},
	} {
		s := State{Done: 4, Served: 9, Counted: at(0)}
		s.count(at(c.later), 2)
		if s.Done != c.done || !near(s.Served, c.served) || s.Counted != at(c.counted) {
			t.Errorf("%s: got %v since %v, %v a second; want %v since %v, %v", c.about, s.Done, s.Counted.Sub(at(0)), s.Served, c.done, at(c.counted).Sub(at(0)), c.served)
		}
	}
}

// A probe comes at its time if a delay is to be explained and requests wait. It lasts 0.5 s and
// twice the delay, 1 to 7 s, the first one 5 s unless requests are slow.
func TestSchedule(t *testing.T) {
	// What leads to a probe of 2.5 s, which each case changes.
	for _, c := range []struct {
		about       string
		change      func(*State, *Observation)
		now         int
		long, tail  float64 // seconds since its time; 0: none
		alone, stay bool    // stay: the next one is due as before
	}{
		{about: "due", long: 2.5, tail: 0.2 + 0.7*2},
		{about: "not yet due", now: -1, stay: true},
		{about: "late", now: 2000, long: 2.5, tail: 0.2 + 0.7*2},
		{about: "too late, so from now on", now: 2001, long: 2.5 + 2.001, tail: 0.2 + 0.7*2 + 2.001},
		{about: "at no time so far", change: func(s *State, o *Observation) { s.Probe.Next = 0 }},
		{about: "nobody waits", change: func(s *State, o *Observation) { o.Lacking = false }},
		{about: "in a pause", change: func(s *State, o *Observation) { o.Paused = true }},
		{about: "nobody else can be there", alone: true},
		{about: "2 s and 1.5 times the delay after the last one", change: func(s *State, o *Observation) { s.Probe.Until = at(-3500) }, long: 2.5, tail: 0.2 + 0.7*2},
		{about: "less after the last one", change: func(s *State, o *Observation) { s.Probe.Until = at(-3499) }},
		{about: "5 s after the last one, at 2 s", change: func(s *State, o *Observation) { s.Probe.Until, o.Delay = at(-5000), 2 }, long: 4.5, tail: 0.2 + 0.7*4},
		{about: "less than that, at 2 s", change: func(s *State, o *Observation) { s.Probe.Until, o.Delay = at(-4999), 2 }},
		{about: "no delay", change: func(s *State, o *Observation) { o.Delay = 0.09 }},
		{about: "just a delay", change: func(s *State, o *Observation) { o.Delay = 0.1 }, long: 1, tail: 0.2 + 0.7*0.5},
		{about: "no delay, the first one", change: func(s *State, o *Observation) { o.Delay, o.Baseline = 0.09, false }, long: 5, tail: 0.2 + 0.7*4.5},
		{about: "the first one, rather slow requests", change: func(s *State, o *Observation) { o.Baseline, o.Service = false, 2.4 }, long: 5, tail: 0.2 + 0.7*4.5},
		{about: "the first one, slow requests", change: func(s *State, o *Observation) { o.Baseline, o.Service = false, 2.5 }, long: 2.5, tail: 0.2 + 0.7*2},
		{about: "the first one, a long delay", change: func(s *State, o *Observation) { o.Baseline, o.Delay = false, 3 }, long: 6.5, tail: 0.2 + 0.7*6},
		{about: "a very long delay", change: func(s *State, o *Observation) { o.Delay = 4 }, long: 7, tail: 0.2 + 0.7*6.5},
	} {
		s := State{Mode: Opening, Probe: Probe{Next: at(0)}}
		o := Observation{Delay: 1, Lacking: true, Baseline: true, NextProbe: at(17_000)}
		if c.change != nil {
			c.change(&s, &o)
		}
		want, mode := s.Probe, Opening
		if !c.stay {
			want.Next = at(17_000)
		}
		if c.long > 0 {
			want.From, want.Until, want.Tail, mode = at(c.now), at(0).Add(seconds(c.long)), at(0).Add(seconds(c.tail)), Steady
		}
		s.schedule(at(c.now), o, c.alone)
		about := func(a, b gate.Instant) bool { return a.Sub(b).Abs() < time.Microsecond }
		if p := s.Probe; p.Next != want.Next || p.From != want.From || !about(p.Until, want.Until) || !about(p.Tail, want.Tail) || s.Mode != mode {
			t.Errorf("%s: got %+v, %v; want %+v, %v", c.about, s.Probe, s.Mode, want, mode)
		}
	}
}

// The size is adjusted each half second, but not in a probe, nor half a second after it, nor in a pause.
func TestWhenItSteers(t *testing.T) {
	for _, c := range []struct {
		about          string
		s              State
		o              Observation
		steers, resize bool
	}{
		{"half a second later", State{Resized: at(-500)}, Observation{}, true, true},
		{"less than that", State{Resized: at(-499)}, Observation{}, false, false},
		{"the clock was set back", State{Resized: at(1)}, Observation{}, true, true},
		{"in a probe", State{Probe: Probe{Until: at(1)}}, Observation{}, false, false},
		{"just after one", State{Probe: Probe{Until: at(-499)}}, Observation{}, false, false},
		{"half a second after one", State{Probe: Probe{Until: at(-500)}}, Observation{}, true, true},
		{"in a pause", State{}, Observation{Paused: true}, false, false},
		{"in overload", State{Mode: Competing}, Observation{}, true, false},
	} {
		if c.s.Mode == "" {
			c.s.Mode = Steady
		}
		c.s.Size, c.s.Peak, c.s.Short = 50, 50, true
		c.o.InFlight = 10
		before := c.s
		c.s.steer(at(0), alone, c.o, false, 0)
		if (c.s.Resized == at(0)) != c.steers || c.s.Short == c.steers || (c.s.Peak == 50-40/60.0) != c.steers {
			t.Errorf("%s: got %v, want it adjusted now: %v", c.about, c.s, c.steers)
		}
		if (c.s.Size != before.Size) != c.resize {
			t.Errorf("%s: got a size of %v, want another one: %v", c.about, c.s.Size, c.resize)
		}
	}
}

// What is missing grows by the time that has passed, a second at most.
func TestSteerCountsTheTime(t *testing.T) {
	for ms, dt := range map[int]float64{-500: 0.5, -900: 0.9, -5000: 1, 100: 0} {
		s := State{Mode: Steady, Size: 12, Peak: 12, Short: true, Resized: at(ms)}
		s.steer(at(0), alone, Observation{Sending: 10, Delay: 0.05}, false, 0)
		if want := 12 + dt*max(0.1*12*0.5, 0.25); !near(s.Size, want) {
			t.Errorf("%d ms: got a size of %v, want %v", ms, s.Size, want)
		}
	}
}

// The opening ends as soon as four of our requests wait, certain to two standard deviations.
func TestTheOpeningEnds(t *testing.T) {
	for _, c := range []struct {
		delay, stddev float64
		want          Mode
	}{{0.7, 0.1, Steady}, {0.6, 0.1, Opening}, {0.4, 1e-9, Opening}, {0.5, 0.04, Steady}, {0.5, 0.06, Opening}, {3, 0, Opening}, {0.45, 1e-9, Steady}, {0.35, 1e-9, Opening}} {
		s := State{Mode: Opening, Size: 8, Resized: at(0), Short: true}
		s.steer(at(0), alone, Observation{Sending: 10, Delay: c.delay, Stddev: c.stddev}, false, 2)
		if s.Mode != c.want || (s.Size == 10) != (c.want == Opening) {
			t.Errorf("a delay of %v ± %v s at 10 a second: got %v with a size of %v, want %v, which alone grows", c.delay, c.stddev, s.Mode, s.Size, c.want)
		}
	}
}

// A Step takes in the answers and the most in flight, and a 429 instead of steering.
func TestStepByStep(t *testing.T) {
	start := func(change func(*State)) State {
		s := State{Version: 2, At: at(0), Mode: Steady, Size: 20, Peak: 20, Answers: 100, Resized: at(0), Counted: at(0), Served: 9, Rate: 9}
		change(&s)
		return s
	}
	none := func(*State) {}
	for _, c := range []struct {
		about  string
		change func(*State)
		later  int
		scope  Scope
		o      Observation
		want   func(*State)
	}{
		{"nothing new", none, 100, alone, Observation{Answers: 100}, func(s *State) { s.At = at(100) }},
		{"answers in the opening", func(s *State) { s.Mode = Opening }, 100, alone, Observation{Answers: 103, Short: true}, func(s *State) { s.Mode, s.At, s.Answers, s.Short, s.Size = Opening, at(100), 103, true, 23 }},
		{"fewer answers than before", func(s *State) { s.Mode, s.Short = Opening, true }, 100, alone, Observation{Answers: 3}, func(s *State) { s.Mode, s.At, s.Answers, s.Short = Opening, at(100), 3, true }},
		{"more in flight", none, 100, alone, Observation{Answers: 100, Peak: 25}, func(s *State) { s.At, s.Peak = at(100), 25 }},
		{"the clock shows a little less", none, -1000, alone, Observation{Answers: 100}, func(s *State) { s.Peak, s.Resized, s.Size = 20-20/60.0, at(-1000), 20 }},
		{"a 429", none, 600, alone, Observation{Answers: 100, Limited: at(600)}, func(s *State) { s.At, s.Size, s.Limited, s.Cut = at(600), 12, at(600), at(600) }},
		{"a 429 of later", none, 100, alone, Observation{Answers: 100, Limited: at(101)}, func(s *State) { s.At = at(100) }},
		{"a 429 that is known", func(s *State) { s.Limited = at(50) }, 100, alone, Observation{Answers: 100, Limited: at(50)}, func(s *State) { s.At, s.Limited = at(100), at(50) }},
		{"overload", func(s *State) { s.Bearable = at(-20_000) }, 100, alone, Observation{Answers: 100, Refused: 1}, func(s *State) { s.At, s.Mode, s.Size, s.Bearable = at(100), Competing, 0.22*15*7+4, at(-20_000) }},
		{"together, 4 of 20 in flight", none, 100, joint, Observation{Answers: 101, InFlight: 12}, func(s *State) { s.At, s.Answers, s.Done, s.Rate = at(100), 101, 1, 15 }},
		{"together, more in flight than the size", none, 100, joint, Observation{Answers: 101, InFlight: 25}, func(s *State) { s.At, s.Answers, s.Done, s.Rate = at(100), 101, 1, 4 }},
		{"together, far more in flight", none, 100, joint, Observation{Answers: 101, InFlight: 99}, func(s *State) { s.At, s.Answers, s.Done, s.Rate = at(100), 101, 1, 1.5 }},
	} {
		s := start(c.change)
		want := start(c.change)
		want.Bearable = at(c.later)
		c.want(&want)
		got := s.Step(at(c.later), c.scope, c.o)
		if near(got.Size, want.Size) {
			got.Size = want.Size
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", c.about, got, want)
		}
	}
	s := start(none)
	if got := s.Step(at(-1001), alone, Observation{Answers: 7}); got.At != at(-1001) || got.Mode != Opening || got.Answers != 7 {
		t.Errorf("after the clock was set back: got %v, want it to begin anew", got)
	}
	s.Calm, s.Short = 2e12, true
	if got := s.Step(at(100), alone, Observation{Answers: 100, Peak: 5e12}); got.Peak != 1e12 || got.Calm != 1e12 {
		t.Errorf("got a peak of %v, %v in calm; want 1e12 at most", got.Peak, got.Calm)
	}
	s.Mode = Opening
	if got := s.Step(at(100), alone, Observation{Answers: math.MaxInt64}); got.Size != 1e12 {
		t.Errorf("got a size of %v, want 1e12 at most", got.Size)
	}
}

// Where processes together send nearly the limit, or a process alone obtains it, noise is no delay.
func TestAStepAlone(t *testing.T) {
	for _, c := range []struct {
		about string
		scope Scope
		o     Observation
		same  bool // the size stays
	}{
		{"alone", alone, Observation{Answered: 14}, true},
		{"alone, but not all", alone, Observation{Answered: 13}, false},
		{"together", joint, Observation{Stddev: 0.2}, true},
		{"together, of a small limit", Scope{Limit: 1, Shared: true}, Observation{}, false},
		{"together, what one process obtains does not count", joint, Observation{Answered: 15, Throughput: 15}, false},
	} {
		s := State{Version: 2, At: at(0), Mode: Steady, Size: 50, Peak: 50, Counted: at(600), Served: 14, Rate: 15, Resized: at(0)}
		c.o.Delay, c.o.Sending, c.o.Service, c.o.InFlight = 5, 14, 40, 50
		if got := s.Step(at(600), c.scope, c.o); (got.Size == 50) != c.same {
			t.Errorf("%s: got a size of %v, want it to stay: %v", c.about, got.Size, c.same)
		}
	}
}
