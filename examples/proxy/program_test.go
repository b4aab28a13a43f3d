package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// raw sends text to a proxy and returns its answer.
func raw(t *testing.T, url, text string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v, want an answer", text, err)
	}
	defer resp.Body.Close()
	all, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all)
}

func TestTargetsArePassedOnAsTheyAre(t *testing.T) {
	url := site(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })
	for _, target := range []string{
		"/api/core/records?filter=a;b&x=100%", "/?", "/a?%zz=1&b", "/a?q=\xc3\xa4&a=1&a=2", "/a?x=#y", "/a?a+b=%20",
		"/a%2Fb", "/a%2fb/", "//a//b", "/a/../b/./c", "/a/%2e%2e/b", "/a;b=c", "/a+b", "/%C3%A4", "/a%20b", "/[a]",
	} {
		if status, got := raw(t, url, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"); status != 200 || got != target {
			t.Errorf("%s: got %d, %q; want it unchanged", target, status, got)
		}
	}
	for _, target := range []string{"*", "http://x/a", "/a#b", "/a|b", "/\xc3\xa4", "/a%zz"} {
		if status, got := raw(t, url, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"); status != 400 {
			t.Errorf("%s: got %d, %q; want 400", target, status, got)
		}
	}
}

func TestRefusedWithoutASlot(t *testing.T) {
	p, url := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("a request reached Aprimo") })
	p.needsToken = true
	for request, want := range map[string]int{
		"TRACE / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x":       405,
		"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x": 405,
		"PRI * HTTP/2.0": 405,
		"BREW / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x":                                                      405,
		"GET /api/core/records HTTP/1.1\r\nHost: x":                                                                  401,
		"GET /api/core/records HTTP/1.1\r\nHost: x\r\nAuthorization:":                                                401,
		"GET /login/connect/token HTTP/1.1\r\nHost: x":                                                               401,
		"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nSec-Fetch-Site: cross-site":                         403,
		"OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example":                                              403,
		"POST /login/connect/token HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nContent-Length: 0":                         403,
		"POST /login/connect/token HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nOrigin: http://y\r\nContent-Length: 0": 403,
	} {
		if status, body := raw(t, url, request+"\r\n\r\n"); status != want {
			t.Errorf("%q: got %d, %q; want %d", request, status, body, want)
		}
	}
	if sent := p.transport.Stats().Sent; sent != 0 {
		t.Errorf("%d slots were used, want none", sent)
	}
}

func TestTokensAreAskedForWithoutOne(t *testing.T) {
	p, url := newSite(t, func(http.ResponseWriter, *http.Request) {})
	p.needsToken = true
	for _, request := range []string{
		"POST /login/connect/token HTTP/1.1\r\nHost: x\r\nContent-Length: 0",
		"GET /api/records HTTP/1.1\r\nHost: x\r\nX-Access-Token: x",
		"GET /api/core/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nOrigin: http://x\r\nSec-Fetch-Site: same-origin",
	} {
		if status, body := raw(t, url, request+"\r\n\r\n"); status != 200 {
			t.Errorf("%q: got %d, %q; want 200", request, status, body)
		}
	}
}

// Of a body in chunks nobody knows how long it will be.
func TestChunksAreSentAgain(t *testing.T) {
	var requests atomic.Int32
	url := site(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if requests.Add(1) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, string(body), " ", r.Trailer.Get("Sum"), " ", r.Header.Get("Expect"))
	})
	for request, want := range map[string]string{
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n":                  "abcd  ",
		"Transfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n4\r\nabcd\r\n0\r\nSum: 4\r\n\r\n": "abcd 4 ",
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                                        "  ",
		"Content-Length: 4\r\n\r\nabcd":                                                      "abcd  ",
	} {
		requests.Store(0)
		if status, body := raw(t, url, "POST / HTTP/1.1\r\nHost: x\r\n"+request); status != 200 || body != want || requests.Load() != 2 {
			t.Errorf("%q: got %d, %q after %d requests; want 200, %q after 2", request, status, body, requests.Load(), want)
		}
	}
}

// When too much is kept, a body streams, and the program gets the 429.
func TestKeptBodiesAreBounded(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	p, url := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if n, _ := io.Copy(io.Discard, r.Body); n != 10_000 {
			t.Errorf("got %d bytes, want 10000", n)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}, transport.WithLogger(zerolog.Nop()))
	for _, others := range []int64{keptInAll, keptInAll - 8<<10} {
		p.kept.Store(others)
		resp, err := http.Post(url, "text/plain", bytes.NewReader(make([]byte, 10_000)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("got status %d, want the 429", resp.StatusCode)
		}
	}
	eventually(t, "what was kept is released", func() bool { return p.kept.Load() == keptInAll-8<<10 })
	if sent := p.transport.Stats().Sent; sent != 2 {
		t.Errorf("%d requests were sent, want 2 without a retry", sent)
	}
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 10 s: %s", what)
		}
	}
}

func TestProgramThatIsGoneLeavesTheQueue(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	p, url := newSite(t, func(http.ResponseWriter, *http.Request) {}, transport.WithLimiter(transport.NewLimiter(1, time.Hour)))
	get(t, url)
	for name, body := range map[string]io.Reader{
		"none": nil, "short": strings.NewReader("x"), "in chunks": io.MultiReader(strings.NewReader("x")),
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			req, _ := http.NewRequestWithContext(ctx, "POST", url, body)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
				t.Errorf("%s: got status %d, want none", name, resp.StatusCode)
			}
		}()
		eventually(t, name+": the request waits", func() bool { return p.transport.Stats().Queued == 1 })
		cancel()
		<-done
		eventually(t, name+": it has left the queue", func() bool { return p.transport.Stats().Queued == 0 })
	}
}

// A program that closes its half of the connection may still read: nothing is better than
// an empty 200.
func TestHalfClosedProgramGetsNoSuccess(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	_, url := newSite(t, func(http.ResponseWriter, *http.Request) {}, transport.WithLimiter(transport.NewLimiter(1, time.Hour)))
	get(t, url)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	conn.(*net.TCPConn).CloseWrite()
	if all, _ := io.ReadAll(conn); len(all) > 0 {
		t.Errorf("got %q, want nothing", all)
	}
}

func TestProgramThatResetsGivesAllBack(t *testing.T) {
	ended := make(chan struct{})
	p, url := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	io.ReadFull(conn, make([]byte, 1000))
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
	<-ended
	if n := p.transport.Stats().InFlight; n != 0 {
		t.Errorf("%d requests are in flight, want none", n)
	}
}

// A body may take long, but not stand still, and only the time counts in which it is read.
func TestSlowBody(t *testing.T) {
	for name, test := range map[string]struct {
		chunk       int
		every, busy time.Duration
		fails       bool
	}{
		"steady":          {chunk: piece, every: 50 * time.Second},
		"the reader is":   {chunk: 1000, every: time.Millisecond, busy: 2 * time.Minute},
		"stands still":    {chunk: piece, every: 61 * time.Second, fails: true},
		"a byte at times": {chunk: 1, every: 10 * time.Second, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				program, server := net.Pipe()
				var sending sync.WaitGroup
				defer sending.Wait()
				defer server.Close()
				sending.Go(func() {
					defer program.Close()
					for range 20 {
						time.Sleep(test.every)
						if _, err := program.Write(make([]byte, test.chunk)); err != nil {
							return
						}
					}
				})
				body := &idleBody{ReadCloser: server, deadline: server.SetReadDeadline}
				var err error
				for buf := make([]byte, piece); err == nil; time.Sleep(test.busy) {
					_, err = body.Read(buf)
				}
				if slow := errors.Is(err, os.ErrDeadlineExceeded); slow != test.fails {
					t.Errorf("reading ended with %v, want too slow: %v", err, test.fails)
				}
			})
		})
	}
}

func TestBodyThatEndsTooSoon(t *testing.T) {
	p, url := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("a request reached Aprimo") })
	for _, length := range []int{10, keptBody + 1} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nx", length)
		conn.(*net.TCPConn).CloseWrite()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("one byte of %d: got %v, %v; want 400", length, resp, err)
		}
		conn.Close()
	}
	if sent := p.transport.Stats().Sent; sent != 0 {
		t.Errorf("%d slots were used, want none", sent)
	}
}

func TestFlow(t *testing.T) {
	for _, test := range []struct{ address, header, want string }{
		{"10.0.0.1:80", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:80", "", "10.0.0.1"},
		{"[2001:db8::1]:80", "", "2001:db8::/64"},
		{"[fe80::1%eth0]:80", "", "fe80::/64"},
		{"@", "", "@"},
		{"10.0.0.1:80", "billing", "billing"},
	} {
		p := &proxy{headers: headers{flow: "X-Program"}}
		r := &http.Request{RemoteAddr: test.address, Header: http.Header{"X-Program": {test.header}, "Authorization": {"Bearer x"}}}
		if got := p.flow(r); got != test.want {
			t.Errorf("flow of %q from %s is %q, want %q", test.header, test.address, got, test.want)
		}
	}
}

func TestHealthSaysOnlyWhatIsKnown(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	url, admin, stop := start(t, flags{redis: "redis://" + miniredis.RunT(t).Addr()})
	for _, want := range []string{"unknown", "shared"} {
		_, body := get(t, admin+"/readyz")
		var health struct{ Sharing string }
		if err := json.Unmarshal([]byte(body), &health); err != nil || health.Sharing != want {
			t.Errorf("got health %s, %v; want sharing %s", body, err, want)
		}
		get(t, url+"/api/core/records")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A server that fails ends the program; it does not wait for a signal.
func TestFailedServerEnds(t *testing.T) {
	for i := range 2 {
		p, err := newProxy(flags{})
		if err != nil {
			t.Fatal(err)
		}
		var listeners [2]net.Listener
		for j := range listeners {
			if listeners[j], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
		}
		listeners[i].Close()
		if err := p.serve(t.Context(), listeners[0], listeners[1], flags{drain: time.Second}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want the error of listener %d", err, i)
		}
		p.close()
	}
}

func TestFailuresAreLoggedWithoutSecrets(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var text bytes.Buffer
	defer func(before zerolog.Logger) { log.Logger = before }(log.Logger)
	log.Logger = zerolog.New(zerolog.SyncWriter(&text))
	url := site(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		transport.WithObserver(logFailures()), transport.WithLogger(zerolog.Nop()))
	resp, err := http.Post(url+"/uploads/segments/s3cr3t?sig=s3cr3t", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := text.String(); resp.StatusCode != http.StatusBadGateway || !strings.Contains(got, "not forwarded") || strings.Contains(got, "s3cr3t") {
		t.Errorf("got status %d and the log %q; want 502 and a line without the token", resp.StatusCode, got)
	}
}

// A long body is sent again after a 429 if Aprimo did not want it yet, and only then: the rest
// of it is not kept.
func TestLongBodyThatWasNotSentIsSentAgain(t *testing.T) {
	const size = 2 * keptBody
	for _, test := range []struct {
		expect string
		read   int64 // of the first request, by Aprimo
		want   string
	}{
		{"", 0, "200 2097152"},
		{"100-continue", 0, "200 2097152"},
		{"", size, "429 "},
	} {
		var requests atomic.Int32
		url := site(t, func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 1 {
				io.CopyN(io.Discard, r.Body, test.read)
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
		}, transport.WithRetry(retry.Policy{MinDelay: -1}), transport.WithLogger(zerolog.Nop()))
		req, _ := http.NewRequest("POST", url+"/uploads", io.MultiReader(bytes.NewReader(make([]byte, size))))
		req.ContentLength = size
		req.Header.Set("Expect", test.expect)
		program := &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
		resp, err := program.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprint(resp.StatusCode, " ", string(body)); got != test.want {
			t.Errorf("Expect %q, and Aprimo reads %d bytes before it answers 429: got %q, want %q", test.expect, test.read, got, test.want)
		}
	}
}

// An answer that switches to another protocol, which nobody asked for, leaves no connection open.
func TestAnswerThatSwitchesProtocols(t *testing.T) {
	closed := make(chan struct{})
	url := site(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(io.Discard, conn)
		close(closed)
	}, transport.WithLogger(zerolog.Nop()))
	if status, body := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"); status != 502 {
		t.Errorf("got %d, %q; want 502", status, body)
	}
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection to Aprimo is still open")
	}
}

// A program gets what Aprimo has sent: no type that net/http guesses, no 1xx that it cannot know,
// and no broken connection for a status that is none.
func TestAnswersArePassedOnAsTheyAre(t *testing.T) {
	const long = 2 * keptBody // with such a body the transport asks for a 100
	for name, c := range map[string]struct{ version, body, answer, want string }{
		"no type":       {"1.1", "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"no status":     {"1.1", "", "HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 502 Bad Gateway\r\n"},
		"a hint":        {"1.1", "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 X\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
		"a hint to 1.0": {"1.0", "", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 X\r\n\r\n", "HTTP/1.0 204 No Content\r\n\r\n"},
		"a 100":         {"1.1", strings.Repeat("x", long), "HTTP/1.1 204 X\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
		"a 100 to 1.0":  {"1.0", strings.Repeat("x", long), "HTTP/1.1 204 X\r\n\r\n", "HTTP/1.0 204 No Content\r\n\r\n"},
	} {
		url := site(t, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil { // net/http sends the 100
				return
			}
			conn, _, _ := http.NewResponseController(w).Hijack()
			defer conn.Close()
			io.WriteString(conn, c.answer)
		}, transport.WithLogger(zerolog.Nop()), transport.WithRetry(retry.Policy{Failures: -1}))
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/%s\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", c.version, len(c.body), c.body)
		all, _ := io.ReadAll(conn)
		conn.Close()
		got := regexp.MustCompile("(Date|Connection): .*\r\n").ReplaceAllString(string(all), "")
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A long body streams with its trailers, and is sent when Aprimo wants it; of a short one
// the proxy has answered the expectation.
func TestTrailersAndExpectations(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	url := site(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%d %s %s", n, r.Trailer.Get("Sum"), r.Header.Get("Expect"))
	})
	for _, test := range []struct {
		size, length int
		want         string
	}{
		{2 * keptBody, -1, "2097152 x 100-continue"},
		{2 * keptBody, 2 * keptBody, "2097152  100-continue"},
		{10, 10, "10  "},
	} {
		req, _ := http.NewRequest("POST", url, io.MultiReader(bytes.NewReader(make([]byte, test.size))))
		req.ContentLength = int64(test.length)
		req.Header.Set("Expect", "100-continue")
		if test.length < 0 {
			req.Trailer = http.Header{"Sum": {"x"}}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != test.want {
			t.Errorf("%d bytes, length %d: got %q, want %q", test.size, test.length, got, test.want)
		}
	}
}
