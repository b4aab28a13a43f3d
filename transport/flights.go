package transport

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// landing is after what time a request in flight counts no more. The longest wait
// in the server's queue is 6.7 s: what has not been answered after half a minute
// is being worked on, or uploads a large body, or hangs, and must not keep others
// from going.
const landing = 30 // seconds

// flights counts the requests in flight that may be waiting at the server.
type flights struct {
	n       int
	zero    gate.Instant // the first second begins
	newest  int          // the last second that has been counted
	bySends [landing]int // of those in flight, how many were sent in each second
}

// advance forgets those that have been in flight for too long.
func (f *flights) advance(now gate.Instant) {
	if f.zero.IsZero() {
		f.zero = now
	}
	for second := f.second(now); f.newest < second; {
		f.newest++
		if f.newest+landing < second {
			f.newest = second - landing // nothing is left from before
		}
		sent := &f.bySends[f.newest%landing]
		f.n -= *sent
		*sent = 0
	}
}

// second returns in which second since zero a time lies. A time from before may
// come from a process that was stopped between the clock and here.
func (f *flights) second(t gate.Instant) int { return max(0, int(t.Sub(f.zero)/time.Second)) }

func (f *flights) add(sent gate.Instant) {
	f.advance(sent)
	if second := f.second(sent); second > f.newest-landing {
		f.n++
		f.bySends[second%landing]++
	}
}

// remove takes one out that was sent then, if it counts still.
func (f *flights) remove(sent, now gate.Instant) {
	f.advance(now)
	if second := f.second(sent); second > f.newest-landing {
		f.n--
		f.bySends[second%landing]--
	}
}
