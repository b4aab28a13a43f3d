package notify_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// A ledger is what alerts report of incidents.
type ledger struct{ opened, closed map[string]int }

func ledgerOf(alerts []notify.Alert) ledger {
	l := ledger{map[string]int{}, map[string]int{}}
	for _, a := range alerts {
		switch a.Phase {
		case notify.Firing:
			l.opened[a.Incident]++
		case notify.Resolved:
			l.closed[a.Incident]++
		}
		for _, u := range a.Unreported {
			if !u.Opened {
				l.opened[u.Incident]++
			}
			if !u.Ended.IsZero() {
				l.closed[u.Incident]++
			}
		}
	}
	return l
}

// Whenever the Store comes and goes: each incident is opened, and closed once.
func TestAStoreThatComesAndGoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			box, store, quiet := new(inbox), new(memory), zerolog.Nop()
			a := notify.New(box, notify.Rule{Store: store, Tenant: "acme", Logger: &quiet})
			incidents := rapid.IntRange(1, 2).Draw(r, "incidents")
			for range incidents {
				burst(a, 30)
				for range rapid.IntRange(0, 3).Draw(r, "changes") {
					time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(r, "minutes")) * time.Minute)
					store.unplug(rapid.Bool().Draw(r, "gone"))
				}
				time.Sleep(11 * time.Minute) // it is over
			}
			store.unplug(false)
			time.Sleep(12 * time.Hour)
			a.Close()
			l := ledgerOf(box.got())
			if len(l.closed) != incidents || len(l.opened) != incidents {
				r.Fatalf("%d incidents: %v", incidents, l)
			}
			for id := range l.opened {
				if l.opened[id] != 1 || l.closed[id] != 1 {
					r.Fatalf("%s: opened %d times, closed %d times", id, l.opened[id], l.closed[id])
				}
			}
		})
	})
}

// pair returns two that share a Store, and how the second one sees it.
func pair() (a, b *notify.Alerter, right *away, box *inbox) {
	shared, quiet := new(memory), zerolog.Nop()
	right, box = &away{memory: shared}, new(inbox)
	a = notify.New(box, notify.Rule{Store: shared, Tenant: "acme", Logger: &quiet})
	b = notify.New(box, notify.Rule{Store: right, Tenant: "acme", Logger: &quiet})
	return a, b, right, box
}

// Two processes that were apart, and each reported an incident, report the end of both once.
func TestTwoThatWereApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, right, box := pair()
		right.gone.Store(true)
		for range 5 {
			burst(a, 30)
			burst(b, 30)
			time.Sleep(time.Minute)
		}
		right.gone.Store(false)
		time.Sleep(3 * time.Hour)
		a.Close()
		b.Close()
		l := ledgerOf(box.got())
		if len(l.opened) != 2 || len(l.closed) != 2 {
			t.Errorf("incidents: got %v, want 2 opened and closed", l)
		}
		for id, n := range l.closed {
			if n != 1 {
				t.Errorf("%s: closed %d times, want once", id, n)
			}
		}
	})
}

// An end that one process reported while it was apart is not reported again.
func TestOneThatWasApartToldTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, right, box := pair()
		time.Sleep(time.Minute) // they rest
		begin := time.Now()
		burst(b, 20)
		time.Sleep(time.Minute)
		right.gone.Store(true)
		time.Sleep(11 * time.Minute)
		a.Mute(time.Now(), "") // so that it looks, and goes on with the incident
		time.Sleep(2 * time.Minute)
		right.gone.Store(false)
		time.Sleep(time.Hour)
		a.Close()
		b.Close()
		if diff := cmp.Diff([]string{"1m0s throttled firing", "10m0s throttled resolved"}, phases(begin, box.got())); diff != "" {
			t.Error(diff)
		}
	})
}

// An away is a memory that can be unplugged from one of several processes.
type away struct {
	*memory
	gone atomic.Bool
}

func (s *away) Load(ctx context.Context, key string) ([]byte, error) {
	if s.gone.Load() {
		return nil, errGone
	}
	return s.memory.Load(ctx, key)
}

func (s *away) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	if s.gone.Load() {
		return false, errGone
	}
	return s.memory.CompareAndSwap(ctx, key, old, new, ttl)
}

// What a Store has that makes no sense ends neither the program nor the alerts.
func TestAStoreWithNonsense(t *testing.T) {
	for _, text := range []string{
		"", "null", "[]", "{", `{"Now":"2199-01-01T00:00:00Z"}`, `{"Courses":[{},{"Flapping":true,"Waiting":"2020-01-01T00:00:00Z"},{}]}`,
		`{"Courses":[{},{"State":"clearing","Times":[null]},{}]}`, `{"Outbox":[{}],"Sent":["2199-01-01T00:00:00Z"]}`, `{"Outbox":[{"ID":"x","Routes":["y"],"Alert":{"phase":"firing","count":1}}]}`,
		`{"version":"1"}`, `{"version":1,"incidents":[]}`, `{"version":1,"incidents":{"throttled":{"state":"clearing","times":[null]}}}`,
		`{"version":1,"pending":[{"id":"x","targets":[{}],"alert":{"condition":"unknown","phase":"firing","count":1}}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			box, quiet := new(inbox), zerolog.Nop()
			store := &memory{values: map[string][]byte{"alert of 429s acme": []byte(text)}}
			a := notify.New(box, notify.Rule{Store: store, Tenant: "acme", Logger: &quiet})
			time.Sleep(time.Second)
			begin := time.Now()
			burst(a, 30)
			time.Sleep(25 * time.Hour)
			a.Close()
			got := box.got()
			if l := ledgerOf(got); len(l.opened) != 1 || len(l.closed) != 1 {
				t.Errorf("%s: got %v, want one incident opened and closed", text, phases(begin, got))
			}
			for _, g := range got {
				if d := g.Since.Sub(begin); d < 0 || d > time.Minute {
					t.Errorf("%s: got since %v, want within a minute after %v", text, g.Since, begin)
				}
			}
		})
	}
}

// What a Store holds is bounded, whatever the names.
func TestWhatAStoreHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and of one goroutine")
	}
	synctest.Test(t, func(t *testing.T) {
		store, quiet := new(memory), zerolog.Nop()
		a := notify.New(new(inbox), notify.Rule{Store: store, Count: 500, MaxDelay: time.Second, Logger: &quiet})
		for i := range 8 {
			for j := range 2000 {
				e := event()
				e.User = fmt.Sprintf("%0120d", i*2000+j)
				e.URL = fmt.Sprintf("https://acme.dam.aprimo.com/%0200d/%c", j, 'a'+j%26)
				e.ServerDelay = 2 * time.Second
				a.Observe(t.Context(), e)
				e.Kind = transport.Done
				a.Observe(t.Context(), e)
			}
			time.Sleep(time.Duration(i) * time.Minute)
		}
		a.Close()
		t.Logf("%d KiB at most", store.largest>>10)
		if store.largest > 200<<10 {
			t.Errorf("stored: got %d KiB, want 200 at most", store.largest>>10)
		}
	})
}
