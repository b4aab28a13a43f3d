package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	text "text/template"
)

var (
	//go:embed page.html.tmpl
	pageSource string
	//go:embed table.txt.tmpl
	tableSource string
	//go:embed notes.tmpl
	notesSource string

	pageTemplate  = html.Must(html.New("page").Parse(pageSource + notesSource))
	tableTemplate = text.Must(text.New("table").Funcs(text.FuncMap{
		"upper": strings.ToUpper,
		"bar":   func(percent int) string { return strings.Repeat("#", (percent*40+99)/100) },
	}).Parse(tableSource + notesSource))
)

const (
	shown      = 15 // names of a table
	maxShown   = 1500
	tableSpans = 40  // rows of the time, in the table
	pageSpans  = 120 // columns of the chart, in the page
)

// A report is the result, and the JSON that -json writes.
type report struct {
	counts
	Problems []string `json:"problems,omitempty"` // why not all was read
	Stopped  bool     `json:"stopped,omitempty"`  // by Ctrl-C, before all was read

	Unnamed    unnamed `json:"unnamed,omitzero"`
	OthersRate float64 `json:"others_rate_min,omitempty"` // requests a second of other integrations, at least

	Span       string   `json:"span"` // the length of each span in When
	When       []moment `json:"when"`
	Users      []named  `json:"users"`
	Operations []named  `json:"operations"`
	Pairs      []cause  `json:"causes"`
	Advice     []string `json:"advice"`

	spans spans
}

// An unnamed counts the 429s that are in no row of a table: in a flood the log does not
// name all.
type unnamed struct {
	Users      int `json:"users"`
	Operations int `json:"operations"`
	Pairs      int `json:"causes"`
}

// A cause is a user's operation.
type cause struct {
	User      string `json:"user"`
	Operation string `json:"operation"`
	Count     int    `json:"count"`
	Error     int    `json:"error,omitempty"`
}

func (t *tally) report() report {
	r := report{
		counts:   t.counts,
		Problems: slices.Clone(t.problems),
		Unnamed:  unnamed{t.tables[users].unnamed, t.tables[operations].unnamed, t.tables[pairs].unnamed},
		Users:    append([]named{}, t.tables[users].Top(shown)...), Operations: append([]named{}, t.tables[operations].Top(shown)...),
		When: []moment{}, Pairs: []cause{}, spans: t.spans,
	}
	if t.rateWeight > 0 {
		r.OthersRate = math.Round(t.rateSum/t.rateWeight*10) / 10
	}
	all, length := r.spans.fit(maxShown)
	r.When, r.Span = slices.DeleteFunc(append(r.When, all...), func(m moment) bool { return m.Count == 0 }), length
	for _, x := range t.tables[pairs].Top(shown) {
		user, operation, _ := strings.Cut(x.Name, "\n")
		r.Pairs = append(r.Pairs, cause{user, operation, x.Count, x.Error})
	}
	r.Advice = advise(r)
	return r
}

// A ranking is one of the report's tables.
type ranking struct {
	Title string
	Rows  []row
}

// A row is a name and how often it was counted.
type row struct {
	Count, Percent int
	Name           string
	Soft           string // explains the number, or stands for the name
}

// rankings returns the tables. The rows of each add up to all 429s.
func (r report) rankings() []ranking {
	pairs := make([]named, len(r.Pairs))
	for i, c := range r.Pairs {
		pairs[i] = named{Name: c.User + ": " + c.Operation, Count: c.Count, Error: c.Error}
	}
	return []ranking{
		{"Users", r.rows(r.Users, r.Unnamed.Users)},
		{"Operations", r.rows(r.Operations, r.Unnamed.Operations)},
		{"Users' operations", r.rows(pairs, r.Unnamed.Pairs)},
	}
}

func (r report) rows(list []named, unnamed int) (rows []row) {
	add := func(n int, name, soft string) {
		if n > 0 {
			rows = append(rows, row{n, percent(n, r.Total), name, soft})
		}
	}
	for _, t := range list {
		soft := ""
		if t.Error > 0 {
			soft = fmt.Sprintf("(up to %d too high)", t.Error)
		}
		add(t.Count, t.Name, soft)
	}
	add(r.Total-sum(list)-unnamed, "", "(all others)")
	add(unnamed, "", "(in floods, not named in the log)")
	return rows
}

// write writes the report in the forms that are asked for.
func (r report) write(out io.Writer, o options) error {
	var err error
	if o.page != "" {
		if err = writePage(o.page, r); err == nil && !o.asJSON {
			_, err = fmt.Fprintln(out, "The report is in", o.page)
			return err
		}
	}
	if o.asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return errors.Join(err, e.Encode(r))
	}
	return errors.Join(err, r.table(out)) // also if the page cannot be written
}

// A view is what the templates show of a report.
type view struct {
	report
	Rankings []ranking
	Step     string // the length of each column
	Columns  []row
}

func (r report) view(columns int) view {
	step, rows := r.times(columns)
	return view{r, r.rankings(), step, rows}
}

// table writes the report for a terminal.
func (r report) table(w io.Writer) error { return tableTemplate.Execute(w, r.view(tableSpans)) }

// times returns the 429s over time in at most so many rows, and the time of each. A row's
// percentage is that of the highest one.
func (r report) times(most int) (length string, rows []row) {
	all, length := r.spans.fit(most)
	high := 0
	for _, m := range all {
		high = max(high, m.Count)
	}
	for _, m := range all {
		rows = append(rows, row{Count: m.Count, Percent: int(math.Ceil(float64(m.Count) * 100 / float64(high))), Name: m.Time.Format("2006-01-02 15:04")})
	}
	return length, rows
}

// writePage writes the report as one page that loads nothing else.
func writePage(file string, r report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pageTemplate.Execute(f, r.view(pageSpans)), f.Close())
}
