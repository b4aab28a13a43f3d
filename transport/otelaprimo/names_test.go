package otelaprimo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/otlptranslator"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
	"github.com/aprimo-go/aprimo/transport/measure"
	"github.com/aprimo-go/aprimo/transport/otelaprimo"
	"github.com/aprimo-go/aprimo/transport/prom"
)

// Who goes from one to the other, or has programs of both, finds the same metrics:
// package prom calls each what OpenTelemetry's exporter for Prometheus would, and
// says the same of it.
func TestPrometheusHasTheSameMetrics(t *testing.T) {
	synctest.Test(t, sameMetrics) // so that no time passes between the two
}

func sameMetrics(t *testing.T) {
	tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(alone{}),
		transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"86400"}}, Body: http.NoBody}, nil
		})))
	reader, registry := sdk.NewManualReader(), prometheus.NewPedanticRegistry()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	if _, err := otelaprimo.Instrument(tr, provider); err != nil {
		t.Fatal(err)
	}
	alerts := notify.New(notify.NotifierFunc(func(context.Context, notify.Alert) error { return nil }), notify.Rule{Count: 1, Gather: -1})
	defer alerts.Close()
	if _, err := otelaprimo.InstrumentAlerts(alerts, provider); err != nil {
		t.Fatal(err)
	}
	registry.MustRegister(prom.NewCollector(tr), prom.NewAlertCollector(alerts))
	alerts.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Status: 429})
	synctest.Wait()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for method, ctx := range map[string]context.Context{"POST": t.Context(), "GET": t.Context(), "DELETE": gone} {
		req, _ := http.NewRequestWithContext(ctx, method, recordsURL, nil)
		if resp, err := tr.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
	}
	ours, theirs := ofPrometheus(t, registry), ofOpenTelemetry(t, collect(t, reader))
	if d := cmp.Diff(theirs, ours); d != "" {
		t.Error(d)
	}
	names := make(map[string]bool)
	for key := range ours {
		name, _, _ := strings.Cut(key, " ")
		names[name] = true
	}
	// Of the others nothing is known here.
	if all := len(measure.Metrics()) + len(measure.AlertMetrics()) - 1; len(names) != all {
		t.Errorf("%d metrics of %d: %v, want all", len(names), all, names)
	}
}

// The tables in the package comments have each of them.
func TestAllMetricsAreDocumented(t *testing.T) {
	for _, file := range []string{"doc.go", "../prom/prom.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(measure.Metrics(), measure.AlertMetrics()...) {
			name := strings.Replace(m.Name, "aprimo.client.rate_limit.", "…", 1)
			if file != "doc.go" {
				name = strings.Replace(strings.ReplaceAll(name, ".", "_"), "…", "…_", 1)
			}
			if !strings.Contains(string(text), "//\t"+name) {
				t.Errorf("%s says nothing of %s", file, name)
			}
		}
	}
}

// ofPrometheus returns each series' value, by its name, kind, labels, buckets and help.
func ofPrometheus(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetValue() != "" {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			var bounds []float64
			for _, b := range m.GetHistogram().GetBucket() {
				bounds = append(bounds, b.GetUpperBound())
			}
			key := fmt.Sprintln(f.GetName(), f.GetType(), labels, bounds, f.GetHelp())
			all[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// ofOpenTelemetry returns the same of what OpenTelemetry's exporter would make.
func ofOpenTelemetry(t *testing.T, metrics []metricdata.Metrics) map[string]float64 {
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	all := make(map[string]float64)
	for _, m := range metrics {
		add := func(kind string, as otlptranslator.MetricType, set attribute.Set, bounds []float64, value float64) {
			name, err := namer.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: as})
			if err != nil {
				t.Fatal(err)
			}
			var labels []string
			for _, a := range set.ToSlice() {
				label, err := new(otlptranslator.LabelNamer).Build(string(a.Key))
				if err != nil {
					t.Fatal(err)
				}
				labels = append(labels, label+"="+a.Value.String())
			}
			all[fmt.Sprintln(name, kind, labels, bounds, m.Description)] = value
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				if data.IsMonotonic {
					add("COUNTER", otlptranslator.MetricTypeMonotonicCounter, p.Attributes, nil, float64(p.Value))
				} else {
					add("GAUGE", otlptranslator.MetricTypeNonMonotonicCounter, p.Attributes, nil, float64(p.Value))
				}
			}
		case metricdata.Gauge[float64]:
			for _, p := range data.DataPoints {
				add("GAUGE", otlptranslator.MetricTypeGauge, p.Attributes, nil, p.Value)
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				add("HISTOGRAM", otlptranslator.MetricTypeHistogram, p.Attributes, p.Bounds, float64(p.Count))
			}
		}
	}
	return all
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// alone is a limit that is shared with others who cannot be reached, so that there
// is a window too.
type alone struct{}

func (alone) Wait(context.Context) error              { return nil }
func (alone) Slot(context.Context) (time.Time, error) { return time.Now(), nil }
func (alone) MaxSlotAge() time.Duration               { return time.Hour }
func (alone) Pause(time.Duration)                     {}
func (alone) Report(shared.Report)                    {}
func (alone) Share() shared.Share {
	return shared.Share{Sharing: transport.SharingAlone, Processes: 4, Limit: 15, Err: errors.New("away")}
}
