package notify_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

func TestAlertAtExactlyCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		burst(a, 19)
		synctest.Wait()
		if n := len(box.got()); n != 0 {
			t.Fatalf("%d alerts after 19 answers, want none", n)
		}
		burst(a, 1)
		synctest.Wait() // no time passes: the alert is sent at once
		got := box.got()
		if len(got) != 1 {
			t.Fatalf("%d alerts after 20 answers, want 1", len(got))
		}
		if g := got[0]; g.Count != 20 || g.Limit != 20 || g.Within != 5*time.Minute || g.Cooldown != time.Hour ||
			g.Number != 1 || g.Incident == "" || g.Suppressed != 0 || !g.Previous.IsZero() {
			t.Errorf("alert: %+v", g)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFiftyInASecondAreOneAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		for range 50 {
			burst(a, 1)
			time.Sleep(20 * time.Millisecond)
		}
		a.Close()
		if n := len(box.got()); n != 1 {
			t.Errorf("%d alerts, want 1", n)
		}
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

func TestCooldownCountsGoIntoTheNextAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		burst(a, 50) // an alert of 20; 30 in the cool-down
		time.Sleep(30 * time.Minute)
		burst(a, 25) // another incident, also in it
		time.Sleep(30*time.Minute - 1)
		burst(a, 25)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := len(box.got()); n != 1 {
			t.Fatalf("%d alerts within the cool-down, want 1", n)
		}
		burst(a, 1) // the cool-down is over and the window still full
		a.Close()
		got := box.got()
		if len(got) != 2 {
			t.Fatalf("%d alerts, want 2", len(got))
		}
		g := got[1]
		if g.Suppressed != 80 || g.Count != 26 || !g.Previous.Equal(begin) || g.Number != 1 || g.Incident == got[0].Incident {
			t.Errorf("suppressed %d, count %d, previous %v, number %d", g.Suppressed, g.Count, g.Previous, g.Number)
		}
	})
}

func TestLongIncidentIsToldOfAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		for range 3 * 60 { // ten a minute for three hours
			burst(a, 10)
			time.Sleep(time.Minute)
		}
		a.Close()
		got := box.got()
		if len(got) != 3 {
			t.Fatalf("%d alerts, want 3", len(got))
		}
		for i, g := range got {
			if g.Number != i+1 || g.Incident != got[0].Incident {
				t.Errorf("alert %d: number %d, incident %s", i, g.Number, g.Incident)
			}
		}
		// The first alert came with the last of a burst, the others with the first.
		if got[1].Suppressed != 590 || got[1].Count != 591 || got[2].Suppressed != 599 || got[2].Count != 600 {
			t.Errorf("suppressed %d of %d, then %d of %d", got[1].Suppressed, got[1].Count, got[2].Suppressed, got[2].Count)
		}
	})
}

func TestFewAfterAPauseAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		burst(a, 19)
		time.Sleep(5*time.Minute + 1)
		burst(a, 20)
		a.Close()
		if got := box.got(); len(got) != 1 || got[0].Count != 20 {
			t.Errorf("alerts: %+v", got)
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
		if got := box.got(); len(got) != 1 || !got[0].Time.Equal(time.Now()) {
			t.Errorf("alerts: %+v", got)
		}
	})
}

// Without a Close: a bubble that ends while one of its goroutines is left panics.
func TestIdleAlerterHasNoGoroutine(t *testing.T) {
	for _, n := range []int{0, 19, 20, 50} {
		synctest.Test(t, func(t *testing.T) {
			burst(notify.New(new(inbox), notify.Rule{}), n)
		})
	}
}
