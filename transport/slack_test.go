package transport

import (
	"runtime"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A caller of Wait that is kept busy between its look at the clock and the
// handing out of a slot takes another slot: real time, since nobody can be stopped
// there in a bubble.
func TestLimiterLooksAtTheClockLast(t *testing.T) {
	l := NewLimiter(1000, 100*time.Millisecond)
	slack := l.maxSlotAge()
	if slack != time.Millisecond {
		t.Fatalf("slack %v, want 1 ms", slack)
	}
	l.queue.Lock()
	done := make(chan error, 1)
	go func() { done <- l.Wait(t.Context()) }()
	for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
		runtime.Gosched()
	}
	freed := gate.Now()
	l.queue.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	newest := l.starts[(l.oldest+len(l.starts)-1)%len(l.starts)]
	if freed.Sub(newest) > slack {
		t.Errorf("went with a slot that was %v old", freed.Sub(newest))
	}
}
