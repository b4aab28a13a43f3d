package main

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

// show prints the findings and how sure they are.
func (f findings) show(out io.Writer, tenant string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "\nTenant %s\n\n", tenant)
	fmt.Fprintf(w, "rate\t%s\n", f.rate.text("%.1f", "requests a second"))
	fmt.Fprintf(w, "queue\t%s\n", f.queue.text("%.0f", "requests above the rate wait"))
	if f.guessed {
		fmt.Fprintf(w, "release\tnot sure; most likely %v\n", f.release)
	} else {
		fmt.Fprintf(w, "release\t%v\n", f.release)
	}
	fmt.Fprintf(w, "429\t%s\n", f.rejection())
	for _, s := range f.sharing {
		answer := "has another limit, or none"
		switch {
		case s.unsure:
			answer = "not sure whether it is under the same limit"
		case s.shares:
			answer = "under the same limit"
		}
		fmt.Fprintf(w, "%s\t%s\n", s.role, answer)
	}
	fmt.Fprintf(w, "\noperation\tanswer\tmedian in ms\tprobably between\n")
	for _, l := range f.latency {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f and %.0f\n", l.operation, l.status, 1000*l.median, 1000*l.least, 1000*l.most)
	}
}

// text returns a value with its doubt, in the given format, and what it is.
func (v value) text(format, unit string) string {
	switch {
	case v.unsure:
		return "not sure"
	case v.atLeast:
		return fmt.Sprintf("at least "+format+" "+unit, v.figure())
	}
	return fmt.Sprintf(format+" ± "+format+" "+unit, v.is, v.doubt)
}

// rejection describes the answers 429.
func (f findings) rejection() string {
	if len(f.rejected) == 0 {
		return "none came: the queue was not full"
	}
	first := f.rejected[0]
	a := first.answer()
	after := "no Retry-After"
	switch {
	case a.RetryAfter != "":
		after = "Retry-After: " + a.RetryAfter
	case first.header.Get("Retry-After") != "":
		after = fmt.Sprintf("Retry-After a date, %d s after the answer", a.RetryDateSeconds)
	}
	kind, _, err := mime.ParseMediaType(a.ContentType)
	if err != nil {
		kind = "no content type"
	}
	text := fmt.Sprintf("%d came; %s; %s, body of %d bytes", len(f.rejected), after, kind, len(first.body))
	if names := rateHeaders(first); len(names) > 0 {
		text += "; " + strings.Join(names, ", ")
	}
	if slices.ContainsFunc(f.rejected, func(s sample) bool { return *s.answer() != *a }) {
		text += "; they differ, this is the first"
	}
	return program.Clean(text)
}

// rateHeaders returns the header fields of an answer that say something about a limit.
func rateHeaders(s sample) (fields []string) {
	for _, name := range slices.Sorted(maps.Keys(s.header)) {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(name, "-", "")), "ratelimit") {
			fields = append(fields, name+": "+s.header.Get(name))
		}
	}
	return fields
}
