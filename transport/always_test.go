package transport_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// This file has what must hold always, over random arrivals, cancellations,
// pauses and limits.

// A visit is one call of a random scenario.
type visit struct {
	id       int
	comes    time.Duration
	patience time.Duration // then it is cancelled; 0 means never
	limited  int           // so often it is answered 429 first
	user     string
	priority transport.Priority
	broken   int           // and then so often the connection breaks
	takes    time.Duration // for each answer
	begun    []time.Duration
	err      error
}

func visits(limited bool) *rapid.Generator[[]*visit] {
	return rapid.Custom(func(t *rapid.T) []*visit {
		n := rapid.IntRange(1, 80).Draw(t, "calls")
		list := make([]*visit, n)
		for i := range list {
			v := &visit{id: i, comes: time.Duration(rapid.IntRange(0, 3000).Draw(t, "comes")) * time.Millisecond}
			if rapid.IntRange(0, 2).Draw(t, "gives up") == 0 {
				v.patience = time.Duration(rapid.IntRange(1, 3000).Draw(t, "patience"))*time.Millisecond + time.Microsecond
			}
			if limited && rapid.IntRange(0, 9).Draw(t, "is limited") == 0 {
				v.limited = rapid.IntRange(1, 3).Draw(t, "times")
			}
			if limited && rapid.IntRange(0, 9).Draw(t, "breaks") == 0 {
				v.broken = rapid.IntRange(1, 3).Draw(t, "times")
			}
			if limited {
				v.takes = time.Duration(rapid.IntRange(0, 300).Draw(t, "takes")) * time.Millisecond
			}
			list[i] = v
		}
		slices.SortFunc(list, func(a, b *visit) int { return cmp.Compare(a.comes, b.comes) })
		// Two that come in the same instant have no order that could be kept.
		for i := 1; i < n; i++ {
			list[i].comes = max(list[i].comes, list[i-1].comes+time.Microsecond)
		}
		return list
	})
}

type spell struct{ from, to time.Duration }

// play makes the calls in virtual time, and returns the pauses and what is left.
func play(t *testing.T, list []*visit, limiter transport.Limiter) (pauses []spell, rest transport.Stats) {
	synctest.Test(t, func(t *testing.T) {
		zero := time.Now()
		var mu sync.Mutex
		base := roundTripper(func(req *http.Request) (*http.Response, error) {
			v := req.Context().Value(visitKey{}).(*visit)
			v.begun = append(v.begun, time.Since(zero)) // one attempt at a time
			if v.takes > 0 {
				select {
				case <-time.After(v.takes):
				case <-req.Context().Done():
					return nil, req.Context().Err()
				}
			}
			switch n := len(v.begun); {
			case n <= v.limited:
				return answer(req, http.StatusTooManyRequests)
			case n <= v.limited+v.broken:
				return nil, io.ErrUnexpectedEOF
			}
			return answer(req, http.StatusOK)
		})
		tr := transport.New(transport.WithBase(base), transport.WithLimiter(limiter), quiet,
			transport.WithObserver(func(_ context.Context, e transport.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == transport.RateLimited && e.Delay > 0 {
					pauses = append(pauses, spell{time.Since(zero), time.Since(zero) + e.Delay})
				}
			}))
		var wg sync.WaitGroup
		for _, v := range list {
			wg.Go(func() {
				time.Sleep(v.comes)
				ctx := context.WithValue(t.Context(), visitKey{}, v)
				ctx = transport.ContextWithPriority(transport.ContextWithUser(ctx, v.user), v.priority)
				if v.patience > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					defer time.AfterFunc(v.patience, cancel).Stop()
				}
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL+"?pageSize=1", nil)
				_, v.err = tr.RoundTrip(req)
			})
		}
		wg.Wait()
		rest = tr.Stats()
	})
	return pauses, rest
}

type visitKey struct{}

// endsWithAnswer reports whether the caller gave up at the very moment of the last answer: then it
// may get that, such as a 429, or the error.
func (v *visit) endsWithAnswer() bool {
	n := len(v.begun)
	return v.patience > 0 && n > 0 && v.begun[n-1]+v.takes == v.comes+v.patience
}

// begun returns when each attempt began, in that order.
func begun(list []*visit) []time.Duration {
	var all []time.Duration
	for _, v := range list {
		all = append(all, v.begun...)
	}
	slices.Sort(all)
	return all
}

func TestAlways(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		list := visits(true).Draw(rt, "visits")
		pauses, rest := play(t, list, transport.NewLimiter(n, time.Second))

		all := begun(list)
		for i := n; i < len(all); i++ {
			if all[i]-all[i-n] < time.Second {
				rt.Fatalf("%d began within %v: %v, want a second or more", n+1, all[i]-all[i-n], all[i-n:i+1])
			}
		}
		for _, v := range list {
			if want := v.limited + v.broken + 1; v.err == nil && len(v.begun) != want && !v.endsWithAnswer() {
				rt.Fatalf("call %d was sent %d times, not %d", v.id, len(v.begun), want)
			}
			if v.err != nil && v.patience == 0 {
				rt.Fatalf("call %d was lost: %v", v.id, v.err)
			}
		}
		var last time.Duration
		for _, v := range list {
			if len(v.begun) > 0 && v.begun[0] < last {
				rt.Fatalf("call %d was sent at %v, ahead of one that had come before it, want the order of arrival", v.id, v.begun[0])
			} else if len(v.begun) > 0 {
				last = v.begun[0]
			}
		}
		for _, p := range pauses {
			for _, b := range all {
				if b > p.from && b < p.to {
					rt.Fatalf("one began at %v, in the pause %v, want none in it", b, p)
				}
			}
		}
		if rest.Queued != 0 || rest.InFlight != 0 || rest.Sent != uint64(len(all)) {
			rt.Fatalf("afterwards %+v, with %d sent, want none queued or in flight, and as many in Sent", rest, len(all))
		}
	})
}

// Without 429s it is known to the nanosecond when each call must begin: as if
// those that gave up had never come.
func TestAlwaysAsSoonAsPossible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		list := visits(false).Draw(rt, "visits")
		play(t, list, transport.NewLimiter(n, time.Second))

		const window = time.Second + 8*time.Millisecond // with the limiter's slack
		var starts []time.Duration
		for _, v := range list {
			if len(v.begun) == 0 {
				continue
			}
			want := v.comes
			if i := len(starts); i >= n {
				want = max(want, starts[i-n]+window)
			}
			if i := len(starts); i > 0 {
				want = max(want, starts[i-1])
			}
			if v.begun[0] != want {
				rt.Fatalf("call %d came at %v and began at %v, not at %v", v.id, v.comes, v.begun[0], want)
			}
			starts = append(starts, want)
		}
	})
}
