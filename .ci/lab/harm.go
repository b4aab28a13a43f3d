package main

import (
	"fmt"
	"slices"
)

// Measures of the picture of harm, in pixels.
const (
	harmTop    = 122 // of the first row
	harmRow    = 25
	harmLeft   = 20
	harmPlot   = 410 // where the diagram begins
	harmWidth  = 430
	harmColumn = 74  // of the figures at the right
	harmMost   = 7.0 // seconds: more than a full queue
)

// A mark is how one series looks.
type mark struct {
	label, colour string
	shape         string // SVG path around 0,0
}

var (
	markWithout = mark{"without us", black, "M-1.5-8h3v16h-3z"}
	harmMarks   = []mark{
		{"", blue, "M0-6a6 6 0 1 0 .1 0z"},
		{"", orange, "M-5-5h10v10h-10z"},
		{"", purple, "M0-6.5l6.5 11.5h-13z"},
	}
)

// harmPicture draws how long the others wait in each scenario, without us and with up to three
// clients.
func harmPicture(m matrix, cells []cell) string {
	show := harmClients(m)
	marks := []mark{markWithout}
	for i, n := range show {
		marks = append(marks, mark{m.clients[n].name, harmMarks[i].colour, harmMarks[i].shape})
	}
	bottom := harmTop + harmRow*len(m.scenarios)
	p := newPaper(harmPlot+harmWidth+harmColumn*len(marks)+30, bottom+52)
	p.title(harmLeft, "How long do other programs wait because of us?",
		"Their mean wait in the server's queue. The server takes 15 requests a second, and we always have more to do.")
	p.harmAxes(float64(bottom))
	for i, k := range marks {
		x := harmFigure(i)
		p.mark(k, x-8, harmTop-36)
		p.text(x, harmTop-16, `text-anchor="end" font-size="12"`, k.label)
	}
	for row, s := range m.scenarios {
		y := float64(harmTop + harmRow*row + harmRow/2)
		p.text(harmLeft, y+4, `font-size="12.5"`, s.about)
		all := cells[row*len(m.clients) : (row+1)*len(m.clients)]
		values := []float64{all[0].delay - all[0].harm}
		for _, n := range show {
			values = append(values, all[n].delay)
		}
		for i, v := range slices.Backward(values) { // ours above the others
			p.mark(marks[i], harmAt(v), y)
			p.text(harmFigure(i), y+4, `text-anchor="end" font-size="12.5"`, fmt.Sprintf("%.1f s", max(0, v)))
		}
	}
	return p.end()
}

// harmClients returns which clients are shown: ours, aws and failsafe if they are run, otherwise
// the first three.
func harmClients(m matrix) (show []int) {
	for i, c := range m.clients {
		if len(m.clients) <= len(harmMarks) || c.name == "ours" || c.name == "aws" || c.name == "failsafe" {
			show = append(show, i)
		}
	}
	if len(show) == 0 {
		return []int{0, 1, 2}
	}
	return show
}

func harmAt(seconds float64) float64 { return harmPlot + harmWidth*min(seconds, harmMost)/harmMost }

// harmFigure returns the right edge of a column of figures.
func harmFigure(i int) float64 { return float64(harmPlot + harmWidth + harmColumn*(i+1)) }

func (p *paper) harmAxes(bottom float64) {
	for v := range int(harmMost) + 1 {
		x := harmAt(float64(v))
		p.draw(`<path d="M%.0f,%d V%.0f" stroke="#ccc"/>`, x, harmTop, bottom)
		p.text(x, bottom+18, `text-anchor="middle" font-size="12"`, fmt.Sprint(v))
	}
	p.text(harmPlot+harmWidth/2, bottom+38, `text-anchor="middle" font-size="12" fill="#555"`, "seconds in the server's queue")
	full := harmAt(100.0 / rate)
	p.draw(`<path d="M%.0f,%d V%.0f" stroke="%s" stroke-width="1.5" stroke-dasharray="6 4"/>`, full, harmTop, bottom, black)
	p.text(full+4, harmTop-8, `text-anchor="end" font-size="12"`, "queue full: 429")
}

func (p *paper) mark(k mark, x, y float64) {
	p.draw(`<path transform="translate(%.1f,%.1f)" d="%s" fill="%s"/>`, x, y, k.shape, k.colour)
}
