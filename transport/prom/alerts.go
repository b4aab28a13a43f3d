package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aprimo-go/aprimo/transport/measure"
)

// NewAlertCollector returns a Collector of whether alerts arrive, those of a
// *notify.Alerter. It is safe for concurrent use.
func NewAlertCollector(a measure.Alerts) prometheus.Collector {
	c := &alertCollector{alerts: a, descs: make(map[string]*prometheus.Desc), types: make(map[string]prometheus.ValueType)}
	for _, m := range measure.AlertMetrics() {
		c.descs[m.Name] = prometheus.NewDesc(nameOf(m), m.Help, nil, nil)
		c.types[m.Name] = prometheus.GaugeValue
		if m.Kind == measure.Total {
			c.types[m.Name] = prometheus.CounterValue
		}
	}
	return c
}

type alertCollector struct {
	alerts measure.Alerts
	descs  map[string]*prometheus.Desc
	types  map[string]prometheus.ValueType
}

// Describe implements prometheus.Collector.
func (c *alertCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *alertCollector) Collect(out chan<- prometheus.Metric) {
	measure.ReadAlerts(c.alerts, func(name string, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.descs[name], c.types[name], value, labels...)
	})
}
