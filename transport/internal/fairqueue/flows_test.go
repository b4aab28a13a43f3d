package fairqueue

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"pgregory.net/rapid"
)

// A flowModel is what flows must do, by a search through all that happened.
type flowModel struct {
	q       classQueue
	step    int
	waiting []*Waiter
	recent  []string       // the flows that were granted a slot
	since   map[string]int // the step at which a flow was granted a slot last, or arrived
}

func (m *flowModel) had(flow string) (n int) {
	for _, name := range m.recent[max(0, len(m.recent)-len(flows{}.recent)):] {
		if name == flow {
			n++
		}
	}
	return n
}

func (m *flowModel) of(flow string) []*Waiter {
	return slices.DeleteFunc(slices.Clone(m.waiting), func(w *Waiter) bool { return w.Flow != flow })
}

// next returns the oldest of the flow that had the fewest slots and waited longest.
func (m *flowModel) next(except *Waiter) (next *Waiter) {
	for _, w := range m.waiting {
		if w != except && (next == nil || w.Flow != next.Flow &&
			cmp.Or(cmp.Compare(m.had(w.Flow), m.had(next.Flow)), cmp.Compare(m.since[w.Flow], m.since[next.Flow])) < 0) {
			next = w
		}
	}
	return next
}

func (m *flowModel) remove(w *Waiter) {
	m.waiting = slices.DeleteFunc(m.waiting, func(o *Waiter) bool { return o == w })
}

func (m *flowModel) arrives(t *rapid.T) {
	w := &Waiter{Flow: fmt.Sprint(rapid.IntRange(0, 24).Draw(t, "flow"))}
	if len(m.of(w.Flow)) == 0 {
		m.since[w.Flow] = m.step
	}
	m.waiting = append(m.waiting, w)
	m.q.push(w)
}

func (m *flowModel) leaves(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("nobody waits")
	}
	w := rapid.SampledFrom(m.waiting).Draw(t, "leaves")
	m.q.remove(w)
	m.remove(w)
}

func (m *flowModel) dispatch(t *rapid.T) {
	if len(m.waiting) == 0 {
		t.Skip("nobody waits")
	}
	w := m.next(nil)
	m.q.dispatch(w, 0)
	m.remove(w)
	m.recent = append(m.recent, w.Flow)
	m.since[w.Flow] = m.step
}

// burst is calls of one flow that were granted slots without waiting: those of the others are
// not recent any more.
func (m *flowModel) burst(t *rapid.T) {
	w := &Waiter{Flow: fmt.Sprint(rapid.IntRange(0, 24).Draw(t, "flow"))}
	for range rapid.IntRange(1, 40).Draw(t, "calls") {
		m.q.account(w, 0)
		m.recent = append(m.recent, w.Flow)
	}
	m.since[w.Flow] = m.step
}

// check compares the queue with the model, after each step.
func (m *flowModel) check(t *rapid.T) {
	m.step++
	first := m.next(nil)
	for _, except := range []*Waiter{nil, first} {
		if got, want := m.q.next(0, except), m.next(except); got != want {
			t.Fatalf("after %p comes %+v, want %+v", except, got, want)
		}
	}
	kept, fresh, fs := 0, 0, &m.q.classes[0].flows
	for name := range m.since {
		waits, had := len(m.of(name)) > 0, m.had(name) > 0
		if waits || had {
			kept++
		}
		if waits && !had {
			fresh++
		}
	}
	if m.q.len != len(m.waiting) || len(fs.named) != kept || fs.fresh != fresh {
		t.Fatalf("%d wait, %d flows are kept, %d are fresh; want %d, %d, %d",
			m.q.len, len(fs.named), fs.fresh, len(m.waiting), kept, fresh)
	}
}

// Whatever arrives, leaves or is dispatched: the next call is of the flow that had the
// fewest of the recent slots and has waited longest, and no flow is kept without need.
func TestFlowsTakeTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &flowModel{since: map[string]int{}}
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "arrives": m.arrives, "arrives too": m.arrives, "leaves": m.leaves, "dispatch": m.dispatch, "burst": m.burst,
		})
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
