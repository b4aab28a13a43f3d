package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// Measures in pixels.
const (
	marginLeft   = 70
	marginTop    = 120
	columnWidth  = 500
	columnGap    = 90
	panelHeight  = 130
	panelGap     = 72
	panelCount   = 4
	bottomMargin = 30
)

// A paper builds an SVG drawing.
type paper struct {
	strings.Builder
	columns int
}

func newPaper(columns int) *paper {
	p := &paper{columns: columns}
	width := marginLeft + columns*(columnWidth+columnGap) - columnGap + 50
	height := marginTop + panelCount*(panelHeight+panelGap) + bottomMargin
	p.draw(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222">`, width, height)
	p.draw("%s", dark)
	p.draw(`<rect width="100%%" height="100%%" fill="white"/>`)
	return p
}

func (p *paper) draw(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *paper) text(x, y float64, attributes, text string) {
	p.draw(`<text x="%.1f" y="%.1f" %s>%s</text>`, x, y, attributes, html.EscapeString(text))
}

func (p *paper) title(s scenario) {
	p.text(marginLeft, 34, `font-size="21" font-weight="bold"`, "Sharing a tenant of 15 requests a second: "+s.about)
	p.text(marginLeft, 57, `fill="#555"`, "The server queues 100 requests above the limit and answers 429 beyond. We always have more to do. The first two minutes (grey) do not count.")
}

// head writes the heading of a column.
func (p *paper) head(column int, name, summary string) {
	x := p.left(column)
	p.text(x, 86, `font-size="16" font-weight="bold"`, name)
	p.text(x, 106, `font-size="12.5"`, summary)
}

func (p *paper) left(column int) float64 {
	return float64(marginLeft + column*(columnWidth+columnGap))
}

func (p *paper) end() string {
	p.draw(`</svg>`)
	return p.String()
}

// A frame is the place of a panel and its scales.
type frame struct {
	*paper
	x, y, top, seconds float64
}

func (f frame) atTime(seconds float64) float64 { return f.x + columnWidth*seconds/f.seconds }
func (f frame) atValue(v float64) float64      { return f.y + panelHeight*(1-v/f.top) }

// panel draws a diagram.
func (p *paper) panel(column, row int, d panel, seconds int) {
	f := frame{p, p.left(column), float64(marginTop + 36 + row*(panelHeight+panelGap)), d.top, float64(seconds)}
	p.text(f.x, f.y-12, `font-weight="bold"`, d.title)
	p.legend(f, d)
	f.axes(d)
	below := make([]float64, len(d.curves[0].values))
	for _, c := range d.curves {
		switch c.style {
		case asLine:
			f.line(c)
		case asArea:
			below = f.area(c, below)
		case asBars:
			below = f.bars(c, below)
		}
	}
	if d.limit > 0 {
		y := f.atValue(d.limit)
		p.draw(`<path d="M%.1f,%.1f h%d" stroke="%s" stroke-width="1.5" stroke-dasharray="6 4"/>`, f.x, y, columnWidth, black)
		p.text(f.x+columnWidth, y-4, `text-anchor="end" font-size="12" stroke="white" stroke-width="4" paint-order="stroke"`, d.label)
	}
}

// legend draws the colours and their meaning, above the diagram at the right. The width
// of text is estimated.
func (p *paper) legend(f frame, d panel) {
	const swatch, gap, letter = 13, 5, 6.7
	x := f.x + columnWidth
	for _, c := range slices.Backward(d.curves) {
		x -= letter * float64(len(c.label))
		p.text(x, f.y-12, `font-size="12"`, c.label)
		x -= swatch + gap
		height := 11.0
		if c.style == asLine {
			height = 3
		}
		p.draw(`<rect x="%.1f" y="%.1f" width="%d" height="%g" fill="%s"/>`, x, f.y-16.5-height/2, swatch, height, c.colour)
		x -= 2 * gap
	}
}

// axes draws the scales: minutes at the bottom, values at the left.
func (f frame) axes(d panel) {
	f.draw(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="#eee"/>`, f.x, f.y, f.atTime(warmup.Seconds())-f.x, panelHeight)
	for v := 0.0; v <= d.top; v += d.step {
		y := f.atValue(v)
		f.draw(`<path d="M%.1f,%.1f h%d" stroke="#ccc"/>`, f.x, y, columnWidth)
		f.text(f.x-6, y+4, `text-anchor="end" font-size="12"`, fmt.Sprintf("%g", v))
	}
	f.draw(`<text transform="translate(%.1f,%.1f) rotate(-90)" text-anchor="middle" font-size="12" fill="#555">%s</text>`,
		f.x-40, f.y+panelHeight/2, html.EscapeString(d.unit))
	minutes := int(f.seconds) / 60
	for m := 0; m <= minutes; m += max(1, minutes/10) {
		x := f.atTime(float64(60 * m))
		f.draw(`<path d="M%.1f,%.1f v5" stroke="#888"/>`, x, f.y+panelHeight)
		label := fmt.Sprint(m)
		if m == 0 {
			label = "0 min"
		}
		f.text(x, f.y+panelHeight+18, `text-anchor="middle" font-size="12"`, label)
	}
}

func (f frame) line(c curve) {
	var points strings.Builder
	for i, v := range c.values {
		fmt.Fprintf(&points, "%.1f,%.1f ", f.atTime((float64(i)+0.5)*binSeconds), f.atValue(v))
	}
	f.draw(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"/>`, points.String(), c.colour)
}

// area fills the space between the curve and the one below it, and returns their sum.
func (f frame) area(c curve, below []float64) []float64 {
	var points strings.Builder
	sums := make([]float64, len(below))
	for i, v := range c.values {
		sums[i] = below[i] + v
		for _, side := range []float64{0, 1} {
			fmt.Fprintf(&points, "%.1f,%.1f ", f.atTime((float64(i)+side)*binSeconds), f.atValue(sums[i]))
		}
	}
	for i := len(below) - 1; i >= 0; i-- {
		for _, side := range []float64{1, 0} {
			fmt.Fprintf(&points, "%.1f,%.1f ", f.atTime((float64(i)+side)*binSeconds), f.atValue(below[i]))
		}
	}
	f.draw(`<polygon points="%s" fill="%s" fill-opacity="0.85"/>`, points.String(), c.colour)
	return sums
}

func (f frame) bars(c curve, below []float64) []float64 {
	sums := make([]float64, len(below))
	width := f.atTime(binSeconds) - f.x - 0.5
	for i, v := range c.values {
		sums[i] = below[i] + v
		if v > 0 {
			f.draw(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, f.atTime(float64(i)*binSeconds), f.atValue(sums[i]), width, f.atValue(below[i])-f.atValue(sums[i]), c.colour)
		}
	}
	return sums
}
