package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A body of unknown length counts as large, none as small.
func TestLargerThan(t *testing.T) {
	body := http.NoBody
	for _, c := range []struct {
		about  string
		req    http.Request
		larger bool
	}{
		{"no body", http.Request{}, false},
		{"an empty one", http.Request{Body: body, ContentLength: 0}, false},
		{"unknown", http.Request{Body: &watchedBody{body, nil}, ContentLength: -1}, true},
		{"not said", http.Request{Body: &watchedBody{body, nil}}, true},
		{"as many", http.Request{Body: &watchedBody{body, nil}, ContentLength: 10}, false},
		{"more", http.Request{Body: &watchedBody{body, nil}, ContentLength: 11}, true},
		{"one", http.Request{Body: &watchedBody{body, nil}, ContentLength: 1}, false},
	} {
		if got := largerThan(&c.req, 10); got != c.larger {
			t.Errorf("%s: got %v, want %v", c.about, got, c.larger)
		}
	}
}

// After eight requests without a connection only each 64th is traced, until one has had a connection.
func TestHooksLearn(t *testing.T) {
	tr := New(WithLogger(zerolog.Nop()))
	req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com", nil)
	traced := func(granted gate.Instant) bool {
		c := &call{Transport: tr, req: req}
		c.waiter.Granted = granted
		h, with := tr.engine.hooks.on(tr.engine, c, req)
		if (h != nil) != (with != req) {
			t.Error("a request without a hook is another one, want the same")
		}
		return h != nil
	}
	for n := range hooklessFrom {
		if !traced(1) {
			t.Fatalf("not traced after %d without a connection, want it to be up to eight", n)
		}
		tr.engine.hooks.learn(false)
	}
	if traced(1) || traced(63) || !traced(64) || !traced(128) {
		t.Error("want each 64th traced after eight without a connection")
	}
	if tr.engine.hooks.learn(false); tr.engine.hooks.unheard.Load() != 8 {
		t.Errorf("got a count of %d, want it to end at 8", tr.engine.hooks.unheard.Load())
	}
	if tr.engine.hooks.learn(true); !traced(1) {
		t.Error("not traced after one with a connection, want it to be")
	}
	if tr.engine.hooks.learn(false); tr.engine.hooks.unheard.Load() != heard {
		t.Error("a base that has connections is forgotten, want it not to be")
	}
}

// A request counts from when it was written, or from when it began if nobody knows.
func TestHookEnds(t *testing.T) {
	e := New(WithLogger(zerolog.Nop())).engine
	var none *hook
	if got := none.end(instant(1), true); got != instant(1) || none.failed() != nil {
		t.Errorf("got %v, %v without a hook; want when it began, no error", got, none.failed())
	}
	h := &hook{engine: e}
	if got := h.end(instant(1), false); got != instant(1) || !h.over.Load() || e.hooks.unheard.Load() != 0 {
		t.Errorf("got %v, %d learnt without an answer; want when it began, nothing", got, e.hooks.unheard.Load())
	}
	if h.end(instant(1), true); e.hooks.unheard.Load() != 1 {
		t.Errorf("got %d without a connection, want 1", e.hooks.unheard.Load())
	}
	if h.below.Store(true); h.end(instant(1), true) != instant(1) || e.hooks.unheard.Load() != heard {
		t.Errorf("got %d over another Transport, want it to be heard of", e.hooks.unheard.Load())
	}
	e.hooks.unheard.Store(3)
	h = &hook{engine: e}
	h.sent.Store(int64(instant(7)))
	if got := h.end(instant(1), true); got != instant(7) || e.hooks.unheard.Load() != heard {
		t.Errorf("got %v, %d; want when it was written, heard of", got, e.hooks.unheard.Load())
	}
	why := errors.New("why")
	h.err.Store(&why)
	if h.failed() != why {
		t.Errorf("got %v, want why there was no slot", h.failed())
	}
}

// A request counts as written from when there is a connection, unless its attempt is over.
func TestAConnectionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, over := range []bool{false, true} {
			h := &hook{engine: New(WithLogger(zerolog.Nop())).engine}
			now := gate.Now()
			h.slot.Store(int64(now))
			h.over.Store(over)
			if h.gotConn(httptrace.GotConnInfo{}); (h.sent.Load() == int64(now)) == over {
				t.Errorf("over %v: written at %v, want now unless it is over", over, h.sent.Load())
			}
		}
	})
}

// What a proxy answers may be otherwise the next time if it is busy or failed.
func TestProxyErrors(t *testing.T) {
	for status, want := range map[proxyError]bool{400: false, 407: false, 408: true, 409: false, 429: true, 499: false, 500: true, 502: true} {
		if status.Retryable() != want {
			t.Errorf("%d: want another attempt: %v", int(status), want)
		}
	}
}

// A request that is written within the age of its slot uses that; later it moves it if it is still there.
func TestHookCounts(t *testing.T) {
	e := New(WithLimiter(NewLimiter(2, time.Second)), WithLogger(zerolog.Nop())).engine
	l := e.source.(*StrictLimiter)
	l.begin(instant(0))
	h := &hook{engine: e}
	h.slot.Store(int64(instant(0)))
	if !h.counts(instant(8)) || h.slot.Load() != int64(instant(0)) {
		t.Error("a slot that is 8 ms old was not used, want it to be")
	}
	if !h.counts(instant(9)) || h.slot.Load() != int64(instant(9)) || *l.at(1) != instant(9) {
		t.Error("a slot that is 9 ms old was not moved, want it to be")
	}
	l.begin(instant(1100))
	l.begin(instant(1200))
	if h.counts(instant(1300)) || h.slot.Load() != int64(instant(9)) {
		t.Error("a slot that was given to another was used, want it not to be")
	}

	// What was written nevertheless uses the next one.
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			over, dryRun bool
			charged      bool
		}{{false, false, true}, {true, false, true}, {false, true, false}} {
			e := New(WithLimiter(NewLimiter(1, time.Second)), WithLogger(zerolog.Nop())).engine
			e.dryRun = c.dryRun
			h := &hook{engine: e}
			h.over.Store(c.over)
			h.slot.Store(int64(gate.Now().Add(-time.Minute)))
			h.wroteHeaders()
			now := gate.Now()
			if charged := e.source.due(now, 0) > now; charged != c.charged || (h.sent.Load() == int64(now)) == c.over {
				t.Errorf("over %v, dry run %v: charged %v, written at %v; want %v, now unless it is over", c.over, c.dryRun, charged, h.sent.Load(), c.charged)
			}
		}
	})
}

// The connections are left after a timeout: of the base, or of the caller after five seconds.
func TestCloseSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		late := &timeoutError{"anything", time.Second}
		for _, c := range []struct {
			about string
			ctx   context.Context
			ago   time.Duration
			err   error
			want  bool
		}{
			{"the base's timeout", t.Context(), time.Second, late, true},
			{"another error", t.Context(), time.Minute, errors.New("reset"), false},
			{"the caller's, soon", ended, 5*time.Second - 1, late, false},
			{"the caller's, after five seconds", ended, 5 * time.Second, late, true},
		} {
			closed := false
			e := &engine{base: closer(func() { closed = true })}
			req, _ := http.NewRequestWithContext(c.ctx, "GET", "https://acme.dam.aprimo.com", nil)
			if e.closeSilent(&call{req: req, last: gate.Outcome{Began: gate.Now().Add(-c.ago)}}, c.err); closed != c.want {
				t.Errorf("%s: closed %v, want %v", c.about, closed, c.want)
			}
		}
	})
	if !late().Timeout() || !late().Temporary() || !strings.Contains(late().Error(), "no header within 1s") {
		t.Errorf("got %v, want a timeout that says what is missing", late())
	}
}

func late() *timeoutError { return &timeoutError{"no header", time.Second} }

type closer func()

func (c closer) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }
func (c closer) CloseIdleConnections()                           { c() }

// What a program has not set of its http.Transport suits a limit.
func TestTuned(t *testing.T) {
	got := tuned(&http.Transport{})
	if got.DialContext == nil || got.TLSHandshakeTimeout != 10*time.Second || got.IdleConnTimeout != 90*time.Second || got.ExpectContinueTimeout != time.Second || got.MaxIdleConnsPerHost != 100 {
		t.Errorf("got %v, %v, %v, %d; want 10 s, 90 s, 1 s, 100, and a dialer", got.TLSHandshakeTimeout, got.IdleConnTimeout, got.ExpectContinueTimeout, got.MaxIdleConnsPerHost)
	}
	if h := got.HTTP2; h == nil || h.SendPingTimeout != 30*time.Second || h.PingTimeout != 15*time.Second {
		t.Errorf("got %+v, want a ping after 30 s that may take 15 s", h)
	}
}

// What a program has set of its http.Transport stays.
func TestTunedLeavesWhatIsSet(t *testing.T) {
	//lint:ignore SA1019 a program may have set it
	if tuned(&http.Transport{Dial: net.Dial}).DialContext != nil {
		t.Error("got a dialer beside the program's own Dial, want none")
	}
	mine := errors.New("mine")
	got := tuned(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, mine }})
	if _, err := got.DialContext(t.Context(), "tcp", "127.0.0.1:1"); err != mine {
		t.Errorf("got %v of the program's own DialContext, want what it returns", err)
	}
	set := &http.Transport{
		TLSHandshakeTimeout: 1, IdleConnTimeout: 2, ExpectContinueTimeout: 3, MaxIdleConnsPerHost: 4, HTTP2: &http.HTTP2Config{PingTimeout: 5},
	}
	if got := tuned(set); got.TLSHandshakeTimeout != 1 || got.IdleConnTimeout != 2 || got.ExpectContinueTimeout != 3 || got.MaxIdleConnsPerHost != 4 || got.HTTP2.PingTimeout != 5 || got.HTTP2.SendPingTimeout != 30*time.Second {
		t.Errorf("got %+v, want what was set, and a ping after 30 s", got)
	}
}

// Without a base it is that of Base. After an error nothing of the request goes on.
func TestTimeoutsOver(t *testing.T) {
	b := Timeouts{Header: -1, Idle: time.Second}.Over(nil).(*bounded)
	if _, ok := b.base.(*http.Transport); !ok || b.header != -1 || b.idle != time.Second {
		t.Errorf("got %+v; want a copy of http.DefaultTransport, -1 and 1 s", b)
	}
	if b := (Timeouts{}).Over(nil).(*bounded); b.header != 2*time.Minute || b.idle != time.Minute {
		t.Errorf("got %v and %v; want 2 min and 1 min", b.header, b.idle)
	}
	var sent context.Context
	boom := errors.New("boom")
	req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com", nil)
	_, err := Timeouts{}.Over(baseFunc(func(r *http.Request) (*http.Response, error) { sent = r.Context(); return nil, boom })).RoundTrip(req)
	if err != boom || sent.Err() == nil || req.Context().Err() != nil {
		t.Errorf("got %v, the request's context ended by %v; want boom, and that the base's has ended", err, sent.Err())
	}
}

// A response that is not of the caller's request, has no body, or switches protocols stays as the base returned it.
func TestTimeoutsLeaveAlone(t *testing.T) {
	other, _ := http.NewRequest("GET", "https://other", nil)
	for _, c := range []struct {
		about   string
		resp    http.Response
		bounded bool
	}{
		{"a body", http.Response{StatusCode: 200, Body: &watchedBody{}, Request: other}, true},
		{"none", http.Response{StatusCode: 200, Request: other}, false},
		{"another protocol", http.Response{StatusCode: 101, Body: &watchedBody{}, Request: other}, false},
	} {
		resp := c.resp
		req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com", http.NoBody)
		got, err := Timeouts{}.Over(baseFunc(func(sent *http.Request) (*http.Response, error) {
			if sent.Body != http.NoBody {
				t.Errorf("%s: an empty body was wrapped, want it left", c.about)
			}
			return &resp, nil
		})).RoundTrip(req)
		if err != nil || got.Request != other {
			t.Errorf("%s: got %v, of %v; want the request of the base", c.about, err, got.Request.URL)
		}
		if _, bounded := got.Body.(*boundedBody); bounded != c.bounded {
			t.Errorf("%s: got a body of %T, want it bounded: %v", c.about, got.Body, c.bounded)
		}
	}
}
