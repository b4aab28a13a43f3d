package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// scriptName is the agent of the closed-loop strangers.
const scriptName = "scripts"

// scripts are closed-loop strangers: each worker sends its next request when the last has
// been answered and it has thought.
type scripts struct {
	workers int
	think   time.Duration // the mean; exponential
}

// runScripts starts the closed-loop strangers.
func (b *bench) runScripts(ctx context.Context) {
	for i := range b.scenario.scripts.workers {
		stream := uint64(1000 + 2*i)
		random := rand.New(rand.NewPCG(b.seed, stream))
		rt := retrying{wire{tenant: b.tenant.Transport(), jitter: newDice(b.seed, stream+1), lag: usualLag, inFlight: new(atomic.Int64)}}
		work := workload{names[0]: script}
		b.tasks.Go(func() {
			for ctx.Err() == nil {
				req := work.request(ctx, scriptName, random)
				req.Header.Set(operationHeader, scriptName)
				call(rt, req)
				sleep(ctx, time.Duration(random.ExpFloat64()*float64(b.scenario.scripts.think)))
			}
		})
	}
}

// String returns how many workers there are, for people.
func (s scripts) String() string {
	text := fmt.Sprintf("%d workers of a script", s.workers)
	if s.workers == 1 {
		text = "one worker of a script"
	}
	if s.think > 0 {
		text += fmt.Sprintf(" that thinks for %v", s.think)
	}
	return text
}
