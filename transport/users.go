package transport

import "container/heap"

// users share the slots of a class: the next one is given to who was given the
// fewest of the last ones, and among equals to who has waited for longest since.
// Among those who all have a line that is a round robin; and who comes beside
// somebody with a long line is ahead of it for a page of ten calls or so, because
// of what that one has had already.
//
// A user is remembered as long as calls of it wait or it has had one of the last
// slots, and then forgotten.
type users struct {
	named   map[string]*user
	waiting userHeap
	fresh   int    // how many of them have had none of the last slots
	turns   uint64 // counts

	last [32]*user // who had them, a ring: some two seconds of Aprimo's limit
	next int       // the oldest
}

type user struct {
	name  string
	line  line
	had   int    // so many of the last slots
	since uint64 // the turn at which it was served last, or came
	at    int    // in the heap, while its line is not empty
}

func (us *users) user(name string) *user {
	u := us.named[name]
	if u == nil {
		if us.named == nil {
			us.named = map[string]*user{}
		}
		u = &user{name: name}
		us.named[name] = u
	}
	return u
}

func (us *users) push(p *place) {
	u := us.user(p.owner)
	u.line.push(p)
	if u.line.len > 1 {
		return
	}
	us.turn(u)
	heap.Push(&us.waiting, u)
	if u.had == 0 {
		us.fresh++
	}
}

func (us *users) remove(p *place) {
	u := us.named[p.owner]
	u.line.remove(p)
	if u.line.len > 0 {
		return
	}
	heap.Remove(&us.waiting, u.at)
	if u.had == 0 {
		us.fresh--
		delete(us.named, u.name)
	}
}

// taken notes that a user gets a slot.
func (us *users) taken(name string) {
	newest := us.last[(us.next+len(us.last)-1)%len(us.last)]
	if newest != nil && newest.had == len(us.last) && newest.name == name {
		us.turn(newest) // it has had all of them, and is alone or nearly so
		if newest.line.len > 0 {
			heap.Fix(&us.waiting, newest.at)
		}
		return
	}
	u, old := us.user(name), us.last[us.next]
	us.last[us.next] = u
	us.next = (us.next + 1) % len(us.last)
	us.turn(u)
	us.count(u, +1)
	if old != nil {
		us.count(old, -1)
	}
}

func (us *users) turn(u *user) {
	us.turns++
	u.since = us.turns
}

// count changes how many of the last slots a user had.
func (us *users) count(u *user, by int) {
	before := u.had
	u.had += by
	switch {
	case u.line.len > 0:
		heap.Fix(&us.waiting, u.at)
		if before == 0 {
			us.fresh--
		} else if u.had == 0 {
			us.fresh++
		}
	case u.had == 0:
		delete(us.named, u.name)
	}
}

// first returns who goes next, not counting one; or nil.
func (us *users) first(but *place) *place {
	h := us.waiting
	if len(h) == 0 {
		return nil
	}
	if p := h[0].line.firstBut(but); p != nil {
		return p
	}
	// The best but one of a heap is one of the two below the best.
	switch {
	case len(h) == 1:
		return nil
	case len(h) > 2 && h.Less(2, 1):
		return h[2].line.first
	}
	return h[1].line.first
}

// ahead returns how many are sure to go before another call of a user.
func (us *users) ahead(name string) int {
	n := us.fresh
	if u := us.named[name]; u != nil && u.line.len > 0 {
		n += u.line.len
		if u.had == 0 {
			n--
		}
	}
	return n
}

// A userHeap has the user on top whose turn it is.
type userHeap []*user

func (h userHeap) Len() int { return len(h) }

func (h userHeap) Less(i, j int) bool {
	if h[i].had != h[j].had {
		return h[i].had < h[j].had
	}
	return h[i].since < h[j].since
}

func (h userHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *userHeap) Push(u any) {
	u.(*user).at = len(*h)
	*h = append(*h, u.(*user))
}

func (h *userHeap) Pop() any {
	end := len(*h) - 1
	u := (*h)[end]
	(*h)[end] = nil
	*h = (*h)[:end]
	return u
}
