package main

import (
	"hash/fnv"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// A swap is one CompareAndSwap of a Store.
type swap struct {
	began, ended time.Duration
	old, new     uint64 // sums of the values
	swapped      bool
	err          error // it may have been done, then or later
}

func sum(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

// swaps are the history of the Store.
type swaps struct {
	mu  sync.Mutex
	all []swap
}

func (s *swaps) add(x swap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, x)
}

// linearizable reports whether the swaps can have been done one after the other, each
// between its beginning and its end, as far as that can be found out in some seconds.
func (s *swaps) linearizable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ops []porcupine.Operation
	for i, x := range s.all {
		end := x.ended
		if x.err != nil {
			end = 1 << 62
		}
		ops = append(ops, porcupine.Operation{ClientId: i, Input: x, Call: int64(x.began), Return: int64(end), Output: x})
	}
	return porcupine.CheckOperationsTimeout(register, ops, 5*time.Second) != porcupine.Illegal
}

// register is a value that is swapped. A swap that failed may be done or not.
var register = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{uint64(0)} },
	Step: func(state, in, _ any) []any {
		x, now := in.(swap), state.(uint64)
		switch {
		case x.err != nil && x.old == now:
			return []any{now, x.new}
		case x.err != nil || !x.swapped && x.old != now:
			return []any{now}
		case x.swapped && x.old == now:
			return []any{x.new}
		}
		return nil
	},
	Equal: func(a, b any) bool { return a == b },
}).ToModel()
