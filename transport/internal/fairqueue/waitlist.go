package fairqueue

// A waitList has Waiters in the order in which they arrived. Removing one takes the same
// time wherever it is. The zero value is empty.
type waitList struct {
	first, last *Waiter
	len         int
}

func (l *waitList) push(w *Waiter) {
	w.prev, w.next = l.last, nil
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.len++
}

func (l *waitList) remove(w *Waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	l.len--
}

// next returns the first one but except; or nil.
func (l *waitList) next(except *Waiter) *Waiter {
	if l.first != nil && l.first == except {
		return except.next
	}
	return l.first
}
