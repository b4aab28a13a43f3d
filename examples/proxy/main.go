// Proxy is a reverse proxy that keeps programs in any language within a tenant's limit
// together: they use its address as their base URL instead of Aprimo's. Users take
// turns, 429s are retried, and several proxies share the limit over Redis.
//
//	go run ./examples/proxy                                   a simulated tenant, to try
//	go run ./examples/proxy -tenant acme -redis redis://redis:6379
//	curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/core/records
//
// Paths that begin with /api/core/ go to acme.dam.aprimo.com and all others, such as
// those of tokens and uploads, to acme.aprimo.com. The user is that of the bearer token.
// Bodies of up to 1 MiB are kept in memory to be sent again after a 429; for a longer
// one the program gets the 429. Links in responses point to Aprimo, past the proxy:
// programs must use only their path.
//
// A second address, by default 127.0.0.1:9090, serves /healthz for a load balancer and
// /metrics for Prometheus. On an interrupt the proxy completes the requests that it has.
//
// By default it listens on the loopback device. It does not encrypt: run it next to the
// programs, or behind a server that does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog/log"
	"golang.org/x/sync/errgroup"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

type flags struct {
	listen, admin string
	tenant        string
	redis         string
	processes     int
	drain         time.Duration
}

func main() {
	var f flags
	flag.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` for the programs")
	flag.StringVar(&f.admin, "admin", "127.0.0.1:9090", "`address` for /healthz and /metrics")
	flag.StringVar(&f.tenant, "tenant", "", "`name` of the tenant, such as acme for acme.dam.aprimo.com; empty: a simulated one")
	flag.StringVar(&f.redis, "redis", "", "`URL` of the Redis over which proxies share the limit, such as redis://user:password@redis:6379; empty: not shared")
	flag.IntVar(&f.processes, "processes", 1, "assumed `number` of proxies until Redis is first reached")
	flag.DurationVar(&f.drain, "drain", time.Minute, "`time` to complete requests before exit")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f, nil); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

// run serves until the context ends. It calls ready, if that is not nil, with its
// addresses.
func run(ctx context.Context, f flags, ready func(programs, admin net.Addr)) error {
	p, err := newProxy(f)
	if err != nil {
		return err
	}
	defer p.close()
	programs, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	defer programs.Close()
	admin, err := net.Listen("tcp", f.admin)
	if err != nil {
		return err
	}
	defer admin.Close()
	log.Info().Str("programs", programs.Addr().String()).Str("admin", admin.Addr().String()).Msg("proxy: listens")
	if ready != nil {
		ready(programs.Addr(), admin.Addr())
	}
	front := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	back := &http.Server{Handler: p.admin(), ReadHeaderTimeout: 10 * time.Second}
	var servers errgroup.Group
	servers.Go(func() error { return serve(front, programs) })
	servers.Go(func() error { return serve(back, admin) })
	<-ctx.Done()
	log.Info().Msg("proxy: shutting down, completing requests")
	p.draining.Store(true)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain)
	defer cancel()
	err = front.Shutdown(end)
	if err != nil {
		front.Close()
		err = fmt.Errorf("requests were still in flight after %v", f.drain)
	}
	return errors.Join(err, back.Close(), servers.Wait())
}

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newProxy returns the proxy that the flags describe.
func newProxy(f flags) (*proxy, error) {
	if flag.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; see -help", flag.Arg(0))
	}
	p := &proxy{hosts: hostsOf(f.tenant)}
	base := http.RoundTripper(&http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 100,
		DisableCompression: true, // pass bodies on unchanged
	})
	name := f.tenant
	if f.tenant == "" {
		name = "simulated"
		base = new(aprimotest.Tenant).Transport()
	}
	opts := []transport.Option{transport.WithBase(base)}
	if f.redis != "" {
		o, err := redis.ParseURL(f.redis)
		if err != nil {
			return nil, errors.New("-redis: not the URL of a Redis, such as redis://redis:6379") // err shows the password
		}
		client := redis.NewClient(o)
		limiter := redislimit.New(client, name, redislimit.WithProcesses(f.processes))
		opts = append(opts, transport.WithLimiter(limiter))
		p.closers = append(p.closers, limiter, client)
	}
	p.transport = transport.New(opts...)
	p.reverse = p.newReverse()
	return p, nil
}
