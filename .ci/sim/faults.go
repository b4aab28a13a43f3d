package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A kind of step. Most need nothing here: the crossing that they meet asks whether they
// last.
type kind struct {
	part   bool // may meet only some of the crossings
	all    bool // may be about all processes
	moment bool // takes no time
	begin  func(*world, *fault)
	end    func(*world, *fault)
}

// kinds are all steps. To add a fault, name it here, and look for it, with hit or
// fault, where it happens.
var kinds = map[string]kind{
	// Work.
	"burst":   {begin: (*world).burst},
	"trickle": {begin: (*world).trickle},
	"export":  {begin: (*world).export},
	"upload":  {begin: (*world).upload},

	// Between a process and Aprimo.
	"http cut":        {part: true, all: true}, // not sent
	"http no answer":  {part: true, all: true}, // sent, and the answer is lost
	"http silence":    {part: true, all: true}, // for as long as the fault lasts
	"http lag":        {part: true, all: true}, // up to 3 s, so that answers change their order
	"http half":       {part: true, all: true}, // of the body
	"tenant 429":      {part: true, all: true},
	"tenant 429 soon": {part: true, all: true}, // with a Retry-After
	"tenant 500":      {part: true, all: true},
	"tenant 503":      {part: true, all: true}, // half of them done all the same
	"tenant slow":     {all: true},
	"token refused":   {part: true, all: true},
	"token rejected":  {part: true, all: true}, // by the API, with 401

	// Between a process and Redis.
	"redis cut":       {part: true, all: true},
	"redis no answer": {part: true, all: true}, // run, and the answer is lost
	"redis silence":   {part: true, all: true},
	"redis lag":       {part: true, all: true}, // up to 0.6 s
	"redis torn":      {part: true, all: true}, // half an answer, and a reset
	"redis readonly":  {all: true},
	"redis flush":     {moment: true, begin: func(w *world, _ *fault) { w.redis.FlushAll() }},
	"redis replica":   {begin: func(w *world, f *fault) { w.redis.keep() }, end: func(w *world, f *fault) { w.redis.restore() }},
	"redis scripts":   {moment: true, begin: func(w *world, _ *fault) { w.redis.forgetScripts() }},
	"redis clock":     {begin: func(w *world, f *fault) { w.redis.setClock(f.N) }, end: func(w *world, _ *fault) { w.redis.setClock(0) }},

	// Of a process.
	"stop":  {}, // at its crossings, as by SIGSTOP
	"kill":  {begin: (*world).kill, end: (*world).restart},
	"panic": {part: true}, // in its callbacks

	// Of its disk, of mail and of a webhook.
	"disk full":     {part: true},
	"disk old":      {begin: (*world).keepDisk, end: (*world).oldDisk}, // an old state comes back
	"mail refused":  {part: true},
	"mail grey":     {},
	"mail slow":     {},
	"mail no reply": {part: true}, // accepted, and the reply is lost
	"hook refused":  {part: true},
	"hook slow":     {},
}

var workKinds = []string{"burst", "burst", "burst", "burst", "trickle", "trickle", "trickle", "trickle", "trickle", "export", "upload"}

var faultKinds = slices.DeleteFunc(slices.Sorted(maps.Keys(kinds)), func(k string) bool { return slices.Contains(workKinds, k) })

func (w *world) service(r *http.Request) (d time.Duration) {
	actor := actorOf(r.Context()).name
	w.draw(actor+" service", func(r *rand.Rand) {
		d = 5*time.Millisecond + time.Duration(r.ExpFloat64()*float64(60*time.Millisecond))
	})
	if w.fault("tenant slow", "") != nil {
		d += time.Second
	}
	return min(d, 5*time.Second)
}

// tenantFault is what goes wrong in the tenant with a request that it has admitted.
func (w *world) tenantFault(r *http.Request) (f aprimotest.Fault) {
	a := actorOf(r.Context())
	actor := a.name + " tenant"
	switch {
	case w.hit("tenant 500", a.process, actor):
		f.Status = http.StatusInternalServerError
	case w.hit("tenant 503", a.process, actor):
		f.Status = http.StatusServiceUnavailable
		w.draw(actor, func(r *rand.Rand) { f.Done = r.IntN(2) == 0 })
	case w.hit("http half", a.process, actor):
		f.Cut = 40
	}
	return f
}

// kill ends a process without a word; restart starts it again.
func (w *world) kill(f *fault) {
	if p := w.process(f.Process); !p.dead.Load() {
		w.happened(event{Kind: "kill", Process: p.name})
		p.kill()
	}
	f.For = max(f.For, 1500*time.Millisecond)
}

func (w *world) restart(f *fault) {
	w.mu.Lock()
	i := slices.IndexFunc(w.processes, func(p *process) bool { return p.name == f.Process && p.dead.Load() })
	goes := i >= 0 && len(w.active["kill"]) == 0
	w.mu.Unlock()
	if !goes {
		return
	}
	p := w.newProcess(i) // without the lock: it reads its Store
	w.mu.Lock()
	defer w.mu.Unlock()
	w.processes[i] = p
}

// process returns the one of that name that was started last.
func (w *world) process(name string) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.processes {
		if p.name == name {
			return p
		}
	}
	panic(fmt.Sprintf("no process %q", name))
}
