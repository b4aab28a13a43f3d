package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// After the signal the proxy says that it is not ready, lives on, and answers for a while.
func TestReadinessAndLiveness(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	p, err := newProxy(flags{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	programs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, signal := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.serve(ctx, programs, admin, flags{drainDelay: time.Second, drain: time.Minute}) }()
	statuses := func() (live, ready, call int) {
		live, _ = get(t, "http://"+admin.Addr().String()+"/livez")
		ready, _ = get(t, "http://"+admin.Addr().String()+"/readyz")
		call, _ = get(t, "http://"+programs.Addr().String()+"/api/core/records")
		return
	}
	if live, ready, call := statuses(); live != 200 || ready != 200 || call != 200 {
		t.Errorf("got %d, %d, %d; want all 200", live, ready, call)
	}
	if _, page := get(t, "http://"+admin.Addr().String()+"/"); !strings.Contains(page, "<html") {
		t.Errorf("got %.100q, want the status page", page)
	}
	signal()
	eventually(t, "it drains", p.draining.Load)
	if live, ready, call := statuses(); live != 200 || ready != 503 || call != 200 {
		t.Errorf("after the signal: got %d, %d, %d; want 200, 503, 200", live, ready, call)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAlertsByWebhook(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var got atomic.Pointer[notify.Alert]
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var a notify.Alert
		json.NewDecoder(r.Body).Decode(&a)
		got.Store(&a)
	}))
	defer hook.Close()
	t.Setenv("WEBHOOK_URL", hook.URL)
	p, err := newProxy(flags{tenant: "acme", webhook: "json", limit: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for range 20 {
		p.alerts.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Status: 429, User: "anna"})
	}
	if err := p.alerts.Close(); err != nil {
		t.Fatal(err)
	}
	if a := got.Load(); a == nil || a.Total != 20 || a.Tenant != "acme" || a.TenantRate != 30 || a.Users[0].Name != "anna" {
		t.Errorf("got %+v, want an alert about 20 429s of anna, at a limit of 30", a)
	}
}

func TestBadFlags(t *testing.T) {
	for _, test := range []struct {
		f         flags
		url, want string
	}{
		{flags{to: "a@example.com"}, "", "-smtp"},
		{flags{smtp: "mail.example:587", to: "a@example.com"}, "", "no From"},
		{flags{webhook: "json"}, "http://example.com/secret", "WEBHOOK_URL"},
		{flags{limit: -1}, "", "-limit -1"},
		{flags{state: "x", redis: "redis://redis:6379"}, "", "-state is for a proxy without -redis"},
		{flags{webhook: "pigeon"}, "https://example.com/secret", `"pigeon"`},
	} {
		t.Setenv("WEBHOOK_URL", test.url)
		if _, err := newProxy(test.f); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: got %v, want an error that names %s", test.f, err, test.want)
		}
	}
}

// A proxy without Redis leaves to the next one what it knows of alerts and of the API.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		t.Setenv("WEBHOOK_URL", "https://example.com/secret")
		dir := t.TempDir()
		p, err := newProxy(flags{state: dir, webhook: "json"})
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
			resp, err := p.transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		if err := p.transport.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.close()
		for _, key := range []string{"latencies of simulated", "alert of 429s simulated"} {
			if text, err := notify.Dir(dir).Load(t.Context(), key); err != nil || len(text) == 0 {
				t.Errorf("kept under %q: %q, %v; want something", key, text, err)
			}
		}
	})
}

// The limit is that of the flag, alone and shared, and Aprimo's without it.
func TestLimit(t *testing.T) {
	redis := "redis://" + miniredis.RunT(t).Addr()
	for _, test := range []struct {
		f    flags
		want float64
	}{{flags{}, 15}, {flags{limit: 30}, 30}, {flags{limit: 30, redis: redis}, 30}} {
		p, err := newProxy(test.f)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.transport.Stats().Limit; got != test.want {
			t.Errorf("%+v: got a limit of %g, want %g", test.f, got, test.want)
		}
		p.close()
	}
}

// The image and the manifest use flags, paths and ports that there are.
func TestImageAndManifest(t *testing.T) {
	var all []string
	for _, file := range []string{"Dockerfile", "kubernetes.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
		for _, m := range regexp.MustCompile(`"-([a-z-]+)[="]`).FindAllStringSubmatch(string(text), -1) {
			main, err := os.ReadFile("main.go")
			if err != nil || !strings.Contains(string(main), `&f.`) || !regexp.MustCompile(`Var\(&f\.\w+, "`+m[1]+`"`).Match(main) {
				t.Errorf("%s: got the flag -%s, want one of main.go", file, m[1])
			}
		}
	}
	p := &proxy{transport: transport.New(transport.WithLogger(zerolog.Nop()))}
	for _, m := range regexp.MustCompile(`path: (/[a-z]+)`).FindAllStringSubmatch(all[1], -1) {
		w := httptest.NewRecorder()
		p.admin().ServeHTTP(w, httptest.NewRequest("GET", m[1], nil))
		if w.Code != http.StatusOK {
			t.Errorf("kubernetes.yaml: %s is answered %d, want 200", m[1], w.Code)
		}
	}
	for _, want := range []string{"kind: PodDisruptionBudget", "replicas: 2", "/livez", "/readyz", "terminationGracePeriodSeconds:"} {
		if !strings.Contains(all[1], want) {
			t.Errorf("kubernetes.yaml does not say %s", want)
		}
	}
}
