package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// server counts, by path, how many requests it works on at once, each for a time.
type server struct {
	takes time.Duration

	mu        sync.Mutex
	now, most map[string]int
	done      map[string][]time.Time
}

func newServer(takes time.Duration) *server {
	return &server{takes: takes, now: map[string]int{}, most: map[string]int{}, done: map[string][]time.Time{}}
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	path := req.URL.Path
	s.mu.Lock()
	s.now[path]++
	s.most[path] = max(s.most[path], s.now[path])
	s.mu.Unlock()
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now[path]--
	s.done[path] = append(s.done[path], time.Now())
	return answer(req, 200)
}

// atMost returns how many of a path it has had at once.
func (s *server) atMost(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most[path]
}

const (
	ordersURL = "https://acme.dam.aprimo.com/api/core/orders"
	searchURL = "https://acme.dam.aprimo.com/api/core/search/records"
)

func send(ctx context.Context, tr *transport.Transport, method, url string, header ...string) error {
	req, _ := http.NewRequestWithContext(ctx, method, url, nil)
	for _, name := range header {
		req.Header.Set(name, "x")
	}
	_, err := tr.RoundTrip(req)
	return err
}

// Beside 100 light calls a second's worth of orders, which take long, wait: the
// window is not theirs. With nobody else there they have all of it.
func TestLightCallsPassHeavyOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Second)
		tr := transport.New(transport.WithBase(s), quiet, transport.WithWindow(10))
		var light, orders sync.WaitGroup
		begin := time.Now()
		for range 60 {
			light.Go(func() {
				if err := send(t.Context(), tr, http.MethodGet, recordsURL); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for range 40 {
			orders.Go(func() {
				if err := send(transport.ContextWithUser(t.Context(), "another"), tr, http.MethodPost, ordersURL); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(4500 * time.Millisecond) // light calls still wait
		if n := s.atMost("/api/core/orders"); n != 2 {
			t.Errorf("%d orders at once while others waited, want 2", n)
		}
		light.Wait()
		if took := time.Since(begin); took > 9*time.Second {
			t.Errorf("60 light calls, ten at a time for a second each, took %v beside orders, want 9 s at most", took)
		}
		orders.Wait()
		if n := s.atMost("/api/core/orders"); n != 10 {
			t.Errorf("%d orders at once with nobody else there, want the window's 10", n)
		}
		if got := tr.Stats(); got.Queued != 0 || got.InFlight != 0 {
			t.Errorf("afterwards: %+v, want none queued or in flight", got)
		}
	})
}

func TestSearchIsHeavyIfItSelectsMuch(t *testing.T) {
	for _, test := range []struct {
		selects []string
		bound   bool
	}{
		{[]string{"select-record"}, false},
		{[]string{"Accept", "Content-Type", "Authorization", "select-record"}, false},
		{[]string{"select-record", "select-fileversion", "select-rendition"}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(time.Second)
			tr := transport.New(transport.WithBase(s), quiet, transport.WithWindow(10))
			var light sync.WaitGroup
			for range 50 {
				light.Go(func() { send(t.Context(), tr, http.MethodGet, recordsURL) })
			}
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			for range 30 {
				go send(transport.ContextWithUser(ctx, "another"), tr, http.MethodPost, searchURL, test.selects...)
			}
			time.Sleep(3500 * time.Millisecond)
			if got := s.atMost("/api/core/search/records"); (got == 4) != test.bound {
				t.Errorf("%v: got %d at once, want 4: %v", test.selects, got, test.bound)
			}
			light.Wait()
			cancel()
			synctest.Wait()
			time.Sleep(2 * time.Second)
		})
	}
}

func TestWeightIsPaidFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet,
			transport.WithHeavy(transport.Heavy{Operation: "POST /api/core/orders", Weight: 5}))
		begin := time.Now()
		for range 3 {
			send(t.Context(), tr, http.MethodPost, ordersURL)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("three of weight 5 took %v, want no time", took)
		}
		send(t.Context(), tr, http.MethodGet, recordsURL)
		if took := time.Since(begin); took < time.Second {
			t.Errorf("one more went after %v, although 15 were used up, want 1 s at least", took)
		}
	})
}

func TestHeavyCallThatGivesUpLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Second)
		tr := transport.New(transport.WithBase(s), quiet, transport.WithMaxQueue(2), transport.WithWindow(1),
			transport.WithHeavy(transport.Heavy{Operation: "POST /api/core/orders", InFlight: 1}))
		ctx, cancel := context.WithCancel(t.Context())
		go send(t.Context(), tr, http.MethodGet, recordsURL)
		synctest.Wait()
		go send(t.Context(), tr, http.MethodGet, recordsURL) // waits, so orders do
		synctest.Wait()
		go send(ctx, tr, http.MethodPost, ordersURL)
		synctest.Wait()
		for range 2 {
			go func() {
				if err := send(ctx, tr, http.MethodPost, ordersURL); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if err := send(t.Context(), tr, http.MethodPost, ordersURL); !errors.Is(err, transport.ErrQueueFull) || !strings.Contains(err.Error(), "calls queued: 2") {
			t.Errorf("the bulkhead is full: %v", err)
		}
		cancel()
		synctest.Wait()
		begin := time.Now()
		if err := send(t.Context(), tr, http.MethodPost, ordersURL); err != nil || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v, want the two seconds of the others and its own", err, time.Since(begin))
		}
	})
}

func ExampleWithHeavy() {
	tr := transport.New(transport.WithHeavy(append(transport.DefaultHeavy(),
		transport.Heavy{Operation: "GET /api/core/record/{id}/image/preview", InFlight: 3},
	)...))
	fmt.Println(tr.Stats().Queued)
	// Output: 0
}

// With nobody else there, heavy calls take every slot the moment it falls due.
func TestHeavyCallsAloneLoseNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		var last time.Duration
		tr := transport.New(quiet, transport.WithWindow(-1), transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			last = time.Since(begin)
			mu.Unlock()
			time.Sleep(10 * time.Second)
			return answer(req, 201)
		})))
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() { send(t.Context(), tr, http.MethodPost, ordersURL) })
		}
		all.Wait()
		if want := 3 * 1008 * time.Millisecond; last != want {
			t.Errorf("the last of 60 went after %v, want %v", last, want)
		}
	})
}
