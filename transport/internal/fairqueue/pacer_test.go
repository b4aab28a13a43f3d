package fairqueue

import (
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Pacer makes up for goroutines that are a little late, and not for more.
func TestPacerMakesUpForLateness(t *testing.T) {
	const n, slack = 1000, 8 * time.Millisecond
	for _, test := range []struct{ late, lost time.Duration }{
		{0, 0}, {7 * time.Millisecond, 0}, {9 * time.Millisecond, time.Millisecond}, {time.Second, 992 * time.Millisecond},
	} {
		p := NewPacer(15, -1, slack)
		zero := gate.Instant(1)
		p.free = zero
		for range n {
			before := p.free
			p.account(p.free.Add(test.late))
			if got, want := p.free.Sub(before), p.gap+test.lost; got != want {
				t.Fatalf("%v late: the next call is due %v later, want %v", test.late, got, want)
			}
		}
	}
	if got, want := NewPacer(15, -1, slack), NewPacer(15, 0, slack); got != want {
		t.Errorf("a negative reserve: got %+v, want %+v", got, want)
	}
}

// Batch work goes at the rate less the reserve, of which a hundredth is left to it, and a second ahead of
// its time while others wait.
func TestPacer(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		rate, reserve float64
		gap           time.Duration
	}{{10, 0, second/10 + 1}, {10, 0.2, second/8 + 1}, {10, 0.99, 10*second + 1}, {10, 1, 10*second + 1}, {0, 0, 0}, {-1, 0, 0}, {0.5, 0, 2*second + 1}} {
		p := NewPacer(c.rate, c.reserve, 0)
		if diff := (p.gap - c.gap).Abs(); diff > 1 || (p.gap == 0) != (c.gap == 0) {
			t.Errorf("%v a second, %v of it reserved: got one in %v, want %v", c.rate, c.reserve, p.gap, c.gap)
		}
	}
	at := gate.Instant(gate.Century)
	p := NewPacer(10, 0, 0)
	if held := p.held(at, false); held > 0 {
		t.Errorf("the first one is held for %v, want not at all", held)
	}
	p.account(at)
	for _, c := range []struct {
		later, alone, beside time.Duration
	}{{0, p.gap, p.gap - second}, {p.gap, 0, -second}, {second, p.gap - second, p.gap - 2*second}} {
		if alone, beside := p.held(at.Add(c.later), false), p.held(at.Add(c.later), true); alone != c.alone || beside != c.beside {
			t.Errorf("%v after one: held for %v, beside others for %v; want %v, %v", c.later, alone, beside, c.alone, c.beside)
		}
	}
	var none Pacer
	if none.account(at); none.held(at, false) > 0 || none.free != 0 {
		t.Errorf("without a pace: held for %v, want not at all", none.held(at, false))
	}
}
