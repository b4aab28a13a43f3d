package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

// pipes is a net.Listener without sockets, so that servers can run in a bubble.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80} }

// A replica is a proxy that can be restarted, as Kubernetes does it.
type replica struct {
	tenant  *aprimotest.Tenant
	connect func() *redis.Client
	pipes   atomic.Pointer[pipes] // of the proxy that runs
	client  *http.Client          // to it, as of a load balancer
	ready   atomic.Bool           // as the load balancer knows
	probes  time.Duration         // between two looks at it
	stop    func() error
}

func (r *replica) start(t *testing.T) {
	programs, admin := newPipes(), newPipes()
	client := r.connect()
	limiter := redislimit.New(client, "acme", redislimit.WithProcesses(3))
	p := &proxy{hosts: hostsOf("acme"), closers: []io.Closer{limiter, client}}
	p.transport = transport.New(transport.WithBase(r.tenant.Transport()), transport.WithLimiter(limiter), transport.WithLogger(zerolog.Nop()))
	p.reverse = p.newReverse()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- p.serve(ctx, programs, admin, flags{drainDelay: 2 * r.probes, drain: time.Minute})
		p.close()
	}()
	r.pipes.Store(programs)
	kubelet := &http.Client{Transport: &http.Transport{DialContext: admin.dial, DisableKeepAlives: true}}
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		for ; ctx.Err() == nil || r.ready.Load(); time.Sleep(r.probes) { // from a while ago, mostly
			resp, err := kubelet.Get("http://proxy/readyz")
			r.ready.Store(err == nil && resp.StatusCode == http.StatusOK)
			if err == nil {
				resp.Body.Close()
			}
		}
	}()
	r.stop = func() error { cancel(); <-probed; return <-done }
}

// A rollout is three replicas behind a load balancer, and programs that call all the time.
type rollout struct {
	tenant   *aprimotest.Tenant
	replicas [3]*replica
	probes   time.Duration
	next     atomic.Int64
	good     atomic.Int64
	running  sync.WaitGroup
}

func newRollout(t *testing.T, probes time.Duration, connect func() *redis.Client) *rollout {
	o := &rollout{tenant: &aprimotest.Tenant{}, probes: probes}
	for i := range o.replicas {
		r := &replica{tenant: o.tenant, connect: connect, probes: probes}
		r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return r.pipes.Load().dial(ctx, network, addr)
		}}}
		o.replicas[i] = r
		r.start(t)
	}
	return o
}

// restart restarts one replica after the other, each when the one before is ready.
func (o *rollout) restart(t *testing.T) {
	for _, r := range o.replicas {
		if err := r.stop(); err != nil {
			t.Errorf("a proxy ended with %v, want nil", err)
		}
		r.start(t)
		for !r.ready.Load() {
			time.Sleep(o.probes / 10)
		}
		time.Sleep(o.probes)
	}
}

// load makes calls until the context ends: of every other program with POST, which no client
// repeats by itself.
func (o *rollout) load(t *testing.T, ctx context.Context, programs int) {
	for i := range programs {
		o.running.Go(func() {
			for ctx.Err() == nil {
				n := int(o.next.Add(1))
				at := slices.IndexFunc(o.replicas[:], func(r *replica) bool { n++; return o.replicas[n%3].ready.Load() })
				if at < 0 {
					time.Sleep(time.Second)
					continue
				}
				method, path, body := http.MethodGet, "/api/core/records?pageSize=1", ""
				if i%2 == 0 {
					method, path, body = http.MethodPost, "/api/core/search/records?pageSize=1", `{"searchExpression":{"expression":"Status = 'released'"}}`
				}
				req, _ := http.NewRequest(method, "http://proxy"+path, io.MultiReader(strings.NewReader(body)))
				resp, err := o.replicas[n%3].client.Do(req)
				if err != nil {
					t.Errorf("%s: %v, want an answer", method, err)
					continue
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode >= 400 {
					t.Errorf("%s: got %s, %v; want a success", method, resp.Status, err)
				}
				resp.Body.Close()
				o.good.Add(1)
			}
		})
	}
}

// Three proxies over one Redis are restarted one after the other while 45 programs call
// without a pause: no call fails, and the tenant never has more than its limit.
func TestRollingRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		o := newRollout(t, time.Second, func() *redis.Client {
			return redis.NewClient(&redis.Options{
				Dialer:                   func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
				MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
			})
		})
		o.run(t, 45, rounds())
		time.Sleep(2 * time.Second) // go-redis dials for so long
		server.Close()
	})
}

func rounds() int {
	if testing.Short() {
		return 1
	}
	return 3
}

func (o *rollout) run(t *testing.T, programs, rounds int) {
	begin := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.Sleep(2 * o.probes) // until all are ready
	o.load(t, ctx, programs)
	for range rounds {
		o.restart(t)
	}
	cancel()
	o.running.Wait()
	took := time.Since(begin)
	var stopping sync.WaitGroup
	for _, r := range o.replicas {
		stopping.Go(func() {
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			r.client.CloseIdleConnections()
		})
	}
	stopping.Wait()
	all := o.tenant.Report().Total
	if all.Rejected > 0 || all.MaxPerSecond > 15 {
		t.Errorf("got %d 429s and at most %d requests in a second, want 0 and 15", all.Rejected, all.MaxPerSecond)
	}
	if rate := float64(all.Served) / took.Seconds(); rate < 8 {
		t.Errorf("%d requests in %v: %.1f a second, want at least 8", all.Served, took, rate)
	}
	t.Logf("%d restarts in %v: %d calls succeeded, %d requests served, %d 429s, at most %d in a second",
		3*rounds, took, o.good.Load(), all.Served, all.Rejected, all.MaxPerSecond)
}
