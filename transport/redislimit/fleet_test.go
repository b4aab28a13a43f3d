package redislimit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// A fleet is many processes, as far as one can be: each has its own client,
// Limiter and Transport. All use one tenant and one Redis, without sockets, so that
// ten minutes pass in a bubble in no time.
type fleet struct {
	tenant *aprimotest.Tenant
	base   func(http.RoundTripper) http.RoundTripper // around the tenant's, if set
	redis  *miniredis.Miniredis
	line   line          // to it
	think  time.Duration // of the callers that are added, between two calls
	list   []*process
	calls  sync.WaitGroup
}

type process struct {
	name    string
	limiter *Limiter
	client  *redis.Client
	rt      *transport.Transport
	mu      sync.Mutex
	events  []transport.Event
	lost    atomic.Int64 // calls that failed
}

func newFleet(tenant *aprimotest.Tenant) *fleet {
	return &fleet{tenant: tenant, redis: miniredis.NewMiniRedis()}
}

// add starts a process whose callers send one request after the other until the
// context ends.
func (f *fleet) add(ctx context.Context, callers int, opts ...Option) *process {
	p := &process{name: fmt.Sprintf("process %d", len(f.list))}
	p.client = redis.NewClient(&redis.Options{
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return f.line.dial(f.redis) },
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	p.limiter = New(p.client, "acme", opts...)
	base := f.tenant.Transport()
	if f.base != nil {
		base = f.base(base)
	}
	p.rt = transport.New(transport.WithBase(base), transport.WithLimiter(p.limiter),
		transport.WithLogger(zerolog.Nop()), transport.WithObserver(p.observe))
	f.list = append(f.list, p)
	for range callers {
		f.calls.Go(func() {
			for ctx.Err() == nil {
				if err := p.get(ctx); err != nil && ctx.Err() == nil {
					if !errors.Is(err, context.DeadlineExceeded) { // its turn would come too late
						p.lost.Add(1)
					}
					time.Sleep(100 * time.Millisecond)
				}
				time.Sleep(f.think)
			}
		})
	}
	return p
}

// kinds returns what happened to a process, but for the end of calls.
func (p *process) kinds() (list []transport.Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		list = append(list, e.Kind)
	}
	return list
}

// peerEvents returns when other processes were lost and found.
func (p *process) peerEvents() []transport.Kind {
	return slices.DeleteFunc(p.kinds(), func(k transport.Kind) bool {
		return k != transport.PeersJoined && k != transport.PeersLost
	})
}

// lost returns how many calls failed, of all processes.
func (f *fleet) lost() (n int64) {
	for _, p := range f.list {
		n += p.lost.Load()
	}
	return n
}

// served returns how many requests of each process were served.
func (f *fleet) served() (list []float64) {
	r := f.tenant.Report()
	for _, p := range f.list {
		list = append(list, float64(r.Agents[p.name].Served))
	}
	return list
}

func (p *process) observe(_ context.Context, e transport.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Kind != transport.Done {
		p.events = append(p.events, e)
	}
}

func (p *process) get(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com/api/core/records?pageSize=1", nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", p.name)
	resp, err := p.rt.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// A line is the network before a Redis. The zero value is a perfect one.
type line struct {
	mu     sync.Mutex
	lag    time.Duration // of each command
	cut    bool          // refuses connections and resets those that there are
	silent bool          // swallows what is sent
	conns  []net.Conn
}

func (l *line) set(change func(*line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	if l.cut {
		for _, c := range l.conns {
			c.Close()
		}
		l.conns = nil
	}
}

func (l *line) dial(m *miniredis.Miniredis) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, syscall.ECONNREFUSED
	}
	conn, err := m.Dial()
	if err != nil {
		return nil, err
	}
	l.conns = append(l.conns, conn)
	return lineConn{conn, l}, nil
}

type lineConn struct {
	net.Conn
	line *line
}

func (c lineConn) Write(b []byte) (int, error) {
	c.line.mu.Lock()
	lag, silent := c.line.lag, c.line.silent
	c.line.mu.Unlock()
	time.Sleep(lag)
	if silent {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// close waits for the calls and closes everything.
func (f *fleet) close() {
	f.calls.Wait()
	for _, p := range f.list {
		p.limiter.Close()
		p.client.Close()
	}
	time.Sleep(2 * time.Second) // go-redis dials for so long
	f.redis.Close()
}

// jain is 1 if all have the same.
func jain(list []float64) float64 {
	var sum, squares float64
	for _, x := range list {
		sum, squares = sum+x, squares+x*x
	}
	return sum * sum / (float64(len(list)) * squares)
}
