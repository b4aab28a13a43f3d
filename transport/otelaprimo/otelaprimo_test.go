package otelaprimo_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/otelaprimo"
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

// instrumented returns a Transport to a tenant, and what reads its metrics.
func instrumented(t *testing.T, tenant *aprimotest.Tenant) (*transport.Transport, func() []metricdata.Metrics) {
	tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()),
		transport.WithRetry(retry.Policy{MaxRetryAfter: 2 * time.Second}))
	reader := sdk.NewManualReader()
	if _, err := otelaprimo.Instrument(tr, sdk.NewMeterProvider(sdk.WithReader(reader))); err != nil {
		t.Fatal(err)
	}
	return tr, func() []metricdata.Metrics { return collect(t, reader) }
}

func collect(t *testing.T, reader sdk.Reader) []metricdata.Metrics {
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.ScopeMetrics) != 1 || all.ScopeMetrics[0].Scope.Name != "github.com/aprimo-go/aprimo/transport/otelaprimo" {
		t.Fatalf("scopes: %+v, want one, of otelaprimo", all.ScopeMetrics)
	}
	return all.ScopeMetrics[0].Metrics
}

// The same run as in package prom: three calls, two of which are answered 429 once.
func TestInstrumentMeasuresWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, read := instrumented(t, &aprimotest.Tenant{Rate: 1, Queue: -1, Reject: aprimotest.Rejection{RetryAfter: 2 * time.Second}})
		get(t, tr, t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { get(t, tr, t.Context()) })
		time.Sleep(time.Second)
		wg.Go(func() { get(t, tr, transport.ContextWithPriority(t.Context(), transport.Batch)) })
		synctest.Wait()
		compare(t, read(), "testdata/waiting.txt")
		wg.Wait()
		time.Sleep(time.Minute)
		compare(t, read(), "testdata/after.txt")
	})
}

func compare(t *testing.T, got []metricdata.Metrics, file string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text(got), "\n")); d != "" {
		t.Errorf("%s: %s", file, d)
	}
}

// text writes metrics down: name, unit, kind and help in one line, and each value in
// one, sorted.
func text(all []metricdata.Metrics) string {
	var b strings.Builder
	for _, m := range all {
		var lines []string
		line := func(attributes attribute.Set, format string, values ...any) {
			var each []string
			for _, a := range attributes.ToSlice() {
				each = append(each, fmt.Sprintf("%s=%#v", a.Key, a.Value.AsInterface()))
			}
			lines = append(lines, fmt.Sprintf("  %v "+format+"\n", append([]any{each}, values...)...))
		}
		kind := ""
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			kind = map[bool]string{true: "counter", false: "up-down counter"}[data.IsMonotonic]
			for _, p := range data.DataPoints {
				line(p.Attributes, "%d", p.Value)
			}
		case metricdata.Gauge[float64]:
			kind = "gauge"
			for _, p := range data.DataPoints {
				line(p.Attributes, "%g", p.Value)
			}
		case metricdata.Histogram[float64]:
			kind = fmt.Sprint("histogram ", data.DataPoints[0].Bounds)
			for _, p := range data.DataPoints {
				line(p.Attributes, "%d, sum %g, %v", p.Count, p.Sum, p.BucketCounts)
			}
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "%s, %s, %s: %s\n%s", m.Name, m.Unit, kind, m.Description, strings.Join(lines, ""))
	}
	return b.String()
}

// Programs with several Transports tell them apart, and a read one can be taken out.
func TestInstrumentOfSeveralTransports(t *testing.T) {
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	var readings []metric.Registration
	for _, tenant := range []string{"acme", "beta"} {
		tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
		r, err := otelaprimo.Instrument(tr, provider, attribute.String("aprimo.tenant", tenant))
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
		get(t, tr, t.Context())
	}
	tenants := func() (gauges, counters map[string]bool) {
		gauges, counters = make(map[string]bool), make(map[string]bool)
		for _, m := range collect(t, reader) {
			switch data := m.Data.(type) {
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					tenant, _ := p.Attributes.Value("aprimo.tenant")
					gauges[tenant.AsString()] = true
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					if tenant, _ := p.Attributes.Value("aprimo.tenant"); data.IsMonotonic {
						counters[tenant.AsString()] = true
					}
				}
			}
		}
		return gauges, counters
	}
	if g, c := tenants(); len(g) != 2 || len(c) != 2 || !g["acme"] || !c["beta"] {
		t.Errorf("gauges %v, counters %v, want acme and beta in both", g, c)
	}
	if err := readings[0].Unregister(); err != nil {
		t.Fatal(err)
	}
	if g, c := tenants(); len(g) != 1 || len(c) != 2 || !g["beta"] {
		t.Errorf("after Unregister: gauges %v, counters %v, want only beta among the gauges, both among the counters", g, c)
	}
}

// Without a MeterProvider it is the global one.
func TestInstrumentTakesTheGlobalProvider(t *testing.T) {
	reader := sdk.NewManualReader()
	otel.SetMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))
	t.Cleanup(func() { otel.SetMeterProvider(noop.NewMeterProvider()) })
	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
	if _, err := otelaprimo.Instrument(tr, nil); err != nil {
		t.Fatal(err)
	}
	get(t, tr, t.Context())
	if n := len(collect(t, reader)); n < 8 {
		t.Errorf("%d metrics, want 8 at least", n)
	}
}

// Reading takes nothing from those who call, and the other way round.
func TestInstrumentIsSafeForConcurrentUse(t *testing.T) {
	tr, read := instrumented(t, new(aprimotest.Tenant))
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() { get(t, tr, t.Context()) })
		wg.Go(func() { read() })
	}
	wg.Wait()
	for _, m := range read() {
		if data, ok := m.Data.(metricdata.Histogram[float64]); ok && (len(data.DataPoints) != 1 || data.DataPoints[0].Count != 15) {
			t.Errorf("%s: %+v, want one point that counts 15", m.Name, data.DataPoints)
		}
	}
}
