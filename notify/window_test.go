package notify

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The ring of the last n times agrees with a model that keeps them all.
func TestWindowAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		span := time.Duration(rapid.IntRange(1, 20).Draw(t, "span"))
		steps := rapid.SliceOf(rapid.IntRange(0, 10)).Draw(t, "steps")
		w := newWindow(n)
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var all []time.Time
		for i, step := range steps {
			now = now.Add(time.Duration(step))
			all = append(all, now)
			within := 0
			for _, u := range all {
				if now.Sub(u) <= span {
					within++
				}
			}
			if got, want := w.add(now, span), within >= n; got != want {
				t.Fatalf("event %d: %v, but %d of %d within %d", i, got, within, n, span)
			}
		}
	})
}
