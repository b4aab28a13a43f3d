package notify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// A call that is retried for minutes has its attempts in the minutes when they were sent,
// so that the mail does not have 429s beside no requests.
func TestAttemptsCountWhenTheyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: 3, Gather: -1})
		for attempt := 1; attempt <= 3; attempt++ { // the first begins before midnight
			e := event()
			e.Attempt, e.Again, e.Took = attempt, true, 10*time.Second
			a.Observe(t.Context(), e)
			if attempt == 2 {
				e.Kind, e.Status = transport.Retrying, 503
				a.Observe(t.Context(), e)
				e.Kind, e.Reported = transport.Done, true // for example, cancelled
				a.Observe(t.Context(), e)
			}
			time.Sleep(time.Minute)
		}
		a.Close()
		g := box.got()
		var got []string
		for _, m := range g[0].History {
			got = append(got, fmt.Sprintf("%s: %d of %d", m.Time.Format("15:04"), m.Limited, m.Sent))
		}
		if diff := cmp.Diff([]string{"23:59: 1 of 1", "00:00: 1 of 2", "00:01: 1 of 1"}, got); diff != "" {
			t.Errorf("429s and requests: %s", diff)
		}
		for _, want := range []string{"429s per minute, at most 1\n", "Our requests per minute, at most 2\n", "Server delay in seconds: not known\n"} {
			if text := g[0].Text(); !strings.Contains(text, want) {
				t.Errorf("got %s, want %q in it", text, want)
			}
		}
		if g[0].Peak != 1 {
			t.Errorf("peak: got %d, want 1", g[0].Peak)
		}
	})
}

// What an administrator may run again without doing anything twice.
func TestLostCallsThatMayHaveBeenCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Lost: 6})
		for _, c := range []struct {
			method string
			status int
		}{{"POST", 429}, {"GET", 503}, {"HEAD", 0}, {"POST", 0}, {"PUT", 504}, {"DELETE", 502}} {
			e := event()
			e.Kind, e.Method, e.Status, e.Attempt, e.Err = transport.Done, c.method, c.status, 4, http.ErrServerClosed
			a.Observe(t.Context(), e)
		}
		a.Close()
		g := box.got()[0]
		if g.Condition != notify.Failing || g.Total != 6 || g.Lost != 6 || g.Unconfirmed != 3 {
			t.Errorf("got %s with %d lost of %d, %d unconfirmed, want failing with 6 of 6, 3", g.Condition, g.Lost, g.Total, g.Unconfirmed)
		}
		if text := g.Text(); !strings.Contains(text, "3 of these may have been carried out; 3 can be run again") || strings.Contains(text, "no effect") {
			t.Errorf("got %s, want it to say that 3 may have been carried out", text)
		}
	})
}

// Numbers that mean the same thing are the same in every alert, ours or not.
func TestNumbersAgree(t *testing.T) {
	for _, c := range allConditions {
		for _, p := range allPhases {
			a := notify.Sample(c, p)
			limited, sum := 0, map[string]int{}
			for _, m := range a.History {
				limited = max(limited, m.Limited)
				if m.Limited > m.Sent {
					t.Errorf("%s %s: got %d 429s to %d requests", c, p, m.Limited, m.Sent)
				}
			}
			for _, u := range a.Users {
				sum["users"] += u.Count
			}
			for _, o := range a.Operations {
				sum["operations"] += o.Count
			}
			for _, h := range a.Hosts {
				sum["hosts"] += h.Count
			}
			for what, n := range sum {
				if n != a.Total {
					t.Errorf("%s %s: got %d %s, want the total %d", c, p, n, what, a.Total)
				}
			}
			total, lost := 0, 0
			for _, u := range a.Unreported {
				total, lost = total+u.Total, lost+u.Lost
			}
			if limited != a.Peak || p == notify.Digest && (total != a.Total || lost != a.Lost) {
				t.Errorf("%s %s: got a peak of %d beside %d, incidents with %d of %d, %d lost of %d", c, p, a.Peak, limited, total, a.Total, lost, a.Lost)
			}
		}
	}
	a := notify.Sample(notify.Failing, notify.Firing)
	a.Total, a.Count, a.Lost = 1604, 1604, 3
	if text := a.Text(); strings.Contains(text, "3 calls given up") || !strings.Contains(text, "1604 calls given up") {
		t.Errorf("got %s, want 1604 calls given up and no other number", text)
	}
}

// A job that starts more calls than fit within their deadlines.
func TestRefusedCallsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{})
		refuse := func(n, attempt int, err error) {
			for range n {
				e := event()
				e.Kind, e.Attempt, e.Status, e.Err = transport.Refused, attempt, 0, err
				a.Observe(t.Context(), e)
			}
		}
		refuse(100, 0, &transport.QueueError{Err: transport.ErrShutdown}) // the program ends
		refuse(100, 2, &transport.QueueError{Err: transport.ErrQueueFull})
		refuse(19, 0, &transport.QueueError{Err: transport.ErrQueueFull})
		time.Sleep(2 * time.Minute)
		if got := box.got(); len(got) > 0 {
			t.Fatalf("got %s, want no alert of 19 refused calls", got[0].Subject())
		}
		refuse(1, 0, &transport.QueueError{Err: transport.ErrQueueFull})
		time.Sleep(time.Minute)
		got := box.got()
		if len(got) != 1 || got[0].Condition != notify.Refusing || got[0].Total != 20 || got[0].Refused != 20 {
			t.Fatalf("got %+v, want one alert of 20 refused calls", got)
		}
		for _, want := range []string{"20 calls from this program were rejected locally and never sent", "20 calls rejected locally, never sent", "safe to run them again", "never sent\n    GET /api"} {
			if text := got[0].Text(); !strings.Contains(text, want) {
				t.Errorf("got %s, want %q in it", text, want)
			}
		}
		a.Close()

		off := notify.New(box, notify.Rule{Refused: -1})
		for range 100 {
			off.Observe(t.Context(), transport.Event{Kind: transport.Refused})
		}
		off.Close()
		if len(box.got()) != 1 {
			t.Errorf("switched off: got %d alerts more, want none", len(box.got())-1)
		}
	})
}
