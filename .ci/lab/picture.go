package main

import (
	"fmt"
	"math"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// The colours are those of Okabe and Ito, which colour-blind people can tell apart, the orange
// darker, so that it has a contrast of 3:1 on white.
const (
	blue   = "#0072B2" // we
	orange = "#B87D00" // the others
	green  = "#009E73" // the bound
	purple = "#882255" // the server's queue
	black  = "#000000" // limits
)

// dark changes the colours for a reader with a dark background: an attribute gives way to a style.
const dark = `<style>@media (prefers-color-scheme: dark) { [fill="#222"] { fill: #ddd } [fill="#555"] { fill: #aaa } ` +
	`rect[fill="white"] { fill: #0d1117 } rect[fill="#eee"] { fill: #21262d } [stroke="#ccc"] { stroke: #30363d } ` +
	`[stroke="white"] { stroke: #0d1117 } [stroke="` + black + `"] { stroke: #fff } [fill="` + black + `"] { fill: #fff } [fill="` + purple + `"] { fill: #CC79A7 } }</style>`

// binSeconds is the time between two points of a curve.
const binSeconds = 5

// A curve is one line or area over time. There is a value for each bin.
type curve struct {
	label  string
	colour string
	values []float64
	style  style
}

type style int

const (
	asLine style = iota
	asArea       // down to the curve before it, or to zero
	asBars       // like asArea, with a bar for each bin
)

// A panel is a diagram of some curves.
type panel struct {
	title  string
	unit   string
	curves []curve
	limit  float64 // marked with a dashed line; 0: none
	label  string  // of the limit
	top    float64 // of the axis; 0: computed
	step   float64 // between two marks of the axis
}

// picture draws a column of diagrams for each cell.
func picture(cells []cell) string {
	p := newPaper(marginLeft+len(cells)*(columnWidth+columnGap)-columnGap+50, marginTop+panelCount*(panelHeight+panelGap)+bottomMargin)
	p.title(marginLeft, "Sharing a tenant of 15 requests a second: "+cells[0].scenario.about,
		"The server queues 100 requests above the limit and answers 429 beyond. We always have more to do. The first two minutes (grey) do not count.")
	columns := make([][]panel, len(cells))
	for i, c := range cells {
		columns[i] = panels(c)
	}
	sameAxes(columns)
	for i, c := range cells {
		p.head(i, c.client.name+" – "+c.client.about, summary(c))
		for row, panel := range columns[i] {
			p.panel(i, row, panel, len(c.samples))
		}
	}
	return p.end()
}

// summary returns the metrics of the run that is drawn, not the worst of several.
func summary(c cell) string {
	m := c.runs[0]
	text := fmt.Sprintf("%.0f %% of what is free used · 429s a minute: %.0f ours, %.0f theirs", min(100, 100*m.use), m.ours, m.theirs)
	if m.delay > 0 {
		text += fmt.Sprintf(" · the others wait %.1f s", m.delay)
	}
	return text
}

// sameAxes gives the diagrams of a row the same axis.
func sameAxes(columns [][]panel) {
	for row := range columns[0] {
		top := 0.0
		for _, panels := range columns {
			top = max(top, panels[row].highest())
		}
		for _, panels := range columns {
			if p := &panels[row]; p.top < top {
				p.top = roundUp(top)
				p.step = p.top / 2
			}
		}
	}
}

// highest returns the highest value; areas and bars are stacked.
func (p panel) highest() float64 {
	top := 0.0
	stack := make([]float64, len(p.curves[0].values))
	for _, c := range p.curves {
		for i, v := range c.values {
			if c.style != asLine {
				stack[i] += v
				v = stack[i]
			}
			top = max(top, v)
		}
	}
	return top
}

// roundUp returns the next round number whose half is round too.
func roundUp(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, n := range []float64{1, 2, 4, 6, 8} {
		if x <= n*unit {
			return max(2, n*unit)
		}
	}
	return 10 * unit
}

// panels returns the diagrams of one run.
func panels(c cell) []panel {
	s := c.samples
	served := func(a aprimotest.Agent) int { return a.Served }
	rejected := func(a aprimotest.Agent) int { return a.Rejected }
	ours := func(s sample) aprimotest.Agent { return sum(s.ours...) }
	theirs := func(s sample) aprimotest.Agent { return sum(s.others, s.rivals) }
	inFlight := []curve{{"our requests in flight", blue, level(s, func(s sample) int { return s.inFlight }), asArea}}
	if c.client.name == "ours" {
		inFlight = append(inFlight, curve{"our window, their bound", green, level(s, func(s sample) int { return s.window }), asLine})
	}
	return []panel{
		{title: "Requests served", unit: "per second", limit: rate, label: "the tenant's limit, 15/s", top: 20, step: 5, curves: []curve{
			{"the others", orange, perBin(s, theirs, served, binSeconds), asArea},
			{"we", blue, perBin(s, ours, served, binSeconds), asArea},
		}},
		{title: "In flight", unit: "requests", curves: inFlight},
		{title: "Server's queue: everybody waits for all that are in it", unit: "requests", limit: 100, label: "full: 429 beyond", top: 120, step: 50, curves: []curve{
			{"in the queue", purple, level(s, func(s sample) int { return s.queued }), asArea},
		}},
		{title: "Answered 429", unit: "in 5 s", top: 2, step: 1, curves: []curve{
			{"the others", orange, perBin(s, theirs, rejected, 1), asBars},
			{"we", blue, perBin(s, ours, rejected, 1), asBars},
		}},
	}
}

// perBin returns the number of events in each bin, divided by by.
func perBin(samples []sample, of func(sample) aprimotest.Agent, count func(aprimotest.Agent) int, by float64) []float64 {
	var values []float64
	for i := binSeconds; i < len(samples); i += binSeconds {
		n := count(of(samples[i])) - count(of(samples[i-binSeconds]))
		values = append(values, float64(n)/by)
	}
	return values
}

// level returns the mean of a value in each bin.
func level(samples []sample, of func(sample) int) []float64 {
	var values []float64
	for i := binSeconds; i < len(samples); i += binSeconds {
		n := 0
		for _, s := range samples[i-binSeconds : i] {
			n += of(s)
		}
		values = append(values, float64(n)/binSeconds)
	}
	return values
}
