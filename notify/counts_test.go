package notify_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

func TestWhatAnAlertSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: 8})
		ctx := t.Context()
		send := func(e transport.Event) { a.Observe(ctx, e) }
		begin := time.Now()
		for i := range 8 {
			time.Sleep(time.Second)
			e := event()
			e.Attempt, e.Err = i, context.Canceled
			if i == 3 {
				e.User, e.Method = "", "POST"
				send(transport.Event{Kind: transport.Done, Status: 429, Attempt: 5})
				send(transport.Event{Kind: transport.Done, Status: 204, Attempt: 2})
				send(transport.Event{Kind: transport.Done, Status: 200, Attempt: 1})
				send(transport.Event{Kind: transport.Done, Status: 500, Attempt: 2})
				send(transport.Event{Kind: transport.Done, Err: context.Canceled, Attempt: 2})
				send(transport.Event{Kind: transport.Refused})
				send(transport.Event{Kind: transport.Refused})
				send(transport.Event{Kind: transport.Paused})
				send(transport.Event{Kind: transport.Retrying})
				send(transport.Event{Kind: 99})
			}
			send(e)
		}
		a.Close()
		g := box.got()[0]
		if g.Lost != 1 || g.Recovered != 1 || g.Refused != 2 || g.Paused != 1 || g.Queued != 7 || g.Delay != 2*time.Second {
			t.Errorf("totals: got %+v, want 1 lost, 1 recovered, 2 refused, 1 paused, 7 queued, a delay of 2 s", g)
		}
		if g.Tenant != "acme" || g.PID == 0 || g.Host == "" || g.Time.Sub(g.Since) != 7*time.Second || !g.Since.Equal(begin.Add(time.Second)) {
			t.Errorf("frame: got %+v, want tenant acme, this process, 7 s since %v", g, begin.Add(time.Second))
		}
		if diff := cmp.Diff([]notify.Tally{{Name: "anna@example.com", Count: 7}, {Count: 1}}, g.Users); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]notify.Tally{
			{Name: "GET /api/core/record/{id}", Count: 7}, {Name: "POST /api/core/record/{id}", Count: 1},
		}, g.Operations); diff != "" {
			t.Error(diff)
		}
		var attempts []int
		for _, s := range g.Samples {
			attempts = append(attempts, s.Attempt)
			if s.Err != nil || s.URL != "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9" {
				t.Errorf("sample: got %+v, want no error and no query", s)
			}
		}
		if diff := cmp.Diff([]int{0, 1, 2, 5, 6, 7}, attempts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSamplesAreTheFirstAndTheLast(t *testing.T) {
	for n, want := range map[int][]int{
		1: {0}, 3: {0, 1, 2}, 4: {0, 1, 2, 3}, 5: {0, 1, 2, 3, 4}, 6: {0, 1, 2, 3, 4, 5}, 9: {0, 1, 2, 6, 7, 8},
	} {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: n})
		for i := range n {
			e := event()
			e.Attempt = i
			a.Observe(t.Context(), e)
		}
		a.Close()
		var got []int
		for _, s := range box.got()[0].Samples {
			got = append(got, s.Attempt)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d events: %s", n, diff)
		}
	}
}

// What a Notifier gets has been made printable and short.
func TestAlertIsClean(t *testing.T) {
	for _, name := range nasty {
		box := new(inbox)
		a := notify.New(box, notify.Rule{Count: 1, Tenant: name})
		a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, User: name, Method: name, URL: name})
		a.Close()
		g := box.got()[0]
		s := g.Samples[0]
		for _, text := range []string{g.Tenant, g.Users[0].Name, g.Operations[0].Name, s.User, s.Method, s.URL} {
			if strings.ContainsFunc(text, unsafe) || utf8.RuneCountInString(text) > 96 || !utf8.ValidString(text) {
				t.Errorf("got %q, want 96 printable characters at most", text)
			}
		}
	}
}
