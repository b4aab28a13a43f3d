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
	"ago": howLong, "at": at, "many": many, "upper": strings.ToUpper,
	"line": func(s string) string { return clean(s, shownWidth) },
	"path": request,
}

// A page is what the templates show of an Alert.
type page struct {
	Alert
	Span     time.Duration
	Next     time.Time
	Rankings []ranking
}

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

// testText is what an Alert says that tells nothing.
const testText = "This is a test of the alert mail. Nothing has happened."

// Subject returns one line that says how many 429s there were, where and how
// fast. An Alert whose Count is 0 is a test.
func (a Alert) Subject() string {
	if a.Count == 0 {
		return "[Aprimo] Test of the alert mail"
	}
	still := ""
	if a.Number > 1 {
		still = ", still"
	}
	return fmt.Sprintf("[%s] 429 THROTTLED%s: %d in %s (limit %d in %s) on %s",
		strings.TrimSpace("Aprimo "+clean(a.Tenant, hostWidth)), still, a.Count, howLong(a.Time.Sub(a.Since)),
		a.Limit, howLong(a.Within), clean(a.Host, hostWidth))
}

// Text returns the alert as plain text, complete by itself, in lines of at most
// 78 characters.
func (a Alert) Text() string {
	if a.Count == 0 {
		return testText + "\n"
	}
	var b strings.Builder
	if err := textMail.Execute(&b, a.page()); err != nil {
		return a.Subject() // the templates are ours and tested
	}
	return b.String()
}

// HTML returns the alert as an HTML document that old mail programs can show
// too. It refers to nothing remote but one link.
func (a Alert) HTML() string {
	if a.Count == 0 {
		return "<p>" + testText + "</p>\n"
	}
	var b strings.Builder
	if err := htmlMail.Execute(&b, a.page()); err != nil {
		return "<p>" + htmltemplate.HTMLEscapeString(a.Subject())
	}
	return b.String()
}

func (a Alert) page() page {
	a.Tenant, a.Host = clean(a.Tenant, shownWidth), clean(a.Host, hostWidth)
	a.Incident = clean(a.Incident, shownWidth)
	p := page{
		Alert: a, Span: a.Time.Sub(a.Since), Next: a.next(),
		Rankings: []ranking{rank("Who", a.Users, a.Count), rank("What they did", a.Operations, a.Count)},
	}
	if len(a.Hosts) > 0 {
		p.Rankings = append(p.Rankings, rank("Where", a.Hosts, a.Count))
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
	if rest > 0 {
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

// many returns n and the noun, which takes an s unless n is 1.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// at returns a point in time with its offset, and in UTC too if that differs.
func at(t time.Time) string {
	const day = "2006-01-02 15:04:05"
	if _, offset := t.Zone(); offset == 0 {
		return t.Format(day) + " UTC"
	}
	return t.Format(day+" -07:00") + " (" + t.UTC().Format("15:04:05") + " UTC)"
}

// howLong returns a duration as people write it: 0.4 s, 12 s, 3 min 29 s, 2 h.
func howLong(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 100*time.Millisecond:
		return "0.1 s"
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour-time.Second/2:
		s := int(d.Round(time.Second).Seconds())
		return twoUnits(s/60, "min", s%60, "s")
	}
	m := int(d.Round(time.Minute).Minutes())
	return twoUnits(m/60, "h", m%60, "min")
}

func twoUnits(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}
