package transport_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/retry"
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
					t.Errorf("it waited for %v, want 150 ms at most", took)
				}
			}
			c.Wait()
			if took, want := time.Since(zero), (15+10_000+50)*1008*time.Millisecond/15; took > want+time.Second/10 {
				t.Errorf("all took %v, not %v: slots were wasted", took, want)
			}
		})
	}
}

// Batch work that yields to everybody takes a tenant that has become slower for a full one, and would yield
// for good. A few of its calls at once, after the next probe, tell the difference.
func TestBatchWorkIsNotSlowForGoodOnASlowTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slower := time.Now().Add(time.Minute)
		tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "others", Rate: 3, Random: true}}, Service: func(*http.Request) time.Duration {
			if time.Now().After(slower) {
				return time.Second + rand.N(400*ms)
			}
			return rand.N(400 * ms)
		}}
		client := &http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()), quiet)}
		ctx, cancel := context.WithCancel(transport.ContextWithPriority(t.Context(), transport.Batch))
		var served atomic.Int64
		for range 25 {
			go func() {
				for ctx.Err() == nil {
					if get(ctx, client.Transport, "job") == nil {
						served.Add(1)
					}
				}
			}()
		}
		time.Sleep(2 * time.Minute)
		var calls int64
		for minute := 0; minute < 15 && calls < 500; minute++ {
			before := served.Load()
			time.Sleep(time.Minute)
			calls = served.Load() - before
		}
		if calls < 500 {
			t.Errorf("16 minutes after the tenant became slower: got %d calls in a minute, want most of the 720 that the others leave", calls)
		}
		cancel()
		synctest.Wait()
	})
}

// A page of ten calls beside a job of 1,000, at any moment of a second, with a
// tenant that needs its time. All its slots are of one second.
func TestAPagePassesAJobOfItsClass(t *testing.T) {
	page := func(t *testing.T, p transport.Priority, window int, after time.Duration) {
		client := &http.Client{Transport: transport.New(transport.WithBase((&aprimotest.Tenant{}).Transport()),
			quiet, transport.WithWindow(window))}
		ctx, cancel := context.WithCancel(transport.ContextWithPriority(t.Context(), p))
		calls(client, transport.ContextWithUser(ctx, "job"), 400)
		synctest.Wait()
		time.Sleep(after)
		began := time.Now()
		calls(client, transport.ContextWithUser(ctx, "anna"), 10).Wait()
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("%v, %v after the job, window %d: the page took %v, want 1.5 s at most", p, after, window, took)
		}
		cancel()
		synctest.Wait()
	}
	for _, p := range priorities {
		for _, window := range []int{0, -1} {
			for _, after := range []time.Duration{0, time.Millisecond, 500 * time.Millisecond, 5100 * time.Millisecond} {
				if testing.Short() && after > 0 && after < time.Second {
					continue
				}
				synctest.Test(t, func(t *testing.T) { page(t, p, window, after) })
			}
		}
	}
}

func TestReserveIsKeptFree(t *testing.T) {
	for _, test := range []struct {
		reserve float64
		most    int // in a second
	}{{0, 15}, {0.2, 12}, {0.5, 8}, {-1, 15}, {2, 1}} {
		t.Run(fmt.Sprint(test.reserve), func(t *testing.T) {
			if testing.Short() && test.reserve != 0.5 {
				t.Skip("one reserve only")
			}
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, 15, transport.WithClasses(transport.Classes{Reserve: test.reserve}))
				ctx, cancel := context.WithCancel(t.Context())
				for range 1000 {
					c.call(ctx, "job", transport.Batch)
				}
				synctest.Wait()
				time.Sleep(20 * time.Second)
				began := time.Now()
				c.do(t.Context(), "", transport.Normal)
				if took := time.Since(began); took > 0 && test.reserve > 0 {
					t.Errorf("a better call waited for %v, want no wait", took)
				}
				at := c.begin("job")
				for i := test.most; i < len(at); i++ {
					if d := at[i].Sub(at[i-test.most]); d < time.Second {
						t.Fatalf("%d began within %v, want a second or more", test.most+1, d)
					}
				}
				if want := min(0.99, max(0, test.reserve)); float64(len(at)) < 19*14.8*(1-want) {
					t.Errorf("%d began in 20 s, want %.0f at least", len(at), 19*14.8*(1-want))
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

// The expected wait of a call counts what the better classes are due.
func TestExpectedWaitBehindBetterClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 15)
		ctx, cancel := context.WithCancel(t.Context())
		for range 100 {
			for _, p := range priorities {
				c.call(ctx, "job", p)
			}
		}
		synctest.Wait()
		for i, want := range []struct{ least, most int }{{140, 150}, {200, 250}, {290, 300}} {
			ctx, gone := context.WithTimeout(t.Context(), time.Second)
			var q *transport.QueueError
			if err := c.do(ctx, "job", priorities[i]); !errors.As(err, &q) || q.Queued < want.least || q.Queued > want.most {
				t.Errorf("%v: %v; want it refused, with %d to %d ahead", priorities[i], err, want.least, want.most)
			}
			gone()
		}
		cancel()
		c.Wait()
	})
}

// Beside others, too, batch work has no more than the reserve leaves.
func TestReserveBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 15, transport.WithClasses(transport.Classes{Reserve: 0.95}))
		ctx, cancel := context.WithCancel(t.Context())
		for range 1000 {
			c.call(ctx, "job", transport.Batch)
			c.call(ctx, "anna", transport.Normal)
		}
		time.Sleep(60 * time.Second)
		job, anna := len(c.begin("job")), len(c.begin("anna"))
		if most := 60*15*5/100 + 1; job < most-2 || job > most || job+anna < 59*15*1000/1008 {
			t.Errorf("%d calls of batch work went and %d others in a minute, want some %d of the former", job, anna, most)
		}
		cancel()
		c.Wait()
	})
}

// A bulkhead's queue is as long as the main queue may be, whatever calls wait in it.
func TestFullLaneOfManyUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 1, transport.WithMaxQueue(30), transport.WithHeavy(transport.Heavy{Operation: "POST /heavy", InFlight: 1}))
		ctx, cancel := context.WithCancel(t.Context())
		c.call(ctx, "light", transport.Normal) // heavy ones yield as long as it waits
		synctest.Wait()
		refused := 0
		for i := range 60 {
			c.Go(func() {
				ctx := transport.ContextWithUser(ctx, fmt.Sprint(i%3))
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://acme.dam.aprimo.com/heavy", nil)
				if _, err := c.RoundTrip(req); errors.Is(err, transport.ErrQueueFull) {
					refused++
				}
			})
			synctest.Wait()
		}
		if refused != 60-1-30 {
			t.Errorf("%d of 60 were refused; one goes ahead and 30 may wait", refused)
		}
		cancel()
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

// Whether a repetition fits a deadline is judged by its own class.
func TestDeadlineOfARepetitionInItsClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply {
			if n <= 3 { // sent at 0, 1.008 (the click) and 2.016 s, limited at 3.01, 3.02 and 3.03 s
				return reply{status: 429, takes: time.Duration(3000-1008*(n-1)+10*n) * ms}
			}
			return reply{}
		})
		c := &crowd{Transport: transport.New(transport.WithBase(w), quiet, transport.WithRetry(retry.Policy{MinDelay: -1}),
			transport.WithLimiter(transport.NewLimiter(1, time.Second)))}
		for i, p := range []transport.Priority{transport.Normal, transport.Normal, transport.Interactive} {
			ctx, cancel := context.WithTimeout(t.Context(), []time.Duration{time.Minute, time.Minute, 4500 * ms}[i])
			c.Go(func() { defer cancel(); c.do(ctx, p.String(), p) })
			synctest.Wait()
		}
		c.Wait()
		if at := w.of("interactive"); len(at) != 2 || at[1] != 3024*ms {
			t.Errorf("the click was sent at %v, want it the first one to be sent again", at)
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
func ExampleWithClasses() {
	tr := transport.New(transport.WithClasses(transport.Classes{Reserve: 0.2}))
	fmt.Println(tr.Stats().Bottleneck)
	// Output: demand
}
