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

func TestLightCallsPassHeavyOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(4 * time.Second)
		tr := transport.New(transport.WithBase(s), quiet)
		var orders sync.WaitGroup
		for range 6 {
			orders.Go(func() {
				if err := send(t.Context(), tr, http.MethodPost, ordersURL); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if got := tr.Stats(); got.Queued != 4 || got.InFlight != 2 || got.Bound != transport.BoundHeavy {
			t.Errorf("with six orders: %+v", got)
		}
		begin := time.Now()
		if err := send(t.Context(), tr, http.MethodGet, recordsURL); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("a light call took %v behind orders, want the 4 s that it takes", took)
		}
		orders.Wait()
		if took := time.Since(begin); took != 12*time.Second {
			t.Errorf("six orders, two at a time, took %v", took)
		}
		if s.most["/api/core/orders"] != 2 {
			t.Errorf("%d orders at once", s.most["/api/core/orders"])
		}
		if got := tr.Stats(); got.Queued != 0 || got.InFlight != 0 {
			t.Errorf("afterwards: %+v", got)
		}
	})
}

func TestSearchIsHeavyIfItSelectsMuch(t *testing.T) {
	for _, test := range []struct {
		selects []string
		most    int
	}{
		{[]string{"select-record"}, 10},
		{[]string{"select-record", "select-fileversion", "select-rendition"}, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(time.Second)
			tr := transport.New(transport.WithBase(s), quiet, transport.WithWindow(-1))
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { send(t.Context(), tr, http.MethodPost, searchURL, test.selects...) })
			}
			wg.Wait()
			if got := s.most["/api/core/search/records"]; got != test.most {
				t.Errorf("%v: %d at once, want %d", test.selects, got, test.most)
			}
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
			t.Errorf("one more went after %v, although 15 were used up", took)
		}
	})
}

func TestHeavyCallThatGivesUpLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Second)
		tr := transport.New(transport.WithBase(s), quiet,
			transport.WithHeavy(transport.Heavy{Operation: "POST /api/core/orders", InFlight: 1}), transport.WithMaxQueue(2))
		ctx, cancel := context.WithCancel(t.Context())
		go send(t.Context(), tr, http.MethodPost, ordersURL)
		synctest.Wait()
		for range 2 {
			go func() {
				if err := send(ctx, tr, http.MethodPost, ordersURL); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if err := send(t.Context(), tr, http.MethodPost, ordersURL); !errors.Is(err, transport.ErrQueueFull) || !strings.Contains(err.Error(), "2 calls wait") {
			t.Errorf("the lane is full: %v", err)
		}
		cancel()
		synctest.Wait()
		begin := time.Now()
		if err := send(t.Context(), tr, http.MethodPost, ordersURL); err != nil || time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %v, want the first's second and its own", err, time.Since(begin))
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
