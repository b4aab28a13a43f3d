package congestion

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// countedFor, in seconds, is how long a request in flight counts. The longest wait in
// the server's queue is 6.7 s (100 requests at 15 a second, Aprimo's documented limits).
// A request without an answer after half a minute is being processed, or uploads a large
// body, or hangs: it does not occupy the queue and must not keep others from being sent.
// (Judgement.)
const countedFor = 30

// inflight counts the requests in flight that may be waiting at the server. The zero
// value is ready.
type inflight struct {
	n       int
	zero    gate.Instant    // the first second begins
	newest  int             // the last second that has been counted
	bySends [countedFor]int // of those in flight, how many were sent in each second
}

// advance drops the requests that have been in flight for too long.
func (f *inflight) advance(now gate.Instant) {
	if f.zero.IsZero() {
		f.zero = now
	}
	for second := f.second(now); f.newest < second; {
		f.newest = max(f.newest+1, second-countedFor) // of before nothing is left
		sent := &f.bySends[f.newest%countedFor]
		f.n -= *sent
		*sent = 0
	}
}

// second returns in which second since zero t lies. An earlier t may come from a process
// that was stopped after it had read the clock.
func (f *inflight) second(t gate.Instant) int { return max(0, int(t.Sub(f.zero)/time.Second)) }

func (f *inflight) add(sent gate.Instant) {
	f.advance(sent)
	if second := f.second(sent); second > f.newest-countedFor {
		f.n++
		f.bySends[second%countedFor]++
	}
}

// remove takes out a request that was sent then, if it still counts.
func (f *inflight) remove(sent, now gate.Instant) {
	f.advance(now)
	if second := f.second(sent); second > f.newest-countedFor {
		f.n--
		f.bySends[second%countedFor]--
	}
}
