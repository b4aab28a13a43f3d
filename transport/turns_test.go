package transport_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// This file has what must hold always about who goes first.

var priorities = []transport.Priority{transport.Interactive, transport.Normal, transport.Batch}

// Of one user and class who came first goes first, nobody is lost or served
// twice, the limit holds, and no slot is left unused while somebody waits who
// would have taken it.
func TestAlwaysInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		some := priorities[:rapid.IntRange(1, 3).Draw(rt, "classes")]
		list := visits(false).Draw(rt, "visits")
		for _, v := range list {
			v.user = rapid.SampledFrom([]string{"", "anna", "ben"}).Draw(rt, "user")
			v.priority = rapid.SampledFrom(some).Draw(rt, "priority")
		}
		_, rest := play(t, list, transport.NewLimiter(n, time.Second))

		type key struct {
			user     string
			priority transport.Priority
		}
		last := map[key]time.Duration{}
		var came []time.Duration
		for _, v := range list {
			k := key{v.user, v.priority}
			switch {
			case v.err == nil && len(v.begun) != 1:
				rt.Fatalf("call %d was sent %d times, want once", v.id, len(v.begun))
			case v.err != nil && (v.patience == 0 || len(v.begun) > 0):
				rt.Fatalf("call %d was lost: %v, sent %d times", v.id, v.err, len(v.begun))
			case v.err == nil && v.begun[0] < last[k]:
				rt.Fatalf("call %d overtook one of the same user and class", v.id)
			case v.err == nil:
				last[k] = v.begun[0]
				came = append(came, v.comes)
			}
		}
		all := begun(list)
		const window = time.Second + 8*time.Millisecond
		for i, b := range all {
			if i >= n && b-all[i-n] < window {
				rt.Fatalf("%d began within %v, want no less than the window", n+1, b-all[i-n])
			}
			want := came[i]
			if i >= n {
				want = max(want, all[i-n]+window)
			}
			if b != want && len(some) < 3 {
				rt.Fatalf("number %d began at %v; there was a slot and a call at %v", i, b, want)
			}
		}
		if rest.Queued != 0 || rest.InFlight != 0 {
			rt.Fatalf("afterwards %+v, want none queued or in flight", rest)
		}
	})
}

// A crowd is calls that all wait when the first of them goes.
type crowd struct {
	*transport.Transport
	sync.Mutex
	sync.WaitGroup
	order []sent
}

type sent struct {
	user     string
	priority transport.Priority
	at       time.Time
}

// newCrowd returns one before which the slots of the present second are used up.
func newCrowd(t *testing.T, n int, options ...transport.Option) *crowd {
	c := &crowd{}
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		c.Lock()
		defer c.Unlock()
		ctx := req.Context()
		c.order = append(c.order, sent{transport.UserFromContext(ctx), transport.PriorityFromContext(ctx), time.Now()})
		return answer(req, http.StatusOK)
	})
	c.Transport = transport.New(append(options, transport.WithBase(base), quiet, transport.WithWindow(-1),
		transport.WithLimiter(transport.NewLimiter(n, time.Second)))...)
	for range n {
		c.call(t.Context(), "before all", transport.Normal)
	}
	synctest.Wait()
	c.order = nil
	return c
}

// call makes one in the background.
func (c *crowd) call(ctx context.Context, user string, p transport.Priority) {
	c.Go(func() { c.do(ctx, user, p) })
}

func (c *crowd) do(ctx context.Context, user string, p transport.Priority) error {
	ctx = transport.ContextWithPriority(transport.ContextWithUser(ctx, user), p)
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
	_, err := c.RoundTrip(req)
	return err
}

// While all classes wait each has its part of any stretch, and while all users of
// a class do, they have equal parts. Those that give up meanwhile do not change
// that.
func TestAlwaysTheirShare(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		users := rapid.IntRange(1, 20).Draw(rt, "users")
		served := rapid.IntRange(1, 100).Draw(rt, "served")
		leave := rapid.SliceOfN(rapid.IntRange(0, 20_000), 0, 40).Draw(rt, "give up at")
		var order []sent
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, n)
			ctx, cancel := context.WithCancel(t.Context())
			for u := range users {
				for _, p := range priorities {
					for range (served+n)/users + 4 {
						c.call(ctx, fmt.Sprint("user ", u), p)
					}
				}
			}
			for i, ms := range leave {
				ctx, gone := context.WithTimeout(ctx, time.Duration(ms)*time.Millisecond+time.Microsecond)
				c.Go(func() {
					defer gone()
					c.do(ctx, fmt.Sprint("user ", i%users), priorities[i%3])
				})
			}
			synctest.Wait()
			for c.Stats().Sent < uint64(n+served) {
				time.Sleep(time.Millisecond)
			}
			synctest.Wait() // until all of that moment have been seen
			c.Lock()
			order = slices.Clone(c.order)
			c.Unlock()
			cancel()
			c.Wait()
		})
		for i, p := range priorities {
			fair := [...]float64{4, 2, 1}[i] / 7
			for from := range order {
				if from > 0 && order[from].at.Equal(order[from-1].at) {
					continue // what goes in the same instant is seen in any order
				}
				got := 0
				for k, s := range order[from:] {
					if s.priority == p {
						got++
					}
					if to := from + k + 1; to < len(order) && order[to].at.Equal(s.at) {
						continue
					}
					if want := fair * float64(k+1); math.Abs(float64(got)-want) > 1 {
						rt.Fatalf("%v had %d of %d slots from %d on; its part is %.1f", p, got, k+1, from, want)
					}
				}
			}
			had := map[string]int{}
			for _, s := range order {
				if s.priority == p {
					had[s.user]++
				}
			}
			for u := range users {
				got, all := had[fmt.Sprint("user ", u)], 0
				for _, h := range had {
					all += h
				}
				if math.Abs(float64(got)-float64(all)/float64(users)) > 1 {
					rt.Fatalf("a user had %d of the %d slots of %d users, want an equal part", got, all, users)
				}
			}
		}
	})
}

// The wait that a call is refused for is never longer than what it
// waits if it stays, and nobody gives up.
func TestAlwaysRefusedWithReason(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, n)
			name := func() string { return rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(rt, "user") }
			class := func() transport.Priority { return rapid.SampledFrom(priorities).Draw(rt, "priority") }
			for range rapid.IntRange(0, 12).Draw(rt, "groups") {
				user, p := name(), class()
				for range rapid.IntRange(1, 30).Draw(rt, "calls") {
					c.call(t.Context(), user, p)
				}
				synctest.Wait()
				time.Sleep(time.Duration(rapid.IntRange(0, 1500).Draw(rt, "ms")) * time.Millisecond)
			}
			user, p := name(), class()
			ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
			defer cancel()
			err := c.do(ctx, user, p)
			began := time.Now()
			if stays := c.do(t.Context(), user, p); stays != nil {
				rt.Fatalf("got error %v, want none", stays)
			}
			var q *transport.QueueError
			if took := time.Since(began); errors.As(err, &q) && q.Wait > took {
				rt.Fatalf("a %v call was refused for a wait of %v behind %d, which took %v", p, q.Wait, q.Queued, took)
			}
			c.Wait()
		})
	})
}

// begin returns when the calls of a user began, in that order.
func (c *crowd) begin(user string) (at []time.Time) {
	c.Lock()
	defer c.Unlock()
	for _, s := range c.order {
		if s.user == user {
			at = append(at, s.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}
