package aprimotest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const recordsURL = "https://acme.dam.aprimo.com/api/core/records"

// An outcome is what became of one request, in time since the tenant's start.
type outcome struct {
	arrived, ended time.Duration
	status         int
}

// send sends one GET for each arrival, in virtual time, and returns what became
// of them, in the order of arrivals. It must be called in a bubble.
func send(tenant *aprimotest.Tenant, arrivals ...time.Duration) []outcome {
	tenant.Start()
	start := time.Now()
	out := make([]outcome, len(arrivals))
	var wg sync.WaitGroup
	for i, at := range arrivals {
		wg.Go(func() {
			time.Sleep(at)
			resp, err := tenant.Transport().RoundTrip(newRequest(context.Background(), "GET", recordsURL, ""))
			if err != nil {
				panic(err)
			}
			defer resp.Body.Close()
			out[i] = outcome{at, time.Since(start), resp.StatusCode}
		})
	}
	wg.Wait()
	return out
}

// simulate is send in a bubble of its own, whose clock is at the given part of
// a second.
func simulate(t *testing.T, tenant *aprimotest.Tenant, phase time.Duration, arrivals ...time.Duration) (out []outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		time.Sleep(phase)
		out = send(tenant, arrivals...)
	})
	return out
}

func newRequest(ctx context.Context, method, url, body string) *http.Request {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Select-Record", "title, tag") // are not shown otherwise
	req.Header.Set("Select-Classification", "namePath, hasChildren")
	req.Header.Set("Languages", "*")
	return req
}

// do sends a request in process and returns the answer with its body read.
func do(t *testing.T, tenant *aprimotest.Tenant, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := tenant.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// atOnce is no time of service: an answer comes as the request begins.
func atOnce(*http.Request) time.Duration { return 0 }

func times(n int, at time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = at
	}
	return all
}
