package measure

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// told remembers the last attempts that had an event of their own. A Done event that
// has no response does not say whether its last attempt failed just now, or before,
// and the call ended while the next one was due. The two differ in nothing but that
// the latter has been told of. An attempt is known by what is the same in both
// events; how long it took, to the nanosecond, is what makes it one of its kind.
//
// There is room for more of them than fail in the time between two attempts of one
// call, so that memory is constant.
type told struct {
	seed maphash.Seed

	mu   sync.Mutex
	last [4096]uint64
	next int
}

func newTold() *told { return &told{seed: maphash.MakeSeed()} }

func (t *told) add(e transport.Event) {
	sum := t.sum(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last[t.next] = sum
	t.next = (t.next + 1) % len(t.last)
}

// take tells whether the attempt is there, and takes it out.
func (t *told) take(e transport.Event) bool {
	sum := t.sum(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.last {
		if t.last[i] == sum {
			t.last[i] = 0
			return true
		}
	}
	return false
}

func (t *told) sum(e transport.Event) uint64 {
	return maphash.Comparable(t.seed, struct {
		user, method, url string
		attempt           int
		took              time.Duration
	}{e.User, e.Method, e.URL, e.Attempt, e.Took})
}
