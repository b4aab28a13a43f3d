package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

func TestPace(t *testing.T) {
	now := gate.Instant(gate.Century)
	p := pace{span: 2}
	p.add(now)
	now = now.Add(2 * time.Second)
	p.add(now)
	if got, want := p.rate(now), 0.5+0.5/math.E; got != want {
		t.Errorf("got a rate of %v after two in 2 s, want %v", got, want)
	}
	p.undo()
	if got, want := p.rate(now), 0.5/math.E; math.Abs(got-want) > 1e-12 {
		t.Errorf("got a rate of %v after one was taken back, want %v", got, want)
	}
}

func TestHistory(t *testing.T) {
	var h history
	second := func(n int) gate.Instant { return gate.Instant(gate.Century).Add(time.Duration(n) * time.Second) }
	for n := range 5 {
		h.add(second(n))
	}
	h.add(second(9))
	h.undo()
	for _, c := range []struct{ from, until, want int }{{-1, 9, 5}, {0, 9, 4}, {1, 3, 2}, {2, 2, 0}, {4, 9, 0}} {
		if got := h.between(second(c.from), second(c.until)); got != c.want {
			t.Errorf("got %d after second %d until %d, want %d", got, c.from, c.until, c.want)
		}
	}
	if got := h.recent(second(4), 2); got != 1 {
		t.Errorf("got %v a second in the last two seconds, want 1", got)
	}
}

// A request that is taken back counts nowhere.
func TestCancelTakesBackAll(t *testing.T) {
	now := gate.Instant(gate.Century)
	w := New(15, 0)
	w.Begin(now)
	now = now.Add(100 * time.Millisecond)
	w.judgment.train.begin(now, time.Second/15)
	sums := func() [6]float64 {
		return [6]float64{w.sends.rate(now), w.sending.rate(now), w.usual.rate(now), float64(w.history.n), float64(w.inflight.n), float64(w.judgment.train.sent)}
	}
	before := sums()
	w.Begin(now)
	w.Cancel(now, now)
	for i, after := range sums() {
		if math.Abs(after-before[i]) > 1e-12 {
			t.Errorf("got %v, want %v as before the request", sums(), before)
			break
		}
	}
}

// What trains have told loses a fifth of its weight with each probe.
func TestWhatTrainsTellIsForgotten(t *testing.T) {
	tr := train{spread: 10, weight: 20, variance: 100}
	tr.end(15, 1)
	if math.Abs(tr.spread-8) > 1e-9 || math.Abs(tr.weight-16) > 1e-9 || math.Abs(tr.variance-64) > 1e-9 {
		t.Errorf("got the spread %v of %v with a variance of %v, want 8 of 16 with 64", tr.spread, tr.weight, tr.variance)
	}
}

// The first probe is long enough for the answers of fast operations: their base is not known.
func TestTheFirstProbeIsLong(t *testing.T) {
	now := gate.Instant(gate.Century)
	for _, c := range []struct {
		baseline bool
		service  float64
		want     float64
	}{{false, 0.1, probeFirst}, {false, probeFirst, 2.5}, {true, 0.1, 2.5}} {
		s := Start(now, Scope{Limit: 15}, 0)
		s.Probe.Next = now
		s.schedule(now, Observation{Delay: 1, Lacking: true, Baseline: c.baseline, Service: c.service, NextProbe: now.Add(probeEvery)}, false)
		if got := s.Probe.Until.Sub(s.Probe.From).Seconds(); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("base known %v, %v s a request: got a probe of %v s, want %v", c.baseline, c.service, got, c.want)
		}
	}
}

// A request counts again after a time in which nothing was sent.
func TestInFlightAfterALongSilence(t *testing.T) {
	now := gate.Instant(gate.Century)
	var f inflight
	for i, later := range []time.Duration{0, time.Second, time.Second, countedFor * time.Second, 10 * countedFor * time.Second} {
		f.add(now.Add(later))
		if want := []int{1, 2, 3, 3, 1}[i]; f.n != want {
			t.Errorf("got %d in flight after %v, want %d", f.n, later, want)
		}
	}
}

// A train is what is sent from the end of a probe on, for a short time.
func TestTrainIncludes(t *testing.T) {
	now := gate.Instant(gate.Century)
	tr := train{from: now}
	for at, want := range map[gate.Instant]bool{now.Add(-1): false, now: true, now.Add(trainWithin - 1): true, now.Add(trainWithin): false} {
		if tr.includes(at) != want {
			t.Errorf("%v after the probe: got %v, want %v", at.Sub(now), !want, want)
		}
	}
	if tr.from = 0; tr.includes(1) {
		t.Error("got a request in no train, want none")
	}
}
