package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// table writes the report for a terminal.
func (r report) table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d answers with status 429 in %d lines", r.Total, r.Lines)
	if r.Broken > 0 {
		fmt.Fprintf(&b, "; %d lines are broken, such as %s", r.Broken, strings.Join(r.BrokenAt, ", "))
	}
	b.WriteByte('\n')
	if r.Total > 0 {
		r.details(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r report) details(b *strings.Builder) {
	fmt.Fprintf(b, "from %s to %s, %d of them given up\n", r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339), r.GivenUp)
	if r.Unnamed > 0 {
		fmt.Fprintf(b, "%d of them in a flood, without user and operation\n", r.Unnamed)
	}
	section := func(title string, tallies []transport.Tally) {
		fmt.Fprintf(b, "\n%s\n", title)
		for _, t := range tallies {
			fmt.Fprintf(b, "%10d %3d %%  %s%s\n", t.Count, percent(t.Count, r.Total), t.Name, upTo(t.Error))
		}
	}
	section("USERS", r.Users)
	section("OPERATIONS", r.Operations)
	fmt.Fprintf(b, "\nWHO DID WHAT\n")
	for _, c := range r.Pairs {
		fmt.Fprintf(b, "%10d %3d %%  %s: %s%s\n", c.Count, percent(c.Count, r.Total), c.User, c.Operation, upTo(c.Error))
	}
	fmt.Fprintf(b, "\nWHEN (UTC, %s each)\n", r.Span)
	most := 0
	for _, m := range r.When {
		most = max(most, m.Count)
	}
	for _, m := range r.When[max(0, len(r.When)-60):] {
		fmt.Fprintf(b, "  %s %8d %s\n", m.Time.Format("2006-01-02 15:04"), m.Count, strings.Repeat("#", max(1, m.Count*40/most)))
	}
	if len(r.Advice) > 0 {
		fmt.Fprintf(b, "\nWHAT TO CHANGE\n")
		for _, a := range r.Advice {
			fmt.Fprintf(b, "  - %s\n", a)
		}
	}
}

// upTo tells how exact a number is.
func upTo(e int) string {
	if e == 0 {
		return ""
	}
	return fmt.Sprintf(" (up to %d too high)", e)
}
