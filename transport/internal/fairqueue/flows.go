package fairqueue

import "container/heap"

// flows share the slots of a class. The next slot is for the flow that was granted the
// fewest of the recent slots; among equals, for the one that has waited longest for its
// turn. With a backlog in every flow that is a round robin. A flow that arrives beside a
// long backlog goes first for some ten calls, because the other one had the recent slots.
//
// A flow is kept while calls of it wait or it had one of the recent slots.
type flows struct {
	named      map[string]*flow
	backlogged flowHeap
	fresh      int    // backlogged flows that had none of the recent slots
	turns      uint64 // counts

	recent [32]*flow // who had the last slots, a ring: two seconds of Aprimo's 15 a second
	oldest int       // of these
}

type flow struct {
	name    string
	waiting waitList
	had     int    // how many of the recent slots
	turn    uint64 // when it was granted a slot last, or arrived
	index   int    // in the heap, while calls of it wait
}

func (fs *flows) flow(name string) *flow {
	f := fs.named[name]
	if f == nil {
		if fs.named == nil {
			fs.named = map[string]*flow{}
		}
		f = &flow{name: name}
		fs.named[name] = f
	}
	return f
}

func (fs *flows) push(w *Waiter) {
	f := fs.flow(w.Flow)
	f.waiting.push(w)
	if f.waiting.len > 1 {
		return
	}
	fs.endTurn(f)
	heap.Push(&fs.backlogged, f)
	if f.had == 0 {
		fs.fresh++
	}
}

func (fs *flows) remove(w *Waiter) {
	f := fs.named[w.Flow]
	f.waiting.remove(w)
	if f.waiting.len > 0 {
		return
	}
	heap.Remove(&fs.backlogged, f.index)
	if f.had == 0 {
		fs.fresh--
		delete(fs.named, f.name)
	}
}

// account notes that a flow gets a slot.
func (fs *flows) account(name string) {
	newest := fs.recent[(fs.oldest+len(fs.recent)-1)%len(fs.recent)]
	if newest != nil && newest.had == len(fs.recent) && newest.name == name {
		fs.endTurn(newest) // it had all of them: nothing else changes, as it goes after all others
		return
	}
	f, old := fs.flow(name), fs.recent[fs.oldest]
	fs.recent[fs.oldest] = f
	fs.oldest = (fs.oldest + 1) % len(fs.recent)
	fs.endTurn(f)
	fs.count(f, +1)
	if old != nil {
		fs.count(old, -1)
	}
}

// endTurn puts f behind its equals.
func (fs *flows) endTurn(f *flow) {
	fs.turns++
	f.turn = fs.turns
}

// count changes how many of the recent slots a flow had.
func (fs *flows) count(f *flow, by int) {
	before := f.had
	f.had += by
	switch {
	case f.waiting.len > 0:
		heap.Fix(&fs.backlogged, f.index)
		if before == 0 {
			fs.fresh--
		} else if f.had == 0 {
			fs.fresh++
		}
	case f.had == 0:
		delete(fs.named, f.name)
	}
}

// next returns who goes next, but not except; or nil.
func (fs *flows) next(except *Waiter) *Waiter {
	h := fs.backlogged
	if len(h) == 0 {
		return nil
	}
	if w := h[0].waiting.next(except); w != nil {
		return w
	}
	// The second of a heap is one of the two below the first.
	switch {
	case len(h) == 1:
		return nil
	case len(h) > 2 && h.Less(2, 1):
		return h[2].waiting.first
	}
	return h[1].waiting.first
}

// ahead returns how many are sure to go before another call of a flow.
func (fs *flows) ahead(name string) int {
	n := fs.fresh
	if f := fs.named[name]; f != nil && f.waiting.len > 0 {
		n += f.waiting.len
		if f.had == 0 {
			n--
		}
	}
	return n
}

// A flowHeap has the flow on top whose turn it is.
type flowHeap []*flow

func (h flowHeap) Len() int { return len(h) }

func (h flowHeap) Less(i, j int) bool {
	if h[i].had != h[j].had {
		return h[i].had < h[j].had
	}
	return h[i].turn < h[j].turn
}

func (h flowHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *flowHeap) Push(f any) {
	f.(*flow).index = len(*h)
	*h = append(*h, f.(*flow))
}

func (h *flowHeap) Pop() any {
	end := len(*h) - 1
	f := (*h)[end]
	(*h)[end] = nil
	*h = (*h)[:end]
	return f
}
