package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
)

//go:embed page.html.tmpl
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

const pageSpans = 120 // columns of the chart

// What the page shows.
type page struct {
	report
	Notes    []string
	Rankings []ranking
	Step     string // of the chart
	Columns  []column
}

// checkPage refuses a name that is not one of a page: in -html *.log it would be that
// of a log.
func checkPage(file string) error {
	if file == "" || slices.Contains([]string{".html", ".htm"}, filepath.Ext(file)) {
		return nil
	}
	return fmt.Errorf("bad -html %q: the page's name must end with .html, so that no log is overwritten", file)
}

// writePage writes the report as one page that loads nothing.
func writePage(file string, r report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	p := page{report: r, Notes: r.notes(), Rankings: r.rankings()}
	p.Step, p.Columns = r.columns()
	err = pageTemplate.Execute(f, p)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// A column is a span in the chart, in thousandths of its width and height.
type column struct {
	X, Y, Width, Height float64
	Title               string
}

// columns returns the chart's columns, or none if there is only one span.
func (r report) columns() (span string, columns []column) {
	span, all := join(r.Span, r.When, pageSpans)
	if len(all) < 2 {
		return span, nil
	}
	n, most := float64(len(all)), float64(most(all))
	for i, m := range all {
		if m.Count == 0 {
			continue
		}
		h := max(8, 1000*float64(m.Count)/most)
		columns = append(columns, column{
			X: 1000 * float64(i) / n, Width: 900 / n, Y: 1000 - h, Height: h,
			Title: fmt.Sprintf("%s UTC, %s: %d", m.Time.Format("2006-01-02 15:04"), span, m.Count),
		})
	}
	return span, columns
}
