// Package prom exports the metrics of a transport.Transport to Prometheus:
//
//	prometheus.MustRegister(prom.NewCollector(tr))
//
// The metrics are those of package otelaprimo, which describes them, with the names that
// OpenTelemetry's exporter for Prometheus gives them. "…" stands for
// aprimo_client_rate_limit:
//
//	http_client_request_duration_seconds  histogram  http_request_method, http_response_status_code, server_address, error_type
//	…_requests_total                      counter    aprimo_result
//	…_request_time_in_queue_seconds       histogram  aprimo_class, aprimo_result
//	…_429_total                           counter    aprimo_operation
//	…_retries_total                       counter
//	…_given_up_total                      counter
//	…_queued_requests                     gauge      aprimo_class
//	…_in_flight                           gauge
//	…_window                              gauge
//	…_rate_per_second                     gauge
//	…_limit_per_second                    gauge
//	…_server_delay_seconds                gauge
//	…_others_per_second                   gauge
//	…_pause_seconds                       gauge
//	…_coordinator_up                      gauge
//	…_processes                           gauge
//	…_alert_sent_total                    counter, of NewAlertCollector
//	…_alert_failed_total                  counter, of NewAlertCollector
//	…_alert_pending                       gauge, of NewAlertCollector
//
// The folder transport/prom of the module has a Grafana dashboard, grafana.json, and alert rules
// for Prometheus, rules.yml, each with a section in runbook.md. Queries for your own:
//
//	sum(rate(http_client_request_duration_seconds_count[1m]))    requests per second; compare with …_limit_per_second
//	histogram_quantile(0.95, sum by (aprimo_class, le) (rate(…_request_time_in_queue_seconds_bucket[5m])))
//	sum by (aprimo_operation) (increase(…_429_total[1h]))        429s by operation
//
// A series with labels begins with its first event, which increase and rate do not count.
// Series without labels begin at 0.
//
// # What it does not do
//
// It needs no package of OpenTelemetry and adds no scope labels. It serves no page; package
// promhttp does. No label is a user or a URL, because their number is unbounded: find them in
// the log and in the events.
package prom

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// NewCollector returns a Collector that counts what a Transport does from now on. Create one
// for each Transport when the program starts: it exists as long as the Transport and uses
// constant memory. To register several, give each a label:
//
//	prometheus.WrapRegistererWith(prometheus.Labels{"tenant": "acme"}, registry).MustRegister(prom.NewCollector(acme))
//
// It is safe for concurrent use.
func NewCollector(t *transport.Transport, opts ...Option) prometheus.Collector {
	c := newCollector(measure.Metrics(), func(report reporter) { measure.Read(t, report) })
	for _, opt := range opts {
		opt(c)
	}
	measure.Observe(t, c.observe)
	return c
}

// NewAlertCollector returns a Collector that counts whether the alerts of a *notify.Alerter
// arrive. It is safe for concurrent use.
func NewAlertCollector(a measure.Alerts) prometheus.Collector {
	return newCollector(measure.AlertMetrics(), func(report reporter) { measure.ReadAlerts(a, report) })
}

// An Option changes what NewCollector returns.
type Option func(*collector)

// WithExemplars adds the trace of a call to the histograms' buckets, as an exemplar with the
// labels trace_id and span_id. of returns them from a call's context, or nothing if the call is
// not traced. With OpenTelemetry:
//
//	prom.WithExemplars(func(ctx context.Context) (traceID, spanID string) {
//		if s := trace.SpanContextFromContext(ctx); s.IsSampled() {
//			traceID, spanID = s.TraceID().String(), s.SpanID().String()
//		}
//		return
//	})
//
// Exemplars appear in the OpenMetrics format only: set promhttp's EnableOpenMetrics.
func WithExemplars(of func(context.Context) (traceID, spanID string)) Option {
	return func(c *collector) { c.traceOf = of }
}

// A collector has the metrics by their names in package measure.
type collector struct {
	read       func(reporter)
	traceOf    func(context.Context) (traceID, spanID string) // nil: no exemplars
	counters   map[string]*prometheus.CounterVec
	histograms map[string]*prometheus.HistogramVec
	readings   map[string]reading // what is read, not counted
}

type reading struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// A reporter receives each value that measure reads.
type reporter = func(name string, value float64, labels ...string)

func newCollector(metrics []measure.Metric, read func(reporter)) *collector {
	c := &collector{
		read:       read,
		counters:   make(map[string]*prometheus.CounterVec),
		histograms: make(map[string]*prometheus.HistogramVec),
		readings:   make(map[string]reading),
	}
	for _, m := range metrics {
		c.add(m)
	}
	return c
}

func (c *collector) add(m measure.Metric) {
	labels := make([]string, len(m.Attributes))
	for i, name := range m.Attributes {
		labels[i] = translate(name)
	}
	name := nameOf(m)
	switch m.Kind {
	case measure.Counter:
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: m.Help}, labels)
		if len(labels) == 0 {
			v.WithLabelValues() // so that there is a 0 before the first
		}
		c.counters[m.Name] = v
	case measure.Histogram:
		c.histograms[m.Name] = prometheus.NewHistogramVec(
			prometheus.HistogramOpts{Name: name, Help: m.Help, Buckets: m.Bounds}, labels)
	default:
		kind := prometheus.GaugeValue
		if m.Kind == measure.Total {
			kind = prometheus.CounterValue
		}
		c.readings[m.Name] = reading{prometheus.NewDesc(name, m.Help, labels, nil), kind}
	}
}

// nameOf returns what OpenTelemetry's exporter would call a metric.
func nameOf(m measure.Metric) string {
	name := translate(m.Name)
	switch m.Unit {
	case "s":
		name += "_seconds"
	case "{request}/s":
		name += "_per_second"
	}
	if m.Kind == measure.Counter || m.Kind == measure.Total {
		name += "_total"
	}
	return name
}

func translate(name string) string { return strings.ReplaceAll(name, ".", "_") }

// observe takes down what has happened.
func (c *collector) observe(ctx context.Context, name string, value float64, labels ...string) {
	if v, ok := c.counters[name]; ok {
		v.WithLabelValues(labels...).Add(value)
		return
	}
	histogram := c.histograms[name].WithLabelValues(labels...)
	if c.traceOf != nil {
		traceID, spanID := c.traceOf(ctx)
		if fits(traceID) && fits(spanID) {
			histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(value, prometheus.Labels{"trace_id": traceID, "span_id": spanID})
			return
		}
	}
	histogram.Observe(value)
}

// fits reports whether an ID can be part of an exemplar, which has 128 characters in all.
func fits(id string) bool { return id != "" && len(id) <= 50 && utf8.ValidString(id) }

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, v := range c.counters {
		v.Describe(out)
	}
	for _, v := range c.histograms {
		v.Describe(out)
	}
	for _, r := range c.readings {
		out <- r.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, v := range c.counters {
		v.Collect(out)
	}
	for _, v := range c.histograms {
		v.Collect(out)
	}
	c.read(func(name string, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.readings[name].desc, c.readings[name].kind, value, labels...)
	})
}
