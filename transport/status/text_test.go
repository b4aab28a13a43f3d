package status

import (
	"testing"
	"time"
)

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                 "0.0 s",
		1234 * time.Millisecond:           "1.2 s",
		12 * time.Second:                  "12 s",
		time.Minute:                       "1m",
		61 * time.Second:                  "1m1s",
		90 * time.Second:                  "1m30s",
		10 * time.Minute:                  "10m",
		time.Hour:                         "1h0m",
		90*time.Minute + 10*time.Second:   "1h30m",
		30*time.Hour + 50*time.Minute + 1: "30h50m",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// All times on the page are of one zone, whatever zone the process is in that wrote
// them into a Store.
func TestClock(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	now := time.Date(2026, 11, 25, 1, 0, 0, 0, zone)
	for at, want := range map[time.Time]string{
		{}:                               "–",
		now.Add(-10 * time.Minute):       "00:50:00",
		now.Add(-10 * time.Minute).UTC(): "00:50:00", // there still the day before
		now.Add(-2 * time.Hour):          "11-24 23:00",
		now.AddDate(1, 0, 0):             "11-25 01:00",
	} {
		if got := clock(at, now); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}
