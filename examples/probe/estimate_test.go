package main

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// waits returns when the requests of a volley begin, in seconds, if head begin at once and
// the others as after says, counting them from 1.
func waits(n, head int, after func(k int) float64) (begun []float64) {
	for k := 1 - head; k <= n-head; k++ {
		if k <= 0 {
			begun = append(begun, 0)
		} else {
			begun = append(begun, after(k))
		}
	}
	return begun
}

func each(rate, start float64) func(int) float64 {
	return func(k int) float64 { return start + float64(k)/rate }
}

func perSecond(rate int, phase float64) func(int) float64 {
	return func(k int) float64 { return phase + float64((k-1)/rate) }
}

func TestEstimate(t *testing.T) {
	work := timing{median: 0.05, deviation: 0.003}
	dozen := volley{begun: waits(12, 12, nil)}
	for _, c := range []struct {
		name         string
		small, large volley
		rate, queue  float64
		atLeast      bool
		release      aprimotest.Release
		guessed      bool
	}{
		{"a bucket", dozen, volley{begun: waits(115, 15, each(15, 0)), rejected: 3}, 15, 100, false, aprimotest.TokenBucket, false},
		{"a bucket, not filled", dozen, volley{begun: waits(118, 15, each(15, 0))}, 15, 103, true, aprimotest.TokenBucket, false},
		{"a bucket that others had emptied", dozen, volley{begun: waits(92, 0, each(15, 0.53)), rejected: 26}, 15, 100, false, aprimotest.TokenBucket, false},
		{"evenly", volley{begun: waits(12, 1, each(15, 0))}, volley{begun: waits(101, 1, each(15, 0)), rejected: 17}, 15, 100, false, aprimotest.EvenlySpaced, false},
		{"windows", dozen, volley{begun: waits(110, 10, perSecond(15, 0.4)), rejected: 8}, 15, 100, false, aprimotest.FixedWindow, false},
		{"windows, just begun", dozen, volley{begun: waits(115, 15, perSecond(15, 1)), rejected: 3}, 15, 100, false, aprimotest.FixedWindow, false},
		{"the small one alone", volley{begun: waits(9, 3, each(3, 0)), rejected: 3}, volley{}, 3, 6, false, aprimotest.TokenBucket, false},
	} {
		got := estimate(c.small, c.large, work)
		if math.Abs(got.rate.is-c.rate) > got.rate.doubt || got.rate.doubt > 0.6 || got.rate.unsure {
			t.Errorf("%s: got rate %+v, want %g a second, ± 0.6 at most", c.name, got.rate, c.rate)
		}
		if math.Abs(got.queue.is-c.queue) > got.queue.doubt || got.queue.doubt > 2.5 || got.queue.atLeast != c.atLeast {
			t.Errorf("%s: got queue %+v, want %g, ± 2.5 at most", c.name, got.queue, c.queue)
		}
		if got.release != c.release || got.guessed != c.guessed {
			t.Errorf("%s: got %v, a guess: %t; want %v, %t", c.name, got.release, got.guessed, c.release, c.guessed)
		}
	}
}

// What tells nothing is not made up.
func TestEstimateKnowsLittle(t *testing.T) {
	work := timing{median: 0.05, deviation: 0.003}
	if got := estimate(volley{}, volley{}, work); !got.rate.unsure || !got.queue.unsure || !got.guessed {
		t.Errorf("no answers: got %+v, want that it is not sure of anything", got)
	}
	got := estimate(volley{}, volley{begun: waits(118, 118, nil)}, work)
	if !got.rate.atLeast || !got.queue.atLeast || got.queue.is > 0 || !got.guessed {
		t.Errorf("none waited: got %+v, want at least", got)
	}
	got = estimate(volley{}, volley{begun: waits(15, 15, nil), rejected: 103}, work)
	if got.rate.is != 15 || got.queue.is != 0 || got.queue.atLeast || !got.guessed {
		t.Errorf("none waited and the rest was rejected: got %+v, want 15 and no queue", got)
	}
	got = estimate(volley{}, volley{begun: waits(60, 40, perSecond(40, 0.6)), rejected: 58}, work)
	if got.release == aprimotest.FixedWindow && !got.rate.atLeast {
		t.Errorf("no second was filled: got %+v, want a rate of at least 40", got.rate)
	}
}

// Whatever the answers, the estimate is made of finite figures that are not negative.
func TestEstimateIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Int64Range(0, int64(time.Minute))
		answers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sample {
			sent := moment.Draw(t, "sent")
			return sample{
				sent: time.Duration(sent), answered: time.Duration(sent + moment.Draw(t, "took")),
				status: rapid.SampledFrom([]int{200, 200, 429}).Draw(t, "status"),
			}
		}), 0, 30)
		work := timingOf(answers.Draw(t, "calm"))
		got := estimate(newVolley(answers.Draw(t, "small"), work), newVolley(answers.Draw(t, "large"), work), work)
		for name, v := range map[string]value{"rate": got.rate, "queue": got.queue} {
			for _, x := range []float64{v.is, v.doubt} {
				if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
					t.Fatalf("%s: got %+v, want finite figures", name, v)
				}
			}
		}
	})
}
