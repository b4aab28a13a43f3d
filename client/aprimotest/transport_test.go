package aprimotest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A countingBody counts how often it is closed, and how much of it is read.
type countingBody struct {
	io.Reader
	read, closed atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *countingBody) Close() error { b.closed.Add(1); return nil }

// The body is closed, once and before RoundTrip returns, and there is a response
// or an error, never both, whatever happens.
func TestTransportClosesBody(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	fault := func(f aprimotest.Fault) func(*http.Request) aprimotest.Fault {
		return func(*http.Request) aprimotest.Fault { return f }
	}
	readErr := errors.New("cannot be read")
	for _, tt := range []struct {
		name     string
		tenant   *aprimotest.Tenant
		ctx      context.Context
		url      string
		body     io.Reader
		status   int
		err      error
		wantRead int64
	}{
		{name: "created", body: strings.NewReader("{}"), status: 201, wantRead: 2},
		{name: "malformed", body: strings.NewReader("{"), status: 400, wantRead: 1},
		{name: "too large", body: bytes.NewReader(make([]byte, 3<<20)), status: 413, wantRead: 3 << 20},
		{name: "not found", url: "https://acme.dam.aprimo.com/nowhere", body: strings.NewReader("{}"), status: 404, wantRead: 2},
		{name: "token", url: "https://acme.aprimo.com/login/connect/token", body: strings.NewReader("{}"), status: 400, wantRead: 2},
		{name: "no token", tenant: &aprimotest.Tenant{RequireToken: true}, body: strings.NewReader("{}"), status: 401, wantRead: 2},
		{name: "rejected", tenant: &aprimotest.Tenant{Rate: 1, Queue: -1, Others: []aprimotest.Load{{Burst: 1}}},
			body: strings.NewReader("{}"), status: 429},
		{name: "fault", tenant: &aprimotest.Tenant{Fault: fault(aprimotest.Fault{Status: 503})},
			body: strings.NewReader("{}"), status: 503, wantRead: 2},
		{name: "dropped", tenant: &aprimotest.Tenant{Fault: fault(aprimotest.Fault{Drop: true})},
			body: strings.NewReader("{}"), err: io.ErrUnexpectedEOF, wantRead: 2},
		{name: "canceled before", ctx: canceled, body: strings.NewReader("{}"), err: context.Canceled},
		{name: "body fails", body: io.MultiReader(strings.NewReader("{"), errReader{readErr}), err: readErr, wantRead: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.tenant == nil {
					tt.tenant = new(aprimotest.Tenant)
				}
				if tt.ctx == nil {
					tt.ctx = t.Context()
				}
				if tt.url == "" {
					tt.url = recordsURL
				}
				body := &countingBody{Reader: tt.body}
				req, err := http.NewRequestWithContext(tt.ctx, "POST", tt.url, body)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := tt.tenant.Transport().RoundTrip(req)
				if body.closed.Load() != 1 || body.read.Load() != tt.wantRead {
					t.Errorf("closed %d times, %d bytes read; want 1, %d", body.closed.Load(), body.read.Load(), tt.wantRead)
				}
				if !errors.Is(err, tt.err) || (resp == nil) == (err == nil) {
					t.Fatalf("response %v, error %v; want error %v", resp, err, tt.err)
				}
				if resp != nil {
					defer resp.Body.Close()
					if resp.StatusCode != tt.status {
						t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
					}
				}
			})
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestTransportResponse(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	req := newRequest(t.Context(), "GET", recordsURL+"?page=1#fragment", "")
	req.Header = nil
	before := *req
	beforeURL := *req.URL

	resp, body := do(t, tenant, req)
	if resp.Request != req {
		t.Error("Request is not the one that was sent")
	}
	if resp.ContentLength != int64(len(body)) || len(body) == 0 {
		t.Errorf("ContentLength %d, body of %d", resp.ContentLength, len(body))
	}
	if resp.Status != "200 OK" || resp.Proto != "HTTP/1.1" || resp.Header.Get("Date") == "" {
		t.Errorf("%q %q %v", resp.Status, resp.Proto, resp.Header)
	}
	if req.Header != nil || req.Method != before.Method || req.Host != before.Host || req.RequestURI != "" || req.Pattern != "" {
		t.Error("the request was modified")
	}
	if diff := cmp.Diff(beforeURL, *req.URL); diff != "" {
		t.Error("the request's URL was modified: ", diff)
	}
}

// The functions of a Tenant may do with the request what they like.
func TestTransportKeepsRequestFromHooks(t *testing.T) {
	var bodies []string
	spoil := func(r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		r.Header.Set("X-Spoiled", "yes")
	}
	tenant := &aprimotest.Tenant{
		Service: func(r *http.Request) time.Duration { spoil(r); return 0 },
		Fault:   func(r *http.Request) aprimotest.Fault { spoil(r); return aprimotest.Fault{} },
	}
	req := newRequest(t.Context(), "POST", recordsURL, `{"tag":"x"}`)
	resp, _ := do(t, tenant, req)
	if resp.StatusCode != 201 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if diff := cmp.Diff([]string{`{"tag":"x"}`, `{"tag":"x"}`}, bodies); diff != "" {
		t.Error(diff)
	}
	if req.Header.Get("X-Spoiled") != "" {
		t.Errorf("header of the request: %v", req.Header)
	}
}

func TestTransportHEAD(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	resp, body := do(t, tenant, newRequest(t.Context(), "HEAD", recordsURL, ""))
	if resp.StatusCode != 200 || body != "" || resp.ContentLength == 0 {
		t.Errorf("%d, %q, length %d", resp.StatusCode, body, resp.ContentLength)
	}
}

func TestTransportWithoutHost(t *testing.T) {
	for _, req := range []*http.Request{{}, newRequest(t.Context(), "GET", "/api/core/records", "")} {
		if resp, err := new(aprimotest.Tenant).Transport().RoundTrip(req); err == nil || resp != nil {
			t.Errorf("%v, %v; want an error", resp, err)
		}
	}
}

// The context's error comes at once, wherever the request is.
func TestTransportCancel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tenant *aprimotest.Tenant
		blocks bool // the body of the request
	}{
		{"in the queue", &aprimotest.Tenant{Rate: 1, Others: []aprimotest.Load{{Burst: 50}}}, false},
		{"in service", &aprimotest.Tenant{Service: func(*http.Request) time.Duration { return time.Minute }}, false},
		{"body of the request", new(aprimotest.Tenant), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var body io.Reader
				if tt.blocks {
					body, _ = io.Pipe()
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start := time.Now()
				req, _ := http.NewRequestWithContext(ctx, "POST", recordsURL, body)
				resp, err := tt.tenant.Transport().RoundTrip(req)
				if resp != nil || err != context.DeadlineExceeded || time.Since(start) != 5*time.Second {
					t.Errorf("after %v: %v, %v; want the context's error after 5s", time.Since(start), resp, err)
				}
				if a := tt.tenant.Report().Agents["Go-http-client/1.1"]; a.Arrived != 1 || a.Failed != 1 || a.UnderWay() != 0 {
					t.Errorf("%+v; want one, failed", a)
				}
			})
		})
	}
}

// An http.Client works with it: its timeout, its redirects, its errors.
func TestTransportInClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1}
		client := &http.Client{Transport: tenant.Transport(), Timeout: time.Second / 2}
		resp, err := client.Get(recordsURL)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		start := time.Now()
		if _, err := client.Get(recordsURL); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second/2 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func BenchmarkTransport(b *testing.B) {
	tenant := &aprimotest.Tenant{Rate: 1e9, Service: atOnce}
	rt := tenant.Transport()
	req := newRequest(b.Context(), "GET", recordsURL, "")
	b.ReportAllocs()
	for b.Loop() {
		resp, err := rt.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
