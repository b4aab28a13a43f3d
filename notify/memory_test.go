package notify_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// A million 429s of a million users for a million things need no more memory
// than the first thousand.
func TestConstantMemory(t *testing.T) {
	total := 1_000_000
	if testing.Short() {
		total /= 40
	}
	box := new(inbox)
	a := notify.New(box, notify.Rule{Gather: time.Hour, Within: 24 * time.Hour})
	defer a.Close()
	long := strings.Repeat("x", 10_000)
	now := time.Now()
	observe := func(from, to int) {
		for i := from; i < to; i++ {
			e := event()
			e.Time = now.Add(time.Duration(i) * time.Millisecond)
			e.User = fmt.Sprintf("user-%d", i)
			e.URL = fmt.Sprintf("https://acme.aprimo.com/api/thing%d-of-many", i)
			if i%100 == 0 {
				e.User, e.URL = e.User+long, e.URL+long
			}
			a.Observe(t.Context(), e)
		}
	}
	observe(0, 1000)
	before := heap()
	observe(1000, total)
	if growth := heap() - before; growth > 256<<10 {
		t.Errorf("heap grew by %d bytes, want 256 KiB at most", growth)
	}
	a.Close()
	got := box.got()
	if len(got) != 1 {
		t.Fatalf("%d alerts, want 1", len(got))
	}
	if counted := got[0].Total; counted != total {
		t.Errorf("%d counted, want %d", counted, total)
	}
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkObserve(b *testing.B) {
	a := notify.New(new(inbox), notify.Rule{Cooldown: 24 * time.Hour})
	defer a.Close()
	e := event()
	b.ReportAllocs()
	for b.Loop() {
		a.Observe(b.Context(), e)
	}
}

func BenchmarkObserveDistinct(b *testing.B) {
	a := notify.New(new(inbox), notify.Rule{Cooldown: 24 * time.Hour})
	defer a.Close()
	e := event()
	users := make([]string, 10_000)
	for i := range users {
		users[i] = fmt.Sprint("user-", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.User = users[i%len(users)]
		a.Observe(b.Context(), e)
	}
}
