package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

// A proxy forwards requests to a tenant, all through one Transport.
type proxy struct {
	hosts      hosts
	needsToken bool // a request without a token is refused
	headers    headers
	links      *links // nil: links lead to Aprimo
	transport  *transport.Transport
	alerts     *notify.Alerter // nil: none
	reverse    *httputil.ReverseProxy
	kept       atomic.Int64 // bytes of bodies, see keep
	closers    []io.Closer
	draining   atomic.Bool
}

// newProxy returns the proxy that the flags describe.
func newProxy(f flags) (*proxy, error) {
	limit := cmp.Or(f.limit, defaultLimit)
	if limit < 1 {
		return nil, program.Misuse("-limit %d: choose at least 1 request per second", limit)
	}
	p := &proxy{hosts: hostsOf(f.tenant), needsToken: f.tenant != "", headers: headers{f.flow, f.class, f.user}}
	links, badLinks := newLinks(f.links, p.hosts)
	routes, badRoutes := f.routes()
	if err := errors.Join(p.headers.validate(), badLinks, badRoutes); err != nil {
		return nil, err
	}
	p.links = links
	rule := notify.Rule{Tenant: cmp.Or(f.tenant, "simulated"), TenantRate: float64(limit)}
	opts := []transport.Option{
		transport.WithBase(f.base(limit)), transport.WithLimiter(transport.NewLimiter(limit, time.Second)), transport.WithObserver(logFailures()),
	}
	if f.state != "" {
		rule.Store = notify.Dir(f.state)
	}
	if f.redis != "" {
		client, err := f.redisClient()
		if err != nil {
			return nil, err
		}
		limiter := redislimit.New(client, rule.Tenant, redislimit.WithLimit(limit, time.Second), redislimit.WithProcesses(f.processes))
		opts = append(opts, transport.WithLimiter(limiter))
		rule.Store = redislimit.NewStore(client, rule.Tenant)
		p.closers = append(p.closers, limiter, client)
	}
	if rule.Store != nil {
		opts = append(opts, transport.WithStore(rule.Store, rule.Tenant))
	}
	if len(routes) > 0 {
		p.alerts = notify.New(routes, rule)
		opts = append(opts, transport.WithObserver(p.alerts.Observe))
	}
	p.transport = transport.New(opts...)
	p.reverse = p.newReverse()
	return p, nil
}

// base returns what sends requests to the tenant.
func (f flags) base(limit int) http.RoundTripper {
	if f.tenant == "" {
		return (&aprimotest.Tenant{Rate: limit}).Transport()
	}
	return transport.Timeouts{Header: 5 * time.Minute}.Over(newBase()) // an order may take long to begin
}

func (f flags) redisClient() (*redis.Client, error) {
	if f.state != "" {
		return nil, program.Misuse("-state is for a proxy without -redis, which keeps it in Redis")
	}
	o, err := redis.ParseURL(f.redis)
	if err != nil {
		return nil, program.Misuse("-redis: write the URL of a Redis, such as redis://redis:6379") // err shows the password
	}
	return redis.NewClient(o), nil
}

// newBase returns what sends requests to Aprimo.
func newBase() *http.Transport {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
		TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
		IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 100,
		ForceAttemptHTTP2: true, HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		DisableCompression: true, // pass bodies on unchanged
	}
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
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", p.hosts.of(r.In.URL.Path), ""
			r.Out.URL.RawQuery = r.In.URL.RawQuery // ReverseProxy drops what it cannot parse
			r.Out.Trailer = r.In.Trailer           // filled in when the body has been read
			p.headers.remove(r.Out.Header)         // not for Aprimo
			if p.links != nil {
				r.Out.Header.Set("Accept-Encoding", "identity") // or there were no links to be found
			}
		},
		ModifyResponse: p.answered,
		Transport:      p.transport,
		FlushInterval:  -1, // immediately
		ErrorHandler:   failed,
		ErrorLog:       errorLog(),
	}
}

// answered changes a response of Aprimo. One that switches to a protocol, which no request
// asks for, is an error: ReverseProxy would not close its connection. So is a status that
// net/http cannot send.
func (p *proxy) answered(resp *http.Response) error {
	if resp.StatusCode < http.StatusOK {
		return fmt.Errorf("the response of Aprimo has the status %d", resp.StatusCode)
	}
	return p.links.rewrite(resp)
}

// An answer writes what ReverseProxy passes on, as it is: without a Content-Type that net/http
// would guess, and without a 100, which the transport has asked Aprimo for, or any other 1xx to a
// program that speaks HTTP/1.0 and would take it for the answer.
type answer struct {
	http.ResponseWriter
	old bool // HTTP/1.0
}

func (a answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a answer) WriteHeader(status int) {
	if status == http.StatusContinue || status < http.StatusOK && a.old {
		return
	}
	if _, set := a.Header()["Content-Type"]; !set && status >= http.StatusOK {
		a.Header()["Content-Type"] = nil
	}
	a.ResponseWriter.WriteHeader(status)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	deadline := http.NewResponseController(w).SetReadDeadline
	left := idleTimeout // for what is left of the body, which net/http reads after this
	if r.ContentLength != 0 {
		defer func() { deadline(time.Now().Add(left)) }()
	}
	if p.draining.Load() {
		w.Header().Set("Connection", "close") // the program's next request goes to another proxy
	}
	if p.refuse(w, r) {
		return
	}
	r = r.WithContext(p.context(r)) // a copy, to be changed
	r.Header = r.Header.Clone()
	r.Header.Del("Upgrade") // to another protocol: there is none
	r.Body = &idleBody{ReadCloser: r.Body, deadline: deadline}
	release, err := p.keep(r)
	defer release()
	if err != nil {
		left = 0
		failed(w, r, err)
		return
	}
	p.reverse.ServeHTTP(answer{w, !r.ProtoAtLeast(1, 1)}, r)
}

func (p *proxy) close() {
	p.transport.CloseIdleConnections()
	for _, c := range p.closers {
		c.Close()
	}
}
