package aprimotest_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name  string
		load  aprimotest.Load
		lasts time.Duration
		want  aprimotest.Agent
	}{
		{"even", aprimotest.Load{Rate: 8}, 10 * time.Second,
			aprimotest.Agent{Arrived: 81, Served: 81, MaxPerSecond: 8}},
		{"even, of no whole nanoseconds", aprimotest.Load{Rate: 0.3}, time.Minute,
			aprimotest.Agent{Arrived: 19, Served: 19, MaxPerSecond: 1}},
		{"from and until", aprimotest.Load{Rate: 4, From: time.Second, Until: 2 * time.Second}, time.Minute,
			aprimotest.Agent{Arrived: 4, Served: 4, MaxPerSecond: 4}},
		{"one burst", aprimotest.Load{Burst: 20, From: time.Second}, time.Minute,
			aprimotest.Agent{Arrived: 20, Served: 20, Delayed: 5, MaxPerSecond: 20, Delay: time.Second + 2, MaxDelay: time.Second/3 + 1}},
		{"bursts", aprimotest.Load{Burst: 15, Every: time.Second, Until: 5 * time.Second}, time.Minute,
			aprimotest.Agent{Arrived: 75, Served: 75, MaxPerSecond: 15}},
		{"even and bursts", aprimotest.Load{Rate: 1, Burst: 2, Every: time.Minute}, 60 * time.Second,
			aprimotest.Agent{Arrived: 65, Served: 65, MaxPerSecond: 3}},
		{"too much", aprimotest.Load{Rate: 30}, 60 * time.Second,
			aprimotest.Agent{Arrived: 1801, Served: 15 + 900, Delayed: 1801 - 786 - 29, Rejected: 786, MaxPerSecond: 30}},
		{"nothing", aprimotest.Load{}, time.Minute, aprimotest.Agent{}},
		{"infinite", aprimotest.Load{Rate: math.Inf(1)}, time.Minute, aprimotest.Agent{}},
		{"one burst, in three centuries", aprimotest.Load{Burst: 2, From: math.MaxInt64}, time.Hour, aprimotest.Agent{}},
		{"next to never", aprimotest.Load{Rate: 1e-300}, time.Hour, aprimotest.Agent{Arrived: 1, Served: 1, MaxPerSecond: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.load.Agent = "other"
				tenant := &aprimotest.Tenant{Others: []aprimotest.Load{tt.load}}
				tenant.Start()
				time.Sleep(tt.lasts)
				got := tenant.Report()
				if got.Agents["other"] != got.Total {
					t.Errorf("agent %+v, total %+v", got.Agents["other"], got.Total)
				}
				if tt.name == "too much" { // the times are not easily said
					got.Total.Delay, got.Total.MaxDelay = 0, 0
					if got.Total.UnderWay() != 100 {
						t.Errorf("%d under way, want 100", got.Total.UnderWay())
					}
				}
				if diff := cmp.Diff(tt.want, got.Total); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// How often somebody looks changes nothing.
func TestLoadIsReproducible(t *testing.T) {
	run := func(seed uint64, step time.Duration) (r aprimotest.Report) {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{Seed: seed, Others: []aprimotest.Load{
				{Agent: "a", Rate: 10, Random: true},
				{Agent: "b", Rate: 5, Random: true, Burst: 40, Every: 7 * time.Second},
				{Agent: "c", Rate: 10, Random: true},
			}}
			tenant.Start()
			for range 10 * time.Minute / step {
				time.Sleep(step)
				tenant.Queued()
			}
			r = tenant.Report()
		})
		return r
	}
	first := run(0, 10*time.Minute)
	if diff := cmp.Diff(first, run(0, 100*time.Millisecond)); diff != "" {
		t.Error("looked at more often: ", diff)
	}
	if cmp.Equal(first, run(1, 10*time.Minute)) {
		t.Error("the seed changes nothing")
	}
	if first.Agents["a"].Arrived == first.Agents["c"].Arrived {
		t.Error("two loads come at the same times")
	}
	for name, want := range map[string]float64{"a": 6000, "b": 3000 + 40*86} {
		if got := float64(first.Agents[name].Arrived); math.Abs(got-want) > 4*math.Sqrt(want) {
			t.Errorf("%s: %v arrived, want about %v", name, got, want)
		}
	}
}

// The distances of a Poisson process have a standard deviation of their mean;
// so has the number that comes in a time, of its root.
func TestRandomLoadIsPoisson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Others: []aprimotest.Load{{Agent: "r", Rate: 10, Random: true}}}
		tenant.Start()
		const seconds = 2000
		var sum, squares float64
		before := 0
		for range seconds {
			time.Sleep(time.Second)
			now := tenant.Report().Total.Arrived
			n := float64(now - before)
			sum, squares, before = sum+n, squares+n*n, now
		}
		mean := sum / seconds
		variance := squares/seconds - mean*mean
		if math.Abs(mean-10) > 0.3 || math.Abs(variance-10) > 1.5 {
			t.Errorf("mean %.2f, variance %.2f; want 10 and 10", mean, variance)
		}
	})
}

// The others take what is there; who comes after them waits.
func TestLoadDelaysRequests(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce, Others: []aprimotest.Load{{Agent: "other", Burst: 45}}}
	out := simulate(t, tenant, 0, 0, time.Second)
	if want := 31*time.Second/15 + 1; out[0].ended != want {
		t.Errorf("began after %v, want %v", out[0].ended, want)
	}
	if want := 32*time.Second/15 + 1; out[1].ended != want {
		t.Errorf("began after %v, want %v", out[1].ended, want)
	}
}
