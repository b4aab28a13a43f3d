package aprimotest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestQueue(t *testing.T) {
	for _, tt := range []struct {
		name             string
		queue            int
		want             int // queued at once
		wantRejected     int
		wantAfterASecond int
		wantAtTheEnd     int
	}{
		{"zero is 100", 0, 100, 85, 85, 0},
		{"less than zero is none", -1, 0, 185, 0, 0},
		{"as given", 50, 50, 135, 35, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{Queue: tt.queue}
				go send(tenant, times(200, 0)...)
				synctest.Wait()
				if got := tenant.Queued(); got != tt.want {
					t.Errorf("%d queued, want %d", got, tt.want)
				}
				if got := tenant.Report().Total.Rejected; got != tt.wantRejected {
					t.Errorf("%d rejected, want %d", got, tt.wantRejected)
				}
				time.Sleep(time.Second)
				if got := tenant.Queued(); got != tt.wantAfterASecond {
					t.Errorf("%d queued after a second, want %d", got, tt.wantAfterASecond)
				}
				time.Sleep(6500 * time.Millisecond)
				if got := tenant.Queued(); got != tt.wantAtTheEnd {
					t.Errorf("%d queued at the end, want %d", got, tt.wantAtTheEnd)
				}
			})
		})
	}
}

// Who hangs up in the queue neither makes room nor lets the next begin sooner.
func TestHangingUpKeepsThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1, Queue: 3, Service: atOnce}
		do(t, tenant, newRequest(t.Context(), "GET", recordsURL, "")) // takes the token of the start
		start := time.Now()

		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				_, err := tenant.Transport().RoundTrip(newRequest(ctx, "GET", recordsURL, ""))
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
					t.Errorf("after %v: %v, want the context's error after 100ms", time.Since(start), err)
				}
			})
		}
		wg.Wait()
		if got := tenant.Queued(); got != 2 {
			t.Errorf("%d queued, want 2", got)
		}
		do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("the next began after %v, want 3s", got)
		}
		want := aprimotest.Agent{
			Arrived: 4, Served: 2, Delayed: 3, Failed: 2, MaxPerSecond: 4,
			Delay: 1*time.Second + 2*time.Second + 2900*time.Millisecond, MaxDelay: 2900 * time.Millisecond,
		}
		if diff := cmp.Diff(want, tenant.Report().Total); diff != "" {
			t.Error(diff)
		}
	})
}

// Start lets the others come before the first request.
func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "other", Burst: 200}}}
		if got := tenant.Report(); got.Elapsed != 0 || got.Total != (aprimotest.Agent{}) || tenant.Queued() != 0 {
			t.Errorf("before the start: %+v", got)
		}
		tenant.Start()
		time.Sleep(time.Second)
		tenant.Start()
		if got := tenant.Queued(); got != 85 {
			t.Errorf("%d queued after a second, want 85", got)
		}
		if got := tenant.Report().Elapsed; got != time.Second {
			t.Errorf("%v elapsed, want 1s", got)
		}
	})
}

// A Tenant lives in one bubble. What is asked outside of it is answered, what is
// sent there is refused, and neither hangs.
func TestOutsideOfItsBubble(t *testing.T) {
	tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "other", Rate: 100}}}
	simulate(t, tenant, 0, time.Second)
	before := tenant.Report()
	if before.Elapsed < time.Second || before.Elapsed > 10*time.Second {
		t.Errorf("%v elapsed", before.Elapsed)
	}
	defer func() {
		if recover() == nil {
			t.Error("a request from outside did not panic")
		}
		if diff := cmp.Diff(before, tenant.Report()); diff != "" {
			t.Error(diff)
		}
	}()
	tenant.Transport().RoundTrip(newRequest(t.Context(), "GET", recordsURL, ""))
}
