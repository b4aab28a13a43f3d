package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// at returns the instant so many milliseconds after some first one.
func at(ms int) gate.Instant {
	return gate.Instant(gate.Century).Add(time.Duration(ms) * time.Millisecond)
}

// near reports whether two numbers are the same but for rounding.
func near(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

// Each half second there is an event. What counts are the quarters of a second of the last ten
// seconds, of which the newest is not over.
func TestMeter(t *testing.T) {
	for _, c := range []struct {
		about     string
		until, at int // milliseconds
		want      float64
	}{
		{"the first one counts for a second", 0, 0, 1},
		{"it still does", 0, 999, 1},
		{"then it counts for the time since", 0, 2000, 0.5},
		{"it is the oldest that counts", 0, 9999, 1 / 9.999},
		{"it is over", 0, 10_000, 0},
		{"those in 9.75 s and the quarter that is not over", 20_000, 20_100, 20 / 9.85},
		{"all are over", 20_000, 120_000, 0},
		{"the clock was read before the last one", 4000, 3000, 9.0 / 4},
	} {
		var m meter
		for ms := 0; ms <= c.until; ms += 500 {
			m.add(at(ms))
		}
		if got := m.rate(at(c.at)); !near(got, c.want) {
			t.Errorf("%s: got %v a second, want %v", c.about, got, c.want)
		}
	}
	if got := new(meter).rate(at(0)); got != 0 {
		t.Errorf("got %v a second without any event, want 0", got)
	}
}

func TestMeterTakesBack(t *testing.T) {
	var m meter
	m.undo() // of nothing
	m.add(at(0))
	m.add(at(300))
	m.add(at(200)) // on a busy machine it comes late, and counts now
	if m.undo(); m.rate(at(300)) != 2 {
		t.Errorf("got %v a second after one of three was taken back, want 2", m.rate(at(300)))
	}
	m.undo()
	if m.undo(); m.rate(at(300)) != 1 { // it lies in another quarter of a second
		t.Errorf("got %v a second after one was taken back twice, want the other 1", m.rate(at(300)))
	}
}

// A pace falls exponentially. Events within 10 µs count as one moment.
func TestPaceFalls(t *testing.T) {
	for ms, want := range map[int]float64{-5: 3, 0: 3, 9: 3 * math.Exp(-9e-4), 20_000: 3 * math.Exp(-2)} {
		p := pace{span: 10, last: 3, at: at(0)}
		if got := p.rate(at(ms)); !near(got, want) {
			t.Errorf("got %v after %d ms, want %v", got, ms, want)
		}
	}
	for age, want := range map[time.Duration]pace{
		-5: {10, 3.1, at(0)}, 9_999: {10, 3.1, at(0)}, 10_000: {10, 3*math.Exp(-1e-6) + 0.1, at(0).Add(10_000)},
		-time.Hour: {10, 3.1, at(0).Add(-time.Hour)}, // the clock was set back: it falls from there
	} {
		p := pace{span: 10, last: 3, at: at(0)}
		if p.add(at(0).Add(age)); p.at != want.at || math.Abs(p.last-want.last) > 1e-12 {
			t.Errorf("got %v after one more %v later, want %v", p, age, want)
		}
	}
	p := pace{span: 10, last: 0.01}
	if p.undo(); p.last != 0 {
		t.Errorf("got %v after more was taken back than is left, want 0", p.last)
	}
}

// A history keeps the last 1024.
func TestHistoryIsBounded(t *testing.T) {
	var h history
	h.undo() // of nothing
	if got := h.nth(1); got != 0 {
		t.Errorf("got %v as the last of none, want 0", got)
	}
	if h.n != 0 {
		t.Errorf("got %d after one of none was taken back, want 0", h.n)
	}
	for n := range 2000 {
		h.add(at(n))
	}
	for n, want := range map[int]gate.Instant{-1: 0, 0: 0, 1: at(1999), 2: at(1998), 1024: at(976), 1025: 0} {
		if got := h.nth(n); got != want {
			t.Errorf("got %v as the %dth last, want %v", got, n, want)
		}
	}
	if got := h.between(at(0), at(2000)); got != 1024 {
		t.Errorf("got %d since the first, want the 1024 that are known", got)
	}
	if got := h.recent(at(1500), 0.5); got != 1000 {
		t.Errorf("got %v a second in the half second before 1.5 s, want 1000", got)
	}
}

// A request counts until it is answered, 30 s at most.
func TestInFlight(t *testing.T) {
	var f inflight
	check := func(ms, want int) {
		t.Helper()
		if f.advance(at(ms)); f.n != want {
			t.Errorf("got %d in flight after %d ms, want %d", f.n, ms, want)
		}
	}
	f.add(at(0))
	f.add(at(999))
	f.add(at(1000))
	f.add(at(-500)) // its process was stopped after it had read the clock: as one at 0
	check(29_999, 4)
	check(30_000, 1)
	f.remove(at(0), at(30_000)) // it has ceased to count
	check(30_000, 1)
	f.add(at(0)) // it has before it begins
	check(30_000, 1)
	f.add(at(30_000))
	if f.remove(at(30_000), at(31_000)); f.n != 0 { // the other one has ceased to count meanwhile
		t.Errorf("got %d in flight after the last one was answered, want 0", f.n)
	}
	f.add(at(31_600))
	check(60_000-1, 1)
	check(500_000, 0)
	f.add(at(500_000))
	f.remove(at(500_000), at(529_999))
	check(529_999, 0)
}
