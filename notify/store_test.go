package notify_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

func TestDirIsAStore(t *testing.T) {
	d := notify.Dir(t.TempDir() + "/not/yet")
	if b, err := d.Load(t.Context(), "k"); b != nil || err != nil {
		t.Fatalf("Load before anything is stored: got %q, %v, want nil, nil", b, err)
	}
	var won sync.Map
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			ok, err := d.CompareAndSwap(t.Context(), "k", nil, []byte{byte('a' + i)}, time.Hour)
			if err != nil {
				t.Errorf("CompareAndSwap: got %v, want nil", err)
			}
			if ok {
				won.Store(i, true)
			}
		})
	}
	all.Wait()
	winners := 0
	won.Range(func(i, _ any) bool {
		winners++
		if b, err := d.Load(t.Context(), "k"); err != nil || string(b) != string(rune('a'+i.(int))) {
			t.Errorf("Load: got %q, %v, want what the winner %v stored", b, err, i)
		}
		return true
	})
	if winners != 1 {
		t.Errorf("%d of 16 stored theirs, want 1", winners)
	}
	if ok, err := d.CompareAndSwap(t.Context(), "k", []byte("other"), []byte("x"), 0); ok || err != nil {
		t.Errorf("CompareAndSwap of another value: got %v, %v, want false, nil", ok, err)
	}
	entries, _ := os.ReadDir(string(d))
	if err := os.WriteFile(string(d)+"/"+entries[0].Name()+".new", make([]byte, 100), 0o600); err != nil { // a program ended while it wrote
		t.Fatal(err)
	}
	old, _ := d.Load(t.Context(), "k")
	if ok, err := d.CompareAndSwap(t.Context(), "k", old, []byte("new"), 0); !ok || err != nil {
		t.Errorf("CompareAndSwap after a crash: got %v, %v, want true, nil", ok, err)
	}
	if b, err := d.Load(t.Context(), "k"); string(b) != "new" || err != nil {
		t.Errorf("Load: got %q, %v, want new", b, err)
	}
	if entries, _ = os.ReadDir(string(d)); len(entries) != 2 { // and the lock
		t.Errorf("files: got %v, want the state and its lock", entries)
	}
}

// A program that is restarted during an incident continues it.
func TestARestartBeginsNoSecondIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		rule := notify.Rule{Store: notify.Dir(t.TempDir()), Tenant: "acme"}
		begin := time.Now()
		for range 6 {
			a := notify.New(box, rule)
			for range 10 {
				burst(a, 20)
				time.Sleep(time.Minute)
			}
			a.Close()
			time.Sleep(time.Minute)
		}
		a := notify.New(box, rule) // sees no event, and reports the end
		time.Sleep(time.Hour)
		a.Close()
		got := box.got()
		if diff := cmp.Diff([]string{"1m0s throttled firing", "16m0s throttled escalated", "1h14m0s throttled resolved"}, phases(begin, got)); diff != "" {
			t.Fatal(diff)
		}
		if got[2].Total != 1200 || got[2].Incident != got[0].Incident {
			t.Errorf("last alert: got %+v, want 1200 events of %s", got[2], got[0].Incident)
		}
	})
}

// An alert that could not be delivered is in the folder, and the next program
// delivers it, once.
func TestAnAlertOutlivesTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		rule := notify.Rule{Store: notify.Dir(t.TempDir()), Tenant: "acme", Logger: &quiet, Gather: -1}
		down := &inbox{errs: []error{errDown, errDown, errDown, errDown, errDown}}
		a := notify.New(down, rule)
		burst(a, 20)
		time.Sleep(2 * time.Minute)
		if err := a.Close(); !errors.Is(err, errDown) {
			t.Errorf("Close: got %v, want %v", err, errDown)
		}
		up := new(inbox)
		for range 2 {
			a = notify.New(up, rule)
			time.Sleep(2 * time.Minute)
			a.Close()
		}
		if got := up.got(); len(got) != 1 || got[0].Total != 20 || got[0].Number != 1 {
			t.Errorf("alerts: got %+v, want the first one, of 20 events", got)
		}
	})
}

// A slowStore takes a second for everything.
type slowStore struct{ notify.Store }

func (s slowStore) Load(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(time.Second)
	return s.Store.Load(ctx, key)
}

// Two deliveries that end at the same time wait for a slow Store in turn, also in virtual
// time, which stands still while a Mutex is waited for. (Without that this test hangs.)
func TestASlowStoreInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := new(inbox), new(inbox)
		a := notify.New(notify.Routes{{To: first}, {To: second}}, notify.Rule{Store: slowStore{new(memory)}, Gather: -1})
		burst(a, 20)
		time.Sleep(time.Minute)
		a.Close()
		if len(first.got()) != 1 || len(second.got()) != 1 {
			t.Errorf("alerts: got %d and %d, want 1 and 1", len(first.got()), len(second.got()))
		}
	})
}

// A Store that was emptied, or keeps nothing at all, gets back what the process knows: nothing that
// was counted is lost.
func TestAStoreThatLosesWhatItHolds(t *testing.T) {
	for name, every := range map[string]time.Duration{"once": time.Hour, "always": time.Second / 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, m := new(inbox), new(memory)
				a := notify.New(box, notify.Rule{Store: m})
				defer a.Close()
				burst(a, 15)
				time.Sleep(10 * time.Second)
				m.empty()
				burst(a, 15)
				for range time.Minute / time.Second * 2 {
					if every < time.Second {
						m.empty()
					}
					time.Sleep(time.Second / 2)
				}
				if got := box.got(); len(got) != 1 || got[0].Total != 30 {
					t.Errorf("got %d alerts, %+v; want one of all 30", len(got), got)
				}
			})
		})
	}
}

// A damaged state does not keep alerts back until a time of another century.
func TestAStateWithATimeLongAfterItsOwn(t *testing.T) {
	const now, far = `{"version":1,"now":"2000-01-01T00:00:00Z",`, `"2150-01-01T00:00:00Z"`
	for name, stored := range map[string]string{
		"the state's":  `{"version":1,"now":"9999-12-31T23:59:59Z"}`,
		"alerts sent":  now + `"sent":[` + strings.Repeat(far+",", 30) + far + `]}`,
		"a report":     now + `"incidents":{"throttled":{"reported":` + far + `}}}`,
		"every lease":  now + `"pending":[` + strings.Repeat(`{"id":"a","sender":"x","alert":{"condition":"throttled"},"targets":[{"route":"r"}],"lease":`+far+`},`, 7) + `null]}`,
		"but not this": `{"version":1,"now":"2150-01-01T00:00:00Z","sent":[` + far + `]}`, // a clock was ahead
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, m := new(inbox), new(memory)
				m.values = map[string][]byte{"alert of 429s ": []byte(stored)}
				nop := zerolog.Nop()
				a := notify.New(box, notify.Rule{Store: m, Logger: &nop})
				defer a.Close()
				burst(a, 25)
				time.Sleep(time.Hour)
				if got := box.got(); len(got) == 0 {
					t.Error("got no alert in an hour, want one")
				}
			})
		})
	}
}
