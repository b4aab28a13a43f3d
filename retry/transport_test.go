package retry_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/retry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const recordsURL = "https://acme.dam.aprimo.com/api/core/records"

// A base answers with one step after the other; the last one for ever.
type base struct {
	steps  []step
	begun  []time.Duration // since the first attempt
	bodies []string        // as they were read
	answer []*trackedBody
	first  time.Time
}

type step struct {
	status int
	header string // of Retry-After
	err    error
}

func (b *base) RoundTrip(req *http.Request) (*http.Response, error) {
	if b.first.IsZero() {
		b.first = time.Now()
	}
	s := b.steps[min(len(b.begun), len(b.steps)-1)]
	b.begun = append(b.begun, time.Since(b.first))
	if req.Body != nil {
		text, err := io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		b.bodies = append(b.bodies, string(text))
	}
	if s.err != nil {
		return nil, s.err
	}
	body := &trackedBody{Reader: strings.NewReader(strings.Repeat("x", 64<<10))}
	b.answer = append(b.answer, body)
	resp := &http.Response{StatusCode: s.status, Header: http.Header{}, Body: body, Request: req}
	if s.header != "" {
		resp.Header.Set("Retry-After", s.header)
	}
	return resp, nil
}

type trackedBody struct {
	io.Reader
	closed bool
}

func (b *trackedBody) Close() error { b.closed = true; return nil }

func statuses(list ...int) *base {
	b := &base{}
	for _, status := range list {
		b.steps = append(b.steps, step{status: status})
	}
	return b
}

// An observed Transport keeps what was decided after each attempt. It makes the steps of
// a Call as package transport does.
type observed struct {
	base   http.RoundTripper
	policy retry.Policy
	seen   []attempt
}

type attempt struct {
	retry.Decision
	resp *http.Response
	err  error
}

func (o *observed) RoundTrip(req *http.Request) (*http.Response, error) {
	call := o.policy.Call(req)
	defer call.Close()
	for {
		resp, err := call.Send(o.base)
		next := call.Judge(resp, err)
		o.seen = append(o.seen, attempt{next, resp, err})
		if !next.Again || call.Rewind() != nil {
			return call.Result()
		}
		if err := call.Rest(next.Delay); err != nil {
			return nil, err
		}
	}
}

func send(ctx context.Context, rt http.RoundTripper, method, body string) (*http.Response, error) {
	req, _ := http.NewRequestWithContext(ctx, method, recordsURL, nil)
	if body != "" {
		req, _ = http.NewRequestWithContext(ctx, method, recordsURL, strings.NewReader(body))
	}
	return rt.RoundTrip(req)
}

var errReset = errors.New("connection reset by peer")

func TestWhatIsRepeated(t *testing.T) {
	local := localError{errors.New("queue full")}
	for name, test := range map[string]struct {
		method string
		step   step
		again  bool
	}{
		"429 GET":             {"GET", step{status: 429}, true},
		"429 POST":            {"POST", step{status: 429}, true},
		"429 PATCH":           {"PATCH", step{status: 429}, true},
		"500 GET":             {"GET", step{status: 500}, true},
		"503 PUT":             {"PUT", step{status: 503}, true},
		"503 DELETE":          {"DELETE", step{status: 503}, true},
		"503 POST":            {"POST", step{status: 503}, false},
		"503 PATCH":           {"PATCH", step{status: 503}, false},
		"501 GET":             {"GET", step{status: 501}, false},
		"400 GET":             {"GET", step{status: 400}, false},
		"302 GET":             {"GET", step{status: 302}, false},
		"broken GET":          {"GET", step{err: errReset}, true},
		"broken HEAD":         {"HEAD", step{err: errReset}, true},
		"broken POST":         {"POST", step{err: errReset}, false},
		"certificate":         {"GET", step{err: fmt.Errorf("dial: %w", &tls.CertificateVerificationError{Err: errReset})}, false},
		"a local refusal":     {"GET", step{err: local}, false},
		"a refusal, wrapped":  {"GET", step{err: errors.Join(errReset, local)}, false},
		"scheme of no use":    {"GET", step{err: errors.New("unsupported protocol scheme")}, false},
		"429 above the cap":   {"GET", step{status: 429, header: "61"}, false},
		"503 above the cap":   {"GET", step{status: 503, header: "3600"}, false},
		"429, absurd":         {"GET", step{status: 429, header: "99999999999999999999"}, false},
		"429 just within cap": {"GET", step{status: 429, header: "60"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &base{steps: []step{test.step, {status: 200}}}
				resp, err := send(t.Context(), &retry.Transport{Base: b}, test.method, "body")
				if again := len(b.begun) == 2; again != test.again {
					t.Fatalf("got %v, %v after %d attempts, want another one: %v", resp, err, len(b.begun), test.again)
				}
				switch {
				case test.again:
					if err != nil || resp.StatusCode != 200 {
						t.Errorf("got %v, %v; want status 200", resp, err)
					}
				case test.step.err != nil:
					if err != test.step.err || resp != nil {
						t.Errorf("%v, %v; want the base's own error", resp, err)
					}
				default:
					if resp.StatusCode != test.step.status || b.answer[0].closed {
						t.Errorf("%v, closed %v; want the base's own response, open", resp, b.answer[0].closed)
					}
					if len(b.begun) > 0 && time.Since(b.first) > 0 {
						t.Errorf("handed back after %v, want at once", time.Since(b.first))
					}
				}
			})
		})
	}
}

type localError struct{ error }

func (localError) Retryable() bool { return false }

func TestDelays(t *testing.T) {
	for name, test := range map[string]struct {
		header   []string
		from, to []float64 // seconds before the attempts
	}{
		"none":            {[]string{"", "", "", "", "", ""}, []float64{.75, 1.5, 3, 6, 7.5, 7.5}, []float64{1.25, 2.5, 5, 10, 10, 10}},
		"seconds":         {[]string{"4"}, []float64{4}, []float64{5}},
		"less than ours":  {[]string{"0.1"}, []float64{.1}, []float64{.125}},
		"always the same": {[]string{"1", "1", "1", "1"}, []float64{1, 1, 1.5, 3}, []float64{1.25, 1.25, 2.5, 5}},
		"zero":            {[]string{"0"}, []float64{.75}, []float64{1.25}},
		"at the cap":      {[]string{"60"}, []float64{60}, []float64{60}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &base{}
				for _, h := range test.header {
					b.steps = append(b.steps, step{status: 429, header: h})
				}
				b.steps = append(b.steps, step{status: 200})
				o := &observed{base: b}
				if _, err := send(t.Context(), o, "GET", ""); err != nil {
					t.Fatal(err)
				}
				if n := len(test.header) + 1; len(o.seen) != n || o.seen[n-1].Again {
					t.Fatalf("decided %+v, want %d attempts", o.seen, n)
				}
				for i := range test.header {
					took := b.begun[i+1] - b.begun[i]
					if s := took.Seconds(); s < test.from[i] || s > test.to[i] || o.seen[i].Delay != took {
						t.Errorf("waited %v before attempt %d, the decision said %v; want %v to %v s", took, i+2, o.seen[i].Delay, test.from[i], test.to[i])
					}
				}
			})
		})
	}
}

func TestDefaultPolicyOutlastsAMinute(t *testing.T) {
	for name, header := range map[string]string{"no header": "", "always 1": "1", "always 0": "0", "fractions": "0.01", "garbage": "soon"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				steps := make([]step, 21)
				for i := range steps {
					steps[i] = step{status: 429, header: header}
				}
				b := &base{steps: steps}
				resp, err := send(t.Context(), &retry.Transport{Base: b}, "POST", "body")
				if err != nil || resp.StatusCode != 429 || len(b.begun) != 21 {
					t.Fatalf("got %v, %v after %d attempts, want status 429 after 21", resp, err, len(b.begun))
				}
				if last := b.begun[20]; last < time.Minute {
					t.Errorf("gave up after %v, want a minute at least", last)
				}
				for i, body := range b.bodies {
					if body != "body" {
						t.Errorf("attempt %d: got the body %q, want %q", i+1, body, "body")
					}
				}
				for i, answer := range b.answer {
					if last := i == 20; answer.closed == last {
						t.Errorf("answer %d: got closed %v, want all but the last closed", i+1, answer.closed)
					}
				}
			})
		})
	}
}

func TestBudgetsAreSeparate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := statuses(429, 503, 429, 502, 429, 503, 429, 503, 200)
		resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: retry.Policy{Throttled: 4, Failures: 4}}, "GET", "")
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("got %v, %v after %d attempts, want status 200", resp, err, len(b.begun))
		}
		b = statuses(429, 503, 429, 502, 429, 503, 429, 503, 200)
		resp, err = send(t.Context(), &retry.Transport{Base: b}, "GET", "")
		if err != nil || resp.StatusCode != 503 || len(b.begun) != 8 {
			t.Errorf("%v, %v after %d attempts; want the fourth 5xx", resp, err, len(b.begun))
		}
	})
}

func TestNegativeMeansNever(t *testing.T) {
	for _, status := range []int{429, 503} {
		b := statuses(status, 200)
		p := retry.Policy{Throttled: -1, Failures: -1}
		if resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: p}, "GET", ""); err != nil || resp.StatusCode != status {
			t.Errorf("got %v, %v; want status %d", resp, err, status)
		}
	}
	b := &base{steps: []step{{status: 429, header: "3600"}, {status: 200}}}
	p := retry.Policy{MaxRetryAfter: -1, MinDelay: -1, MaxDelay: -1}
	if resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: p}, "GET", ""); err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v; want the header ignored and no delay", resp, err)
	}
}

func TestBodyThatCannotBeSentAgainIsNot(t *testing.T) {
	b := statuses(429, 200)
	req, _ := http.NewRequest("POST", recordsURL, io.NopCloser(strings.NewReader("once")))
	resp, err := (&retry.Transport{Base: b}).RoundTrip(req)
	if err != nil || resp.StatusCode != 429 || len(b.begun) != 1 {
		t.Errorf("got %v, %v after %d attempts, want status 429 after 1", resp, err, len(b.begun))
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		begin := time.Now()
		resp, err := send(ctx, &retry.Transport{Base: statuses(429)}, "GET", "")
		if resp != nil || !errors.Is(err, context.Canceled) || time.Since(begin) != 300*time.Millisecond {
			t.Errorf("got %v, %v after %v; want context.Canceled after 300ms", resp, err, time.Since(begin))
		}
	})
}

func TestDeadlineBeforeTheNextAttemptGivesTheAnswerBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		resp, err := send(ctx, &retry.Transport{Base: &base{steps: []step{{status: 429, header: "3"}}}}, "GET", "")
		if err != nil || resp.StatusCode != 429 {
			t.Errorf("%v, %v; want the 429 at once", resp, err)
		}
	})
}

func TestIdempotencyKeyMakesAPostRepeatable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := statuses(503, 200)
		req, _ := http.NewRequest("POST", recordsURL, strings.NewReader("{}"))
		req.Header["X-Idempotency-Key"] = nil // net/http's way to say it without sending it
		if resp, err := (&retry.Transport{Base: b}).RoundTrip(req); err != nil || resp.StatusCode != 200 {
			t.Errorf("got %v, %v; want status 200", resp, err)
		}
	})
}

// careless breaks the contract in every way.
type careless struct {
	resp *http.Response
	err  error
}

func (c careless) RoundTrip(*http.Request) (*http.Response, error) { return c.resp, c.err }

func TestCarelessBaseIsHeldToTheContract(t *testing.T) {
	body := &trackedBody{Reader: strings.NewReader("")}
	p := retry.Policy{Failures: -1}
	resp, err := send(t.Context(), &retry.Transport{Policy: p, Base: careless{&http.Response{Body: body}, errReset}}, "GET", "")
	if resp != nil || err != errReset || !body.closed {
		t.Errorf("got %v, %v, closed %v; want only the error, and the body closed", resp, err, body.closed)
	}
	resp, err = send(t.Context(), &retry.Transport{Policy: p, Base: careless{&http.Response{}, errReset}}, "GET", "")
	if resp != nil || err != errReset {
		t.Errorf("%v, %v; want the error alone", resp, err)
	}
	resp, err = send(t.Context(), &retry.Transport{Policy: p, Base: careless{}}, "GET", "")
	if resp != nil || err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("got %v, %v; want that there is neither", resp, err)
	}
}

// A server that has answered may have done what a POST asks for, whatever the error is.
func TestAnAnsweredPostIsNotRepeated(t *testing.T) {
	n, refused := 0, &net.OpError{Op: "dial", Err: errReset}
	_, err := send(t.Context(), &retry.Transport{Policy: atOnce, Base: roundTripper(func(*http.Request) (*http.Response, error) {
		n++
		return &http.Response{StatusCode: 200}, refused
	})}, "POST", "")
	if n != 1 || err != refused {
		t.Errorf("%v after %d attempts, want %v after 1", err, n, refused)
	}
}

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	b := &closer{}
	(&retry.Transport{Base: b}).CloseIdleConnections()
	if b.closed != 1 {
		t.Errorf("the base was called %d times, want once", b.closed)
	}
	(&retry.Transport{Base: careless{}}).CloseIdleConnections() // has no such method
}

type closer struct {
	careless
	closed int
}

func (c *closer) CloseIdleConnections() { c.closed++ }

func TestSlowBodyOfA429IsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe() // nobody writes
		defer w.Close()
		b := statuses(200)
		first := true
		rt := &retry.Transport{Base: roundTripper(func(req *http.Request) (*http.Response, error) {
			if first {
				first = false
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: r, Request: req}, nil
			}
			return b.RoundTrip(req)
		})}
		begin := time.Now()
		if resp, err := send(t.Context(), rt, "GET", ""); err != nil || resp.StatusCode != 200 {
			t.Errorf("got %v, %v; want status 200", resp, err)
		}
		if took := time.Since(begin); took > 2500*time.Millisecond {
			t.Errorf("took %v, want 2.5 s at most", took)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Over sockets: 100 requests, each answered 429 with 64 KiB and then served, use
// one connection and leave no goroutine (TestMain looks for those).
func TestConnectionIsUsedAgain(t *testing.T) {
	var n int
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		if n++; n%2 == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(64<<10))
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write(make([]byte, 64<<10))
		}
	}))
	defer server.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: &retry.Transport{Base: base, Policy: retry.Policy{MinDelay: -1}}}
	for range 100 {
		resp, err := client.Get(server.URL)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v; want status 200", resp, err)
		}
		resp.Body.Close()
	}
	if n != 200 || len(connections) != 1 {
		t.Errorf("%d requests on %d connections, want 200 on 1", n, len(connections))
	}
}

func TestThroughTheSimulatedTenant(t *testing.T) {
	for _, rejection := range []aprimotest.Rejection{{}, {RetryAfter: 2 * time.Second}, {RetryAfter: 2 * time.Second, Date: true}} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{Reject: rejection, Others: []aprimotest.Load{
				{Agent: "stranger", Rate: 100, Until: time.Minute},
			}}
			resp, err := send(t.Context(), &retry.Transport{Base: tenant.Transport()}, "GET", "")
			if err != nil || resp.StatusCode != 200 {
				t.Errorf("got %v, %v; want status 200", resp, err)
			}
			resp.Body.Close()
		})
	}
}
