package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A program behind one flow gains nothing by inventing users, and events still name these.
func TestFlowsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		slots := map[string]int{}
		tr := transport.New(transport.WithLimiter(transport.NewLimiter(1, time.Second)), transport.WithWindow(-1),
			transport.WithBase(roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			})),
			transport.WithObserver(func(_ context.Context, e transport.Event) {
				if e.Kind == transport.Done && e.Err == nil {
					mu.Lock()
					defer mu.Unlock()
					slots[e.User]++
				}
			}))
		call := func(flow, user string) {
			ctx := transport.ContextWithUser(transport.ContextWithFlow(t.Context(), flow), user)
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		}
		for i := range 39 {
			go call("10.0.0.1", fmt.Sprint("invented ", i))
		}
		for range 39 {
			go call("10.0.0.2", "anna")
		}
		time.Sleep(21 * time.Second)
		synctest.Wait()
		mu.Lock()
		if n := slots["anna"]; n < 10 || n > 11 {
			t.Errorf("of 21 slots, %d went to the program with one user, want half of them; by user: %v", n, slots)
		}
		mu.Unlock()
		flows := map[string]bool{}
		for _, waiting := range tr.Queue() {
			flows[waiting.User] = true
		}
		if len(flows) != 2 || !flows["10.0.0.1"] || !flows["10.0.0.2"] {
			t.Errorf("Queue names %v, want the two flows", flows)
		}
		tr.Shutdown(t.Context()) // when all others have had their turn
	})
}
