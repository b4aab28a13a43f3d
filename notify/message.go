package notify

import (
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"
)

const (
	shown      = 5 // of the users and of the operations, each
	shownWidth = 54
	hostWidth  = 40
	lineWidth  = 78
)

//go:embed alert.txt.tmpl
var textSource string

//go:embed alert.html.tmpl
var htmlSource string

var (
	textMail = texttemplate.Must(texttemplate.New("text").Funcs(functions).Parse(textSource))
	htmlMail = htmltemplate.Must(htmltemplate.New("html").Funcs(functions).Parse(htmlSource))
)

var functions = map[string]any{
	"ago": howLong, "at": at, "many": many, "upper": strings.ToUpper, "wrap": wrap,
	"line": func(s string) string { return clean(s, shownWidth) },
	"path": request,
}

// A page is what the templates show of an Alert.
type page struct {
	Alert
	Title    string   // what has happened, in a sentence
	Facts    []fact   // when, where, by which rule
	Outcome  []string // what came of it
	Share    string   // whose share it was; empty if that is not known
	Actions  []string // what this program did
	Advice   []string
	Foot     []string
	Rankings []ranking
	Charts   []chart
	Color    string
}

// A fact has a name and a value.
type fact struct{ Name, Value string }

// A ranking is a table of the most frequent names.
type ranking struct {
	Title string
	Rows  []row
	Error int // by how much a number may be too high
}

type row struct {
	Name           string
	Count, Percent int
}

// testLines are what an Alert says that tells nothing.
func (a Alert) testLines() []string {
	lines := []string{"This is a test of the alert mail. Nothing has happened."}
	if a.Host != "" {
		lines = append(lines, fmt.Sprintf("It was sent by process %d on %s, at %s.", a.PID, clean(a.Host, hostWidth), at(a.Time)))
	}
	if a.Limit > 0 {
		lines = append(lines, fmt.Sprintf("A real one comes when Aprimo has answered %s with status 429 (too many requests) within %s.",
			many(a.Limit, "request"), howLong(a.Within)))
	}
	return lines
}

// Subject returns one line that says what has happened, how much of it, and where.
// An Alert whose Phase is Test, or empty with a Count of 0, is a test.
func (a Alert) Subject() string {
	prefix := "[" + strings.TrimSpace("Aprimo "+clean(a.Tenant, hostWidth)) + "] "
	if a.isTest() {
		return prefix + "Test of the alert mail"
	}
	a = a.complete()
	what, of := "429 THROTTLED", fmt.Sprintf("%d", a.Total)
	switch a.Level {
	case Failing:
		what, of = "FAILING", many(a.Total, "call")+" lost"
	case Saturated:
		what, of = "SATURATED", many(a.Total, "slow second")
	}
	on := " on " + clean(a.Host, hostWidth)
	switch a.Phase {
	case Escalated:
		what += ", worse"
	case Reminder:
		what += ", still"
	case Resolved:
		return fmt.Sprintf("%s%s, RESOLVED after %s: %s in total%s", prefix, what, howLong(a.span()), of, on)
	case Digest:
		return fmt.Sprintf("%s%s, DIGEST: %s in %s%s", prefix, what, of, many(a.incidents(), "incident"), on)
	}
	if a.Level == Saturated {
		return fmt.Sprintf("%s%s: %s in %s (%s)%s", prefix, what, of, howLong(a.span()), a.threshold(), on)
	}
	return fmt.Sprintf("%s%s: %s in %s (limit %d in %s)%s", prefix, what, of, howLong(a.span()), a.Limit, howLong(a.Within), on)
}

// Text returns the alert as plain text, complete by itself, in lines of at most
// 78 characters.
func (a Alert) Text() string {
	if a.isTest() {
		var b strings.Builder
		for _, line := range a.testLines() {
			b.WriteString(wrap(0, line) + "\n")
		}
		return b.String()
	}
	var b strings.Builder
	if err := textMail.Execute(&b, a.page()); err != nil {
		return a.Subject() // the templates are ours and tested
	}
	return b.String()
}

// HTML returns the alert as an HTML document that old mail programs can show
// too, with charts of the last hour. It refers to nothing remote but one link.
func (a Alert) HTML() string {
	if a.isTest() {
		return "<p>" + strings.ReplaceAll(htmltemplate.HTMLEscapeString(strings.Join(a.testLines(), "\n")), "\n", "<br>\n") + "</p>\n"
	}
	var b strings.Builder
	if err := htmlMail.Execute(&b, a.page()); err != nil {
		return "<p>" + htmltemplate.HTMLEscapeString(a.Subject())
	}
	return b.String()
}

// complete fills in what an Alert may leave out that does not come from an Alerter.
func (a Alert) complete() Alert {
	if a.Level == "" {
		a.Level = Throttled
	}
	if a.Total < a.Count {
		a.Total = a.Count
	}
	if a.Phase == "" {
		a.Phase = Firing
		if a.Number > 1 {
			a.Phase = Reminder
		}
	}
	return a
}

// span returns how long the incident has lasted so far.
func (a Alert) span() time.Duration {
	if !a.Ended.IsZero() {
		return a.Ended.Sub(a.Since)
	}
	return a.latest().Sub(a.Since)
}

func (a Alert) page() page {
	a = a.complete()
	a.Tenant, a.Host = clean(a.Tenant, shownWidth), clean(a.Host, hostWidth)
	a.Incident = clean(a.Incident, shownWidth)
	p := page{
		Alert: a, Title: a.title(), Facts: a.facts(), Outcome: a.outcome(), Share: a.share(),
		Actions: a.actions(), Advice: advice[a.Level], Foot: a.foot(), Color: a.color(), Charts: charts(a),
		Rankings: []ranking{rank("Who", a.Users, a.Total), rank("What they did", a.Operations, a.Total)},
	}
	if len(a.Hosts) > 0 {
		p.Rankings = append(p.Rankings, rank("Where", a.Hosts, a.Total))
	}
	return p
}

// rank makes the table of the most frequent names and sums up the others.
func rank(title string, tallies []Tally, total int) ranking {
	r := ranking{Title: title}
	rest := total
	for _, t := range tallies[:min(shown, len(tallies))] {
		name := clean(t.Name, shownWidth)
		if name == "" {
			name = "(unknown)"
		}
		r.Rows = append(r.Rows, row{name, t.Count, percent(t.Count, total)})
		r.Error = max(r.Error, t.Error)
		rest -= t.Count
	}
	if rest > 0 && len(tallies) > 0 {
		r.Rows = append(r.Rows, row{"(others)", rest, percent(rest, total)})
	}
	return r
}

func percent(part, total int) int {
	if total <= 0 {
		return 0
	}
	return (part*100 + total/2) / total
}
