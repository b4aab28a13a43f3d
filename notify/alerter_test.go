package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

func TestAlertAtExactlyCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Gather: -1})
		burst(a, 19)
		time.Sleep(time.Minute)
		if n := len(box.got()); n != 0 {
			t.Fatalf("%d alerts after 19 answers, want none", n)
		}
		burst(a, 1)
		synctest.Wait() // no time passes: the alert is sent at once
		got := box.got()
		if len(got) != 1 {
			t.Fatalf("%d alerts after 20 answers, want 1", len(got))
		}
		if g := got[0]; g.Condition != notify.Throttled || g.Phase != notify.Firing || g.Count != 20 || g.Total != 20 || g.Limit != 20 ||
			g.Within != 5*time.Minute || g.Cooldown != time.Hour || g.Number != 1 || g.Incident == "" || g.Suppressed != 0 || !g.Previous.IsZero() {
			t.Errorf("alert: got %+v, want the first of a Throttled incident with 20 of 20 429s in 5 min", g)
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	})
}

// The first alert is delayed until it can report the whole event, and there is only one.
func TestFiftyInASecondAreOneAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		for range 50 {
			burst(a, 1)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(28 * time.Second)
		if n := len(box.got()); n != 0 {
			t.Fatalf("%d alerts after 29 s, want none", n)
		}
		time.Sleep(7 * time.Second)
		if got := box.got(); len(got) != 1 || got[0].Count != 50 {
			t.Fatalf("alerts: %+v, want one of 50", got)
		}
		a.Close()
	})
}

func TestEdgeOfTheWindow(t *testing.T) {
	for _, tt := range []struct {
		name string
		span time.Duration
		want int
	}{
		{"inside", time.Minute - 1, 1},
		{"exactly", time.Minute, 1},
		{"outside", time.Minute + 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			box := new(inbox)
			a := notify.New(box, notify.Rule{Count: 3, Within: time.Minute})
			start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			for _, d := range []time.Duration{0, tt.span / 2, tt.span} {
				e := event()
				e.Time = start.Add(d)
				a.Observe(t.Context(), e)
			}
			a.Close()
			if n := len(box.got()); n != tt.want {
				t.Errorf("%d alerts, want %d", n, tt.want)
			}
		})
	}
}

// phases returns what the alerts are and when they came, from begin on.
func phases(begin time.Time, alerts []notify.Alert) (all []string) {
	for _, a := range alerts {
		all = append(all, a.Time.Sub(begin).Round(time.Minute).String()+" "+string(a.Condition)+" "+string(a.Phase))
	}
	return all
}

func TestPhasesOfAnIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		for i := range 10 * 60 { // ten a minute for ten hours, and many of them in the second
			burst(a, 10)
			if i/60 == 1 {
				burst(a, 90)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Hour)
		got := box.got()
		want := []string{"2m0s throttled firing", "19m0s throttled escalated", "1h13m0s throttled escalated",
			"5h13m0s throttled reminder", "9h13m0s throttled reminder", "10h9m0s throttled resolved"}
		if diff := cmp.Diff(want, phases(begin, got)); diff != "" {
			t.Error(diff)
		}
		sum := 0
		for i, g := range got {
			sum += g.Count
			if g.Number != i+1 || g.Incident != got[0].Incident || g.Total != sum || !g.Since.Equal(begin) {
				t.Errorf("alert %d: got number %d, incident %s, total %d, since %v, want %d, %s, %d, %v", i, g.Number, g.Incident, g.Total, g.Since, i+1, got[0].Incident, sum, begin)
			}
		}
		if sum != 600*10+60*90 {
			t.Errorf("events: got %d in all, want %d", sum, 600*10+60*90)
		}
		if last := got[len(got)-1]; !last.Ended.Equal(begin.Add(10*time.Hour-time.Minute)) || last.Peak != 100 {
			t.Errorf("last alert: got ended %v, peak %d, want %v, 100", last.Ended, last.Peak, begin.Add(10*time.Hour-time.Minute))
		}
		a.Close()
	})
}

// An incident within the cool-down has no alert of its own; a later one reports it.
func TestCooldownKeepsAlertsForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		burst(a, 50)
		time.Sleep(30 * time.Minute)
		burst(a, 25)
		time.Sleep(2 * time.Hour)
		if diff := cmp.Diff([]string{"1m0s throttled firing", "10m0s throttled resolved", "1h10m0s throttled digest"}, phases(begin, box.got())); diff != "" {
			t.Fatal(diff)
		}
		g := box.got()[2]
		if len(g.Unreported) != 1 || g.Suppressed != 25 || !g.Unreported[0].Since.Equal(begin.Add(30*time.Minute)) || g.Unreported[0].Ended.IsZero() {
			t.Errorf("digest: got %+v, want one incident of 25 events that has ended, since %v", g, begin.Add(30*time.Minute))
		}
		a.Close()
	})
}

// An incident that continues when the cool-down ends has its own alert.
func TestAnIncidentOutlastsTheCooldown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		burst(a, 50)
		time.Sleep(30 * time.Minute)
		for range 60 {
			burst(a, 25)
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"1m0s throttled firing", "10m0s throttled resolved", "1h1m0s throttled firing", "1h39m0s throttled resolved"},
			phases(begin, box.got())); diff != "" {
			t.Error(diff)
		}
		a.Close()
	})
}

// Half as many again, before it is over, are the same incident.
func TestClearingThatComesToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n, want := range map[int]string{9: "10m0s throttled resolved", 10: "17m0s throttled resolved"} {
			box := new(inbox)
			a := notify.New(box, notify.Rule{})
			begin := time.Now()
			burst(a, 20)
			time.Sleep(7 * time.Minute)
			burst(a, n)
			time.Sleep(time.Hour)
			a.Close()
			if diff := cmp.Diff([]string{"1m0s throttled firing", want}, phases(begin, box.got())); diff != "" {
				t.Errorf("%d: %s", n, diff)
			}
		}
	})
}

// More than three incidents in six hours flap: from the fourth on digests report them, at
// growing intervals, until there was none for six hours.
func TestIncidentsThatFlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		for range 8 {
			burst(a, 20)
			time.Sleep(80 * time.Minute)
		}
		time.Sleep(6 * time.Hour)
		burst(a, 20)
		time.Sleep(time.Hour)
		a.Close()
		if diff := cmp.Diff([]string{
			"1m0s throttled firing", "10m0s throttled resolved",
			"1h21m0s throttled firing", "1h30m0s throttled resolved",
			"2h41m0s throttled firing", "2h50m0s throttled resolved",
			"4h10m0s throttled digest", "5h30m0s throttled digest", "7h30m0s throttled digest", "11h30m0s throttled digest",
			"16h41m0s throttled firing", "16h50m0s throttled resolved",
		}, phases(begin, box.got())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFewAfterAPauseAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		burst(a, 19)
		time.Sleep(5*time.Minute + 2*time.Second)
		burst(a, 20)
		a.Close()
		if got := box.got(); len(got) != 1 || got[0].Count != 20 {
			t.Errorf("alerts: got %+v, want one of 20 429s", got)
		}
	})
}

func TestClockSetBack(t *testing.T) {
	box := new(inbox)
	a := notify.New(box, notify.Rule{Count: 3, Within: time.Minute})
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := range 12 { // one an hour, each an hour earlier
		e := event()
		e.Time = now.Add(time.Duration(-i) * time.Hour)
		a.Observe(t.Context(), e)
	}
	a.Close()
	if n := len(box.got()); n != 0 {
		t.Errorf("%d alerts, want none", n)
	}
}

func TestManyGoroutines(t *testing.T) {
	box := new(inbox)
	a := notify.New(box, notify.Rule{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { burst(a, 500) })
	}
	all.Go(func() { _ = a.Close() })
	all.Go(func() { _ = a.Status() })
	all.Wait()
	a.Close()
	if n := len(box.got()); n > 1 {
		t.Errorf("%d alerts, want 1 at most", n)
	}
}

func TestEventWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: 1})
		e := event()
		e.Time = time.Time{}
		a.Observe(t.Context(), e)
		a.Close()
		if got := box.got(); len(got) != 1 || !got[0].Time.Equal(time.Now()) || !got[0].Since.Equal(time.Now()) {
			t.Errorf("alerts: got %+v, want one of now", got)
		}
	})
}

// Without a Close: a bubble that ends while one of its goroutines is left panics.
func TestIdleAlerterHasNoGoroutine(t *testing.T) {
	for _, n := range []int{0, 19, 20, 50} {
		synctest.Test(t, func(t *testing.T) {
			burst(notify.New(new(inbox), notify.Rule{}), n)
			time.Sleep(time.Hour) // the incident is over
		})
	}
}

func TestCallsLostAreFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: -1})
		begin := time.Now()
		burst(a, 100) // switched off
		for _, status := range []int{429, 429, 503, 502, 504} {
			a.Observe(t.Context(), transport.Event{Kind: transport.Done, Status: status, Attempt: 4, User: "nightly", Method: "PUT", URL: "https://acme.dam.aprimo.com/api/core/record/1"})
		}
		a.Observe(t.Context(), transport.Event{Kind: transport.Done, Status: 503, Attempt: 1}) // was never repeated
		a.Observe(t.Context(), transport.Event{Kind: transport.Done, Status: 200, Attempt: 2})
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"1m0s failing firing", "10m0s failing resolved"}, phases(begin, box.got())); diff != "" {
			t.Fatal(diff)
		}
		if g := box.got()[0]; g.Total != 5 || g.Lost != 5 || g.Recovered != 1 || g.Users[0].Name != "nightly" || g.Limit != 5 {
			t.Errorf("alert: got %+v, want 5 of 5 calls lost by nightly, 1 recovered", g)
		}
		a.Close()
	})
}

func TestSaturationHasToLast(t *testing.T) {
	slow := transport.Event{Kind: transport.Done, Status: 200, Attempt: 1, ServerDelay: 3 * time.Second}
	full := transport.Event{Kind: transport.Done, Status: 200, Attempt: 1, Queued: 81, Capacity: 100}
	for name, e := range map[string]transport.Event{"slow": slow, "full": full} {
		synctest.Test(t, func(t *testing.T) {
			box := new(inbox)
			a := notify.New(box, notify.Rule{MaxDelay: 2 * time.Second})
			begin := time.Now()
			for range 50 {
				a.Observe(t.Context(), e)
				time.Sleep(time.Second)
			}
			a.Observe(t.Context(), transport.Event{Kind: transport.Done, Status: 200, Attempt: 1}) // a break
			for range 120 {
				a.Observe(t.Context(), e)
				time.Sleep(time.Second)
			}
			time.Sleep(time.Hour)
			if diff := cmp.Diff([]string{"2m0s saturated firing", "13m0s saturated resolved"}, phases(begin, box.got())); diff != "" {
				t.Error(name, diff)
			}
			a.Close()
		})
	}
}

func TestMuteTellsAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		a.Mute(begin.Add(2*time.Hour), "work on the tenant")
		time.Sleep(time.Minute)
		burst(a, 50)
		time.Sleep(time.Minute)
		if s := a.Status()[0]; s.State != "firing" || s.Reason != "work on the tenant" || s.Total != 50 {
			t.Errorf("status: got %+v, want firing with 50 events, muted for work on the tenant", s)
		}
		time.Sleep(3 * time.Hour)
		if diff := cmp.Diff([]string{"2h0m0s throttled digest"}, phases(begin, box.got())); diff != "" {
			t.Error(diff)
		}
		a.Close()
	})
}

func TestWhoseShareItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		for range 10 {
			e := event()
			e.InFlight = 40
			e.Others = transport.Others{Rate: 9.4, Stddev: 0.8}
			a.Observe(t.Context(), e)
			e.InFlight, e.Others = 43, transport.Others{} // it is not known any more
			a.Observe(t.Context(), e)
			a.Observe(t.Context(), transport.Event{Kind: transport.Done, Status: 200, Attempt: 2, ServerDelay: time.Second})
		}
		a.Close()
		g := box.got()[0]
		if g.Rate < 6.2 || g.Rate > 6.25 || g.Others < 8.75 || g.Others > 8.8 || g.TenantRate != 15 {
			t.Errorf("rates: got ours %v, others %v of %v, want 6.2, 8.8 of 15", g.Rate, g.Others, g.TenantRate)
		}
		if want := (transport.Others{Rate: 9.4, Stddev: 0.8}); g.OthersSent != want {
			t.Errorf("others: got %+v, want %+v", g.OthersSent, want)
		}
		if len(g.History) != 1 || g.History[0].Limited != 20 || g.History[0].Sent != 30 || g.History[0].ServerDelay != time.Second {
			t.Errorf("history: got %+v, want a minute with 30 sent, 20 of them answered 429, a delay of 1 s", g.History)
		}
	})
}

// The largest values mean "never" and "as long as it takes": no call pays for them with a panic, and
// no alert with a deadline that has passed.
func TestRuleOfTheLargestValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended error
		a := notify.New(notify.NotifierFunc(func(ctx context.Context, alert notify.Alert) error {
			time.Sleep(time.Minute)
			_, bad := json.Marshal(alert)
			ended = errors.Join(ended, ctx.Err(), bad)
			return nil
		}), notify.Rule{
			Count: 1, Lost: math.MaxInt, Refused: math.MaxInt, Within: math.MaxInt64, Gather: math.MaxInt64, Cooldown: math.MaxInt64,
			Reminder: math.MaxInt64, Timeout: math.MaxInt64, PerHour: math.MaxInt, PerDay: math.MaxInt, MaxDelay: math.MaxInt64, TenantRate: math.Inf(1),
		})
		for range 3 {
			e := event()
			e.Took, e.Delay, e.ServerDelay, e.Queued, e.InFlight = math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt, math.MaxInt
			for _, e.Kind = range []transport.Kind{transport.RateLimited, transport.Done} { // throttled, and lost
				a.Observe(t.Context(), e)
			}
		}
		err := a.Close()
		if sent, failed, pending := a.Deliveries(); sent == 0 || failed != 0 || pending != 0 || err != nil || ended != nil {
			t.Errorf("got %d alerts sent, %d failed, %d pending, Close: %v, while it was sent: %v; want one at least and no error",
				sent, failed, pending, err, ended)
		}
	})
}
