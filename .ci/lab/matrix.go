package main

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// A cell has the results of one scenario with one client: the means of several seeds.
type cell struct {
	scenario scenario
	client   client
	runs     []metrics
	metrics
	spread  metrics
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

// once makes one run, and the same run without us, each in its own bubble.
func (m matrix) once(t *testing.T, s scenario, c client, seed int) ([]sample, metrics) {
	var with, without record
	inVirtualTime(t, func() { without = simulate(s, client{}, uint64(seed), m.length) })
	began := time.Now()
	inVirtualTime(t, func() { with = simulate(s, c, uint64(seed), m.length) })
	figures := measure(s, with, without)
	figures.wall = time.Since(began)
	return with.samples, figures
}

func (c *cell) add(samples []sample, figures metrics) {
	if c.samples == nil {
		c.samples = samples
	}
	c.runs = append(c.runs, figures)
	c.metrics, c.spread = summarize(c.runs)
}
