package notify

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Alerts have the wall clock's time, also if that was set while the program ran.
func TestTheWallClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, time.Hour, -time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			var got []Alert
			a := New(NotifierFunc(func(_ context.Context, alert Alert) error {
				got = append(got, alert)
				return nil
			}), Rule{})
			a.clock.wall = a.clock.wall.Add(-by) // what it was at the beginning
			begin := time.Now()
			for range 20 {
				a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Time: begin, Status: 429})
			}
			time.Sleep(time.Minute)
			status := a.Status()[0]
			a.Close()
			if len(got) != 1 {
				t.Fatalf("alerts: got %d, want 1", len(got))
			}
			for _, at := range []time.Time{got[0].Since, got[0].History[0].Time, status.Since} {
				if at.Sub(begin).Abs() > time.Millisecond {
					t.Errorf("by %v: %v, want %v", by, at, begin)
				}
			}
		})
	}
}
