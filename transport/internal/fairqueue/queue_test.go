package fairqueue_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"pgregory.net/rapid"
)

// A source grants a slot at due, and further ones at the interval every.
type source struct {
	due   gate.Instant
	every time.Duration
	taken int // slots, less those returned
}

func (s *source) Admit(context.Context, *fairqueue.Waiter, int, gate.Instant) error { return nil }

func (s *source) Take(now gate.Instant) (gate.Instant, gate.Wait) {
	if wait := s.due.Sub(now); wait > 0 {
		return 0, gate.Wait{AtMost: wait}
	}
	s.due = now.Add(s.every)
	s.taken++
	return now, gate.Wait{}
}

func (s *source) Return(gate.Instant) { s.taken-- }

// A visit is one Wait of a random scenario.
type visit struct {
	fairqueue.Waiter
	arrives  time.Duration
	patience time.Duration // then it is cancelled; 0: never
	ended    gate.Instant
	err      error
}

func visits() *rapid.Generator[[]*visit] {
	return rapid.Custom(func(t *rapid.T) []*visit {
		list := make([]*visit, rapid.IntRange(1, 60).Draw(t, "visits"))
		for i := range list {
			list[i] = &visit{
				Waiter: fairqueue.Waiter{
					Class:   rapid.IntRange(0, fairqueue.Classes-1).Draw(t, "class"),
					Flow:    rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "flow"),
					Retried: rapid.IntRange(0, 4).Draw(t, "retried") == 0,
				},
				// No two arrive at once, or when a slot is due: their order would be open.
				arrives:  time.Duration(rapid.IntRange(0, 500).Draw(t, "arrives"))*time.Millisecond + time.Duration(i+1),
				patience: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 10, 100}).Draw(t, "patience")) * time.Millisecond,
			}
		}
		slices.SortFunc(list, func(a, b *visit) int { return cmp.Compare(a.arrives, b.arrives) })
		for _, v := range list {
			if v.patience > 0 && rapid.Bool().Draw(t, "cancelled as a slot is due") {
				v.patience += list[0].arrives%time.Millisecond - v.arrives%time.Millisecond
			}
		}
		return list
	})
}

// play lets them all wait, with a Wake now and then, and returns how many slots were taken.
func play(t *testing.T, list []*visit, p fairqueue.Pacer, every time.Duration) (taken int) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		q.SetPacer(p)
		from := &source{every: every}
		var all sync.WaitGroup
		for _, v := range list {
			all.Go(func() {
				time.Sleep(v.arrives)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if v.patience > 0 {
					defer time.AfterFunc(v.patience, cancel).Stop()
				}
				v.err = q.Wait(ctx, &v.Waiter, from, gate.Now())
				v.ended = gate.Now()
				q.Lock()
				defer q.Unlock()
				q.Wake()
			})
		}
		all.Wait()
		if q.Len() != 0 || q.Idle() != nil || len(q.Counts()) != 0 {
			t.Errorf("at the end %d wait, of them %v; want none", q.Len(), q.Counts())
		}
		taken = from.taken
	})
	return taken
}

// Each waiter is granted one slot or ends with its context; none is lost, nor a slot. In
// a flow who arrived first goes first, and retried calls go before the flows of a class.
func TestAlwaysGrantedOnceInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := visits().Draw(rt, "visits")
		every := time.Duration(rapid.IntRange(1, 30).Draw(rt, "every")) * time.Millisecond
		p := fairqueue.NewPacer(rapid.SampledFrom([]float64{0, 5, 50}).Draw(rt, "rate"), 0.2, time.Millisecond)
		taken := play(t, list, p, every)
		if want := granted(rt, list); taken != want {
			rt.Fatalf("%d slots were taken, want the %d that were granted", taken, want)
		}
		inOrder(rt, list)
	})
}

// granted returns how many slots were granted, after it has checked that each went to one,
// and that all others were cancelled.
func granted(t *rapid.T, list []*visit) int {
	slots := map[gate.Instant]bool{}
	for i, v := range list {
		switch {
		case v.err != nil && (v.patience == 0 || !errors.Is(v.err, context.Canceled)):
			t.Fatalf("visit %d, cancelled after %v: got %v, want a slot or context.Canceled", i, v.patience, v.err)
		case v.err == nil && slots[v.Granted]:
			t.Fatalf("visit %d: two got the slot of %v, want one", i, v.Granted)
		case v.err == nil:
			slots[v.Granted] = true
		}
	}
	return len(slots)
}

// inOrder checks that who was granted a slot did not overtake others, unless the slot was
// left by one that was cancelled: who gets it then may overtake the leader.
func inOrder(t *rapid.T, list []*visit) {
	left := map[gate.Instant]bool{}
	for _, v := range list {
		left[v.Granted] = left[v.Granted] || v.err != nil
	}
	for i, v := range list {
		if v.err != nil || left[v.Granted] {
			continue
		}
		for k, before := range list[:i] {
			switch waited := before.Class == v.Class && before.ended.After(v.Granted); {
			case waited && before.Retried && !v.Retried:
				t.Fatalf("visit %d went before %d, a retried call of its class; want it after", i, k)
			case waited && before.Retried == v.Retried && (v.Retried || before.Flow == v.Flow):
				t.Fatalf("visit %d went before %d, which arrived before it; want it after", i, k)
			}
		}
	}
}

// backlog lets n calls of each flow wait in each class, cancels some of them, and returns
// those that were granted the first slots, in order.
func backlog(t *testing.T, w fairqueue.Weights, flows, n, cancelled, slots int) (order []fairqueue.Waiter) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		q.Reweigh(w)
		from := &source{due: gate.Now().Add(time.Second), every: time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		leaves, leave := context.WithCancel(ctx)
		var all sync.WaitGroup
		wait := func(ctx context.Context, i int) {
			all.Go(func() {
				w := fairqueue.Waiter{Class: i % fairqueue.Classes, Flow: fmt.Sprint(i / fairqueue.Classes % flows)}
				if q.Wait(ctx, &w, from, gate.Now()) == nil {
					q.Lock()
					defer q.Unlock()
					order = append(order, w) // one a second, so this is the order of the slots
				}
			})
		}
		for i := range fairqueue.Classes * flows * n {
			wait(ctx, i)
			if i < cancelled {
				wait(leaves, i*7)
			}
		}
		time.Sleep(time.Second / 2)
		leave()
		time.Sleep(time.Duration(slots) * time.Second)
		cancel()
		all.Wait()
	})
	return order
}

// While each flow of a class has a backlog, their numbers of slots differ by one at most.
func TestAlwaysFairBetweenFlows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		flows := rapid.IntRange(1, 40).Draw(rt, "flows")
		slots := rapid.IntRange(1, 100).Draw(rt, "slots")
		order := backlog(t, fairqueue.Weights{4, 2, 1}, flows, slots/flows+2, rapid.IntRange(0, 40).Draw(rt, "cancelled"), slots)
		if len(order) != slots {
			rt.Fatalf("%d were granted, want %d", len(order), slots)
		}
		had := make([][]int, fairqueue.Classes)
		for i := range had {
			had[i] = make([]int, flows)
		}
		for i, w := range order {
			var flow int
			fmt.Sscan(w.Flow, &flow)
			had[w.Class][flow]++
			if most, least := slices.Max(had[w.Class]), slices.Min(had[w.Class]); most-least > 1 {
				rt.Fatalf("after %d slots, flows of class %d had from %d to %d; want a difference of 1 at most", i+1, w.Class, least, most)
			}
		}
	})
}

// While each class has a backlog, it has as many of the slots of a turn as it weighs. With
// the weights of today, any stretch is within one slot of that.
func TestAlwaysByWeight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		weights := fairqueue.Weights{4, 2, 1}
		if rapid.Bool().Draw(rt, "reweighed") {
			for i := range weights {
				weights[i] = rapid.IntRange(1, 9).Draw(rt, "weight")
			}
		}
		turn := weights[0] + weights[1] + weights[2]
		slots := 3 * turn
		order := backlog(t, weights, 2, slots, 0, slots)
		for from := range order {
			var had fairqueue.Weights
			for i, w := range order[from:] {
				had[w.Class]++
				for class, n := range had {
					want := float64((i+1)*weights[class]) / float64(turn)
					if weights == (fairqueue.Weights{4, 2, 1}) && math.Abs(float64(n)-want) > 1 {
						rt.Fatalf("class %d had %d of %d slots from %d on, want %.1f", class, n, i+1, from, want)
					}
					if (i+1)%turn == 0 && float64(n) != want {
						rt.Fatalf("weights %v: class %d had %d of %d slots from %d on, want %.0f", weights, class, n, i+1, from, want)
					}
				}
			}
		}
	})
}
