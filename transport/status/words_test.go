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
