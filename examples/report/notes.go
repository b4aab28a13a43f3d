package main

import (
	"fmt"
	"strings"
)

// notes say what the numbers of a report do not.
func (r report) notes() (notes []string) {
	note := func(n int, format string, rest ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, append([]any{n}, rest...)...))
		}
	}
	if r.Stopped {
		notes = append(notes, "This is not all: the reading was stopped.")
	}
	for _, p := range r.Problems {
		notes = append(notes, "Not all of it: "+p)
	}
	if r.Total == 0 && (r.Lines > 0 || len(r.Problems) == 0 && !r.Stopped) {
		notes = append(notes, r.nothing())
	}
	note(r.Broken, "Broken lines: %d, such as %s", strings.Join(r.BrokenAt, ", "))
	note(r.NotJSON, "Lines that are not JSON: %d")
	note(r.Others, "Left out by -user, -since or -until: %d of the 429s")
	note(r.NoTime, "Without a time: %d of the 429s")
	note(r.Unsure.Total, "Up to %d more in floods may be of this user: the log does not say whose they are")
	note(r.Unsure.GivenUp, "Up to %d more of the given up may be of this user: in floods the log does not say whose they are")
	return notes
}

// nothing says why there may be nothing to report.
func (r report) nothing() string {
	switch {
	case r.Others > 0:
		return "None of the 429s are of the user and the time that are asked for."
	case r.Lines == 0:
		return "There is nothing in it."
	}
	return fmt.Sprintf("What is looked for are lines of JSON as package transport writes them, with %s 429 and http.request.resend_count, or with the event %s.", status, summary)
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
	Soft           string // what is to be said of the number, or instead of a name
}

// rankings are the tables, whose rows are all 429s.
func (r report) rankings() []ranking {
	pairs := make([]named, len(r.Pairs))
	for i, c := range r.Pairs {
		pairs[i] = named{Name: c.User + ": " + c.Operation, Count: c.Count, Error: c.Error}
	}
	return []ranking{
		{"Users", r.rows(r.Users, r.Unnamed.Users)},
		{"Operations", r.rows(r.Operations, r.Unnamed.Operations)},
		{"Who did what", r.rows(pairs, r.Unnamed.Pairs)},
	}
}

func (r report) rows(list []named, unnamed int) (rows []row) {
	add := func(n int, name, soft string) {
		rows = append(rows, row{n, percent(n, r.Total), name, soft})
	}
	for _, t := range list {
		soft := ""
		if t.Error > 0 {
			soft = fmt.Sprintf("(up to %d too high)", t.Error)
		}
		add(t.Count, t.Name, soft)
	}
	if others := r.Total - sum(list) - unnamed; others > 0 {
		add(others, "", "(all others)")
	}
	if unnamed > 0 {
		add(unnamed, "", "(in floods, not named in the log)")
	}
	return rows
}
