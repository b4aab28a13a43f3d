package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/notify"
)

// A memory is a Store that can be unplugged.
type memory struct {
	mu      sync.Mutex
	values  map[string][]byte
	gone    bool
	lost    int // so many answers of swaps that were stored are lost: false, or an error
	fails   bool
	largest int
}

var errGone = errors.New("the store is gone")

func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return nil, errGone
	}
	return m.values[key], nil
}

// empty forgets everything.
func (m *memory) empty() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values = nil
}

func (m *memory) CompareAndSwap(_ context.Context, key string, old, new []byte, _ time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return false, errGone
	}
	if !bytes.Equal(m.values[key], old) {
		return false, nil
	}
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = new
	m.largest = max(m.largest, len(new))
	if m.lost > 0 {
		m.lost--
		if m.fails {
			return false, errGone
		}
		return false, nil
	}
	return true, nil
}

func (m *memory) unplug(gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = gone
}

// A mortal is the part of a process that dies: what it sends after its death
// reaches nobody.
type mortal struct {
	notify.Store
	to   *inbox
	slow time.Duration // that it takes to send
	mu   sync.Mutex
	dead bool
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

func (m *mortal) Load(ctx context.Context, key string) ([]byte, error) {
	if m.isDead() {
		return nil, errGone
	}
	return m.Store.Load(ctx, key)
}

func (m *mortal) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	if m.isDead() {
		return false, errGone
	}
	return m.Store.CompareAndSwap(ctx, key, old, new, ttl)
}

func (m *mortal) Notify(ctx context.Context, a notify.Alert) error {
	time.Sleep(m.slow)
	if m.isDead() {
		return nil
	}
	return m.to.Notify(ctx, a)
}

// processes returns so many Alerters that share a Store and an inbox.
func processes(n int, store notify.Store, to *inbox) (all []*notify.Alerter, parts []*mortal) {
	quiet := zerolog.Nop()
	for range n {
		m := &mortal{Store: store, to: to}
		parts = append(parts, m)
		all = append(all, notify.New(m, notify.Rule{Store: m, Tenant: "acme", Gather: -1, Logger: &quiet}))
	}
	return all, parts
}

func TestProcessesSendOneAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store memory
		var to inbox
		all, _ := processes(8, &store, &to)
		for i := range 50 {
			e := event()
			e.User = fmt.Sprintf("user %d", i%3)
			all[i%8].Observe(t.Context(), e)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		alerts := to.got()
		if len(alerts) != 1 {
			t.Fatalf("%d alerts; want 1", len(alerts))
		}
		a := alerts[0]
		if a.Count < 20 || a.Incident == "" || a.Number != 1 || a.Tenant != "acme" {
			t.Errorf("alert: got %+v, want the first of acme with 20 events at least", a)
		}
		sum := 0
		for _, h := range a.Hosts {
			sum += h.Count
		}
		if sum != a.Count {
			t.Errorf("processes: got %v, want %d in all", a.Hosts, a.Count)
		}
		if text := a.Text(); !strings.Contains(text, "(process ") {
			t.Errorf("mail: got no process in it, want one:\n%s", text)
		}
		for _, a := range all {
			a.Close()
		}
		if store.largest > 20<<10 {
			t.Errorf("stored %d bytes; want 20 KiB at most", store.largest)
		}
	})
}

// The one that sends dies before it has, and another one does it instead.
func TestAnotherSendsForOneThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store memory
		var to inbox
		all, parts := processes(3, &store, &to)
		for _, p := range parts {
			p.slow = 10 * time.Second
		}
		burst(all[0], 5)
		time.Sleep(2 * time.Second)
		burst(all[1], 5)
		time.Sleep(2 * time.Second)
		burst(all[2], 15) // makes 25: this one has to send
		time.Sleep(2 * time.Second)
		parts[2].kill()
		time.Sleep(3 * time.Minute)
		if n := len(to.got()); n != 1 {
			t.Errorf("%d alerts; want 1, by another one", n)
		}
		for _, a := range all {
			a.Close()
		}
	})
}

// The Store has stored what it was given, but its answer is lost.
func TestALostAnswerLosesNoAlert(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := memory{lost: 1, fails: fails}
			var to inbox
			all, _ := processes(1, &store, &to)
			burst(all[0], 50)
			time.Sleep(24 * time.Hour)
			if n := len(to.got()); n != 2 || to.got()[1].Phase != notify.Resolved {
				t.Errorf("error %v: %d alerts; want the first and the last", fails, n)
			}
			burst(all[0], 50)
			time.Sleep(time.Hour)
			if n := len(to.got()); n != 4 {
				t.Errorf("error %v: %d alerts after the next incident; want 4", fails, n)
			}
			all[0].Close()
		})
	}
}

func TestCountsAloneWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store memory
		var to inbox
		all, _ := processes(2, &store, &to)
		store.unplug(true)
		burst(all[0], 30)
		burst(all[1], 10)
		time.Sleep(time.Minute)
		if n := len(to.got()); n != 1 {
			t.Errorf("%d alerts; want that of the process with 30", n)
		}
		for _, a := range all {
			a.Close()
		}
	})
}

func TestCloseTellsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store memory
		var to inbox
		all, _ := processes(2, &store, &to)
		burst(all[0], 15)
		all[0].Close()
		burst(all[1], 5)
		all[1].Close()
		if n := len(to.got()); n != 1 {
			t.Errorf("%d alerts; want 1 for what both have counted", n)
		}
	})
}

// Whoever counts, dies or loses the Store: while one lives that has seen 429s in
// the incident and reaches the Store, there is one alert for each twenty of the
// incident within the window, and never two within the cool-down.
func TestSharedAlways(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			var store memory
			var to inbox
			all, parts := processes(rapid.IntRange(2, 8).Draw(r, "processes"), &store, &to)
			count := 0
			for range rapid.IntRange(1, 30).Draw(r, "steps") {
				i := rapid.IntRange(0, len(all)-1).Draw(r, "process")
				n := rapid.IntRange(0, 6).Draw(r, "429s")
				if !parts[i].isDead() {
					burst(all[i], n)
					count += n
				}
				time.Sleep(time.Duration(rapid.IntRange(0, 3000).Draw(r, "pause")) * time.Millisecond)
			}
			time.Sleep(time.Minute)
			if got, want := len(to.got()), min(1, count/20); got != want {
				r.Errorf("%d alerts of %d; want %d", got, count, want)
			}
			for _, a := range all {
				a.Close()
			}
		})
	})
}
