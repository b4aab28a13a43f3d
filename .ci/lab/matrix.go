package main

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// A cell has the results of one scenario with one client, the worst of several seeds.
type cell struct {
	scenario scenario
	client   client
	metrics
	samples []sample // of the first seed
}

// A matrix lists the runs.
type matrix struct {
	scenarios []scenario
	clients   []client
	seeds     int
	length    time.Duration
}

func (m matrix) runs() int { return len(m.scenarios) * len(m.clients) * m.seeds }

// run returns the cells row by row. It makes as many runs at a time as there are
// processors, and calls done after each.
func (m matrix) run(t *testing.T, done func()) []cell {
	cells := make([]cell, 0, len(m.scenarios)*len(m.clients))
	for _, s := range m.scenarios {
		for _, c := range m.clients {
			cells = append(cells, cell{scenario: s, client: c})
		}
	}
	var mu sync.Mutex
	var tasks sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range cells {
		for seed := range m.seeds {
			free <- struct{}{}
			tasks.Go(func() {
				defer func() { <-free }()
				samples, figures := m.once(t, cells[i].scenario, cells[i].client, seed+1)
				mu.Lock()
				defer mu.Unlock()
				cells[i].add(samples, figures)
				done()
			})
		}
	}
	tasks.Wait()
	return cells
}

// once makes one run in its own bubble.
func (m matrix) once(t *testing.T, s scenario, c client, seed int) (samples []sample, figures metrics) {
	began := time.Now()
	inVirtualTime(t, func() { samples = simulate(s, c, uint64(seed), m.length) })
	figures = measure(s, samples)
	figures.wall = time.Since(began)
	return samples, figures
}

func (c *cell) add(samples []sample, figures metrics) {
	if c.samples == nil {
		c.samples, c.metrics = samples, figures
		return
	}
	c.metrics = c.metrics.worse(figures)
}
