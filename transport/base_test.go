package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A pieces is a body that gives one piece after the other, each after a time.
type pieces struct {
	ctx   context.Context
	after []time.Duration
	next  int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.next == len(p.after) {
		return 0, io.EOF
	}
	select {
	case <-time.After(p.after[p.next]):
		p.next++
		return copy(b, "x"), nil
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}

func (p *pieces) Close() error { return nil }

// What a server leaves hanging ends, and what moves does not, however long it takes.
func TestTimeouts(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		timeouts transport.Timeouts
		header   time.Duration   // until the response's header
		body     []time.Duration // between its parts
		upload   []time.Duration // between the parts of the request's body, before that
		want     time.Duration
		fails    bool
	}{
		"no header":                 {header: hour, want: 2 * time.Minute, fails: true},
		"a slow header":             {header: 119 * time.Second, want: 119 * time.Second},
		"half a body":               {body: []time.Duration{time.Second, hour}, want: 61 * time.Second, fails: true},
		"a slow body":               {body: []time.Duration{50 * time.Second, 50 * time.Second, 50 * time.Second}, want: 150 * time.Second},
		"a slow upload":             {upload: []time.Duration{3 * time.Minute, 3 * time.Minute}, want: 6 * time.Minute},
		"nothing after an upload":   {upload: []time.Duration{3 * time.Minute}, header: hour, want: 5 * time.Minute, fails: true},
		"a header timeout of mine":  {timeouts: transport.Timeouts{Header: time.Second}, header: hour, want: time.Second, fails: true},
		"an idle timeout of mine":   {timeouts: transport.Timeouts{Idle: time.Second}, body: []time.Duration{hour}, want: time.Second, fails: true},
		"no bound on the header":    {timeouts: transport.Timeouts{Header: -1}, header: hour, want: hour},
		"no bound between two part": {timeouts: transport.Timeouts{Idle: -1}, body: []time.Duration{hour}, want: hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Body != nil {
						if _, err := io.ReadAll(r.Body); err != nil {
							return nil, err
						}
						r.Body.Close()
					}
					select {
					case <-time.After(c.header):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
					return &http.Response{StatusCode: 200, Body: &pieces{ctx: r.Context(), after: c.body}, Request: r}, nil
				})
				began := time.Now()
				req, _ := http.NewRequestWithContext(t.Context(), "GET", recordsURL, nil)
				if c.upload != nil {
					req.Body = &pieces{ctx: t.Context(), after: c.upload}
				}
				resp, err := c.timeouts.Over(base).RoundTrip(req)
				if err == nil {
					if resp.Request != req {
						t.Error("the response's Request is not the caller's")
					}
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				var timeout net.Error
				if took := time.Since(began); took != c.want || (err != nil) != c.fails || c.fails && (!errors.As(err, &timeout) || !timeout.Timeout()) {
					t.Errorf("ended after %v with %v; want after %v, a timeout: %v", took, err, c.want, c.fails)
				}
			})
		})
	}
}

// The default holds also if the program has put something around http.DefaultTransport.
func TestTimeoutsOverAWrappedDefaultTransport(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = wrapped{roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := get(t.Context(), transport.New(quiet, transport.WithRetry(never)), "")
		if took := time.Since(began); err == nil || took != 2*time.Minute {
			t.Errorf("a silent server: %v after %v; want an error after 2 minutes", err, took)
		}
	})
}

// After a request without an answer the connections that nobody uses are closed: one of
// them may be dead, and over HTTP/2 all requests share it. The caller's own deadline says
// little about the connection if it is short.
func TestSilentConnectionsAreLeft(t *testing.T) {
	for name, c := range map[string]struct {
		timeout, deadline time.Duration
		want              bool
	}{
		"the base's timeout":     {time.Second, time.Hour, true},
		"a short deadline":       {time.Hour, time.Second, false},
		"a deadline of half a m": {time.Hour, 30 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := &idleCloser{roundTripper: func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}}
				tr := transport.New(quiet, transport.WithRetry(never), transport.WithBase(transport.Timeouts{Header: c.timeout}.Over(base)))
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				if err := get(ctx, tr, ""); err == nil {
					t.Fatal("got no error, want a timeout")
				}
				if left := base.closed > 0; left != c.want {
					t.Errorf("the idle connections were closed: %v, want %v", left, c.want)
				}
			})
		})
	}
}

// A caller that reads a body to its end and does not close it leaves nothing behind in the
// context, which may be the program's.
func TestABodyThatWasReadNeedsNoClose(t *testing.T) {
	var sent context.Context
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		sent = r.Context()
		return answer(r, 200)
	})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://acme.dam.aprimo.com/", nil)
	resp, err := transport.Timeouts{}.Over(base).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if sent.Err() != nil {
		t.Error("the request's context has ended before its body was read")
	}
	if _, err := io.ReadAll(resp.Body); err != nil || sent.Err() == nil {
		t.Errorf("read with error %v; the request's context lives: %v; want it ended", err, sent.Err() == nil)
	}
}

// A proxy may refuse to connect in words of its own. Its status tells whether to ask again, also
// for a POST, which the server has not seen.
func TestAProxyThatRefusesToConnect(t *testing.T) {
	var status atomic.Value
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status.Load())
	}))
	defer proxy.Close()
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = &http.Transport{Proxy: http.ProxyURL(through)}
	rt := &retry.Transport{Base: transport.Base(), Policy: retry.Policy{MinDelay: -1}}
	for answer, want := range map[string]int64{"407 Who are you?": 1, "403 Blocked by policy": 1, "503 Too busy": 4, "429 Later": 4} {
		status.Store(answer)
		asked.Store(0)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://acme.dam.aprimo.invalid/", strings.NewReader("body"))
		_, err := rt.RoundTrip(req)
		if err == nil || !strings.Contains(err.Error(), answer[:3]) || asked.Load() != want {
			t.Errorf("%s: asked %d times, error %v; want %d and one with the status", answer, asked.Load(), err, want)
		}
	}
}

// A gateway may answer 429 as soon as it has read the header, and reset the connection
// with the body unread. The 429 must be seen, or a POST is lost.
func TestEarly429OfALargeBody(t *testing.T) {
	gateway, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close()
	var requests atomic.Int64
	go func() {
		for {
			conn, err := gateway.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReaderSize(conn, 4096))
				if err != nil {
					return
				}
				if requests.Add(1)%2 == 1 {
					io.WriteString(conn, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
					return
				}
				if req.Header.Get("Expect") != "" {
					io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
				}
				io.Copy(io.Discard, req.Body)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}()
		}
	}()
	var seen recorder
	tr := transport.New(quiet, transport.WithRetry(retry.Policy{MinDelay: -1}), transport.WithObserver(seen.observe))
	defer tr.CloseIdleConnections()
	data := make([]byte, 19_000_000)
	for i := range 6 {
		body := io.Reader(bytes.NewReader(data))
		if i%2 == 1 {
			body = struct{ io.Reader }{body} // its size is not known
		}
		req, _ := http.NewRequest("POST", "http://"+gateway.Addr().String()+"/uploads", body)
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Errorf("POST %d is lost: %v", i+1, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || req.Header.Get("Expect") != "" {
			t.Errorf("POST %d: %s, and the caller's header is %v; want 200, and no change of it", i+1, resp.Status, req.Header)
		}
	}
	if n := len(seen.of(transport.RateLimited)); n != 6 {
		t.Errorf("%d of the 6 429s were seen, want 6", n)
	}
}

// Who sets the header Expect, or sets it to nothing, has decided.
func TestExpectOfTheCaller(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		set  http.Header
		want string
	}{
		"small":         {1 << 20, http.Header{}, ""},
		"large":         {1<<20 + 1, http.Header{}, "100-continue"},
		"large, no map": {1<<20 + 1, nil, "100-continue"},
		"not wanted":    {1<<20 + 1, http.Header{"Expect": nil}, ""},
	} {
		got := "nothing was sent"
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("Expect")
			r.Body.Close()
			return answer(r, 200)
		})))
		req, _ := http.NewRequest("POST", recordsURL, strings.NewReader(strings.Repeat("x", c.size)))
		req.Header = c.set
		if resp, err := tr.RoundTrip(req); err != nil || got != c.want {
			t.Errorf("%s: Expect is %q (%v, %v), want %q", name, got, resp, err, c.want)
		}
	}
}
