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
