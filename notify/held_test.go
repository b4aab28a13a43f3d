package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// With a Store mails have samples as without.
func TestSamplesOutliveTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Store: new(memory)})
		for range 30 {
			burst(a, 1)
			time.Sleep(time.Second)
		}
		a.Close()
		if g := box.got()[0]; len(g.Samples) != 6 || g.Samples[0].User != "anna@example.com" || g.Samples[0].Attempt != 1 {
			t.Errorf("samples: got %+v, want 6, the first by anna", g.Samples)
		}
	})
}

// Nobody who observes waits for the log of an Alerter.
func TestObserveDoesNotWaitForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger := zerolog.New(writerFunc(func(b []byte) (int, error) { time.Sleep(time.Second); return len(b), nil }))
		a := notify.New(new(inbox), notify.Rule{Store: &memory{gone: true}, Logger: &logger})
		began := time.Now()
		for range 1000 {
			burst(a, 1)
			a.Status()
		}
		time.Sleep(time.Millisecond)
		burst(a, 1)
		if d := time.Since(began); d > time.Millisecond {
			t.Errorf("Observe and Status took %v, want 1ms at most", d)
		}
		a.Close()
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// What the cool-down delayed is reported when the program ends, and what may not be
// reported is in the log.
func TestCloseTellsWhatWasHeldBack(t *testing.T) {
	for _, muted := range []bool{false, true} {
		for _, store := range []notify.Store{nil, &memory{gone: true}} {
			testClose(t, store, muted)
		}
	}
}

func testClose(t *testing.T, store notify.Store, muted bool) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := zerolog.New(&log)
		box := new(inbox)
		a := notify.New(box, notify.Rule{Logger: &logger, Store: store})
		begin := time.Now()
		burst(a, 20)
		time.Sleep(15 * time.Minute)
		burst(a, 500)
		time.Sleep(20 * time.Minute)
		if muted {
			a.Mute(time.Now().Add(time.Hour), "work")
		}
		a.Close()
		want := []string{"1m0s throttled firing", "10m0s throttled resolved", "35m0s throttled digest"}
		if muted {
			want = want[:2]
		}
		if diff := cmp.Diff(want, phases(begin, box.got())); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(log.String(), `"aprimo.alert.events":500`) != muted {
			t.Errorf("log: got %s, want 500 unreported events in it: %v", &log, muted)
		}
	})
}

// A condition that is switched off during an incident causes no more alerts.
func TestAConditionThatIsSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, store := new(inbox), new(memory)
		lost := func(a *notify.Alerter) {
			for range 10 {
				a.Observe(t.Context(), transport.Event{Kind: transport.Done, Time: time.Now(), Status: 429, Attempt: 3})
			}
		}
		a := notify.New(box, notify.Rule{Store: store})
		lost(a)
		time.Sleep(time.Minute)
		a.Close()
		a = notify.New(box, notify.Rule{Store: store, Lost: -1})
		time.Sleep(48 * time.Hour)
		a.Close()
		if n := len(box.got()); n != 1 {
			t.Errorf("alerts: got %d, want 1", n)
		}
	})
}

// A few 429s now and then, for hours, are no part of what comes then.
func TestATrickleIsNoIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		for range 150 {
			burst(a, 1)
			time.Sleep(4 * time.Minute)
		}
		burst(a, 20)
		a.Close()
		if g := box.got()[0]; g.Total > 23 || g.Time.Sub(g.Since) > 10*time.Minute {
			t.Errorf("alert: got %d events in %v, want 23 in 10 min at most", g.Total, g.Time.Sub(g.Since))
		}
	})
}

// Two slow calls and nothing between them are no saturation.
func TestSaturationLasts(t *testing.T) {
	slow := func(a *notify.Alerter) {
		a.Observe(context.Background(), transport.Event{Kind: transport.Done, Time: time.Now(), Status: 200, Attempt: 1, ServerDelay: 5 * time.Second})
	}
	for every, alerts := range map[time.Duration]int{10 * time.Minute: 0, time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			box := new(inbox)
			a := notify.New(box, notify.Rule{MaxDelay: 2 * time.Second})
			for range 100 {
				slow(a)
				time.Sleep(every)
			}
			a.Close()
			if n := len(box.got()); n != alerts {
				t.Errorf("every %v: %d alerts, want %d", every, n, alerts)
			}
		})
	}
}

// However many incidents are unreported, a digest lists some and counts all.
func TestADigestCountsAll(t *testing.T) {
	if testing.Short() {
		t.Skip("slow under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: 5})
		a.Mute(time.Now().Add(60*time.Hour), "")
		for range 80 {
			burst(a, 5)
			time.Sleep(30 * time.Minute)
		}
		time.Sleep(24 * time.Hour)
		a.Close()
		got := box.got()
		if len(got) != 1 || got[0].Total != 400 || got[0].Incidents != 80 || got[0].Users[0].Count != 400 ||
			!strings.Contains(got[0].Subject(), "400 in 80 incidents") || !strings.Contains(got[0].Text(), "80 incidents") {
			t.Errorf("alerts: got %+v, want one digest of 400 events in 80 incidents", got)
		}
	})
}

// The last word about mute counts, also if two come at once, and Status has it.
func TestMuteAndUnmute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		a.Mute(time.Now().Add(5*time.Hour), "work")
		if s := a.Status(); s[0].Muted.IsZero() || s[0].Reason != "work" {
			t.Errorf("status: got %+v, want muted for work", s)
		}
		synctest.Wait()
		a.Mute(time.Time{}, "")
		if s := a.Status(); !s[0].Muted.IsZero() {
			t.Errorf("status: got %+v, want not muted", s)
		}
		burst(a, 30)
		time.Sleep(time.Minute)
		if len(box.got()) != 1 {
			t.Errorf("alerts after Mute has ended: got %d, want 1", len(box.got()))
		}
		a.Close()
	})
}

// Alerts are for people, who have the wall's clock, whatever a Store's clock was once.
func TestAClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, quiet := new(inbox), zerolog.Nop()
		ahead := fmt.Sprintf(`{"Now":%q}`, time.Now().Add(3*time.Hour).Format(time.RFC3339))
		store := &memory{values: map[string][]byte{"alert of 429s acme": []byte(ahead)}}
		a := notify.New(box, notify.Rule{Store: store, Tenant: "acme", Logger: &quiet})
		time.Sleep(time.Minute)
		begin := time.Now()
		burst(a, 30)
		time.Sleep(time.Minute)
		a.Close()
		g := box.got()[0]
		if g.Since.Sub(begin).Abs() > time.Second || g.Time.Sub(begin) > time.Minute || g.Next.Sub(begin) > 5*time.Hour || g.History[0].Time.After(begin) {
			t.Errorf("alert: got %+v, want its times about %v", g, begin)
		}
	})
}

// Two routes with the same name are two.
func TestTwoRoutesOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, three := new(inbox), new(inbox), new(inbox)
		a := notify.New(notify.Routes{{Name: "mail", To: one}, {Name: "mail", To: two}, {To: three}}, notify.Rule{})
		burst(a, 20)
		a.Close()
		if len(one.got()) != 1 || len(two.got()) != 1 || len(three.got()) != 1 {
			t.Errorf("alerts: got %d, %d and %d, want 1 each", len(one.got()), len(two.got()), len(three.got()))
		}
	})
}

// A program whose routes have other names delivers what the last one left.
func TestARenamedRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		rule := notify.Rule{Store: new(memory), Logger: &quiet, Gather: -1}
		a := notify.New(notify.Routes{{Name: "old", To: &inbox{errs: []error{errDown, errDown}}}}, rule)
		burst(a, 20)
		time.Sleep(time.Second)
		a.Close()
		box := new(inbox)
		a = notify.New(notify.Routes{{Name: "new", To: box}}, rule)
		time.Sleep(time.Minute)
		a.Close()
		if got := box.got(); len(got) != 1 || got[0].Phase != notify.Firing {
			t.Errorf("alerts: got %+v, want the first one", got)
		}
	})
}

// A mail server is down for two hours. With a Store or without, the first mail that arrives
// is the first one of an incident.
func TestTheMailServerIsAwayForLong(t *testing.T) {
	for name, store := range map[string]notify.Store{"store": new(memory), "none": nil} {
		if store != nil && testing.Short() {
			continue // the state is read and written some thousand times
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				quiet, begin, box := zerolog.Nop(), time.Now(), new(inbox)
				a := notify.New(notify.NotifierFunc(func(ctx context.Context, g notify.Alert) error {
					if time.Since(begin) < 2*time.Hour {
						return errDown
					}
					return box.Notify(ctx, g)
				}), notify.Rule{Store: store, Logger: &quiet})
				for i := range 180 {
					burst(a, 20)
					time.Sleep(time.Minute)
					if sent, failed, pending := a.Deliveries(); i == 30 && store != nil && (sent != 0 || failed != 1 || pending != 1) {
						t.Errorf("Deliveries: got %d sent, %d failed, %d pending, want 0, 1, 1", sent, failed, pending)
					}
				}
				time.Sleep(time.Hour)
				a.Close()
				got := box.got()
				if len(got) == 0 || got[0].Phase != notify.Firing || got[0].Number != 1 || got[len(got)-1].Phase != notify.Resolved {
					t.Errorf("alerts: got %v, want firing first, resolved last", phases(begin, got))
				}
			})
		})
	}
}

// Lost calls are reported even if other alerts have used up the day's number.
func TestLostCallsAreHeardOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{MaxDelay: time.Second, Cooldown: -1, Reminder: 10 * time.Minute})
		for range 20 * 60 {
			burst(a, 20)
			time.Sleep(time.Minute)
		}
		begin := time.Now()
		for range 60 {
			a.Observe(t.Context(), transport.Event{Kind: transport.Done, Time: time.Now(), Status: 429, Attempt: 3})
			time.Sleep(30 * time.Second)
		}
		a.Close()
		for _, g := range box.got() {
			if g.Condition == notify.Failing && g.Phase == notify.Firing {
				if d := g.Time.Sub(begin); d > 10*time.Minute {
					t.Errorf("lost calls: reported after %v, want 10 min at most", d)
				}
				return
			}
		}
		t.Errorf("alerts: got %v, want one about lost calls", phases(begin, box.got()))
	})
}

// As JSON an alert has its samples, and can be read back.
func TestAlertAsJSON(t *testing.T) {
	a := sampleAlert()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back notify.Alert
	if err := json.Unmarshal(b, &back); err != nil || len(back.Samples) != len(a.Samples) || back.Text() != a.Text() {
		t.Errorf("read back from %s: got %v, %+v, want %+v", b, err, back, a)
	}
}

// What came of calls long before the incident is none of it, but what came of those
// that were turned away one by one is.
func TestWhatCameOfItBeganWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var box inbox
		a := notify.New(&box, notify.Rule{})
		for _, kind := range []transport.Kind{transport.Refused, transport.Paused, transport.Done} {
			for range 100 {
				a.Observe(t.Context(), transport.Event{Kind: kind, Attempt: 2, Status: 200})
			}
		}
		time.Sleep(6 * time.Minute)
		for range 20 {
			burst(a, 1)
			time.Sleep(5 * time.Second)
			a.Observe(t.Context(), transport.Event{Kind: transport.Done, Attempt: 2, Status: 200})
		}
		time.Sleep(20 * time.Minute)
		a.Close()
		for _, alert := range box.got() {
			if alert.Recovered != 20 || alert.Refused != 0 || alert.Paused != 0 {
				t.Errorf("%s: got %d recovered, %d refused, %d paused, want 20, 0, 0", alert.Phase, alert.Recovered, alert.Refused, alert.Paused)
			}
		}
		if n := len(box.got()); n != 2 {
			t.Errorf("alerts: got %d, want 2", n)
		}
	})
}
