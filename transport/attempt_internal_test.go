package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A call that gives up in a bulkhead has waited there.
func TestWaitInABulkhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, end := queueing(t, 1, WithHeavy(Heavy{Operation: "POST /orders", InFlight: 1}))
		defer end()
		e.bulkheads[0].inside = 1
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		req, _ := http.NewRequestWithContext(ctx, "POST", "https://acme.dam.aprimo.com/orders", nil)
		c := (&Transport{engine: e}).call(req)
		c.fresh = true
		_, err := e.turn(c, &attempt{op: operationOf(req)}, req)
		var q *QueueError
		if !errors.As(err, &q) || q.Waited != time.Second || c.waited != time.Second || c.reason != WaitHeavy || c.fresh {
			t.Errorf("got %v after %v for %q, fresh %v; want a wait of 1 s for a heavy operation, and numbers that are old", err, c.waited, c.reason, c.fresh)
		}
	})
}

// Only a request of a weight that was sent uses further slots.
func TestWeightOfWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		boom := errors.New("boom")
		for _, c := range []struct {
			weight int
			fails  error // before it is sent
			debt   int
		}{{0, nil, 0}, {1, nil, 0}, {2, nil, 1}, {3, nil, 2}, {3, boom, 0}} {
			e := New(WithLogger(zerolog.Nop()), WithHeavy(Heavy{Operation: "POST /orders", Weight: c.weight})).engine
			ctx := ContextWithPrepare(t.Context(), func(req *http.Request) (*http.Request, error) { return req, c.fails })
			req, _ := http.NewRequestWithContext(ctx, "POST", "https://acme.dam.aprimo.com/orders", nil)
			_, err := e.turn((&Transport{engine: e}).call(req), &attempt{op: operationOf(req)}, req)
			if !errors.Is(err, c.fails) || e.debt != c.debt {
				t.Errorf("a weight of %d, fails with %v: got %v, a debt of %d; want %d", c.weight, c.fails, err, e.debt, c.debt)
			}
		}
	})
}

// Each change that an attempt reveals is one event, and no other.
func TestReportChanges(t *testing.T) {
	for _, c := range []struct {
		changes changes
		want    Event
	}{
		{changes{mode: ModeSteady}, Event{Kind: ModeChanged, Mode: ModeSteady}},
		{changes{dryRun: time.Second}, Event{Kind: DryRun, Delay: time.Second}},
		{changes{peers: &shared.Share{Sharing: SharingAll, Processes: 3}}, Event{Kind: PeersJoined, Processes: 3}},
		{changes{peers: &shared.Share{Sharing: SharingAlone, Processes: 3}}, Event{Kind: PeersLost, Processes: 3}},
	} {
		var got []Event
		tr := New(WithLogger(zerolog.Nop()), WithObserver(func(_ context.Context, e Event) { got = append(got, e) }))
		req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com", nil)
		x := tr.call(req)
		x.changes, x.lastWait = &c.changes, time.Second
		tr.reportChanges(x)
		tr.reportChanges(x)
		if len(got) != 1 || got[0].Kind != c.want.Kind || got[0].Mode != c.want.Mode || got[0].Delay != c.want.Delay || got[0].Processes != c.want.Processes || x.lastWait != 0 {
			t.Errorf("got %+v, want one like %+v", got, c.want)
		}
	}
}

// The numbers of an event are of now unless they were just noted.
func TestFreshen(t *testing.T) {
	tr := New(WithLogger(zerolog.Nop()))
	tr.engine.inFlight = 3
	c := &call{Transport: tr}
	if got := c.freshen(); got.inFlight != 3 {
		t.Errorf("got %+v, want 3 in flight", got)
	}
	c.fresh, tr.engine.inFlight = true, 4
	if got := c.freshen(); got.inFlight != 3 {
		t.Errorf("got %+v, want the 3 in flight that were noted", got)
	}
}

// A request that net/http sends again counts in the rate.
func TestSentAgainCounts(t *testing.T) {
	e := New(WithLogger(zerolog.Nop())).engine
	if e.sentAgain(); e.sent != 1 || e.window.Rate(gate.Now()) != 1 {
		t.Errorf("got %d sent, %v a second; want 1, 1", e.sent, e.window.Rate(gate.Now()))
	}
}

// Of a small request the end of its writing is when its header is on the wire, of a large one the header alone.
func TestWhenARequestIsWritten(t *testing.T) {
	tr := New(WithLogger(zerolog.Nop()))
	for n, small := range map[int]bool{4 << 10: true, 4<<10 + 1: false} {
		req, _ := http.NewRequest("POST", "https://acme.dam.aprimo.com", strings.NewReader(strings.Repeat("x", n)))
		c := &call{Transport: tr, req: req}
		c.waiter.Granted = gate.Now()
		h, _ := tr.engine.hooks.on(tr.engine, c, req)
		if (h.trace.WroteRequest != nil) != small {
			t.Fatalf("%d bytes: the end of the writing counts: %v, want %v", n, h.trace.WroteRequest != nil, small)
		}
		if small {
			h.trace.WroteRequest(httptrace.WroteRequestInfo{})
		} else {
			h.trace.WroteHeaders()
		}
		if h.sent.Load() == 0 {
			t.Errorf("%d bytes: not noted as written, want it to be", n)
		}
	}
}

// A request that needs a second connection, and gets no slot for it before its deadline, fails for that reason.
func TestNoSlotForAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		tr := New(WithLogger(zerolog.Nop()), WithLimiter(NewLimiter(1, time.Hour)), WithBase(baseFunc(func(req *http.Request) (*http.Response, error) {
			trace := httptrace.ContextClientTrace(req.Context())
			for range 2 {
				trace.GotConn(httptrace.GotConnInfo{Conn: ours})
			}
			_, err := ours.Write([]byte("GET"))
			return nil, err
		})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "https://acme.dam.aprimo.com", nil)
		_, err := tr.RoundTrip(req)
		var q *QueueError
		if !errors.As(err, &q) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want that there was no slot before the deadline", err)
		}
	})
}

// Classes get the parts that are set.
func TestPartsOfTheClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []Priority
		tr := New(WithLogger(zerolog.Nop()), WithLimiter(NewLimiter(1, 100*msec)), WithWindow(-1), WithBase(baseFunc(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, PriorityFromContext(req.Context()))
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
		})))
		if err := tr.SetClasses(Classes{Interactive: 1, Normal: 9}); err != nil {
			t.Fatal(err)
		}
		var calls sync.WaitGroup
		for n := range 60 {
			calls.Go(func() {
				req, _ := http.NewRequestWithContext(ContextWithPriority(t.Context(), Normal+Priority(n%2)), "GET", "https://acme.dam.aprimo.com", nil)
				tr.RoundTrip(req)
			})
		}
		calls.Wait()
		if n := len(slices.DeleteFunc(order[1:21], func(p Priority) bool { return p == Interactive })); n != 18 {
			t.Errorf("%d of 20 slots went to Normal calls, want 18: 9 of 10 parts", n)
		}
	})
}

// Aprimo names orders, uploads and searches that select much as heavy; the index is one at a time.
func TestTheDefaultTableOfHeavyOperations(t *testing.T) {
	want := map[string]int{"POST /api/core/orders": 2, "POST /uploads": 4, "POST /uploads/segments/{id}": 4, "POST /api/core/search/records": 4, "PUT /api/core/searchindex": 1}
	for _, h := range DefaultHeavy() {
		if h.InFlight != want[h.Operation] || h.Weight != 0 || (h.Match != nil) != strings.Contains(h.Operation, "search/") {
			t.Errorf("%s: got %+v, want %d in flight", h.Operation, h, want[h.Operation])
		}
		delete(want, h.Operation)
	}
	if len(want) > 0 {
		t.Errorf("%v are missing", want)
	}
}

// After the body of a response is closed nothing of its request goes on.
func TestCloseEndsTheRequest(t *testing.T) {
	var sent context.Context
	req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com", nil)
	resp, err := Timeouts{}.Over(baseFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Context()
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	})).RoundTrip(req)
	if err != nil || sent.Err() != nil {
		t.Fatalf("got %v, the request ended by %v before its body is closed; want it to last", err, sent.Err())
	}
	if resp.Body.Close(); sent.Err() == nil {
		t.Error("the request lasts after its body was closed, want it to end")
	}
}
