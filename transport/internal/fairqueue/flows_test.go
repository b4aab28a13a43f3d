package fairqueue

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"pgregory.net/rapid"
)

// Whatever arrives, leaves or is dispatched: the next call is of the flow that had the
// fewest of the recent slots and has waited longest, as a search through all of them
// finds it; and no flow is kept without need.
func TestFlowsTakeTurns(t *testing.T) {
	type model struct {
		waiting []*Waiter
		since   int
	}
	rapid.Check(t, func(t *rapid.T) {
		var q classQueue
		fs := &q.classes[0].flows
		flows, last := map[string]*model{}, []string{}
		had := func(name string) (n int) {
			for _, s := range last[max(0, len(last)-len(fs.recent)):] {
				if s == name {
					n++
				}
			}
			return n
		}
		next := func(except *Waiter) *Waiter {
			names := []string{}
			for name, f := range flows {
				if rest := slices.DeleteFunc(slices.Clone(f.waiting), func(w *Waiter) bool { return w == except }); len(rest) > 0 {
					names = append(names, name)
				}
			}
			if len(names) == 0 {
				return nil
			}
			f := flows[slices.MinFunc(names, func(a, b string) int {
				return cmp.Or(cmp.Compare(had(a), had(b)), cmp.Compare(flows[a].since, flows[b].since))
			})]
			if f.waiting[0] == except {
				return f.waiting[1]
			}
			return f.waiting[0]
		}
		gone := func(w *Waiter) {
			f := flows[w.Flow]
			f.waiting = slices.DeleteFunc(f.waiting, func(o *Waiter) bool { return o == w })
		}
		all := []*Waiter{}
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 4).Draw(t, "step"); {
			case step <= 1:
				w := &Waiter{Flow: fmt.Sprint(rapid.IntRange(0, 24).Draw(t, "flow"))}
				f := flows[w.Flow]
				if f == nil {
					f = &model{}
					flows[w.Flow] = f
				}
				if f.waiting = append(f.waiting, w); len(f.waiting) == 1 {
					f.since = i
				}
				all = append(all, w)
				q.push(w)
			case step == 2 && len(all) > 0:
				k := rapid.IntRange(0, len(all)-1).Draw(t, "leaves")
				gone(all[k])
				q.remove(all[k])
				all = slices.Delete(all, k, k+1)
			default:
				w := next(nil)
				if got := q.next(0, nil); got != w {
					t.Fatalf("next is %+v, want %+v", got, w)
				}
				if got, want := q.next(0, w), next(w); got != want {
					t.Fatalf("after the next comes %+v, want %+v", got, want)
				}
				if w == nil {
					continue
				}
				q.dispatch(w, 0)
				gone(w)
				last = append(last, w.Flow)
				flows[w.Flow].since = i
				all = slices.DeleteFunc(all, func(o *Waiter) bool { return o == w })
			}
		}
		kept, fresh := 0, 0
		for name, f := range flows {
			if len(f.waiting) > 0 || had(name) > 0 {
				kept++
			}
			if len(f.waiting) > 0 && had(name) == 0 {
				fresh++
			}
		}
		if q.len != len(all) || len(fs.named) != kept || fs.fresh != fresh {
			t.Fatalf("%d wait, %d flows are kept, %d are fresh; want %d, %d, %d",
				q.len, len(fs.named), fs.fresh, len(all), kept, fresh)
		}
	})
}

// BenchmarkNext measures what it takes to dispatch one call and let another one arrive,
// beside ten calls of each flow.
func BenchmarkNext(b *testing.B) {
	for _, flows := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(flows, " flows"), func(b *testing.B) {
			b.ReportAllocs()
			var q classQueue
			for i := range 10 * flows {
				q.push(&Waiter{Flow: fmt.Sprint(i % flows), Class: i % Classes})
			}
			now := gate.Now()
			for b.Loop() {
				w := q.next(now, nil)
				q.dispatch(w, now)
				q.push(w)
			}
		})
	}
}
