package notify

import "time"

// A window remembers when the last few events were, and so knows whether they
// all fit into a span of time. That is an exact sliding window in constant
// memory: whether there were n events within w depends on the n-th most recent
// alone.
type window struct {
	times []time.Time // a ring
	next  int         // where the next one goes; the oldest once full
	full  bool
}

func newWindow(n int) window { return window{times: make([]time.Time, n)} }

// add notes an event at t and reports whether the last n, this one included,
// lie within span of each other. Events count in the order in which they come
// in. The distance has no sign: if the clock is set back, the times from before
// do not look recent.
func (w *window) add(t time.Time, span time.Duration) bool {
	w.times[w.next] = t
	w.next++
	if w.next == len(w.times) {
		w.next, w.full = 0, true
	}
	return w.full && apart(t, w.times[w.next]) <= span
}

// apart returns how far two points in time are from each other.
func apart(a, b time.Time) time.Duration { return a.Sub(b).Abs() }
