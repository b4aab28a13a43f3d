package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

const tableSpans = 40 // rows of the time

// table writes the report for a terminal.
func (r report) table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d answers with status 429 in %d lines, %d of them given up\n", r.Total, r.Lines, r.GivenUp)
	if !r.First.IsZero() {
		fmt.Fprintf(&b, "from %s to %s\n", r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339))
	}
	for _, n := range r.notes() {
		fmt.Fprintln(&b, n)
	}
	for _, k := range r.rankings() {
		if len(k.Rows) > 0 {
			fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(k.Title))
		}
		for _, x := range k.Rows {
			name := x.Name + " " + x.Soft
			if x.Name == "" || x.Soft == "" {
				name = cmp.Or(x.Name, x.Soft)
			}
			fmt.Fprintf(&b, "%10d %3d %%  %s\n", x.Count, x.Percent, name)
		}
	}
	r.times(&b)
	if len(r.Advice) > 0 {
		fmt.Fprintf(&b, "\nWHAT TO CHANGE\n")
	}
	for _, a := range r.Advice {
		fmt.Fprintf(&b, "  - %s\n", a)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// times writes when there were how many.
func (r report) times(b *strings.Builder) {
	span, all := join(r.Span, r.When, tableSpans)
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\nWHEN (UTC, %s from each on)\n", span)
	most := most(all)
	for _, m := range all {
		bar := strings.Repeat("#", (m.Count*40+most-1)/most)
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %s %8d %s", m.Time.Format("2006-01-02 15:04"), m.Count, bar), " "))
	}
}

// most returns the highest count.
func most(all []moment) (n int) {
	for _, m := range all {
		n = max(n, m.Count)
	}
	return n
}
