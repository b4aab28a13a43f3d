package transport

// A line is a list of places in the order in which they came. Leaving it from
// the middle costs no more than from the end.
type line struct {
	first, last *place
	len         int
}

func (l *line) push(p *place) {
	p.prev, p.next = l.last, nil
	if l.last == nil {
		l.first = p
	} else {
		l.last.next = p
	}
	l.last = p
	l.len++
}

func (l *line) remove(p *place) {
	if p.prev == nil {
		l.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		l.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	l.len--
}

// firstBut returns the first, not counting one; or nil.
func (l *line) firstBut(but *place) *place {
	if l.first != nil && l.first == but {
		return but.next
	}
	return l.first
}
