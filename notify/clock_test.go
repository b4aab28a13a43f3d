package notify

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

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

// A point in time at which alerts are to go on is one of the wall clock as it is when Mute is
// called. (In a bubble of testing/synctest no time has a monotonic clock's reading.)
func TestMuteAfterTheWallClockWasSet(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, 0, time.Hour} {
		a := New(NotifierFunc(func(context.Context, Alert) error { return nil }), Rule{})
		a.mu.Lock()
		a.clock.real = wallSet(a.clock.real, -by) // when the program started
		a.clock.wall = a.clock.real.Round(0)
		a.mu.Unlock()
		until := time.Now().Add(30 * time.Minute)
		a.Mute(until.Round(0), "")
		shown := a.Status()[0].Muted
		a.mu.Lock()
		for after, want := range map[time.Duration]bool{29 * time.Minute: true, 31 * time.Minute: false} {
			if muted := a.clock.on(time.Now().Add(after)).Before(a.mute.Until); muted != want {
				t.Errorf("clock set by %v, muted for 30 minutes: got %v after %v, want %v", by, muted, after, want)
			}
		}
		a.mu.Unlock()
		if shown.Sub(until).Abs() > 2*time.Second {
			t.Errorf("clock set by %v: Status says muted until %v, want %v", by, shown, until)
		}
		a.Close()
	}
}

// wallSet returns t with another reading of the wall clock and the same of the monotonic one,
// which no function of package time does. The seconds of the former are from bit 30 on.
func wallSet(t time.Time, by time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) += uint64(by/time.Second) << 30
	return t
}
