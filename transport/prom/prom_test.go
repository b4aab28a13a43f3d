package prom_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
	"github.com/aprimo-go/aprimo/transport/prom"
)

const recordsURL = "https://acme.dam.aprimo.com/api/core/records"

func get(t *testing.T, tr http.RoundTripper, ctx context.Context) {
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
}

// A tenant that lets one request through in a second answers the second one 429,
// which is repeated; meanwhile a third one comes.
func TestCollectorShowsWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Reject: aprimotest.Rejection{RetryAfter: 2 * time.Second}}
		tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()),
			transport.WithRetry(retry.Policy{MaxRetryAfter: 2 * time.Second})) // so nothing is left to chance
		c := prom.NewCollector(tr)
		get(t, tr, t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { get(t, tr, t.Context()) })
		time.Sleep(time.Second)
		wg.Go(func() { get(t, tr, transport.ContextWithPriority(t.Context(), transport.Batch)) })
		synctest.Wait()
		compare(t, c, "testdata/waiting.txt")
		wg.Wait()
		time.Sleep(time.Minute)
		compare(t, c, "testdata/after.txt")
	})
}

func compare(t *testing.T, c prometheus.Collector, file string) {
	t.Helper()
	want, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := testutil.CollectAndCompare(c, want); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("got the problems %v and error %v, want none", problems, err)
	}
}

// Collecting takes nothing from those who call, and the other way round.
func TestCollectorIsSafeForConcurrentUse(t *testing.T) {
	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()), transport.WithLogger(zerolog.Nop()))
	c := prom.NewCollector(tr)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() { get(t, tr, t.Context()) })
		wg.Go(func() {
			if _, err := registry.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := `
		# HELP aprimo_client_rate_limit_requests_total Ended calls, by whether they got a slot.
		# TYPE aprimo_client_rate_limit_requests_total counter
		aprimo_client_rate_limit_requests_total{aprimo_result="acquired"} 15
	`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "aprimo_client_rate_limit_requests_total"); err != nil {
		t.Error(err)
	}
}

type sharedLimiter struct{ state shared.Share }

func (s *sharedLimiter) Wait(context.Context) error              { return nil }
func (s *sharedLimiter) Slot(context.Context) (time.Time, error) { return time.Now(), nil }
func (s *sharedLimiter) MaxSlotAge() time.Duration               { return time.Hour }
func (s *sharedLimiter) Pause(time.Duration)                     {}
func (s *sharedLimiter) Report(shared.Report)                    {}
func (s *sharedLimiter) Share() shared.Share                     { return s.state }

// What only a shared limit has, and only an own one.
func TestCollectorOfASharedLimit(t *testing.T) {
	for _, test := range []struct {
		share  transport.Sharing
		up     int
		window bool
	}{{transport.SharingAll, 1, false}, {transport.SharingAlone, 0, true}} {
		limiter := &sharedLimiter{shared.Share{Sharing: test.share, Processes: 4, Limit: 15}}
		tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()),
			transport.WithLimiter(limiter), transport.WithLogger(zerolog.Nop()))
		c := prom.NewCollector(tr)
		get(t, tr, t.Context())
		want := fmt.Sprintf(`
			# HELP aprimo_client_rate_limit_coordinator_up 1 if the processes that share the limit are reachable, else 0.
			# TYPE aprimo_client_rate_limit_coordinator_up gauge
			aprimo_client_rate_limit_coordinator_up %d
			# HELP aprimo_client_rate_limit_processes Processes that share the limit, this one included.
			# TYPE aprimo_client_rate_limit_processes gauge
			aprimo_client_rate_limit_processes 4
		`, test.up)
		if err := testutil.CollectAndCompare(c, strings.NewReader(want),
			"aprimo_client_rate_limit_coordinator_up", "aprimo_client_rate_limit_processes"); err != nil {
			t.Error(err)
		}
		if n := testutil.CollectAndCount(c, "aprimo_client_rate_limit_window"); n != 0 != test.window {
			t.Errorf("%s: got %d windows, want one: %v", test.share, n, test.window)
		}
	}
}

// Several Transports are distinguished by a label, and the same name twice is refused; a
// scrape has none of what somebody brings in.
func TestCollectorsOfSeveralTransports(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, tenant := range []string{"acme", "beta"} {
		tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()), transport.WithLogger(zerolog.Nop()))
		prometheus.WrapRegistererWith(prometheus.Labels{"tenant": tenant}, registry).MustRegister(prom.NewCollector(tr))
		get(t, tr, transport.ContextWithUser(t.Context(), "hunter2\n"+tenant))
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tr := transport.New()
	if err := prometheus.WrapRegistererWith(prometheus.Labels{"tenant": "beta"}, registry).Register(prom.NewCollector(tr)); err == nil {
		t.Error("got no error for a second collector with the same labels, want one")
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("got the problems %v and error %v, want none", problems, err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, tenant := range []string{"acme", "beta"} {
		if line := fmt.Sprintf("aprimo_client_rate_limit_requests_total{aprimo_result=\"acquired\",tenant=%q} 1\n", tenant); !strings.Contains(w.Body.String(), line) {
			t.Errorf("got no line %s", line)
		}
	}
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Error("got the name of a user, want none")
	}
}

// A mail server that is away is noticed by who looks at the metrics.
func ExampleNewAlertCollector() {
	away := notify.NotifierFunc(func(context.Context, notify.Alert) error { return errors.New("mail server down") })
	quiet := zerolog.Nop()
	alerts := notify.New(away, notify.Rule{Count: 1, Retries: []time.Duration{}, Logger: &quiet})
	registry := prometheus.NewRegistry()
	registry.MustRegister(prom.NewAlertCollector(alerts))

	alerts.Observe(context.Background(), transport.Event{Kind: transport.RateLimited, Status: 429})
	_ = alerts.Close()
	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		fmt.Println(f.GetName(), f.GetMetric()[0].GetCounter().GetValue()+f.GetMetric()[0].GetGauge().GetValue())
	}
	// Output:
	// aprimo_client_rate_limit_alert_failed_total 1
	// aprimo_client_rate_limit_alert_pending 0
	// aprimo_client_rate_limit_alert_sent_total 0
}

func ExampleNewCollector() {
	tr := transport.New()
	registry := prometheus.NewRegistry()
	prometheus.WrapRegistererWith(prometheus.Labels{"tenant": "acme"}, registry).MustRegister(prom.NewCollector(tr))
}

func ExampleWithExemplars() {
	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
	registry := prometheus.NewRegistry()
	registry.MustRegister(prom.NewCollector(tr, prom.WithExemplars(func(ctx context.Context) (traceID, spanID string) {
		return "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7" // yours: of the context's span
	})))
	resp, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		for _, b := range f.GetMetric()[0].GetHistogram().GetBucket() {
			if e := b.GetExemplar(); e != nil {
				fmt.Println(f.GetName(), len(e.GetLabel()), "labels")
			}
		}
	}
	// Output:
	// aprimo_client_rate_limit_request_time_in_queue_seconds 2 labels
	// http_client_request_duration_seconds 2 labels
}

// An ID that is no ID is left out: it would make the client of Prometheus panic.
func TestBadExemplars(t *testing.T) {
	for _, id := range []string{"", "\xff", strings.Repeat("x", 200)} {
		tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()), transport.WithLogger(zerolog.Nop()))
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(prom.NewCollector(tr, prom.WithExemplars(func(context.Context) (string, string) { return id, id })))
		get(t, tr, t.Context())
		if n, err := testutil.GatherAndCount(registry, "http_client_request_duration_seconds"); n != 1 || err != nil {
			t.Errorf("%q: got %d histograms, %v; want 1", id, n, err)
		}
	}
}
