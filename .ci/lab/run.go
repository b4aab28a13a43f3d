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
	"github.com/aprimo-go/aprimo/transport"
)

const rivalCount = 2

// A sample is the state at one time. Its counts are totals since the start.
type sample struct {
	at       time.Duration
	ours     []aprimotest.Agent // by process
	lost     int                // calls of ours that failed
	rivals   aprimotest.Agent   // together
	others   aprimotest.Agent   // the open-loop strangers
	scripts  aprimotest.Agent   // the closed-loop ones
	queued   int                // at the server
	waits    float64            // seconds in the server's queue, the mean of this second
	stats    transport.Stats    // of our first process
	inFlight int                // of ours
	window   int                // limit of that; 0: none
}

// A bench is one run in a bubble of synctest.
type bench struct {
	scenario scenario
	seed     uint64
	tenant   *aprimotest.Tenant
	tasks    sync.WaitGroup
	counts   counts // of ours

	mu       sync.Mutex
	ours     []http.RoundTripper
	promises []promise
}

// counts are of some processes together.
type counts struct {
	inFlight atomic.Int64
	lost     atomic.Int64 // calls that failed
}

// A record is what a run leaves.
type record struct {
	samples  []sample // one for each second
	promises []promise
}

// simulate runs a scenario with a client. It must be called in a bubble. Without a client
// the strangers are alone.
func simulate(s scenario, c client, seed uint64, length time.Duration) record {
	b := &bench{scenario: s, seed: seed}
	b.tenant = b.newTenant()
	b.tenant.Start()
	ctx, cancel := context.WithCancel(context.Background())
	if c.team != nil {
		member := c.team(ctx, b)
		for i, start := range s.processes() {
			b.tasks.Go(func() { b.start(ctx, member, i, start) })
		}
	}
	if s.rivals != "" {
		rival := clientNamed(s.rivals).team(ctx, b)
		for i := range rivalCount {
			b.process(ctx, rival, rivalName(i), new(counts), usualLag)
		}
	}
	b.runScripts(ctx)
	var samples []sample
	for at := time.Second / 2; at < length; at += time.Second {
		samples = append(samples, b.second(at))
	}
	cancel()
	b.tasks.Wait()
	return record{samples, b.promises}
}

// start starts one of our processes.
func (b *bench) start(ctx context.Context, member maker, i int, after time.Duration) {
	if b.scenario.batch {
		ctx = transport.ContextWithPriority(ctx, transport.Batch)
	}
	time.Sleep(after)
	if b.scenario.again > 0 {
		first, end := context.WithTimeout(ctx, b.scenario.again)
		defer end()
		tr := b.process(first, member, ourName(i), &b.counts, b.scenario.lag(i))
		<-first.Done()
		if tr, ok := tr.(*transport.Transport); ok {
			tr.Shutdown(ctx)
		}
	}
	rt := b.process(ctx, member, ourName(i), &b.counts, b.scenario.lag(i))
	b.mu.Lock()
	b.ours = append(b.ours, rt)
	b.mu.Unlock()
	if i == 0 {
		b.watchPromises(ctx, rt)
	}
}

func ourName(i int) string   { return fmt.Sprintf("ours/%d", i+1) }
func rivalName(i int) string { return fmt.Sprintf("rival/%d", i+1) }

func (b *bench) newTenant() *aprimotest.Tenant {
	service := b.scenario.calls.service(newDice(b.seed, 1))
	if slower := b.scenario.slower; slower.by > 0 {
		quick, start := service, time.Now()
		service = func(r *http.Request) time.Duration {
			d := quick(r)
			if time.Since(start) >= slower.from {
				d += slower.by
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

// process starts a process with unlimited work.
func (b *bench) process(ctx context.Context, member maker, name string, n *counts, lag time.Duration) http.RoundTripper {
	stream := uint64(len(name)) << 32
	for _, r := range name {
		stream = stream*31 + uint64(r)
	}
	rt := member(wire{tenant: b.tenant.Transport(), jitter: newDice(b.seed, stream), lag: lag, inFlight: &n.inFlight})
	for i := range b.scenario.callers() {
		random := rand.New(rand.NewPCG(b.seed, stream+1+uint64(i)))
		b.tasks.Go(func() {
			for ctx.Err() == nil {
				if !call(rt, b.scenario.calls.request(ctx, name, random)) {
					n.lost.Add(1)
				}
			}
		})
	}
	return rt
}

// call makes one call and reports whether it was served.
func call(rt http.RoundTripper, req *http.Request) bool {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		// Without a pause, virtual time would never advance.
		sleep(req.Context(), time.Second)
		return false
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode != http.StatusTooManyRequests
}

// second returns the sample for the middle of a second, when it is over.
func (b *bench) second(middle time.Duration) (s sample) {
	const parts = 10
	queued := 0
	for i := range parts {
		if i == parts/2 {
			s = b.sample(middle)
		}
		queued += b.tenant.Queued()
		time.Sleep(time.Second / parts)
	}
	s.waits = float64(queued) / parts / rate
	return s
}

func (b *bench) sample(at time.Duration) sample {
	agents := b.tenant.Report().Agents
	s := sample{at: at, others: agents[strangers], scripts: agents[scriptName], queued: b.tenant.Queued(), inFlight: int(b.counts.inFlight.Load()), lost: int(b.counts.lost.Load())}
	for i := range b.scenario.processes() {
		s.ours = append(s.ours, agents[ourName(i)])
	}
	for i := range rivalCount {
		s.rivals = sum(s.rivals, agents[rivalName(i)])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, rt := range b.ours {
		stats := statsOf(rt)
		s.window += stats.Window
		if i == 0 {
			s.stats = stats
		}
	}
	return s
}
