package aprimotest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

var releases = []aprimotest.Release{aprimotest.TokenBucket, aprimotest.FixedWindow, aprimotest.EvenlySpaced}

// TestDocumentedBurst is the example of Aprimo's page: 130 requests at once.
func TestDocumentedBurst(t *testing.T) {
	for _, tt := range []struct {
		release                   aprimotest.Release
		phase                     time.Duration
		atOnce, delayed, rejected int
		last                      time.Duration
	}{
		{aprimotest.TokenBucket, 0, 15, 100, 15, 100*time.Second/15 + 1},
		{aprimotest.FixedWindow, 0, 15, 100, 15, 7 * time.Second},
		{aprimotest.FixedWindow, 900 * time.Millisecond, 15, 100, 15, 6100 * time.Millisecond},
		{aprimotest.EvenlySpaced, 0, 1, 100, 29, 100*time.Second/15 + 1},
	} {
		t.Run(tt.release.String(), func(t *testing.T) {
			tenant := &aprimotest.Tenant{Release: tt.release, Service: atOnce}
			var now, delayed, rejected int
			var last time.Duration
			for _, o := range simulate(t, tenant, tt.phase, times(130, 0)...) {
				switch {
				case o.status == 429 && o.ended == 0:
					rejected++
				case o.status == 200 && o.ended == 0:
					now++
				case o.status == 200:
					delayed++
					last = max(last, o.ended)
				}
			}
			if now != tt.atOnce || delayed != tt.delayed || rejected != tt.rejected {
				t.Errorf("%d at once, %d delayed, %d rejected; want %d, %d, %d",
					now, delayed, rejected, tt.atOnce, tt.delayed, tt.rejected)
			}
			if last != tt.last {
				t.Errorf("the last began after %v, want %v", last, tt.last)
			}
		})
	}
}

// A client that keeps to the rate exactly is never delayed by a rounding error.
func TestExactRateIsNotDelayed(t *testing.T) {
	for _, release := range releases {
		for _, rate := range []int{7, 15, 999} {
			tenant := &aprimotest.Tenant{Rate: rate, Release: release, Others: []aprimotest.Load{{Agent: "even", Rate: float64(rate)}}}
			simulate(t, tenant, 0, time.Minute-time.Millisecond)
			a := tenant.Report().Agents["even"]
			if want := 60 * rate; a.Arrived < want-1 || a.Delayed != 0 || a.Rejected != 0 {
				t.Errorf("%v, %d/s: %d arrived (want %d), %d delayed, %d rejected", release, rate, a.Arrived, want, a.Delayed, a.Rejected)
			}
		}
	}
}

// drawArrivals draws times that do not go back, with bursts and pauses.
func drawArrivals(rt *rapid.T) []time.Duration {
	gap := rapid.OneOf(
		rapid.Just(int64(0)),
		rapid.Int64Range(0, int64(20*time.Millisecond)),
		rapid.Int64Range(0, int64(2*time.Second)),
		rapid.Just(int64(time.Second)),
	)
	var arrivals []time.Duration
	var at time.Duration
	for _, g := range rapid.SliceOfN(gap, 1, 40).Draw(rt, "gaps") {
		at += time.Duration(g)
		burst := rapid.OneOf(rapid.Just(1), rapid.IntRange(1, 50)).Draw(rt, "burst")
		arrivals = append(arrivals, times(burst, at)...)
	}
	return arrivals
}

// begins returns when the requests began that were not rejected, in order.
func begins(out []outcome) []time.Duration {
	var all []time.Duration
	for _, o := range out {
		if o.status == 200 {
			all = append(all, o.ended)
		}
	}
	slices.Sort(all)
	return all
}

// canonical puts the outcomes of one instant, whose order is nobody's business,
// into an order: served by time, then rejected.
func canonical(out []outcome) []outcome {
	out = slices.Clone(out)
	slices.SortStableFunc(out, func(a, b outcome) int {
		if a.arrived != b.arrived {
			return int(a.arrived - b.arrived)
		}
		if a.status != b.status {
			return a.status - b.status
		}
		return int(a.ended - b.ended)
	})
	return out
}

func TestReleaseProperties(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				rate := rapid.IntRange(1, 20).Draw(rt, "rate")
				queue := rapid.IntRange(1, 20).Draw(rt, "queue")
				phase := time.Duration(rapid.Int64Range(0, int64(time.Second)-1).Draw(rt, "phase"))
				arrivals := drawArrivals(rt)

				tenant := &aprimotest.Tenant{Rate: rate, Queue: queue, Release: release, Service: atOnce}
				out := canonical(simulate(t, tenant, phase, arrivals...))

				if want := model(release, rate, queue, phase, arrivals); !cmp.Equal(out, want, cmp.AllowUnexported(outcome{})) {
					rt.Fatal(cmp.Diff(want, out, cmp.AllowUnexported(outcome{})))
				}
				checkRate(rt, release, rate, phase, begins(out))
				checkQueue(rt, queue, out)
				checkAccounts(rt, tenant.Report(), out)
			})
		})
	}
}

// checkRate checks what a Release promises, without the help of the model.
func checkRate(rt *rapid.T, release aprimotest.Release, rate int, phase time.Duration, begins []time.Duration) {
	windows := make(map[time.Duration]int)
	for i, b := range begins {
		switch release {
		case aprimotest.TokenBucket:
			for j := range i { // never more than Rate*T + Rate in any T
				n, span := i-j+1, b-begins[j]
				if float64(n-rate) > float64(rate)*span.Seconds()+1e-6 {
					rt.Fatalf("%d began within %v, at %d/s", n, span, rate)
				}
			}
		case aprimotest.FixedWindow:
			second := (b + phase).Truncate(time.Second)
			if windows[second]++; windows[second] > rate {
				rt.Fatalf("%d began in one second of the clock, at %d/s", windows[second], rate)
			}
		case aprimotest.EvenlySpaced:
			if i > 0 && b-begins[i-1] < time.Second/time.Duration(rate) {
				rt.Fatalf("began %v apart, at %d/s", b-begins[i-1], rate)
			}
		}
	}
}

// checkQueue checks that never more wait than may, that nobody overtakes, and
// that nobody is rejected while there is a place.
func checkQueue(rt *rapid.T, queue int, out []outcome) {
	for i, o := range out {
		waiting := 0
		for _, p := range out {
			if p.status == 200 && p.arrived <= o.arrived && p.ended > o.arrived {
				waiting++
			}
		}
		if waiting > queue {
			rt.Fatalf("at %v %d wait, want at most %d", o.arrived, waiting, queue)
		}
		if o.status == 429 && (waiting < queue || o.ended != o.arrived) {
			rt.Fatalf("rejected at %v, answered at %v, with %d of %d waiting", o.arrived, o.ended, waiting, queue)
		}
		for _, p := range out[:i] {
			if p.status == 200 && o.status == 200 && p.ended > o.ended {
				rt.Fatalf("came at %v, began at %v; came at %v, began at %v", p.arrived, p.ended, o.arrived, o.ended)
			}
		}
	}
}

func checkAccounts(rt *rapid.T, r aprimotest.Report, out []outcome) {
	want := aprimotest.Agent{Arrived: len(out)}
	for i, o := range out {
		n := 0
		for _, p := range out[:i+1] {
			if o.arrived-p.arrived < time.Second {
				n++
			}
		}
		want.MaxPerSecond = max(want.MaxPerSecond, n)
		if o.status == 429 {
			want.Rejected++
			continue
		}
		want.Served++
		if d := o.ended - o.arrived; d > 0 {
			want.Delayed++
			want.Delay += d
			want.MaxDelay = max(want.MaxDelay, d)
		}
	}
	if diff := cmp.Diff(want, r.Total); diff != "" {
		rt.Fatal("total ", diff)
	}
	if diff := cmp.Diff(map[string]aprimotest.Agent{"Go-http-client/1.1": want}, r.Agents); diff != "" {
		rt.Fatal("agents ", diff)
	}
}
