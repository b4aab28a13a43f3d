package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

// The program without flags measures the simulated tenant, says so, and writes its profile.
func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		if err := run(t.Context(), flags{profile: path}, &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"Simulated tenant: nothing is sent to Aprimo", "rate                  15.0 ± ", "queue                 100 ± ",
			"release               TokenBucket\n", "; Retry-After: 2; text/html, body of 134 bytes",
			"token endpoint        has another limit", "130 GETs at once in two bursts", "Profile: " + path,
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("got output without %q:\n%s", want, &out)
			}
		}
	})
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, err := aprimotest.ReadProfile(file)
	if err != nil || p.Name != "simulated" || p.Rate != 15 || p.Queue < 98 || p.Queue > 102 ||
		p.Release != aprimotest.TokenBucket || !p.ReleaseSure || p.Rejected.RetryAfter != "2" ||
		p.ServiceMilliseconds["GET /api/core/records"] < 59 || !p.SharesLimit["uploads"] || p.SharesLimit["token endpoint"] {
		t.Errorf("got %+v, %v; want what the simulated tenant is", p, err)
	}
}

func TestProfileOfOthersIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	for content, want := range map[string]string{
		`{"version":1,"tenant":"other"}`: "is the profile of tenant other",
		`{"homework":true}`:              "is something else",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := run(t.Context(), flags{profile: path}, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q before anything is sent", content, err, want)
		}
		if data, _ := os.ReadFile(path); string(data) != content {
			t.Errorf("got %s, want it untouched", data)
		}
	}
}

// A profile that cannot be written, or that another run is about to write, is found before
// anything is sent.
func TestProfileIsOfOneRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	unlock, err := program.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	for path, want := range map[string]string{path: "in use by another run", filepath.Join(path, "none", "profile.json"): "profile.json"} {
		var out bytes.Buffer
		if err := run(t.Context(), flags{profile: path}, &out); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("got %q and error %v, want no output and %q", &out, err, want)
		}
	}
}

// A real tenant is sent nothing without credentials, nor without somebody's consent.
func TestNothingIsSentUnasked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	for _, c := range []struct{ tenant, id, secret, want string }{
		{"acme", "", "", "set APRIMO_CLIENT_ID"},
		{"acme", "an-id", "hunter2", "use -yes to agree"},
	} {
		t.Setenv("APRIMO_CLIENT_ID", c.id)
		t.Setenv("APRIMO_CLIENT_SECRET", c.secret)
		var out bytes.Buffer
		err := run(t.Context(), flags{tenant: c.tenant, profile: path}, &out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want %q", err, c.want)
		}
		if c.id != "" && (strings.Contains(err.Error()+out.String(), c.secret) || !strings.Contains(out.String(), "12 GETs at once, then 118")) {
			t.Errorf("got %q, want what will be sent, and no secret", &out)
		}
	}
}

// probing returns a prober of a tenant, and what it prints.
func probing(rt http.RoundTripper) *prober {
	return &prober{
		client: &http.Client{Transport: rt}, token: "bearer-secret", say: func(string, ...any) {},
		operations: operations("acme", tokenForm("an-id", "hunter2")),
	}
}

// The first answer that is not expected ends the probe, wherever it comes, and no secret is
// in the error.
func TestHarmStopsTheProbe(t *testing.T) {
	for name, c := range map[string]struct {
		tenant  *aprimotest.Tenant
		fault   aprimotest.Fault
		after   int // requests
		volleys int // at most
		want    string
	}{
		"an error at once":       {fault: aprimotest.Fault{Status: 503}, after: 0, want: "unexpected answer 503 Service Unavailable"},
		"no access":              {tenant: &aprimotest.Tenant{RequireToken: true}, after: 1e6, want: "unexpected answer 401 Unauthorized"},
		"an error in the small":  {fault: aprimotest.Fault{Status: 500}, after: 50, volleys: 12, want: "unexpected answer 500"},
		"no answer in the large": {fault: aprimotest.Fault{Drop: true}, after: 75, volleys: 130, want: "connection dropped"},
		"a tenant at its limit": {tenant: &aprimotest.Tenant{Queue: -1, Others: []aprimotest.Load{{Rate: 100}}}, after: 1e6,
			want: "the tenant is at its limit without the probe"},
		"a tenant never calm": {tenant: &aprimotest.Tenant{Queue: 1000, Others: []aprimotest.Load{{Rate: 15, From: 43 * time.Second}, {Burst: 80, From: 43 * time.Second}}},
			after: 1e6, want: "the tenant was not calm"},
	} {
		synctest.Test(t, func(t *testing.T) {
			tenant := c.tenant
			if tenant == nil {
				tenant = new(aprimotest.Tenant)
			}
			seen := 0
			faults := make(chan struct{}, 1)
			tenant.Fault = func(*http.Request) aprimotest.Fault {
				faults <- struct{}{}
				defer func() { <-faults }()
				if seen++; seen > c.after {
					return c.fault
				}
				return aprimotest.Fault{}
			}
			p := probing(tenant.Transport())
			_, err := p.measure(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got error %v, want %q", name, err, c.want)
			}
			if p.volleys > c.volleys {
				t.Errorf("%s: %d were sent at once, want %d at most", name, p.volleys, c.volleys)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "bearer-secret")) {
				t.Errorf("%s: got %v, want no secret", name, err)
			}
		})
	}
}

// A tenant that rejects some of the dozen is not sent the rest.
func TestSmallTenantIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := probing((&aprimotest.Tenant{Rate: 5, Queue: 3}).Transport())
		all, err := p.measure(t.Context())
		if err != nil || p.volleys != smallVolley {
			t.Fatalf("got %v and %d at once, want %d", err, p.volleys, smallVolley)
		}
		f := conclude(all, p.operations)
		if f.rate.judge(5) == wrong || f.queue.judge(3) != right || len(f.rejected) < 4 {
			t.Errorf("got %+v and %d rejected, want 5 a second, 3 waiting and 4 rejected at least", f.limit, len(f.rejected))
		}
	})
}

// Ctrl-C ends the probe at once, also while requests wait, and says what was sent.
func TestInterrupt(t *testing.T) {
	for _, after := range []time.Duration{10 * time.Second, 48 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), after)
			defer stop()
			start := time.Now()
			err := run(ctx, flags{profile: filepath.Join(t.TempDir(), "profile.json")}, new(bytes.Buffer))
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "single requests") || time.Since(start) != after {
				t.Errorf("got %v after %v, want what was sent, after %v", err, time.Since(start), after)
			}
		})
	}
}

// Requests that need connections begin when each of them has one; other requests follow.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(3)
		start := time.Now()
		for i := range 3 {
			go func() {
				time.Sleep(time.Duration(i) * time.Second)
				g.wait(t.Context())
				if took := time.Since(start); took != 2*time.Second {
					t.Errorf("request %d begins after %v, want 2s", i, took)
				}
			}()
		}
		if err := g.opened(t.Context()); err != nil || time.Since(start) != 2100*time.Millisecond {
			t.Errorf("got %v after %v, want the others to follow after 2.1s", err, time.Since(start))
		}
		if err := newGate(3).opened(t.Context()); err != nil || time.Since(start) != 2200*time.Millisecond {
			t.Errorf("without connections: got %v after %v, want 0.1 s", err, time.Since(start)-2100*time.Millisecond)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		newGate(3).wait(ctx)
		g = newGate(2)
		g.missing.Add(-1)
		if err := g.opened(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that it was cancelled", err)
		}
	})
}
