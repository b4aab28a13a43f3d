package otelaprimo_test

import (
	"errors"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/otelaprimo"
)

// failing makes no instruments of one kind, or takes no callback.
type failing struct {
	metric.MeterProvider
	kind string
}

var errFailing = errors.New("cannot")

func (f failing) fails(kind string) error {
	if f.kind == kind {
		return errFailing
	}
	return nil
}

func (f failing) Meter(name string, _ ...metric.MeterOption) metric.Meter {
	return failingMeter{noop.NewMeterProvider().Meter(name), f}
}

type failingMeter struct {
	metric.Meter
	failing failing
}

func (m failingMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, m.failing.fails("counter")
}

func (m failingMeter) Float64ObservableGauge(string, ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	return noop.Float64ObservableGauge{}, m.failing.fails("gauge")
}

func (m failingMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return noop.Registration{}, m.failing.fails("callback")
}

// What a MeterProvider cannot do is the caller's to know.
func TestInstrumentReturnsErrors(t *testing.T) {
	for _, kind := range []string{"counter", "gauge", "callback"} {
		tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
		if r, err := otelaprimo.Instrument(tr, failing{kind: kind}); !errors.Is(err, errFailing) || r != nil {
			t.Errorf("%s: got %v, %v; want the provider's error", kind, r, err)
		}
		get(t, tr, t.Context())
	}
}
