package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

const (
	tenantName   = "acme"
	clientSecret = "s3cret-of-the-client"
	hookSecret   = "s3cret-of-the-hook"
)

// A process is one of the company's, from its start to its end. It uses the public
// packages as a program does.
type process struct {
	w     *world
	name  string
	disk  *disk
	dead  atomic.Bool
	ctx   context.Context // of its work
	end   context.CancelFunc
	work  sync.WaitGroup
	calls atomic.Int64 // made so far

	redis   *redis.Client       // nil: alone
	limiter *redislimit.Limiter // nil: alone
	client  *client.Client
	tokens  *client.Tokens
	rt      *transport.Transport
	alerts  *notify.Alerter
	bodies  atomic.Int64 // open ones
	busy    atomic.Int64 // jobs that are running, by their bits
}

// newProcess starts a process, again if it was killed.
func (w *world) newProcess(i int) *process {
	p := &process{w: w, name: name(i), disk: w.diskOf(name(i))}
	p.ctx, p.end = context.WithCancel(w.ctx)
	logger := zerolog.New(logFile{w})
	rule := notify.Rule{Tenant: tenantName, Logger: &logger}
	opts := []transport.Option{
		transport.WithBase(wire{w: w, p: p}), transport.WithLogger(logger), transport.WithObserver(p.observe),
		transport.WithStore(diskStore{p}, tenantName),
	}
	if w.plan.Alone {
		rule.Store = diskStore{p}
	} else {
		p.redis = p.connectRedis()
		p.limiter = redislimit.New(p.redis, tenantName, redislimit.WithProcesses(w.plan.Processes))
		rule.Store = watched{redislimit.NewStore(p.redis, tenantName), p}
		opts = append(opts, transport.WithLimiter(p.limiter))
	}
	hook := notify.Webhook{URL: "https://hooks.example.com/" + hookSecret, Client: &http.Client{Transport: hook{w, p}}}
	p.alerts = notify.New(notify.Routes{{Name: "mail", To: p.email()}, {Name: "hook", To: hook}}, rule)
	opts = append(opts, transport.WithObserver(p.alerts.Observe), transport.WithObserver(p.careless))
	p.tokens = client.ClientCredentials(tenantName, "id", clientSecret,
		client.TokenHTTPClient(&http.Client{Transport: wire{w: w, p: p, tokens: true}, Timeout: 30 * time.Second}))
	p.rt = transport.New(opts...)
	c, err := client.New(tenantName, p.tokens, client.WithHTTPClient(&http.Client{Transport: p.rt}), client.WithUserAgent(p.name))
	if err != nil {
		w.t.Fatal(err)
	}
	p.client = c
	return p
}

// observe is the Observer of the Transport.
func (p *process) observe(ctx context.Context, e transport.Event) {
	a := actorOf(ctx)
	p.w.happened(event{Kind: "observe", Process: p.name, Call: a.call, Event: &e})
}

// careless is an observer that panics now and then.
func (p *process) careless(ctx context.Context, e transport.Event) {
	if e.Kind == transport.Done && actorOf(ctx).name != "" && p.w.hit("panic", p.name, actorOf(ctx).name+" panic") {
		panic(careless)
	}
}

// kill ends a process at once: it says nothing to anybody any more.
func (p *process) kill() {
	p.dead.Store(true)
	p.end()
	p.work.Wait()
	p.shutdown(0)
}

// close ends a process as it should.
func (p *process) close() {
	if p.dead.Load() {
		return
	}
	p.work.Wait()
	p.shutdown(time.Minute)
	p.w.fetchMail()
	p.w.happened(event{Kind: "closed", Process: p.name})
}

func (p *process) shutdown(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	err := p.rt.Shutdown(ctx)
	if alertErr := p.alerts.Shutdown(ctx); err == nil && !p.dead.Load() && p.w.plan.Length > 0 {
		err = alertErr
	}
	if p.limiter != nil {
		p.limiter.Close()
		p.redis.Close()
	}
	p.end()
	p.w.happened(event{Kind: "shutdown", Process: p.name, Err: err})
}

// logFile is where the processes log.
type logFile struct{ w *world }

func (l logFile) Write(line []byte) (int, error) {
	l.w.leaves("log", string(line))
	return len(line), nil
}

// leaves looks at what leaves a process: it must hold no secret.
func (w *world) leaves(where, text string) {
	for _, secret := range []string{clientSecret, hookSecret, mailSecret, "Bearer "} {
		if strings.Contains(text, secret) {
			w.mu.Lock()
			w.broke(fmt.Errorf("%s has a secret: %.200q", where, text))
			w.mu.Unlock()
		}
	}
}

// A watched Store tells what was loaded and swapped.
type watched struct {
	notify.Store
	p *process
}

func (s watched) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	began := time.Since(s.p.w.start)
	swapped, err := s.Store.CompareAndSwap(ctx, key, old, new, ttl)
	s.p.w.swaps.add(swap{began, time.Since(s.p.w.start), sum(old), sum(new), swapped, err})
	return swapped, err
}
