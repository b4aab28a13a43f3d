package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
	"github.com/aprimo-go/aprimo/transport/status"
	"github.com/aprimo-go/aprimo/transport/topk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// get returns what the page answers to a query.
func get(t *testing.T, h http.Handler, query string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/any/path"+query, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s, want 200", w.Code, w.Body)
	}
	return w.Body.String()
}

// shown is what the tests read of the JSON.
type shown struct {
	Tenant  string
	Now     transport.Stats
	Waiting []struct {
		Class, User   string
		Others, Calls int
	}
	Minutes    []struct{ Calls, Sent, Limited, Lost, Refused int }
	Users      []topk.Tally `json:"limited_users"`
	Operations []topk.Tally `json:"limited_operations"`
	Alerts     []notify.Status
	Pause      time.Duration `json:"pause_ns"`
}

func read(t *testing.T, h http.Handler) (s shown) {
	t.Helper()
	if err := json.Unmarshal([]byte(get(t, h, "?format=json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// The page says what the tenant has seen: who waits, whose 429s there were, and how
// the alerts stand; and forgets it after an hour.
func TestPageShowsWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "others", Burst: 300, Every: 5 * time.Second, Until: time.Minute}}}
		alerts := notify.New(notify.NotifierFunc(func(context.Context, notify.Alert) error { return nil }), notify.Rule{Count: 1, Gather: -1})
		tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithObserver(alerts.Observe), transport.WithLogger(zerolog.Nop()))
		h := status.Handler(tr, alerts)
		if s := read(t, h); len(s.Minutes) != 60 || len(s.Users) != 0 || len(s.Alerts) != 3 || !strings.Contains(get(t, h, ""), "The queue is empty.") {
			t.Errorf("before: got %+v, want 60 minutes, no users, 3 conditions, an empty queue", s)
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				ctx := transport.ContextWithUser(t.Context(), fmt.Sprint("user ", i%2))
				ctx = transport.ContextWithPriority(ctx, transport.Priority(i%2))
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com/api/core/records", nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			})
		}
		synctest.Wait()
		during := read(t, h)
		if during.Tenant != "acme" && during.Tenant != "" {
			t.Errorf("tenant: got %q, want acme or none yet", during.Tenant)
		}
		if len(during.Waiting) != 2 || during.Waiting[0].Class != "interactive" || during.Waiting[0].User != "user 1" ||
			during.Waiting[0].Calls+during.Waiting[1].Calls != during.Now.Queued {
			t.Errorf("queue: got %+v, want 2 users with %d calls, user 1 first", during.Waiting, during.Now.Queued)
		}
		all.Wait()
		s, r := read(t, h), tenant.Report()
		rejected := r.Total.Rejected - r.Agents["others"].Rejected
		sum := 0
		for _, m := range s.Minutes {
			sum += m.Limited
		}
		if rejected == 0 || sum != rejected || s.Users[0].Count+s.Users[len(s.Users)-1].Count < rejected || s.Operations[0].Count != rejected {
			t.Errorf("429s: got %d by minute, %v, %v, want %d each", sum, s.Users, s.Operations, rejected)
		}
		for _, part := range []string{"<h1>Aprimo acme</h1>", s.Users[0].Name, "GET /<wbr>api/<wbr>core/<wbr>records", `class="firing"`, "throttled"} {
			if page := get(t, h, ""); !strings.Contains(page, part) {
				t.Errorf("page: got %s, want %q in it", page, part)
			}
		}
		time.Sleep(2 * time.Hour)
		if s := read(t, h); len(s.Users)+len(s.Operations) != 0 || s.Minutes[59].Calls != 0 {
			t.Errorf("two hours later: got %+v, want nothing", s)
		}
		alerts.Close()
	})
}

// However many users wait, each class is seen, with all its calls.
func TestPageOfManyWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(transport.NewLimiter(1, time.Hour)),
			transport.WithBase(new(aprimotest.Tenant).Transport()))
		h := status.Handler(tr, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 301 {
			all.Go(func() {
				ctx := transport.ContextWithUser(ctx, fmt.Sprint("user ", i))
				ctx = transport.ContextWithPriority(ctx, []transport.Priority{transport.Batch, transport.Normal, transport.Interactive}[i%3])
				req, _ := http.NewRequestWithContext(ctx, "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			})
		}
		synctest.Wait()
		s := read(t, h)
		calls, others := map[string]int{}, map[string]int{}
		for _, w := range s.Waiting {
			calls[w.Class] += w.Calls
			others[w.Class] += w.Others
		}
		if sum := calls["interactive"] + calls["normal"] + calls["batch"]; sum != 300 || len(calls) != 3 || len(s.Waiting) > 63 {
			t.Errorf("queue: got %v in %d lines, want 300 calls of 3 classes in 63 at most", calls, len(s.Waiting))
		}
		for class, n := range calls {
			if others[class] != n-20 || !strings.Contains(get(t, h, ""), fmt.Sprintf(`<td class="w">%s</td><td class="soft">%d more</td><td class="n">%d</td>`, class, n-20, n-20)) {
				t.Errorf("%s: got %d calls, %d more users, want 20 fewer", class, n, others[class])
			}
		}
		cancel()
		all.Wait()
	})
}

// A program without alerts may have a nil interface, or a nil Alerter.
func TestPageWithoutAlerts(t *testing.T) {
	var none *notify.Alerter
	for name, alerts := range map[string]measure.Alerts{"nil": nil, "nil Alerter": none} {
		h := status.Handler(transport.New(transport.WithLogger(zerolog.Nop())), alerts)
		if s := read(t, h); s.Alerts == nil || len(s.Alerts) != 0 {
			t.Errorf("%s: got alerts %v in the JSON, want []", name, s.Alerts)
		}
		if page := get(t, h, ""); !strings.Contains(page, "Not set up: see package notify.") {
			t.Errorf("%s: got %s, want that no alerts are set up", name, page)
		}
	}
}

// A call may be turned away at its second attempt too: that it was never sent the
// page does not say.
func TestPageOfRefusedCalls(t *testing.T) { synctest.Test(t, testPageOfRefusedCalls) }

func testPageOfRefusedCalls(t *testing.T) {
	slots := make(chan error, 2)
	slots <- nil
	slots <- errors.New("no slots")
	tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(limiter(func() error { return <-slots })),
		transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, Body: http.NoBody, Request: r}, nil
		})))
	h := status.Handler(tr, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
	if resp, err := tr.RoundTrip(req); err == nil {
		t.Errorf("got %s, want an error", resp.Status)
	}
	if m := read(t, h).Minutes[59]; m.Calls != 1 || m.Sent != 1 || m.Refused != 1 {
		t.Errorf("minute: got %+v, want 1 call, 1 sent, 1 refused", m)
	}
	if page := get(t, h, ""); !strings.Contains(page, "1 rejected locally") {
		t.Errorf("page: got %s, want that a call was rejected", page)
	}
}

type limiter func() error

func (f limiter) Wait(context.Context) error { return f() }

// A program that reads the JSON finds names of one kind, with units, and lists that
// are lists before anything has happened.
func TestJSONIsForPrograms(t *testing.T) {
	var all any
	if err := json.Unmarshal([]byte(get(t, status.Handler(transport.New(), nil), "?format=json")), &all); err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	var look func(path string, v any)
	look = func(path string, v any) {
		switch v := v.(type) {
		case nil:
			t.Errorf("%s is null, want a value", path)
		case map[string]any:
			for key, value := range v {
				if !name.MatchString(key) {
					t.Errorf("%s.%s is not in snake case, want it so", path, key)
				}
				look(path+"."+key, value)
			}
		case []any:
			for _, value := range v {
				look(path, value)
			}
		}
	}
	look("", all)
	for _, key := range []string{"server_delay_ns", "wait_ns", "limit", "queued"} {
		if _, ok := all.(map[string]any)["now"].(map[string]any)[key]; !ok {
			t.Errorf("JSON: got no %s, want one", key)
		}
	}
}

// Whoever else may be on the page: it is only read, nobody embeds it, and what a
// name brings with it is text.
func TestPageIsSafe(t *testing.T) { synctest.Test(t, testPageIsSafe) }

func testPageIsSafe(t *testing.T) {
	tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"99999"}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	})))
	h := status.Handler(tr, nil)
	for _, user := range []string{"<script>alert(1)</script>", "a\r\nSet-Cookie: x=y", `"><img src=x onerror=alert(1)>`, strings.Repeat("w", 10_000), "\xff\xfe", "\u202egnp"} {
		req, _ := http.NewRequestWithContext(transport.ContextWithUser(t.Context(), user), "GET", "https://acme.dam.aprimo.com/api/<script>?token=hunter2", nil)
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for _, query := range []string{"", "?format=part", "?format=json", "?format=<script>"} {
		page := get(t, h, query)
		for _, bad := range []string{"<script>alert", "<img", "hunter2", "\u202e", "\r", strings.Repeat("w", 300)} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: got %.40q in the page, want it escaped or left out", query, bad)
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "CONNECT"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: got %d, want 405", method, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	want := map[string]string{"Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8"}
	for name, value := range want {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "frame-ancestors 'none'") || strings.Contains(p, "unsafe") || strings.Contains(p, "http") {
		t.Errorf("policy: got %q, want nothing from elsewhere, and nothing unsafe", p)
	}
	if page := w.Body.String(); strings.Contains(strings.ReplaceAll(page, "http-equiv", ""), "http") {
		t.Errorf("page: got a reference to another site, want none:\n%s", page)
	}
}

// Over the network: HEAD is as GET is, but for the page; what a program reads is of
// the type that it asks for; and all that after the Transport was shut down, too.
func TestPageOverHTTP(t *testing.T) {
	tr := transport.New()
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.StripPrefix("/sub", status.Handler(tr, nil)))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for query, kind := range map[string]string{"": "text/html; charset=utf-8", "?format=part": "text/html; charset=utf-8", "?format=json": "application/json"} {
		for _, method := range []string{"GET", "HEAD"} {
			req, _ := http.NewRequestWithContext(t.Context(), method, server.URL+"/sub/"+query, nil)
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.ProtoMajor != 2 || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != kind || (len(body) > 0) != (method == "GET") {
				t.Errorf("%s %s: got %s %s, %d bytes, %v, want HTTP/2, 200, a body for GET alone", method, query, resp.Proto, resp.Status, len(body), err)
			}
		}
	}
}

// Many look while many call.
func TestPageWhileMuchHappens(t *testing.T) {
	tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(transport.NewLimiter(1_000_000, time.Second)),
		transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		})))
	h := status.Handler(tr, nil)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 100 {
				if i < 2 {
					get(t, h, "")
					continue
				}
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff(200, func() (n int) {
		for _, m := range read(t, h).Minutes {
			n += m.Calls
		}
		return n
	}()); diff != "" {
		t.Error(diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
