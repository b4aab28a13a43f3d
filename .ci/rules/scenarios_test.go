package rules_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/prom"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

// A scenario is a program and its tenant for a while.
type scenario struct {
	name     string
	lasts    time.Duration // 0: 25 minutes
	tenant   *aprimotest.Tenant
	opts     []transport.Option
	callers  int           // that make one call after the other
	think    time.Duration // between two calls of one
	deadline time.Duration // of each call; 0: none
	bursts   int           // calls at once
	at       []int         // the minutes of the bursts
	restarts []int         // the minutes in which the program restarts
	cut      [2]int        // from and until when, in seconds, Redis is away; both 0: there is no Redis, both 1: it is there
	mailDown bool          // alerts cannot be delivered
	want     string        // the alerts
}

// failing returns a fault for so many of 100 requests.
func failing(percent int, f aprimotest.Fault) func(*http.Request) aprimotest.Fault {
	n := 0
	return func(*http.Request) aprimotest.Fault {
		if n++; n*percent/100 > (n-1)*percent/100 {
			return f
		}
		return aprimotest.Fault{}
	}
}

func others(loads ...aprimotest.Load) *aprimotest.Tenant { return &aprimotest.Tenant{Others: loads} }

// crowded is a tenant that answers 429 to all that it cannot serve at once, and that others use.
func crowded(rate float64, until time.Duration) *aprimotest.Tenant {
	return &aprimotest.Tenant{Queue: -1, Others: []aprimotest.Load{{Rate: rate, From: 2 * time.Minute, Until: until}}}
}

var (
	never     = transport.WithRetry(retry.Policy{Throttled: -1, Failures: -1})
	fullQueue = transport.WithMaxQueue(50)
)

var scenarios = []scenario{
	{name: "nothing happens", tenant: others()},
	{name: "a call now and then", tenant: others(), callers: 1, think: time.Minute},
	{name: "a steady light load", tenant: others(), callers: 4, think: time.Second},
	{name: "the full limit", tenant: others(), callers: 40},
	{name: "the full limit beside others", tenant: others(aprimotest.Load{Rate: 8}), callers: 40},
	{name: "a burst of 130", tenant: others(), bursts: 130, at: []int{5}},
	{name: "a burst of 800", tenant: others(), bursts: 800, at: []int{5, 15}},
	{name: "a backlog of ten minutes", tenant: others(), bursts: 9000, at: []int{3}, want: "AprimoBacklog"},
	{name: "a program that ends calls early", tenant: others(), callers: 5, think: 10 * time.Second, deadline: time.Hour},
	{name: "many deadlines that do not fit", tenant: others(), bursts: 300, at: []int{5}, deadline: 10 * time.Second, want: "AprimoCallsRefused"},
	{name: "a few deadlines that do not fit", tenant: others(), bursts: 40, at: []int{5}, deadline: 2 * time.Second},
	{name: "a full queue", tenant: others(), opts: []transport.Option{fullQueue}, bursts: 200, at: []int{5}, want: "AprimoCallsRefused"},
	{name: "others take all without a queue", tenant: crowded(14, 0), callers: 20, want: "AprimoThrottled"},
	{name: "a few 429s", tenant: crowded(14, 2*time.Minute+2*time.Second), callers: 20},
	{name: "429s without retries", tenant: crowded(14, 0), opts: []transport.Option{never}, callers: 20, want: "AprimoThrottled AprimoCallsLost"},
	{name: "429s, and a restart in between", tenant: crowded(14, 0), callers: 20, restarts: []int{8, 12}, want: "AprimoThrottled"},
	{name: "restarts", tenant: others(), callers: 20, restarts: []int{3, 6, 9, 12, 15}},
	{name: "a long queue at Aprimo", tenant: others(aprimotest.Load{Rate: 14.8}, aprimotest.Load{Burst: 70, From: 2 * time.Minute}), callers: 1, think: time.Second, want: "AprimoSlow"},
	{name: "a third of the requests fail", tenant: &aprimotest.Tenant{Fault: failing(33, aprimotest.Fault{Status: 503})}, callers: 5, think: time.Second, want: "AprimoErrors"},
	{name: "one of a hundred requests fails", tenant: &aprimotest.Tenant{Fault: failing(1, aprimotest.Fault{Status: 503})}, callers: 5, think: time.Second},
	{name: "connections break", tenant: &aprimotest.Tenant{Fault: failing(30, aprimotest.Fault{Drop: true})}, callers: 5, think: time.Second, want: "AprimoErrors"},
	{name: "all is refused with 403", tenant: &aprimotest.Tenant{Fault: failing(100, aprimotest.Fault{Status: 403})}, callers: 5, think: time.Second},
	{name: "Retry-After of ten minutes", tenant: &aprimotest.Tenant{Queue: -1, Reject: aprimotest.Rejection{RetryAfter: 10 * time.Minute}, Others: []aprimotest.Load{{Rate: 14, From: 2 * time.Minute, Until: 2*time.Minute + 2*time.Second}}},
		opts: []transport.Option{transport.WithRetry(retry.Policy{MaxRetryAfter: time.Hour})}, callers: 5, want: "AprimoPaused"},
	{name: "Redis is there", tenant: others(), lasts: 7 * time.Minute, cut: [2]int{1, 1}, callers: 4, think: time.Second},
	{name: "Redis is away for ten seconds", tenant: others(), lasts: 7 * time.Minute, cut: [2]int{120, 130}, callers: 4, think: time.Second},
	{name: "Redis is away for four minutes", tenant: others(), lasts: 7 * time.Minute, cut: [2]int{120, 360}, callers: 4, think: time.Second, want: "AprimoLimitNotShared"},
	{name: "the mail server is away", tenant: crowded(14, 0), callers: 20, mailDown: true, want: "AprimoThrottled AprimoAlertsNotDelivered"},
}

// simulate returns what is scraped.
func (s scenario) simulate(t *testing.T) memory {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(cmp.Or(s.lasts, simulated), cancel) // a deadline would be one of the calls
	p := s.start(ctx, t)
	seen := memory{}
	begin := time.Now()
	for minute := 0; ctx.Err() == nil; {
		for now := int(time.Since(begin) / time.Minute); minute < now; {
			minute++
			for _, at := range s.restarts {
				if at == minute {
					p.end()
					p = s.start(ctx, t)
				}
			}
			for _, at := range s.at {
				if at == minute {
					p.burst(ctx, s)
				}
			}
		}
		time.Sleep(scrapeEvery)
		seen.scrape(t, p.registry)
	}
	p.end()
	return seen
}

// A program has one Transport, which is scraped.
type program struct {
	transport *transport.Transport
	registry  *prometheus.Registry
	cancel    context.CancelFunc
	calls     sync.WaitGroup
	closers   []func()
}

func (s scenario) start(ctx context.Context, t *testing.T) *program {
	ctx, cancel := context.WithCancel(ctx)
	p := &program{registry: prometheus.NewRegistry(), cancel: cancel}
	opts := append([]transport.Option{transport.WithBase(s.tenant.Transport()), transport.WithLogger(zerolog.Nop())}, s.opts...)
	if s.cut != [2]int{} {
		opts = append(opts, transport.WithLimiter(p.limiter(s)))
	}
	nop := zerolog.Nop()
	alerts := notify.New(notify.NotifierFunc(func(context.Context, notify.Alert) error {
		if s.mailDown {
			return errors.New("the mail server is away")
		}
		return nil
	}), notify.Rule{Logger: &nop})
	p.transport = transport.New(append(opts, transport.WithObserver(alerts.Observe))...)
	p.registry.MustRegister(prom.NewCollector(p.transport), prom.NewAlertCollector(alerts))
	p.closers = append([]func(){func() { alerts.Close() }}, p.closers...)
	for range s.callers {
		p.calls.Go(func() {
			for ctx.Err() == nil {
				p.call(ctx, s.deadline)
				time.Sleep(s.think)
			}
		})
	}
	return p
}

// quiet has go-redis say nothing.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(quiet{}) }

func (p *program) burst(ctx context.Context, s scenario) {
	for range s.bursts {
		p.calls.Go(func() { p.call(ctx, s.deadline) })
	}
}

func (p *program) call(ctx context.Context, deadline time.Duration) {
	if deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deadline)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com/api/core/records", nil)
	if err != nil {
		panic(err)
	}
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		time.Sleep(100 * time.Millisecond) // as anybody would
		return
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		time.Sleep(time.Second)
	}
}

// limiter returns one that shares the limit over a Redis that is away for a while.
func (p *program) limiter(s scenario) transport.Limiter {
	server := miniredis.NewMiniRedis()
	begin := time.Now()
	away := func() bool {
		now := int(time.Since(begin) / time.Second)
		return s.cut[0] <= now && now < s.cut[1]
	}
	client := redis.NewClient(&redis.Options{
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			if away() {
				return nil, syscall.ECONNREFUSED
			}
			conn, err := server.Dial()
			return line{conn, away}, err
		},
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	limiter := redislimit.New(client, "acme")
	p.closers = append(p.closers, func() {
		limiter.Close()
		client.Close()
		time.Sleep(2 * time.Second) // go-redis dials for so long
		server.Close()
	})
	return limiter
}

// A line to Redis breaks when that is away.
type line struct {
	net.Conn
	away func() bool
}

func (l line) Write(b []byte) (int, error) {
	if l.away() {
		l.Conn.Close()
		return 0, syscall.ECONNRESET
	}
	return l.Conn.Write(b)
}

func (p *program) end() {
	p.cancel()
	p.calls.Wait()
	for _, c := range p.closers {
		c()
	}
}
