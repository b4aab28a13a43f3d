// Package prom shows how a transport.Transport stands to Prometheus:
//
//	prometheus.MustRegister(prom.NewCollector(tr))
//
// The figures are those of Transport.Stats, read when they are asked for. It does
// not count by user or operation, of which there may be any number: those are in
// the events.
package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aprimo-go/aprimo/transport"
)

// NewCollector returns a Collector of a Transport's figures. Their names begin with
// "aprimo_". To register several Transports, tell them apart:
//
//	prometheus.WrapRegistererWith(prometheus.Labels{"tenant": "acme"}, registry).MustRegister(prom.NewCollector(acme))
//
// It is safe for concurrent use.
func NewCollector(t *transport.Transport) prometheus.Collector { return collector{t} }

type collector struct{ transport *transport.Transport }

// A figure is one of the Stats.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(transport.Stats) float64
}

func counter(name, help string, value func(transport.Stats) float64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, value}
}

func gauge(name, help string, value func(transport.Stats) float64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value}
}

var figures = []figure{
	counter("aprimo_requests_total", "Requests sent, repetitions included.",
		func(s transport.Stats) float64 { return float64(s.Sent) }),
	counter("aprimo_rate_limited_total", "Requests answered with 429.",
		func(s transport.Stats) float64 { return float64(s.RateLimited) }),
	gauge("aprimo_queue_length", "Calls that wait here for their turn.",
		func(s transport.Stats) float64 { return float64(s.Queued) }),
	gauge("aprimo_queue_wait_seconds", "How long a call would wait that came now, as far as is known.",
		func(s transport.Stats) float64 { return s.Wait.Seconds() }),
	gauge("aprimo_requests_in_flight", "Requests that have no response yet.",
		func(s transport.Stats) float64 { return float64(s.InFlight) }),
	gauge("aprimo_server_delay_seconds", "How long Aprimo lets a request wait before it begins.",
		func(s transport.Stats) float64 { return s.Delay.Seconds() }),
	gauge("aprimo_pause_seconds", "How long a 429 still holds all calls back.",
		func(s transport.Stats) float64 { return pause(s).Seconds() }),
	gauge("aprimo_budget_processes", "Processes that share the limit; 0 if it is not shared.",
		func(s transport.Stats) float64 { return float64(s.Processes) }),
	gauge("aprimo_budget_shared", "1 while the limit is kept together with the others, 0 if not.",
		func(s transport.Stats) float64 { return truth(s.Sharing == transport.SharingAll) }),
}

func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc
	}
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.transport.Stats()
	for _, f := range figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(s))
	}
}

func pause(s transport.Stats) time.Duration {
	if s.PausedUntil.IsZero() {
		return 0
	}
	return max(0, time.Until(s.PausedUntil))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
