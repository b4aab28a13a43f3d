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
	p.draw(`<text x="%.1f" y="%.1f" %s>%s</text>`, x, y, attributes, html.EscapeString(text))
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

// line draws a line through whole pixels, which keeps the file small.
func (f frame) line(c curve) {
	path := "M"
	for i, v := range c.values {
		path += fmt.Sprintf("%.0f,%.0f ", f.atTime((float64(i)+0.5)*binSeconds), f.atValue(v))
	}
	f.draw(`<path d="%s" fill="none" stroke="%s" stroke-width="2.5"/>`, path, c.colour)
}

// area fills the space between the curve and the one below it, and returns their sum.
func (f frame) area(c curve, below []float64) []float64 {
	sums := make([]float64, len(below))
	path := fmt.Sprintf("M%.0f,%.0f", f.x, f.atValue(below[0]))
	for i, v := range c.values {
		sums[i] = below[i] + v
		path += fmt.Sprintf("V%.0fH%.0f", f.atValue(sums[i]), f.atTime(float64(i+1)*binSeconds))
	}
	for i, v := range slices.Backward(below) {
		path += fmt.Sprintf("V%.0fH%.0f", f.atValue(v), f.atTime(float64(i)*binSeconds))
	}
	f.draw(`<path d="%sz" fill="%s" fill-opacity="0.85"/>`, path, c.colour)
	return sums
}

func (f frame) bars(c curve, below []float64) []float64 {
	sums := make([]float64, len(below))
	width, path := f.atTime(binSeconds)-f.x-0.5, ""
	for i, v := range c.values {
		sums[i] = below[i] + v
		if v > 0 {
			top := f.atValue(sums[i])
			path += fmt.Sprintf("M%.0f,%.0fh%.1fV%.0fh-%[3]gz", f.atTime(float64(i)*binSeconds), top, width, f.atValue(below[i]))
		}
	}
	f.draw(`<path d="%s" fill="%s"/>`, path, c.colour)
	return sums
}
