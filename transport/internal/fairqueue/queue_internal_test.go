package fairqueue

import (
	"context"
	"slices"
	"testing"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// returned counts the slots that come back.
type returned int

func (*returned) Admit(context.Context, *Waiter, int, gate.Instant) error { return nil }
func (*returned) Take(gate.Instant) (gate.Instant, gate.Wait) {
	return 0, gate.Wait{}
}
func (r *returned) Return(gate.Instant) { *r++ }

// A slot of one that leaves goes to the next follower, but not to the leader, which waits
// for one already.
func TestSlotIsNotPassedOnToTheLeader(t *testing.T) {
	for followers := range 2 {
		var q Queue
		leader, leaves, follower := &Waiter{}, &Waiter{called: make(chan struct{}, 1)}, &Waiter{called: make(chan struct{}, 1)}
		q.leader = leader
		q.waiting.push(leader)
		if followers > 0 {
			q.waiting.push(follower)
		}
		leaves.called <- struct{}{}
		var back returned
		q.leave(leaves, &back)
		if len(follower.called) != followers || int(back) != 1-followers || q.Len() != 1 {
			t.Errorf("of %d followers %d got the slot, %d slots came back, %d wait; want %d, %d, 1",
				followers, len(follower.called), back, q.Len(), followers, 1-followers)
		}
	}
}

// The last one that gives up leaves the queue idle, and only batch work is what it says.
func TestIdleAfterTheLastOneLeaves(t *testing.T) {
	var q Queue
	if q.Idle() != nil || !q.OnlyBatch() {
		t.Error("an empty queue has something to wait for, want nothing")
	}
	batchWork, other := &Waiter{Class: batch}, &Waiter{}
	q.waiting.push(batchWork)
	if !q.OnlyBatch() {
		t.Error("batch work is not all that waits, want it to be")
	}
	if q.waiting.push(other); q.OnlyBatch() {
		t.Error("batch work is all that waits, want it not to be")
	}
	idle := q.Idle()
	if idle == nil || idle != q.Idle() {
		t.Error("two who wait for an empty queue wait for different ones, want the same")
	}
	closed := func() bool {
		select {
		case <-idle:
			return true
		default:
			return false
		}
	}
	if q.remove(batchWork); closed() {
		t.Error("idle with one that waits, want it not to be")
	}
	if q.remove(other); !closed() || q.Idle() != nil {
		t.Error("not idle after the last one left, want it to be")
	}
}

// Who looks sees each flow that waits, and each retried call.
func TestCounts(t *testing.T) {
	var q Queue
	for _, w := range []*Waiter{{Flow: "a"}, {Flow: "a"}, {Flow: "a", Retried: true}, {Class: 1, Flow: "b", Retried: true}} {
		q.waiting.push(w)
	}
	want := []Count{{0, "a", 1}, {0, "a", 2}, {1, "b", 1}}
	if got := q.Counts(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
