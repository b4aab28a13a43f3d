package aprimotest_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A pipeListener connects without the network, and so works in a bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// serve starts a server for the tenant, within the bubble, until the test ends.
func serve(t *testing.T, tenant *aprimotest.Tenant) *http.Client {
	l := &pipeListener{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: tenant}
	go server.Serve(l)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		l.conns <- server
		return client, nil
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &http.Client{Transport: transport}
}

func TestServerQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 2, Queue: 3}
		client := serve(t, tenant)
		statuses := make(chan int, 8)
		start := time.Now()
		for range 6 {
			go func() {
				resp, err := client.Get("http://acme.aprimo.com/api/core/records")
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				statuses <- resp.StatusCode
			}()
		}
		got := make(map[int]int)
		for range 6 {
			got[<-statuses]++
		}
		if diff := cmp.Diff(map[int]int{200: 5, 429: 1}, got); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(start); took != 1520*time.Millisecond {
			t.Errorf("took %v, want 1.52s", took)
		}
	})
}

// A client that hangs up lets the handler go, and is counted.
func TestServerClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Service: func(*http.Request) time.Duration { return time.Hour }}
		client := serve(t, tenant)
		client.Timeout = time.Second
		start := time.Now()
		if _, err := client.Get("http://acme.aprimo.com/api/core/records"); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if got := tenant.Report().Total; got.Failed != 1 || time.Since(start) != time.Second {
			t.Errorf("after %v: %+v", time.Since(start), got)
		}
	})
}

func TestServerFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := aprimotest.Fault{Drop: true}
		tenant := &aprimotest.Tenant{Fault: func(*http.Request) aprimotest.Fault { return fault }}
		client := serve(t, tenant)
		if _, err := client.Get("http://acme.aprimo.com/api/core/records"); err == nil {
			t.Error("dropped: no error")
		}

		fault = aprimotest.Fault{Slow: 10 * time.Second}
		start := time.Now()
		resp, err := client.Get("http://acme.aprimo.com/api/core/records")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := time.Since(start); got != 20*time.Millisecond {
			t.Errorf("header after %v", got)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, resp.ContentLength/10)); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 1020*time.Millisecond {
			t.Errorf("a tenth after %v", got)
		}
		if _, err := io.ReadAll(resp.Body); err != nil || time.Since(start) != 10020*time.Millisecond {
			t.Errorf("all after %v: %v", time.Since(start), err)
		}
	})
}

// A handler does not modify its request: what is around it may still look at it.
func TestServerKeepsRequest(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	r := httptest.NewRequest("GET", "/api/core/record/00000000000000000000000000000001", nil)
	body := r.Body
	w := httptest.NewRecorder()
	tenant.ServeHTTP(w, r)
	if w.Code != 200 || r.Pattern != "" || r.PathValue("id") != "" || r.Body != body {
		t.Errorf("%d; pattern %q, id %q", w.Code, r.Pattern, r.PathValue("id"))
	}
}

// Both ways in lead to the same tenant: the same requests have the same answers.
func TestServerAndTransportAgree(t *testing.T) {
	tenants := [2]*aprimotest.Tenant{{Service: atOnce, RequireToken: true}, {Service: atOnce, RequireToken: true}}
	server := httptest.NewServer(tenants[0])
	defer server.Close()
	host := server.Listener.Addr().String()
	clients := [2]*http.Client{server.Client(), {Transport: tenants[1].Transport()}}

	var tokens [2]string
	for i, tt := range []struct{ method, path, contentType, body string }{
		{"GET", "/api/core/records", "", ""}, // without a token
		{"POST", "/login/connect/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=a&client_secret=b"},
		{"POST", "/login/connect/token", "application/x-www-form-urlencoded", "grant_type=none"},
		{"GET", "/login/connect/token", "", ""},
		{"GET", "/api/core/records?page=2&pageSize=1", "", ""},
		{"HEAD", "/api/core/records", "", ""},
		{"POST", "/api/core/records", "application/json", `{"tag":"<&>"}`},
		{"POST", "/api/core/records", "application/json", `{"tag":`},
		{"DELETE", "/api/core/records", "", ""},
		{"GET", "/api/core/record/1", "", ""},
		{"GET", "/", "", ""},
		{"GET", "", "", ""},
		{"GET", "/api/core//records", "", ""},
	} {
		var got [2]string
		for j, client := range clients {
			req := newRequest(t.Context(), tt.method, "http://"+host+tt.path, tt.body)
			req.Header.Set("Content-Type", tt.contentType)
			req.Header.Set("Authorization", "Bearer "+tokens[j])
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				var answer struct {
					Token string `json:"access_token"`
				}
				if err := json.Unmarshal(body, &answer); err != nil {
					t.Fatal(err)
				}
				tokens[j], body = answer.Token, nil
			}
			resp.Header.Del("Date")
			resp.Header.Del("Content-Length") // a time may have a digit less
			header, _ := json.Marshal(resp.Header)
			got[j] = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`).ReplaceAllString(
				resp.Status+"\n"+string(header)+"\n"+string(body), "TIME")
			if i > 0 && resp.StatusCode == 401 {
				t.Errorf("%s %s: 401", tt.method, tt.path)
			}
		}
		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			t.Errorf("%s %s: %s", tt.method, tt.path, diff)
		}
	}
	if diff := cmp.Diff(tenants[0].Report().Total.Arrived, tenants[1].Report().Total.Arrived); diff != "" {
		t.Error(diff)
	}
}
