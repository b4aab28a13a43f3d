package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/transport"
)

// keptBody is the size in bytes up to which a body is kept, to send it again.
const keptBody = 1 << 20

// A proxy forwards requests to a tenant, all through one Transport.
type proxy struct {
	hosts     hosts
	transport *transport.Transport
	reverse   *httputil.ReverseProxy
	closers   []io.Closer
	draining  atomic.Bool
}

// hosts are the two of a tenant.
type hosts struct{ dam, core string }

func hostsOf(tenant string) hosts {
	if tenant == "" {
		tenant = "simulated"
	}
	return hosts{tenant + ".dam.aprimo.com", tenant + ".aprimo.com"}
}

func (h hosts) of(path string) string {
	if strings.HasPrefix(path, "/api/core/") {
		return h.dam
	}
	return h.core
}

func (p *proxy) newReverse() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: p.hosts.of(r.In.URL.Path)})
			r.Out.Host = ""
			r.Out.GetBody = r.In.GetBody
		},
		Transport:     p.transport,
		FlushInterval: -1, // immediately
		ErrorHandler:  failed,
	}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > 0 && r.ContentLength <= keptBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body is incomplete", http.StatusBadRequest)
			return
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	p.reverse.ServeHTTP(w, r)
}

// failed responds to a request that Aprimo has not answered.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	var queue *transport.QueueError
	switch {
	case r.Context().Err() != nil: // the program has disconnected
		return
	case errors.Is(err, context.DeadlineExceeded):
		http.Error(w, "Aprimo did not answer in time", http.StatusGatewayTimeout)
	case errors.As(err, &queue):
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(queue.Wait.Seconds())))))
		http.Error(w, "too many requests are queued for Aprimo: try again later", http.StatusServiceUnavailable)
	default:
		http.Error(w, "Aprimo cannot be reached", http.StatusBadGateway)
	}
	log.Warn().Err(err).Str("http.request.method", r.Method).Str("url.path", r.URL.Path).Msg("proxy: not forwarded")
}

func (p *proxy) close() {
	p.transport.CloseIdleConnections()
	for _, c := range p.closers {
		c.Close()
	}
}
