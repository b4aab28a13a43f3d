package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const (
	// callers is the number of goroutines of each process that call without a pause, so
	// that there is always more work than the tenant allows.
	callers = 150

	rivalCount = 2
)

// A sample is the state at one time. Its counts are totals since the start.
type sample struct {
	at       time.Duration
	ours     []aprimotest.Agent // by process
	rivals   aprimotest.Agent   // together
	others   aprimotest.Agent   // the open-loop strangers
	queued   int                // at the server
	inFlight int                // of ours
	window   int                // limit of that; 0: none
}

// A bench is one run in a bubble of synctest.
type bench struct {
	scenario scenario
	seed     uint64
	tenant   *aprimotest.Tenant
	tasks    sync.WaitGroup
	inFlight atomic.Int64

	mu   sync.Mutex
	ours []http.RoundTripper
}

// simulate runs a scenario with a client and returns a sample for the middle of each
// second. It must be called in a bubble.
func simulate(s scenario, c client, seed uint64, length time.Duration) []sample {
	b := &bench{scenario: s, seed: seed}
	b.tenant = b.newTenant()
	b.tenant.Start()
	ctx, cancel := context.WithCancel(context.Background())
	for i, start := range s.processes() {
		b.tasks.Go(func() {
			time.Sleep(start)
			rt := b.process(ctx, c, ourName(i), &b.inFlight)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.ours = append(b.ours, rt)
		})
	}
	if s.rivals != "" {
		for i := range rivalCount {
			b.process(ctx, clientNamed(s.rivals), rivalName(i), new(atomic.Int64))
		}
	}
	time.Sleep(time.Second / 2)
	var samples []sample
	for at := time.Second / 2; at < length; at += time.Second {
		samples = append(samples, b.sample(at))
		time.Sleep(time.Second)
	}
	cancel()
	b.tasks.Wait()
	return samples
}

func ourName(i int) string   { return fmt.Sprintf("ours/%d", i+1) }
func rivalName(i int) string { return fmt.Sprintf("rival/%d", i+1) }

func (b *bench) newTenant() *aprimotest.Tenant {
	service := b.scenario.calls.service(newDice(b.seed, 1))
	if from := b.scenario.slower; from > 0 {
		quick, start := service, time.Now()
		service = func(r *http.Request) time.Duration {
			d := quick(r)
			if time.Since(start) >= from {
				d += time.Second
			}
			return d
		}
	}
	t := &aprimotest.Tenant{Release: b.scenario.release, Service: service, Seed: b.seed}
	if b.scenario.others != nil {
		t.Others = b.scenario.others(rand.New(rand.NewPCG(b.seed, 2)))
	}
	return t
}

// process starts a process with unlimited work for a client.
func (b *bench) process(ctx context.Context, c client, name string, inFlight *atomic.Int64) http.RoundTripper {
	stream := uint64(len(name)) << 32
	for _, r := range name {
		stream = stream*31 + uint64(r)
	}
	rt := c.make(wire{tenant: b.tenant.Transport(), jitter: newDice(b.seed, stream), inFlight: inFlight})
	for i := range callers {
		random := rand.New(rand.NewPCG(b.seed, stream+1+uint64(i)))
		b.tasks.Go(func() {
			for ctx.Err() == nil {
				call(rt, b.scenario.calls.request(ctx, name, random))
			}
		})
	}
	return rt
}

// call makes one call and ignores its result.
func call(rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		// Without a pause, virtual time would never advance.
		sleep(req.Context(), time.Second)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

func (b *bench) sample(at time.Duration) sample {
	agents := b.tenant.Report().Agents
	s := sample{at: at, others: agents[strangers], queued: b.tenant.Queued(), inFlight: int(b.inFlight.Load())}
	for i := range b.scenario.processes() {
		s.ours = append(s.ours, agents[ourName(i)])
	}
	for i := range rivalCount {
		s.rivals = sum(s.rivals, agents[rivalName(i)])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rt := range b.ours {
		s.window += windowOf(rt)
	}
	return s
}
