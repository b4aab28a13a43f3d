package congestion

import (
	"math"
	"testing"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// The size shrinks by a part of what is too much in the server's queue, and grows by a part of
// what is missing there, by a part of itself, or to what sufficed in calm, in half a second.
func TestResize(t *testing.T) {
	half := leastQueued / 2 / 10      // seconds of delay at which half of the target waits
	calm := 60 - 0.5*(60-40)/calmDown // of 60, when only 40 have been used for half a second
	for name, c := range map[string]struct {
		size, calm float64
		o          Observation
		want       float64
	}{
		"too much":            {50, 0, Observation{Delay: 3}, 50 - narrowPart*(30-leastQueued)},
		"too much, noisy":     {50, 0, Observation{Delay: 3, Service: 1, Stddev: noisy}, 50 - narrowPart*(30-leastQueued-6)/(1+narrowDamped)},
		"too little":          {1, 0, Observation{Delay: half}, 1 + 0.5*widenPart*leastQueued/2},
		"too little of many":  {40, 0, Observation{Delay: half}, 40 + 0.5*widenSize*40*0.5},
		"it sufficed in calm": {40, 60, Observation{Delay: half, Service: 3}, 40 + 0.5*(calm-40)*0.5/(1+3)},
		"slow operations":     {1, 0, Observation{Delay: half, Service: 3}, 1 + 0.5*widenLeast*0.5},
	} {
		s := State{Size: c.size, Peak: c.size, Calm: c.calm, Mode: Steady, Short: true}
		c.o.Sending = 10
		s.resize(gate.Instant(gate.Century), 0.5, Scope{Limit: 15, Shared: true}, c.o, false)
		if math.Abs(s.Size-c.want) > 1e-9 {
			t.Errorf("%s: got a size of %v, want %v", name, s.Size, c.want)
		}
	}
}

// In overload the size is what a fixed, small rate keeps in flight. After it all begins anew.
func TestTheSizeInOverload(t *testing.T) {
	now := gate.Instant(gate.Century)
	s := State{Size: 50, Calm: 50, Mode: Steady, Bearable: now.Add(-overloadFor)}
	o := Observation{Refused: overloadLeast / overloadSpan, Served: overloadLeast / overloadSpan / overloadAt * (1 - overloadAt), Service: 1}
	if s.compete(now, Scope{Limit: 15}, o); s.Mode != Steady {
		t.Errorf("got the mode %v after exactly %v, want %v", s.Mode, overloadFor, Steady)
	}
	s.compete(now+1, Scope{Limit: 15}, o)
	if want := overloadPart*15*(1+overloadDelay) + overloadMargin; s.Mode != Competing || s.Size != want {
		t.Errorf("got the mode %v with a size of %v, want %v with %v", s.Mode, s.Size, Competing, want)
	}
	s.compete(now+2, Scope{Limit: 15}, Observation{Service: 1})
	if s.Mode != Steady || s.Size != 1 || s.Calm != 1 {
		t.Errorf("got the mode %v with a size of %v, %v in calm, want %v with 1 and 1", s.Mode, s.Size, s.Calm, Steady)
	}
}

// The size never falls below what the least rate keeps in flight, nor rises far above what the
// limit keeps.
func TestTheBoundsOfTheSize(t *testing.T) {
	s := State{Size: 1}
	s.bound(Scope{Limit: 60}, Observation{Service: 2, Delay: 3})
	if s.Size != 10 { // a thirtieth of 60 a second, for 5 s
		t.Errorf("got a size of %v, want 10", s.Size)
	}
	s.Size, s.Short = 1000, true
	s.bound(Scope{Limit: 16}, Observation{Service: 1})
	if want := 16 + 4.0*busyStddevs + busyMargin; s.Size != want {
		t.Errorf("got a size of %v, want %v at most", s.Size, want)
	}
}
