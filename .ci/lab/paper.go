package main

import (
	"fmt"
	"html"
	"iter"
	"math"
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
type paper struct{ strings.Builder }

func newPaper(width, height int) *paper {
	p := new(paper)
	p.draw(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222">`, width, height)
	p.draw("%s", dark)
	p.draw(`<rect width="100%%" height="100%%" fill="white"/>`)
	return p
}

func (p *paper) draw(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *paper) text(x, y float64, attributes, text string) {
	if attributes != "" {
		attributes = " " + attributes
	}
	p.draw(`<text x="%.0f" y="%.0f"%s>%s</text>`, x, y, attributes, html.EscapeString(text))
}

func (p *paper) title(x float64, title, below string) {
	p.text(x, 34, `font-size="21" font-weight="bold"`, title)
	p.text(x, 57, `fill="#555"`, below)
}

// head writes the heading of a column.
func (p *paper) head(column int, name, summary string) {
	x := p.left(column)
	p.text(x, 86, `font-size="16" font-weight="bold"`, name)
	p.text(x, 106, `font-size="12.5"`, summary)
}

func (p *paper) left(column int) float64 { return float64(marginLeft + column*(columnWidth+columnGap)) }

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
		p.draw(`<path d="M%.0f,%.0fh%d" stroke="%s" stroke-width="1.5" stroke-dasharray="6 4"/>`, f.x, y, columnWidth, black)
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
		p.draw(`<rect x="%.0f" y="%.0f" width="%d" height="%g" fill="%s"/>`, x, f.y-16.5-height/2, swatch, height, c.colour)
		x -= 2 * gap
	}
}

// axes draws the scales: minutes at the bottom, values at the left.
func (f frame) axes(d panel) {
	f.draw(`<rect x="%.0f" y="%.0f" width="%.0f" height="%d" fill="#eee"/>`, f.x, f.y, f.atTime(warmup.Seconds())-f.x, panelHeight)
	lines, labels := "", new(paper)
	for v := 0.0; v <= d.top; v += d.step {
		y := f.atValue(v)
		lines += fmt.Sprintf("M%.0f,%.0fh%d", f.x, y, columnWidth)
		labels.text(f.x-6, y+4, "", fmt.Sprintf("%g", v))
	}
	f.draw(`<path d="%s" stroke="#ccc"/><g text-anchor="end" font-size="12">`, lines)
	f.WriteString(labels.String() + "</g>\n")
	f.draw(`<text transform="translate(%.0f,%.0f) rotate(-90)" text-anchor="middle" font-size="12" fill="#555">%s</text>`,
		f.x-40, f.y+panelHeight/2, html.EscapeString(d.unit))
	lines, labels = "", new(paper)
	minutes := int(f.seconds) / 60
	for m := 0; m <= minutes; m += max(1, minutes/10) {
		x := f.atTime(float64(60 * m))
		lines += fmt.Sprintf("M%.0f,%.0fv5", x, f.y+panelHeight)
		label := fmt.Sprint(m)
		if m == 0 {
			label = "0 min"
		}
		labels.text(x, f.y+panelHeight+18, "", label)
	}
	f.draw(`<path d="%s" stroke="#888"/><g text-anchor="middle" font-size="12">`, lines)
	f.WriteString(labels.String() + "</g>\n")
}

// line draws a line through whole pixels, which keeps the file small.
func (f frame) line(c curve) {
	path := "M"
	for i, v := range c.values {
		path += fmt.Sprintf("%.0f,%.0f ", f.atTime((float64(i)+0.5)*binSeconds), f.atValue(v))
	}
	f.draw(`<path d="%s" fill="none" stroke="%s" stroke-width="2.5"/>`, path, c.colour)
}

// area fills the space between the curve and the one below it, and returns their sum. A thin
// line keeps it apart from others, whatever their colours.
func (f frame) area(c curve, below []float64) []float64 {
	sums := make([]float64, len(below))
	for i, v := range c.values {
		sums[i] = below[i] + v
	}
	end := f.atTime(float64(len(sums)) * binSeconds)
	path := fmt.Sprintf("M%.0f,%.0f", f.x, f.atValue(below[0]))
	path += f.steps(slices.All(sums), f.x, below[0], 1) + f.steps(slices.Backward(below), end, sums[len(sums)-1], 0)
	f.draw(`<path d="%sz" fill="%s" stroke="white" stroke-width=".5"/>`, path, c.colour)
	return sums
}

// steps returns the part of a path that follows values from a point on; the side of its bin up to
// which each one goes is 0 or 1.
func (f frame) steps(values iter.Seq2[int, float64], x, value float64, side int) (path string) {
	fromX, fromY := math.Round(x), math.Round(f.atValue(value))
	for i, v := range values {
		if y := math.Round(f.atValue(v)); y != fromY {
			path += fmt.Sprintf("h%gv%g", math.Round(x)-fromX, y-fromY)
			fromX, fromY = math.Round(x), y
		}
		x = f.atTime(float64(i+side) * binSeconds)
	}
	return path + fmt.Sprintf("h%g", math.Round(x)-fromX)
}

func (f frame) bars(c curve, below []float64) []float64 {
	sums := make([]float64, len(below))
	width, path := math.Floor(f.atTime(binSeconds)-f.x-0.5), ""
	for i, v := range c.values {
		sums[i] = below[i] + v
		if v > 0 {
			top, bottom := math.Round(f.atValue(sums[i])), math.Round(f.atValue(below[i]))
			path += fmt.Sprintf("M%.0f,%gh%gv%gh-%[3]gz", f.atTime(float64(i)*binSeconds), top, width, bottom-top)
		}
	}
	f.draw(`<path d="%s" fill="%s"/>`, path, c.colour)
	return sums
}
