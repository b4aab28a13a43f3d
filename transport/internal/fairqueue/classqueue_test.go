package fairqueue

import (
	"slices"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"pgregory.net/rapid"
)

// No class saves up a credit, nor a debt, of more than a turn of all of them, and batch
// work saves none while it is held back.
func TestClassesSaveNoCredit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := gate.Now()
		q := classQueue{batch: NewPacer(15, 0.98, 8*time.Millisecond)}
		var all []*Waiter
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now = now.Add(67 * time.Millisecond)
			switch k := rapid.IntRange(-6, 30).Draw(t, "step"); {
			case k < 0:
				all = append(all, &Waiter{Class: -k % Classes, Retried: k < -3})
				q.push(all[len(all)-1])
			case k < min(5, len(all)):
				q.remove(all[k])
				all = slices.Delete(all, k, k+1)
			case len(all) > 0:
				w := q.next(now, nil)
				if q.held(w.Class, now) <= 0 {
					q.dispatch(w, now)
					all = slices.DeleteFunc(all, func(o *Waiter) bool { return o == w })
				}
			}
			for i, c := range q.classes {
				if max(c.credit, -c.credit) > 8 || c.len == 0 && c.credit != 0 {
					t.Fatalf("class %d: %d wait, and its credit is %d; want at most 8, and 0 if nobody waits", i, c.len, c.credit)
				}
			}
		}
	})
}
