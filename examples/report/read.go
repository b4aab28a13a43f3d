package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// maxWorkers is few, since each counts for itself.
const maxWorkers = 4

// readFiles reads files, gzipped ones too.
func readFiles(ctx context.Context, want filter, names []string) report {
	sources, problems, hints := open(names)
	r := readAll(ctx, want, sources)
	r.Problems, r.Hints = append(problems, r.Problems...), hints
	return r
}

// readAll lets some workers count what is in the sources. When the context ends, it
// returns what was read until then, even if a source keeps its reader waiting.
func readAll(ctx context.Context, want filter, sources []source) report {
	n := min(runtime.GOMAXPROCS(0), maxWorkers)
	c := &cutter{blocks: make(chan block, 1), free: make(chan []byte, n+2)}
	for range cap(c.free) {
		c.free <- nil
	}
	bar := newBar(sources)
	go c.all(ctx, sources, bar)
	tallies := make([]*tally, n)
	var workers sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally(want)
		workers.Go(func() { c.work(ctx, tallies[i]) })
	}
	workers.Wait()
	_ = bar.Finish()
	for _, t := range tallies[1:] {
		tallies[0].add(t)
	}
	r := tallies[0].report()
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Problems, r.Stopped = slices.Clone(c.problems), !c.done
	return r
}

// work counts blocks, until there are no more, or no more are wanted.
func (c *cutter) work(ctx context.Context, t *tally) {
	for {
		select {
		case b, ok := <-c.blocks:
			if !ok {
				return
			}
			t.block(b)
			c.free <- b.text
		case <-ctx.Done():
			select {
			case b := <-c.blocks: // was read before
				t.block(b)
			default:
			}
			return
		}
	}
}
