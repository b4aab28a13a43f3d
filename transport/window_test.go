package transport_test

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A watch is what Stats and the ModeChanged events said about the window.
type watch struct {
	recorder
	seen     map[transport.WindowMode]time.Duration // how long Stats said so
	entered  map[transport.WindowMode][]time.Time   // when it began to
	delay    time.Duration                          // the longest
	inFlight int                                    // the most
}

// run keeps n calls going at a tenant for a time, and looks at Stats each 10 ms.
func (o *watch) run(t *testing.T, base http.RoundTripper, n int, long time.Duration, opts ...transport.Option) *transport.Transport {
	t.Helper()
	o.seen, o.entered = map[transport.WindowMode]time.Duration{}, map[transport.WindowMode][]time.Time{}
	tr := transport.New(append([]transport.Option{transport.WithBase(base), quiet, transport.WithObserver(o.observe)}, opts...)...)
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				get(context.WithoutCancel(ctx), tr, "")
			}
		})
	}
	last := transport.WindowMode("")
	for ctx.Err() == nil {
		s := tr.Stats()
		if o.seen[s.Mode] += 10 * ms; s.Mode != last {
			o.entered[s.Mode] = append(o.entered[s.Mode], time.Now())
		}
		last = s.Mode
		o.delay, o.inFlight = max(o.delay, s.ServerDelay), max(o.inFlight, s.InFlight)
		time.Sleep(10 * ms)
	}
	wg.Wait()
	return tr
}

// modes returns the modes of the events, in order.
func (o *watch) modes(t *testing.T) (list []transport.WindowMode) {
	t.Helper()
	for _, e := range o.of(transport.ModeChanged) {
		if n := len(list); n > 0 && list[n-1] == e.Mode {
			t.Errorf("got two events of the mode %v in a row, want one", e.Mode)
		}
		list = append(list, e.Mode)
	}
	for _, e := range append(o.of(transport.Done), o.of(transport.RateLimited)...) {
		if e.Mode != "" {
			t.Errorf("got the mode %v in a %v event, want none", e.Mode, e.Kind)
		}
	}
	return list
}

// wantOthers checks the mean of what events say of other programs.
func (o *watch) wantOthers(t *testing.T, rate float64) {
	t.Helper()
	var known, sum float64
	for _, e := range o.of(transport.Done) {
		if e.Others.Stddev > 0 {
			known, sum = known+1, sum+e.Others.Rate
		}
	}
	if mean := sum / known; !(math.Abs(mean-rate) < 1) {
		t.Errorf("events: got %.1f others a second in %.0f of them, want %g", mean, known, rate)
	}
}

func TestWindowOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o watch
		w := newWire(func(n int, _ *http.Request) reply { return reply{status: []int{200, 429}[n/50%2], takes: time.Second} })
		o.run(t, w, 60, 20*time.Second, transport.WithWindow(-1), transport.WithLimiter(transport.NewLimiter(100, time.Second)))
		if w.most != 60 {
			t.Errorf("%d in flight at most, want all 60", w.most)
		}
		if len(o.seen) != 1 || o.seen[transport.ModeOff] == 0 || len(o.modes(t)) != 0 {
			t.Errorf("got modes %v, events %v; want only off, and no event", o.seen, o.modes(t))
		}
		if o.delay != 0 {
			t.Errorf("got a server delay of %v, want none learnt", o.delay)
		}
	})
}

func TestWindowBounded(t *testing.T) {
	for _, most := range []int{1, 3, 1000} {
		synctest.Test(t, func(t *testing.T) {
			var o watch
			w := newWire(func(int, *http.Request) reply { return reply{takes: 500 * ms} })
			tr := o.run(t, w, 40, 30*time.Second, transport.WithWindow(most))
			want := min(most, 40)
			if w.most > want || most == 1000 && w.most < 8 || most < 8 && w.most != most {
				t.Errorf("%d in flight at most, want %d", w.most, want)
			}
			if s := tr.Stats(); most < 8 && s.Window > most {
				t.Errorf("got a window of %d, want %d at most", s.Window, most)
			}
		})
	}
}

// Who starts beside others is to find out first.
func TestWindowBeginsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(int, *http.Request) reply { return reply{takes: time.Second} })
		tr := transport.New(transport.WithBase(w), quiet)
		go atOnce(15, &http.Client{Transport: tr})
		synctest.Wait()
		s := tr.Stats()
		if s.Queued != 7 || s.InFlight != 8 || s.Window != 8 || s.Bottleneck != transport.BottleneckWindow || s.Mode != transport.ModeOpening || s.ServerDelay != 0 {
			t.Errorf("got %+v, want 7 queued, 8 in flight in a window of 8 that opens, and no delay", s)
		}
		time.Sleep(2500 * ms)
		w.sentAt(t, slices.Concat(times(8, 0), times(7, time.Second))...)
	})
}

// Beside strangers the window opens, settles, and probes now and then; alone it
// stays open.
func TestModesOfTheWindow(t *testing.T) {
	beside := func(rate float64) *aprimotest.Tenant {
		return &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "stranger", Rate: rate, Random: true}}}
	}
	const opening, steady, probing, competing = transport.ModeOpening, transport.ModeSteady, transport.ModeProbing, transport.ModeCompeting
	for name, test := range map[string]struct {
		tenant *aprimotest.Tenant
		long   time.Duration
		want   []transport.WindowMode // the first ones
		never  []transport.WindowMode
	}{
		"alone":           {beside(0), 2 * time.Minute, nil, []transport.WindowMode{competing}},
		"beside a few":    {beside(8), 2 * time.Minute, []transport.WindowMode{steady, probing, steady}, []transport.WindowMode{competing}},
		"beside too many": {beside(25), 5 * time.Minute, []transport.WindowMode{steady}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.tenant.Start()
				var o watch
				o.run(t, test.tenant.Transport(), 30, test.long)
				reported := o.modes(t)
				t.Logf("%v, events %v, delay up to %v", o.seen, reported, o.delay)
				if o.seen[opening] == 0 {
					t.Errorf("got modes %v, want opening at first", o.seen)
				}
				if len(reported) < len(test.want) || !slices.Equal(reported[:len(test.want)], test.want) {
					t.Errorf("events %v, want first %v", reported, test.want)
				}
				for _, m := range test.never {
					if o.seen[m] > 0 || slices.Contains(reported, m) {
						t.Errorf("got the mode %v, want it never", m)
					}
				}
				for m, long := range o.seen {
					if m != opening && long > time.Second && !slices.Contains(reported, m) {
						t.Errorf("got the mode %v for %v without an event, want one", m, long)
					}
				}
				if name == "beside a few" {
					o.wantOthers(t, 8)
				}
				if name == "beside too many" && o.seen[competing] < 30*time.Second {
					t.Errorf("competing for %v of %v, want 30 s at least", o.seen[competing], test.long)
				}
			})
		})
	}
}

// Uncoordinated processes probe at the same times, as soon as they have something to send.
func TestProbesAreAtCommonTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "stranger", Rate: 8}}}
		tenant.Start()
		var watches [3]watch
		var wg sync.WaitGroup
		for i := range watches {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 3700 * ms) // their own times differ
				watches[i].run(t, tenant.Transport(), 20, 2*time.Minute, transport.WithRetry(retry.Policy{}))
			})
		}
		wg.Wait()
		for i := range watches {
			began := watches[i].entered[transport.ModeProbing]
			if len(began) < 2 {
				t.Errorf("process %d has probed at %v, want twice at least", i, began)
			}
			for _, at := range began {
				if late := at.Sub(at.Truncate(17 * time.Second)); late > 1200*ms {
					t.Errorf("process %d has probed %v after the common time, want 1.2 s at most", i, late)
				}
			}
		}
	})
}
