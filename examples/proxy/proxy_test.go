package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/aprimo-go/aprimo/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a proxy and returns the URLs for programs and for admins.
func start(t *testing.T, f flags) (programs, admin string, stop func() error) {
	t.Helper()
	f.listen, f.admin, f.drain = "127.0.0.1:0", "127.0.0.1:0", 10*time.Second
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan [2]string, 1), make(chan error, 1)
	go func() {
		done <- run(ctx, f, func(p, a net.Addr) { ready <- [2]string{"http://" + p.String(), "http://" + a.String()} })
	}()
	select {
	case urls := <-ready:
		return urls[0], urls[1], sync.OnceValue(func() error { cancel(); return <-done })
	case err := <-done:
		cancel()
		t.Fatal(err)
		return
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

func TestTwoProxiesShareOneBudget(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	server := miniredis.RunT(t)
	f := flags{redis: "redis://" + server.Addr(), processes: 2}
	one, admin, stopOne := start(t, f)
	two, _, stopTwo := start(t, f)
	begin := time.Now()
	var calls sync.WaitGroup
	for _, url := range []string{one, two} {
		for range 15 {
			calls.Go(func() {
				if status, body := get(t, url+"/api/core/records"); status != http.StatusOK || !strings.Contains(body, "items") {
					t.Errorf("got status %d, %s; want 200 and records", status, body)
				}
			})
		}
	}
	calls.Wait()
	if d := time.Since(begin); d < 900*time.Millisecond {
		t.Errorf("30 requests over two proxies took %v, want at least 0.9 s with one limit of 15/s", d)
	}
	status, body := get(t, admin+"/readyz")
	var health struct {
		Status, Sharing string
		Processes       int
	}
	if err := json.Unmarshal([]byte(body), &health); err != nil || status != http.StatusOK ||
		health.Status != "ok" || health.Sharing != "shared" || health.Processes != 2 {
		t.Errorf("got health %d %s %v, want 200, ok, shared by 2", status, body, err)
	}
	if _, body := get(t, admin+"/metrics"); !strings.Contains(body, `aprimo_client_rate_limit_requests_total{aprimo_result="acquired"} 15`+"\n") ||
		!strings.Contains(body, "aprimo_client_rate_limit_processes 2\n") {
		t.Errorf("got metrics %s, want 15 acquired and 2 processes", body)
	}
	for _, stop := range []func() error{stopOne, stopTwo} {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

// site makes a proxy whose Aprimo is a handler.
func site(t *testing.T, h http.HandlerFunc, opts ...transport.Option) string {
	t.Helper()
	_, url := newSite(t, h, opts...)
	return url
}

func newSite(t *testing.T, h http.HandlerFunc, opts ...transport.Option) (p *proxy, url string) {
	t.Helper()
	aprimo := httptest.NewTLSServer(h)
	t.Cleanup(aprimo.Close)
	base := aprimo.Client().Transport.(*http.Transport)
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, aprimo.Listener.Addr().String())
	}
	base.ExpectContinueTimeout = newBase().ExpectContinueTimeout
	base.TLSClientConfig.ServerName = "example.com"
	p = &proxy{hosts: hostsOf("acme"), transport: transport.New(append(opts, transport.WithBase(base))...)}
	p.reverse = p.newReverse()
	front := httptest.NewServer(p)
	t.Cleanup(func() { front.Close(); p.close() })
	return p, front.URL
}

func TestHostsAndHeaders(t *testing.T) {
	url := site(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Host+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Forwarded-For"))
	})
	for path, want := range map[string]string{
		"/api/core/record/1?a=%2F": "acme.dam.aprimo.com /api/core/record/1?a=%2F Bearer x ",
		"/uploads/segments?x":      "acme.aprimo.com /uploads/segments?x Bearer x ",
	} {
		req, _ := http.NewRequest("GET", url+path, nil)
		req.Header.Set("Authorization", "Bearer x")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// A small body is sent again after a 429; with a long one the program gets the 429.
func TestBodies(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	for _, test := range []struct{ size, status, requests int }{{1000, 200, 2}, {keptBody, 200, 2}, {keptBody + 1, 429, 1}} {
		requests := 0
		url := site(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if requests++; requests == 1 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			if len(body) != test.size {
				t.Errorf("got a body of %d bytes, want %d", len(body), test.size)
			}
		})
		resp, err := http.Post(url+"/api/core/records", "application/json", bytes.NewReader(make([]byte, test.size)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status || requests != test.requests {
			t.Errorf("%d bytes: got status %d after %d requests, want %d after %d", test.size, resp.StatusCode, requests, test.status, test.requests)
		}
	}
}

// Responses are streamed.
func TestStreams(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	more := make(chan struct{})
	url := site(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-more
		io.WriteString(w, " and last")
	})
	resp, err := http.Get(url + "/api/core/records")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("got %q, %v; want first", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != " and last" {
		t.Errorf("got %q, %v; want the rest", rest, err)
	}
}

// When the queue is full, Retry-After says when to try again.
func TestQueueFull(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	url := site(t, func(http.ResponseWriter, *http.Request) {},
		transport.WithLimiter(transport.NewLimiter(1, time.Minute)), transport.WithMaxQueue(-1))
	get(t, url+"/api/core/records")
	resp, err := http.Get(url + "/api/core/records")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "61" && resp.Header.Get("Retry-After") != "60" {
		t.Errorf("got status %d, Retry-After %q; want 503 and a minute", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
}

func TestRequestsFinishAtTheEnd(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	url, _, stop := start(t, flags{})
	var calls sync.WaitGroup
	for range 25 { // ten of which wait for a second
		calls.Go(func() {
			if status, _ := get(t, url+"/api/core/records"); status != http.StatusOK {
				t.Errorf("got status %d, want 200", status)
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	if err := stop(); err != nil {
		t.Error(err)
	}
	calls.Wait()
}

func TestTheURLOfRedisIsNotShown(t *testing.T) {
	err := run(t.Context(), flags{redis: "redis://user:secret@:port", listen: "127.0.0.1:0", admin: "127.0.0.1:0"}, nil)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v, want one without the password", err)
	}
}
