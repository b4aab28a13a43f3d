package aprimotest_test

import (
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestReportString(t *testing.T) {
	r := aprimotest.Report{
		Agents: map[string]aprimotest.Agent{
			"nightly-export/2.1": {Arrived: 1200, Served: 1100, Delayed: 300, Rejected: 90, Failed: 10, MaxPerSecond: 40,
				Delay: 20 * time.Minute, MaxDelay: 6666666667},
			"":     {Arrived: 1, Served: 1, MaxPerSecond: 1},
			"acme": {Tokens: 3},
		},
		Total: aprimotest.Agent{Arrived: 1201, Served: 1101, Delayed: 300, Rejected: 90, Failed: 10, MaxPerSecond: 41, Tokens: 3,
			Delay: 20 * time.Minute, MaxDelay: 6666666667},
	}
	const want = `  arrived  served  delayed  rejected  failed  max/s  mean delay  max delay  tokens  agent
        1       1        0         0       0      1          0s         0s       0  ` + `
        0       0        0         0       0      0          0s         0s       3  acme
     1200    1100      300        90      10     40      1.081s     6.667s       0  nightly-export/2.1
     1201    1101      300        90      10     41       1.08s     6.667s       3  total
`
	if got := r.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestMeanDelay(t *testing.T) {
	if got := (aprimotest.Agent{Arrived: 5, Rejected: 5}).MeanDelay(); got != 0 {
		t.Errorf("all rejected: %v, want 0", got)
	}
	if got := (aprimotest.Agent{Arrived: 5, Rejected: 1, Delay: time.Second}).MeanDelay(); got != 250*time.Millisecond {
		t.Errorf("%v, want 250ms", got)
	}
}

// Arrivals a second apart are not in one second: it does not have its end.
func TestMaxPerSecondIsHalfOpen(t *testing.T) {
	for _, tt := range []struct {
		gap  time.Duration
		want int
	}{{time.Second, 1}, {time.Second - 1, 2}, {500 * time.Millisecond, 2}, {0, 5}} {
		tenant := new(aprimotest.Tenant)
		simulate(t, tenant, 0, 0, tt.gap, 2*tt.gap, 3*tt.gap, 4*tt.gap)
		if got := tenant.Report().Total.MaxPerSecond; got != tt.want {
			t.Errorf("%v apart: %d in a second, want %d", tt.gap, got, tt.want)
		}
	}
}

// Agents are counted separately, as the server would see them, and add up.
func TestAgents(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	for _, agent := range []string{"a", "b", "b", "", "none"} {
		req := newRequest(t.Context(), "GET", recordsURL, "")
		if agent != "none" {
			req.Header.Set("User-Agent", agent)
		}
		do(t, tenant, req)
	}
	r := tenant.Report()
	for agent, want := range map[string]int{"a": 1, "b": 2, "": 1, "Go-http-client/1.1": 1} {
		if got := r.Agents[agent]; got.Arrived != want || got.Served != want {
			t.Errorf("%q: %+v, want %d", agent, got, want)
		}
	}
	if r.Total.Arrived != 5 || r.Total.Served != 5 || len(r.Agents) != 4 {
		t.Errorf("%v", r)
	}
}
