package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// An event is one thing that happened, as the simulation sees it.
type event struct {
	At      time.Duration // since the start
	Kind    string
	Process string // empty: the world
	Call    string // empty: none
	Text    string

	Status int
	Err    error
	Event  *transport.Event
}

// A world is one run of a plan: all processes, and everything between and around them.
type world struct {
	t      *testing.T
	plan   plan
	start  time.Time
	ctx    context.Context // ends with the run
	tenant *aprimotest.Tenant
	redis  redisServer
	mail   *mailServer
	disks  map[string]*disk // one for each machine
	log    func(string)     // nil: nobody reads it
	tasks  sync.WaitGroup

	swaps swaps

	mu         sync.Mutex
	dice       map[string]*rand.Rand
	active     map[string][]*fault // that last now, by kind
	processes  []*process
	invariants []invariant
	instantAt  time.Duration
	instant    []string // the lines of that instant
	events     int
	hash       uint64
	broken     []string // what did not hold
}

// draw calls f with the random numbers of an actor. Each actor has its own, so what it
// draws does not depend on the others, nor on who runs first within an instant.
func (w *world) draw(actor string, f func(*rand.Rand)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.dice[actor]
	if d == nil {
		h := fnv.New64a()
		h.Write([]byte(actor))
		d = rand.New(rand.NewPCG(w.plan.Seed, h.Sum64()))
		w.dice[actor] = d
	}
	f(d)
}

// cross is the one way from a process to anything outside of it and back. It takes the actor
// up to a millisecond, and ends at an instant that no other actor has. While
// the process is stopped it waits. It returns false if the process is dead by then, or
// the context has ended.
func (w *world) cross(ctx context.Context, p *process, actor string) bool {
	var d time.Duration
	w.draw(actor, func(r *rand.Rand) { d = 50*time.Microsecond + time.Duration(r.Int64N(int64(900*time.Microsecond))) })
	for {
		if !wait(ctx, d) {
			return false
		}
		if p == nil {
			return true
		}
		if p.dead.Load() {
			return false
		}
		f := w.fault("stop", p.name)
		if f == nil {
			return true
		}
		d = time.Until(f.ended) + d
	}
}

// wait returns after d, or false when the context ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// fault returns one of a kind that lasts now for a process, or nil. Without a
// process it returns one for anybody.
func (w *world) fault(kind, process string) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.active[kind] {
		if process == "" || f.Process == "" || f.Process == process {
			return f
		}
	}
	return nil
}

// hit reports whether a fault of that kind lasts and meets this crossing of the actor.
func (w *world) hit(kind, process, actor string) bool {
	f := w.fault(kind, process)
	if f == nil {
		return false
	}
	var hit bool
	w.draw(actor, func(r *rand.Rand) { hit = r.Float64() < f.Part })
	return hit
}

// happened logs an event and looks at everything that must hold.
func (w *world) happened(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.At = time.Since(w.start)
	w.events++
	w.note(e)
	for _, i := range w.invariants {
		if err := i.see(w, e); err != nil {
			w.broke(err)
		}
	}
}

// broke is called with the lock.
func (w *world) broke(err error) {
	if len(w.broken) < 20 {
		w.broken = append(w.broken, fmt.Sprintf("%v: %v", time.Since(w.start), err))
	}
	w.note(event{At: time.Since(w.start), Kind: "BROKEN", Text: err.Error()})
}

// note adds an event to the log. Those of one instant have no order in a bubble, so they are
// put into that of the alphabet: the same seed has the same log. It is called with the lock.
func (w *world) note(e event) {
	if len(w.instant) > 0 && e.At != w.instantAt {
		slices.Sort(w.instant)
		for _, line := range w.instant {
			h := fnv.New64a()
			fmt.Fprintf(h, "%d %s", w.hash, line)
			w.hash = h.Sum64()
			if w.log != nil {
				w.log(line)
			}
		}
		w.instant = w.instant[:0]
	}
	w.instantAt = e.At
	w.instant = append(w.instant, e.String())
}

func (e event) String() string {
	s := fmt.Sprintf("%14.9f %-8s %-4s", e.At.Seconds(), e.Kind, e.Process)
	if e.Call != "" {
		s += " " + e.Call
	}
	if e.Text != "" {
		s += " " + e.Text
	}
	if e.Status != 0 {
		s += fmt.Sprintf(" %d", e.Status)
	}
	if e.Event != nil {
		s += fmt.Sprintf(" %v attempt %d, %d", e.Event.Kind, e.Event.Attempt, e.Event.Status)
	}
	if e.Err != nil {
		s += " error: " + e.Err.Error()
	}
	return s
}

// A result is what became of a run.
type result struct {
	events int
	hash   uint64
	broken []string
	length time.Duration
}

// run runs the plan in a bubble. Nothing of it may be left at the end, or the bubble ends
// the program.
func (w *world) run(ctx context.Context) (r result) {
	w.ctx = ctx
	w.start = time.Now()
	w.dice, w.active, w.disks = map[string]*rand.Rand{}, map[string][]*fault{}, map[string]*disk{}
	w.invariants = everything()
	w.startTenant()
	w.redis.start()
	for i := range w.plan.Processes {
		w.cross(ctx, nil, name(i)+" starts")
		w.processes = append(w.processes, w.newProcess(i))
	}
	w.tasks.Go(w.look)
	w.live()
	w.tasks.Wait()
	for _, p := range w.processes {
		p.close()
	}
	time.Sleep(3 * time.Second) // go-redis dials for so long
	w.mu.Lock()
	for _, i := range w.invariants {
		for _, err := range i.end(w) {
			w.broke(err)
		}
	}
	w.note(event{At: time.Since(w.start) + 1, Kind: "end"})
	w.mu.Unlock()
	w.redis.Close()
	return result{w.events, w.hash, w.broken, time.Since(w.start)}
}

// live lets the plan happen.
func (w *world) live() {
	for _, f := range w.plan.steps() {
		if !wait(w.ctx, time.Until(w.start.Add(f.At))) {
			return
		}
		w.begin(f)
	}
	wait(w.ctx, time.Until(w.start.Add(w.plan.Length)))
}

// begin begins a step of the plan: a fault ends after its time.
func (w *world) begin(f *fault) {
	f.ended = time.Now().Add(f.For)
	w.mu.Lock()
	w.active[f.Kind] = append(w.active[f.Kind], f)
	w.mu.Unlock()
	w.happened(event{Kind: "step", Process: f.Process, Text: fmt.Sprintf("%s for %v", f.Kind, f.For)})
	k := kinds[f.Kind]
	if k.begin != nil {
		k.begin(w, f)
	}
	w.tasks.Go(func() {
		wait(w.ctx, f.For)
		w.mu.Lock()
		for i, other := range w.active[f.Kind] {
			if other == f {
				w.active[f.Kind] = append(w.active[f.Kind][:i:i], w.active[f.Kind][i+1:]...)
				break
			}
		}
		w.mu.Unlock()
		w.happened(event{Kind: "over", Process: f.Process, Text: f.Kind})
		if k.end != nil {
			k.end(w, f)
		}
	})
}

// look looks now and then at what no event tells.
func (w *world) look() {
	for wait(w.ctx, 250*time.Millisecond+137*time.Nanosecond) && time.Since(w.start) < w.plan.Length {
		w.fetchMail()
		w.redis.tick()
		state := "idle"
		for _, p := range w.all() {
			s := p.rt.Stats()
			if p.dead.Load() || s.Queued == 0 {
				continue
			}
			if s.InFlight > 0 || !s.PausedUntil.IsZero() || w.fault("stop", p.name) != nil {
				state = "busy"
				break
			}
			state = "waits"
		}
		w.happened(event{Kind: "look", Text: state})
	}
}

// all returns the processes.
func (w *world) all() []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.processes)
}

// startTenant makes the tenant, with its strangers.
func (w *world) startTenant() {
	w.tenant = &aprimotest.Tenant{
		Release: aprimotest.Release(w.plan.Release), Seed: w.plan.Seed, Others: w.plan.Strangers, Records: records,
		RequireToken: true, RequireHeaders: true, TokenLifetime: w.plan.TokenLife, FileSize: 10_000,
		Service: w.service, Fault: w.tenantFault,
	}
	w.tenant.Start()
}

const records = 330

var errNoNetwork = errors.New("sim: network is unreachable")
