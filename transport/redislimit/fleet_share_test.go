package redislimit

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

func TestGreedyProcessesShareTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		for range 8 {
			f.add(ctx, 2)
		}
		f.calls.Wait()
		all := f.tenant.Report().Total
		if all.MaxPerSecond > 15 || all.Rejected > 0 {
			t.Errorf("%d in a second, %d rejected; want 15 and none", all.MaxPerSecond, all.Rejected)
		}
		if use := float64(all.Served) / (15 * 12); use < 0.97 {
			t.Errorf("used %.3f of the limit; want 0.97", use)
		}
		if j := jain(f.served()); j < 0.999 {
			t.Errorf("shares %v: Jain %.4f; want 0.999", f.served(), j)
		}
		if s := f.list[0].rt.Stats(); s.Sharing != transport.SharingAll || s.Processes != 8 {
			t.Errorf("Stats: %q with %d processes; want shared with 8", s.Sharing, s.Processes)
		}
		f.close()
	})
}

// One that needs little gets it, and the others get equal parts of the rest, not
// more for who asks with more goroutines.
func TestSharesAreMaxMinFair(t *testing.T) {
	if testing.Short() {
		t.Skip("shares take long to tell apart")
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{Rate: 12})
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		f.think = time.Second
		f.add(ctx, 1)
		f.think = 0
		for _, callers := range []int{5, 50, 200} {
			f.add(ctx, callers)
		}
		f.calls.Wait()
		shares := f.served()
		if shares[0] < 40/1.5 {
			t.Errorf("the small one was served %v times in 40 s; want %v at least", shares[0], 40/1.5)
		}
		if low, high := slices.Min(shares[1:]), slices.Max(shares[1:]); high > 1.02*low {
			t.Errorf("the greedy ones were served %v times; want the same within 2 %%", shares[1:])
		}
		if n := f.tenant.Report().Total.Rejected; n > 0 {
			t.Errorf("%d answered 429, want none", n)
		}
		f.close()
	})
}

func TestStrangersAreLeftRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("strangers come by chance: it takes long to tell")
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "strangers", Rate: 8}}})
		f.tenant.Start()
		ctx, cancel := context.WithTimeout(t.Context(), 160*time.Second)
		defer cancel()
		for range 2 {
			f.add(ctx, 20)
		}
		time.Sleep(40 * time.Second) // to find out what is free
		before := f.tenant.Report()
		f.calls.Wait()
		r := f.tenant.Report()
		others := r.Agents["strangers"]
		theirs := others.Arrived - before.Agents["strangers"].Arrived
		if use := float64(r.Total.Arrived-before.Total.Arrived-theirs) / float64(15*120-theirs); use < 0.95 { // 0.94 to 0.99 in one minute and a half
			t.Errorf("used %.3f of what strangers leave; want 0.95", use)
		}
		if d := others.MeanDelay(); d > 700*time.Millisecond {
			t.Errorf("strangers wait for %v; want 0.7 s at most", d)
		}
		if r.Total.Rejected > 0 {
			t.Errorf("%d answered 429, want none", r.Total.Rejected)
		}
		f.close()
	})
}

// refuse answers 429 for a while.
type refuse struct {
	http.RoundTripper
	from, until time.Time
	refused     int
}

func (r *refuse) RoundTrip(req *http.Request) (*http.Response, error) {
	if now := time.Now(); now.Before(r.from) || !now.Before(r.until) {
		return r.RoundTripper.RoundTrip(req)
	}
	r.refused++
	return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3"}}, Body: http.NoBody, Request: req}, nil
}

// After a 429 of one process all wait, and then one goes ahead: a tenant that is
// saturated for 18 s answers some 429 in all and not some for each.
func TestA429OfOneHoldsAllBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		start := time.Now()
		all := []*refuse{}
		f.base = func(base http.RoundTripper) http.RoundTripper {
			r := &refuse{base, start.Add(3 * time.Second), start.Add(21 * time.Second), 0}
			all = append(all, r)
			return r
		}
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		for range 4 {
			f.add(ctx, 5)
		}
		f.calls.Wait()
		refused := 0
		for _, r := range all {
			refused += r.refused
		}
		if refused < 2 || refused > 10 {
			t.Errorf("%d were answered 429 in 18 s; want 6, one each three seconds, and some at first", refused)
		}
		if f.lost() > 0 {
			t.Errorf("%d calls lost, want none", f.lost())
		}
		f.close()
	})
}
