package transport_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A program may have its Transport in a variable of a package, and use it in tests in a bubble,
// outside, and in another: nothing of a bubble stays in it when that ends.
func TestTransportSharedByBubbles(t *testing.T) {
	var n atomic.Int64
	shared := transport.New(quiet, transport.WithRetry(never), transport.WithLimiter(transport.NewLimiter(2, 50*ms)), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
		if n.Add(1)%5 == 0 {
			return answer(r, 429)
		}
		return answer(r, 200)
	})))
	some := func(t *testing.T) {
		var calls sync.WaitGroup
		for range 7 {
			calls.Go(func() {
				if err := get(t.Context(), shared, ""); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	t.Run("in a bubble", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { some(t); time.Sleep(time.Second) }) })
	t.Run("outside", func(t *testing.T) {
		if err := shared.SetLimit(100, time.Second); err != nil {
			t.Error(err)
		}
		get(t.Context(), shared, "")
	})
	t.Run("in another", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { some(t) }) })
	if err := shared.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A job that looks whether records exist, or lacks a right, is answered with refusals: its
// answers tell of the server's queue as well as successes, and it is as fast.
func TestRefusalsSteerTheWindow(t *testing.T) {
	took := map[string]time.Duration{}
	for name, status := range map[string][]int{"200": {200}, "404": {404}, "403": {403}, "409": {409}, "500": {500}, "half": {200, 404}} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			n := 0
			tr := transport.New(quiet, transport.WithRetry(never), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(3 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				n++
				return answer(r, status[n%len(status)])
			})))
			began := time.Now()
			var calls sync.WaitGroup
			for range 600 {
				calls.Go(func() { get(t.Context(), tr, "") })
			}
			calls.Wait()
			took[name] = time.Since(began)
		})
	}
	for name, long := range took {
		if long > took["200"]*21/20 {
			t.Errorf("600 calls that are answered %s take %v, as many that are answered 200 take %v", name, long, took["200"])
		}
	}
}
