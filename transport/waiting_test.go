package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// Queue counts who waits by class and user, heavy and retried calls too, and adds
// up to all who wait.
func TestWaitingTellsWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Queue: 1, Others: []aprimotest.Load{{Agent: "others", Rate: 40, Until: 2 * time.Second}}}
		tr := transport.New(quiet, transport.WithBase(tenant.Transport()))
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		call := func(p transport.Priority, user string, n int, method, path string) {
			for range n {
				all.Go(func() {
					ctx := transport.ContextWithPriority(transport.ContextWithUser(ctx, user), p)
					req, _ := http.NewRequestWithContext(ctx, method, "https://acme.dam.aprimo.com"+path, nil)
					if resp, err := tr.RoundTrip(req); err == nil {
						resp.Body.Close()
					}
				})
			}
			synctest.Wait()
		}
		call(transport.Normal, "anna", 30, http.MethodGet, "/api/core/records")
		call(transport.Batch, "job", 50, http.MethodGet, "/api/core/records")
		call(transport.Interactive, "", 3, http.MethodGet, "/api/core/records")
		call(transport.Normal, "otto", 40, http.MethodPost, "/api/core/orders")
		got := map[string]int{}
		sum := 0
		for _, w := range tr.Queue() {
			key := fmt.Sprint(w.Priority, " ", w.User, " ", w.Heavy)
			if got[key] != 0 {
				t.Errorf("%s comes twice, want once", key)
			}
			got[key] = w.Calls
			sum += w.Calls
		}
		s := tr.Stats()
		if sum != s.Queued || s.Queued == 0 || s.Limit != 15 || s.Capacity != 10_000 {
			t.Errorf("%d wait, by user %d, limit %v, capacity %d, want the same sum, above 0, and 15 and 10,000", s.Queued, sum, s.Limit, s.Capacity)
		}
		got["normal otto"] = got["normal otto true"] + got["normal otto false"]
		want := map[string]int{"normal anna false": 22, "batch job false": 50, "interactive  false": 3, "normal otto": 40}
		for key, n := range want {
			if got[key] != n {
				t.Errorf("%s: %d wait, want %d", key, got[key], n)
			}
		}
		if w := tr.Queue(); w[0].Priority != transport.Interactive || w[len(w)-1].Priority != transport.Batch {
			t.Errorf("order %v, want interactive first, batch last", w)
		}
		time.Sleep(5 * time.Second) // now some have been turned away and wait again
		cancel()
		all.Wait()
		if w := tr.Queue(); len(w) != 0 {
			t.Errorf("nobody waits, but %v, want none", w)
		}
	})
}

// A later observer gets the events from then on.
func TestObserveLater(t *testing.T) {
	first, second := new(recorder), new(recorder)
	tr := transport.New(quiet, transport.WithBase(answers(200)), transport.WithObserver(first.observe))
	get := func() {
		resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	get()
	tr.Observe(nil)
	tr.Observe(second.observe)
	get()
	if a, b := len(first.of(transport.Done)), len(second.of(transport.Done)); a != 2 || b != 1 {
		t.Errorf("%d and %d events, want 2 and 1", a, b)
	}
	if diff := cmp.Diff(2, int(tr.Stats().Sent)); diff != "" {
		t.Error(diff)
	}
}
