package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
)

//go:embed page.html.tmpl
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"percent": percent, "bars": bars}).Parse(pageSource))

// writePage writes the report as one page that loads nothing.
func writePage(file string, r report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	err = pageTemplate.Execute(f, r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		fmt.Println("The report is in", file)
	}
	return err
}

// A column is a moment in the chart, in thousandths of its width and height.
type column struct {
	X, Y, Width, Height float64
	Title               string
}

// bars returns the chart's columns, gaps included.
func bars(r report) (columns []column) {
	if len(r.When) == 0 {
		return nil
	}
	step := int64(60)
	if r.Span == "1h" {
		step = 3600
	}
	begin := r.When[0].Time.Unix()
	n := float64((r.When[len(r.When)-1].Time.Unix()-begin)/step + 1)
	most := 0
	for _, m := range r.When {
		most = max(most, m.Count)
	}
	for _, m := range r.When {
		h := max(4, 1000*float64(m.Count)/float64(most))
		columns = append(columns, column{
			X: 1000 * float64((m.Time.Unix()-begin)/step) / n, Width: max(0.5, 900/n), Y: 1000 - h, Height: h,
			Title: fmt.Sprintf("%s: %d", m.Time.Format("2006-01-02 15:04"), m.Count),
		})
	}
	return columns
}
