package congestion

import (
	"testing"
	"time"
)

// A new train keeps what the older ones tell, and nothing else of them.
func TestATrainBegins(t *testing.T) {
	tr := train{from: at(0), sent: 3, n: 2, weights: 1, weightsSquared: 1, sum: 1, squares: 1, spread: 4, weight: 5, least: 3, variance: 6, leaky: true}
	tr.begin(at(9), 10*time.Millisecond)
	if want := (train{from: at(9), gap: 10 * time.Millisecond, spread: 4, weight: 5, least: 3, variance: 6, leaky: true}); tr != want {
		t.Errorf("got %+v, want %+v", tr, want)
	}
	for after, want := range map[time.Duration]bool{-1: false, 0: true, 180*time.Millisecond - 1: true, 180 * time.Millisecond: false} {
		if got := tr.includes(at(9).Add(after)); got != want {
			t.Errorf("sent %v after the probe: got %v, want %v", after, got, want)
		}
	}
	for tr, want := range map[train]bool{{from: at(0), gap: 1, sent: 11}: true, {from: at(0), gap: 1, sent: 12}: false, {from: at(0)}: false, {gap: 1}: false} {
		if got := tr.sends(at(0)); got != want {
			t.Errorf("%+v: got one more request wanted %v, want %v", tr, got, want)
		}
	}
}

// The spread of a train is by how much the squares of its delays, as multiples of the noise, exceed
// those of noise alone; k requests that go 1/R apart have a variance of (k²-1)/12R².
func TestWhatATrainTells(t *testing.T) {
	tr := train{from: at(0), sent: 5}
	for late, noise := range map[float64]float64{0.3: 0.001, 0.4: 0.001, 0.5: 0.002} {
		tr.add(late, noise)
	}
	// The mean, with the weights 1000, 1000 and 500, is 0.38.
	spread := 1000*(0.08*0.08+0.02*0.02) + 500*0.12*0.12 - 2
	weight := (2500 - (2*1e6+0.25e6)/2500) * 24 / (12 * 225.0)
	least := weight * 8 / 24
	if !near(tr.late(), 0.38) {
		t.Errorf("got answers that came %v s late in the mean, want 0.38 s", tr.late())
	}
	for _, c := range []struct {
		about                           string
		change                          func(*train)
		left                            float64
		spread, weight, least, variance float64
		leaky                           bool
	}{
		{"a delay was left", func(*train) {}, 1, spread, weight, least, 4, false},
		{"just enough was left", func(*train) {}, 0.2, spread, weight, least, 4, false},
		{"one answer", func(tr *train) { tr.n = 1 }, 1, 0, 0, 0, 0, false},
		{"one request", func(tr *train) { tr.sent = 1 }, 1, 0, 0, 0, 0, false},
		{"there was none", func(tr *train) { tr.from = 0 }, 1, 0, 0, 0, 0, false},
		{"there was one before", func(tr *train) { tr.spread, tr.weight, tr.least, tr.variance = 1, 2, 3, 4 }, 1,
			spread + 0.8, weight + 1.6, least + 2.4, 4 + 0.64*4, false},
		{"as they come, with a leaky release", func(tr *train) { tr.spread, tr.leaky = 1, true }, 1, 0.8, 0, 0, 0, true},
		{"paced, with a leaky release", func(tr *train) { tr.gap, tr.leaky = 1, true }, 1, spread, weight, least, 4, true},
		{"paced, spread without a queue", func(tr *train) { tr.gap = 1 }, 0.19, 0, 0, 0, 0, false},
		{"spread without a queue", func(tr *train) { tr.spread, tr.weight, tr.least, tr.variance = 1, 2, 2, 3 }, 0.19, 0, 0, 0, 0, true},
		{"together without a queue", func(tr *train) { tr.squares, tr.leaky = 2500*0.38*0.38+2, true }, 0.19, 0, 0, 0, 0, false},
	} {
		tr := tr
		c.change(&tr)
		tr.end(15, c.left)
		if !near(tr.spread, c.spread) || !near(tr.weight, c.weight) || !near(tr.least, c.least) || !near(tr.variance, c.variance) || tr.leaky != c.leaky || !tr.from.IsZero() {
			t.Errorf("%s: got a spread of %v, of %v or %v, with a variance of %v, leaky %v, since %v; want %v, %v, %v, %v, %v, 0",
				c.about, tr.spread, tr.weight, tr.least, tr.variance, tr.leaky, tr.from, c.spread, c.weight, c.least, c.variance, c.leaky)
		}
	}
	half := train{from: at(0), sent: 2, n: 2, weights: 2, weightsSquared: 2, sum: 1, squares: 2}
	if half.end(0.5, 0); half.leaky {
		t.Error("a spread of just half, without a queue, is one of a leaky release; want it not to be")
	}
}

// Trains say something if their spread is more than half by a standard deviation, or less by two.
func TestWhatTrainsSay(t *testing.T) {
	for _, c := range []struct {
		about           string
		tr              train
		apart, together bool
	}{
		{"nothing", train{}, false, false},
		{"a standard deviation above half", train{spread: 1.5, weight: 2, variance: 0.25}, false, false},
		{"more", train{spread: 1.51, weight: 2, variance: 0.25}, true, false},
		{"two standard deviations below half", train{spread: 0.25, weight: 9, least: 2, variance: 0.140625}, false, false},
		{"less", train{spread: 0.24, weight: 9, least: 2, variance: 0.140625}, false, true},
		{"far less", train{spread: -3, weight: 9, least: 2, variance: 0.25}, false, true},
	} {
		if c.tr.apart() != c.apart || c.tr.together() != c.together {
			t.Errorf("%s: got apart %v, together %v; want %v, %v", c.about, c.tr.apart(), c.tr.together(), c.apart, c.together)
		}
	}
	tr := train{spread: 1, weight: 2, least: 2, variance: 3, leaky: true}
	if tr.reset(); tr != (train{leaky: true}) {
		t.Errorf("got %+v after what they tell was forgotten, want the release alone", tr)
	}
}
