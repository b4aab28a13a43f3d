package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/prom"
	"github.com/aprimo-go/aprimo/transport/status"
)

// admin serves the status page, /metrics, /livez and /readyz.
func (p *proxy) admin() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prom.NewCollector(p.transport), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if p.alerts != nil {
		registry.MustRegister(prom.NewAlertCollector(p.alerts))
	}
	mux := http.NewServeMux()
	mux.Handle("/{$}", status.Handler(p.transport, p.alerts))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
}

// ready says whether to send requests here. The proxy stays ready without Redis: it then
// keeps to its share of the limit. It does not ask Redis, which may be slow to answer: a
// probe that waits for it would take all proxies away together. So whether the limit is
// shared is known only of the last seconds' requests.
func (p *proxy) ready(w http.ResponseWriter, _ *http.Request) {
	s := p.transport.Stats()
	state, status := "ok", http.StatusOK
	if p.draining.Load() {
		state, status = "shutting down", http.StatusServiceUnavailable
	}
	answer := map[string]any{
		"status": state, "queued": s.Queued, "in_flight": s.InFlight, "rate": s.Rate, "rate_limited": s.RateLimited,
	}
	switch {
	case s.Sharing == transport.SharingNone: // no Redis
	case s.Rate == 0:
		answer["sharing"] = "unknown"
	default:
		answer["sharing"], answer["processes"] = s.Sharing, s.Processes
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}
