package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// A day of 40 incidents: some alone, one of three hours, and many that come and go.
func TestADayOfFortyIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		begin := time.Now()
		var began []time.Time
		incident := func(at, lasts time.Duration) {
			time.Sleep(time.Until(begin.Add(at)))
			began = append(began, time.Now())
			for {
				burst(a, 20)
				if lasts -= time.Minute; lasts <= 0 {
					return
				}
				time.Sleep(time.Minute)
			}
		}
		incident(time.Hour, time.Minute)
		incident(3*time.Hour, 10*time.Minute)
		for i := range 36 { // one in 15 minutes from 4 to 13 o'clock
			incident(4*time.Hour+time.Duration(i)*15*time.Minute, 2*time.Minute)
		}
		incident(14*time.Hour, 3*time.Hour)
		incident(23*time.Hour, time.Minute)
		time.Sleep(6 * time.Hour)
		a.Close()

		opened, closed, mails := map[string]bool{}, map[string]bool{}, 0
		var table strings.Builder
		for _, g := range box.got() {
			if g.Time.Sub(begin) <= 24*time.Hour {
				mails++
			}
			ids := []string{}
			for _, u := range g.Unreported {
				opened[u.Incident] = true
				if !u.Ended.IsZero() {
					if closed[u.Incident] {
						t.Errorf("%s is closed twice, want once", u.Incident)
					}
					closed[u.Incident] = true
				}
				ids = append(ids, u.Since.Sub(begin).Truncate(time.Second).String())
			}
			switch g.Phase {
			case notify.Firing:
				if opened[g.Incident] {
					t.Errorf("%s is opened twice, want once", g.Incident)
				}
				opened[g.Incident] = true
			case notify.Resolved:
				if closed[g.Incident] {
					t.Errorf("%s is closed twice, want once", g.Incident)
				}
				closed[g.Incident] = true
			}
			fmt.Fprintf(&table, "%9s  %-9s  %4d 429s, began %-9s  also those of %s\n", g.Time.Sub(begin).Truncate(time.Second), g.Phase, g.Total,
				g.Since.Sub(begin).Truncate(time.Second), strings.Join(ids, " "))
		}
		t.Logf("%d mails in 24 h about %d incidents:\n%s", mails, len(began), &table)
		if mails > 24 {
			t.Errorf("%d mails in 24 h, want 24 at most", mails)
		}
		if len(opened) != len(began) || len(closed) != len(began) {
			t.Errorf("got %d incidents opened, %d closed, want %d", len(opened), len(closed), len(began))
		}
	})
}

// Any day, of two conditions: each incident is opened once and closed once, whatever the cap
// keeps back, and there are never more than 24 mails in 24 hours.
func TestAnyDay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			box := new(inbox)
			a := notify.New(box, notify.Rule{Count: 5})
			seen := map[string]bool{}
			minute := func() {
				time.Sleep(time.Minute)
				for _, s := range a.Status() {
					if s.Incident != "" {
						seen[s.Incident] = true
					}
				}
			}
			for range rapid.IntRange(1, 8).Draw(r, "incidents") {
				lost := rapid.IntRange(0, 3).Draw(r, "lost") == 0
				for range rapid.IntRange(1, 25).Draw(r, "lasts") {
					burst(a, 5)
					for range 5 {
						if lost {
							a.Observe(t.Context(), transport.Event{Kind: transport.Done, Time: time.Now(), Status: 429, Attempt: 3})
						}
					}
					minute()
				}
				for range rapid.IntRange(1, 60).Draw(r, "gap") {
					minute()
				}
			}
			time.Sleep(72 * time.Hour)
			a.Close()
			got := box.got()
			for i := range got {
				if i >= 24 && got[i].Time.Sub(got[i-24].Time) < 24*time.Hour {
					r.Fatalf("25 mails from %v to %v", got[i-24].Time, got[i].Time)
				}
			}
			l := ledgerOf(got)
			for id := range seen {
				if l.opened[id] != 1 || l.closed[id] != 1 {
					r.Fatalf("%s: opened %d times, closed %d times", id, l.opened[id], l.closed[id])
				}
			}
		})
	})
}
