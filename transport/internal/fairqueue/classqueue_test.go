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

// What is sure to go before a call: of its class retried calls, those of its flow and one of each flow that had no slot
// lately; and what better classes are due meanwhile, less a margin.
func TestAhead(t *testing.T) {
	var q classQueue
	push := func(n, class int, flow string, retried bool) {
		for range n {
			q.push(&Waiter{Class: class, Flow: flow, Retried: retried})
		}
	}
	push(20, 0, "a", false)
	push(3, 1, "a", true)
	push(4, 1, "b", false)
	push(5, 1, "c", false)
	push(30, 2, "d", false)
	for _, c := range []struct {
		about string
		w     Waiter
		want  int
	}{
		// 3 retried ones, 4 of its flow, and the first of the other flow are 8 of its class; the best class gets
		// twice as many, less three slots of its own class and one of the other.
		{"of a flow", Waiter{Class: 1, Flow: "b"}, 8 + (8-3)*2 - 1},
		{"of the longer flow", Waiter{Class: 1, Flow: "c"}, 9 + (9-3)*2 - 1},
		{"of a new flow", Waiter{Class: 1, Flow: "x"}, 5 + (5-3)*2 - 1},
		{"retried", Waiter{Class: 1, Retried: true}, 3},
		{"of the best class", Waiter{Class: 0, Flow: "a"}, 20 + (17*2/4 - 1)},
		{"of batch work", Waiter{Class: 2, Flow: "d"}, 30 + 20 + 12},
		{"of batch work that is new", Waiter{Class: 2, Flow: "e"}, 1},
	} {
		if got := q.ahead(&c.w); got != c.want {
			t.Errorf("%s: got %d, want %d", c.about, got, c.want)
		}
	}
	for class, want := range []int{20, 32, 62} {
		if got := q.rivals(&Waiter{Class: class}); got != want {
			t.Errorf("class %d: got %d rivals, want %d", class, got, want)
		}
	}
}

// New weights begin without credits or debts of the old ones.
func TestReweighForgetsCredit(t *testing.T) {
	var q classQueue
	for i := range q.classes {
		q.classes[i].credit = 5
	}
	q.reweigh(Weights{1, 2, 3})
	for i := range q.classes {
		if q.classes[i].credit != 0 {
			t.Errorf("class %d: got a credit of %d, want none", i, q.classes[i].credit)
		}
	}
}
