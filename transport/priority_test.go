package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// A click behind 10,000 calls of batch work, at any moment of a second.
func TestAClickPassesBatchWork(t *testing.T) {
	for _, user := range []string{"job", "anna"} {
		synctest.Test(t, func(t *testing.T) {
			zero, c := time.Now(), newCrowd(t, 15)
			for range 10_000 {
				c.call(t.Context(), "job", transport.Batch)
			}
			synctest.Wait()
			time.Sleep(5 * time.Second)
			for range 50 {
				time.Sleep(1037 * time.Millisecond)
				began := time.Now()
				c.do(t.Context(), user, transport.Interactive)
				if took := time.Since(began); took > 150*time.Millisecond {
					t.Errorf("it waited for %v", took)
				}
			}
			c.Wait()
			if took, want := time.Since(zero), (15+10_000+50)*1008*time.Millisecond/15; took > want+time.Second/10 {
				t.Errorf("all took %v, not %v: slots were wasted", took, want)
			}
		})
	}
}

// A page of ten calls beside a job of 1,000, at any moment of a second, with a
// tenant that needs its time.
func TestAPagePassesAJobOfItsClass(t *testing.T) {
	for _, p := range priorities {
		for _, after := range []time.Duration{0, time.Millisecond, 500 * time.Millisecond, 5100 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: transport.New(transport.WithBase((&aprimotest.Tenant{}).Transport()), quiet)}
				ctx, cancel := context.WithCancel(transport.ContextWithPriority(t.Context(), p))
				calls(client, transport.ContextWithUser(ctx, "job"), 1000)
				synctest.Wait()
				time.Sleep(after)
				began := time.Now()
				calls(client, transport.ContextWithUser(ctx, "anna"), 10).Wait()
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("%v, %v after the job: the page took %v", p, after, took)
				}
				cancel()
				synctest.Wait()
			})
		}
	}
}

func TestReserveIsKeptFree(t *testing.T) {
	for _, test := range []struct {
		reserve float64
		most    int // in a second
	}{{0, 15}, {0.2, 12}, {0.5, 8}, {-1, 15}, {2, 1}} {
		t.Run(fmt.Sprint(test.reserve), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, 15, transport.WithReserve(test.reserve))
				ctx, cancel := context.WithCancel(t.Context())
				for range 1000 {
					c.call(ctx, "job", transport.Batch)
				}
				synctest.Wait()
				time.Sleep(20 * time.Second)
				began := time.Now()
				c.do(t.Context(), "", transport.Normal)
				if took := time.Since(began); took > 0 && test.reserve > 0 {
					t.Errorf("a better call waited for %v", took)
				}
				at := c.begin("job")
				for i := test.most; i < len(at); i++ {
					if d := at[i].Sub(at[i-test.most]); d < time.Second {
						t.Fatalf("%d began within %v", test.most+1, d)
					}
				}
				if want := min(0.99, max(0, test.reserve)); float64(len(at)) < 19*14.8*(1-want) {
					t.Errorf("only %d began in 20 s", len(at))
				}
				cancel()
				c.Wait()
			})
		})
	}
}

// A flood fills the queue for its class and the worse ones only.
func TestFullQueueOfBatchWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 15, transport.WithMaxQueue(30))
		refused := func(p transport.Priority) bool {
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			got := make(chan error, 1)
			c.Go(func() { got <- c.do(ctx, "", p) })
			synctest.Wait()
			select {
			case err := <-got:
				return errors.Is(err, transport.ErrQueueFull)
			default:
				return false
			}
		}
		for range 30 {
			c.call(t.Context(), "", transport.Batch)
		}
		synctest.Wait()
		for _, p := range priorities {
			if got, want := refused(p), p == transport.Batch; got != want {
				t.Errorf("of a full queue of batch work, %v: refused %v", p, got)
			}
		}
		for range 30 {
			c.call(t.Context(), "", transport.Normal)
		}
		synctest.Wait()
		for _, p := range priorities {
			if got, want := refused(p), p != transport.Interactive; got != want {
				t.Errorf("of a full queue of normal work, %v: refused %v", p, got)
			}
		}
		c.Wait()
	})
}

// What is repeated goes before what is new in its class, and no further.
func TestRepeatedCallsStayInTheirClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{}
		limited := true
		c.Transport = transport.New(quiet, transport.WithWindow(-1), transport.WithLimiter(transport.NewLimiter(1, time.Second)),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				if limited {
					limited = false
					return answer(req, http.StatusTooManyRequests)
				}
				c.order = append(c.order, sent{user: transport.UserFromContext(req.Context())})
				return answer(req, http.StatusOK)
			})))
		c.call(t.Context(), "repeated", transport.Batch)
		synctest.Wait()
		for range 3 {
			c.call(t.Context(), "new", transport.Batch)
			c.call(t.Context(), "click", transport.Interactive)
		}
		c.Wait()
		want := "[click click repeated click new new new]"
		var got []string
		for _, s := range c.order {
			got = append(got, s.user)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("the order was %v, not %v", got, want)
		}
	})
}

// calls makes some in the background.
func calls(client *http.Client, ctx context.Context, n int) *crowd {
	c := &crowd{}
	for range n {
		c.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
			if resp, err := client.Do(req); err == nil {
				resp.Body.Close()
			}
		})
	}
	return c
}

func TestPriorityBeyondTheEnds(t *testing.T) {
	for p, want := range map[transport.Priority]string{-9: "batch", -1: "batch", 0: "normal", 1: "interactive", 9: "interactive"} {
		if got := p.String(); got != want {
			t.Errorf("Priority(%d) is %q, want %q", int(p), got, want)
		}
	}
}

// A nightly job stands back for everybody else.
func ExampleContextWithPriority() {
	ctx := transport.ContextWithPriority(context.Background(), transport.Batch)
	fmt.Println(transport.PriorityFromContext(ctx))
	fmt.Println(transport.PriorityFromContext(context.Background()))
	// Output:
	// batch
	// normal
}

// Three of the 15 requests a second are kept for what is not batch work.
func ExampleWithReserve() {
	tr := transport.New(transport.WithReserve(0.2))
	fmt.Println(tr.Stats().Bound)
	// Output: demand
}
