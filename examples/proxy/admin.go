package main

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/prom"
)

// admin serves /healthz and /metrics.
func (p *proxy) admin() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prom.NewCollector(p.transport), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", p.health)
	return mux
}

// health says whether to send requests here. The proxy stays healthy without Redis: it
// then keeps to its share of the limit. It does not ask Redis, which may be slow to answer:
// a probe that waits for it would end all proxies together. So whether the limit is shared
// is known only of the last seconds' requests.
func (p *proxy) health(w http.ResponseWriter, _ *http.Request) {
	s := p.transport.Stats()
	state, status := "ok", http.StatusOK
	if p.draining.Load() {
		state, status = "shutting down", http.StatusServiceUnavailable
	}
	health := map[string]any{
		"status": state, "queued": s.Queued, "in_flight": s.InFlight, "rate": s.Rate, "rate_limited": s.RateLimited,
	}
	switch {
	case s.Sharing == transport.SharingNone: // no Redis
	case s.Rate == 0:
		health["sharing"] = "unknown"
	default:
		health["sharing"], health["processes"] = s.Sharing, s.Processes
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(health)
}
