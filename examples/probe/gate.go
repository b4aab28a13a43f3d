package main

import (
	"context"
	"sync/atomic"
	"time"
)

// A gate holds requests back until each of them has a connection: it takes longer to make a
// hundred connections than to send a hundred requests. A transport without connections, such
// as that of a simulated tenant, does not use it.
type gate struct {
	missing atomic.Int64
	expects int64
	open    chan struct{}
}

func newGate(n int) *gate {
	g := &gate{expects: int64(n), open: make(chan struct{})}
	g.missing.Store(g.expects)
	return g
}

// wait is called by each request once it has a connection, and returns when all have.
func (g *gate) wait(ctx context.Context) {
	if g.missing.Add(-1) == 0 {
		close(g.open)
	}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// opened returns when the requests have been sent for a while: a tenth of a second.
func (g *gate) opened(ctx context.Context) error {
	const while = 100 * time.Millisecond
	if err := sleep(ctx, while); err != nil || g.missing.Load() == g.expects {
		return err
	}
	select {
	case <-g.open:
		return sleep(ctx, while)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
