// Proxy gives the budget of a tenant to programs in any language: they use its
// address as their base URL instead of Aprimo's, and send what they like. It keeps
// all of them together within the tenant's limit, lets users take turns, repeats what
// was answered 429, and shares the limit with other proxies over Redis.
//
//	go run ./examples/proxy                                   a simulated tenant, to try
//	go run ./examples/proxy -tenant acme -redis redis://redis:6379
//	curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/core/records
//
// Paths that begin with /api/core/ go to acme.dam.aprimo.com and all others, those of
// tokens and uploads too, to acme.aprimo.com. A user is who the bearer token names.
// Bodies are not kept, but for those of less than 1 MiB, which can be sent again
// after a 429: of a longer one the program gets the 429 itself. Links in answers
// point to Aprimo, past the proxy: a program must take their path alone.
//
// On another address, by default 127.0.0.1:9090, which is not for the programs, are
// /healthz for a load balancer and /metrics for Prometheus. An interrupt lets the
// requests finish that have come.
//
// It listens on the loopback device unless told otherwise, and does not encrypt: put
// it beside the programs, or behind something that does.
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
	flag.StringVar(&f.tenant, "tenant", "", "`name` of the tenant, such as acme for acme.dam.aprimo.com; none: a simulated one")
	flag.StringVar(&f.redis, "redis", "", "`URL` of the Redis over which proxies share the limit, such as redis://user:password@redis:6379; none: not shared")
	flag.IntVar(&f.processes, "processes", 1, "`number` of proxies, for as long as Redis has never been reached")
	flag.DurationVar(&f.drain, "drain", time.Minute, "how long to let requests finish at the end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f, nil); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

// run serves until the context ends. It tells ready, if that is not nil, where.
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
	log.Info().Msg("proxy: lets requests finish")
	p.draining.Store(true)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain)
	defer cancel()
	err = front.Shutdown(end)
	if err != nil {
		front.Close()
		err = fmt.Errorf("requests were still under way after %v", f.drain)
	}
	return errors.Join(err, back.Close(), servers.Wait())
}

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newProxy makes what the flags ask for.
func newProxy(f flags) (*proxy, error) {
	if flag.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; see -help", flag.Arg(0))
	}
	p := &proxy{hosts: hostsOf(f.tenant)}
	base := http.RoundTripper(&http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 100,
		DisableCompression: true, // bodies pass as they are
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
