package otelaprimo

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

const scope = "github.com/aprimo-go/aprimo/transport/otelaprimo"

// Instrument measures a Transport from now on, with the instruments of a
// MeterProvider; nil means the global one, which may be set later. Call it once for
// each Transport, when the program begins.
//
// The attributes are added to all metrics. A program that has several Transports
// needs one that distinguishes them:
//
//	otelaprimo.Instrument(acme, nil, attribute.String("aprimo.tenant", "acme"))
//
// Unregister stops the gauges and up-down counters; counters and histograms continue as long
// as the Transport exists. The error is the MeterProvider's; then nothing is measured.
func Instrument(t *transport.Transport, mp metric.MeterProvider, attributes ...attribute.KeyValue) (metric.Registration, error) {
	all, r, err := instrumentsOf(mp, measure.Metrics(), attributes, func(report reporter) { measure.Read(t, report) })
	if err != nil {
		return nil, err
	}
	measure.Observe(t, func(ctx context.Context, name string, value float64, attributes ...string) {
		i := all[name]
		i.record(ctx, value, i.with(attributes))
	})
	return r, nil
}

// InstrumentAlerts measures whether the alerts of a *notify.Alerter arrive. Arguments and
// results are as in Instrument.
func InstrumentAlerts(a measure.Alerts, mp metric.MeterProvider, attributes ...attribute.KeyValue) (metric.Registration, error) {
	_, r, err := instrumentsOf(mp, measure.AlertMetrics(), attributes, func(report reporter) { measure.ReadAlerts(a, report) })
	return r, err
}

// instruments are those of a Transport or an Alerter, by their names.
type instruments map[string]*instrument

// A reporter receives each value that measure reads.
type reporter = func(name string, value float64, attributes ...string)

// instrumentsOf makes instruments, and has those that are to be asked read.
func instrumentsOf(mp metric.MeterProvider, metrics []measure.Metric, constant []attribute.KeyValue, read func(reporter)) (instruments, metric.Registration, error) {
	if mp == nil {
		mp = otel.GetMeterProvider()
	}
	meter := mp.Meter(scope, metric.WithInstrumentationVersion(transport.Version()))
	all := make(instruments)
	var asked []metric.Observable
	for _, m := range metrics {
		i, err := newInstrument(meter, m, constant)
		if err != nil {
			return nil, nil, err
		}
		all[m.Name] = i
		if i.observable != nil {
			asked = append(asked, i.observable)
		}
	}
	r, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		read(func(name string, value float64, attributes ...string) {
			i := all[name]
			i.observe(o, value, i.with(attributes))
		})
		return nil
	}, asked...)
	return all, r, err
}

// An instrument is given values by record, or asked for them, by observe.
type instrument struct {
	names      []string // of the attributes
	constant   []attribute.KeyValue
	record     func(context.Context, float64, metric.MeasurementOption)
	observe    func(metric.Observer, float64, metric.MeasurementOption)
	observable metric.Observable // nil if observe reports it
}

func newInstrument(meter metric.Meter, m measure.Metric, constant []attribute.KeyValue) (*instrument, error) {
	i := &instrument{names: m.Attributes, constant: constant}
	unit, help := metric.WithUnit(m.Unit), metric.WithDescription(m.Help)
	switch m.Kind {
	case measure.Counter:
		c, err := meter.Int64Counter(m.Name, unit, help)
		i.record = func(ctx context.Context, v float64, o metric.MeasurementOption) { c.Add(ctx, int64(v), o) }
		if err == nil && len(m.Attributes) == 0 {
			i.record(context.Background(), 0, i.with(nil)) // so that there is a 0 before the first
		}
		return i, err
	case measure.Histogram:
		h, err := meter.Float64Histogram(m.Name, unit, help, metric.WithExplicitBucketBoundaries(m.Bounds...))
		i.record = func(ctx context.Context, v float64, o metric.MeasurementOption) { h.Record(ctx, v, o) }
		return i, err
	case measure.Total:
		c, err := meter.Int64ObservableCounter(m.Name, unit, help)
		i.observable = c
		i.observe = func(o metric.Observer, v float64, with metric.MeasurementOption) { o.ObserveInt64(c, int64(v), with) }
		return i, err
	case measure.Sum:
		s, err := meter.Int64ObservableUpDownCounter(m.Name, unit, help)
		i.observable = s
		i.observe = func(o metric.Observer, v float64, with metric.MeasurementOption) { o.ObserveInt64(s, int64(v), with) }
		return i, err
	}
	g, err := meter.Float64ObservableGauge(m.Name, unit, help)
	i.observable = g
	i.observe = func(o metric.Observer, v float64, with metric.MeasurementOption) { o.ObserveFloat64(g, v, with) }
	return i, err
}

// with returns the attributes of a value. The convention makes the status a number.
func (i *instrument) with(values []string) metric.MeasurementOption {
	all := make([]attribute.KeyValue, 0, len(i.constant)+len(values))
	all = append(all, i.constant...)
	for n, value := range values {
		name := i.names[n]
		switch status, err := strconv.Atoi(value); {
		case value == "": // does not apply
		case name == measure.Status && err == nil:
			all = append(all, attribute.Int(name, status))
		default:
			all = append(all, attribute.String(name, value))
		}
	}
	return metric.WithAttributes(all...)
}
