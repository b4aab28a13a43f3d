package notify

import (
	"cmp"
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
)

const (
	shown       = 5 // of the users, operations and processes, each
	shownWidth  = 54
	hostWidth   = 40
	lineWidth   = 78
	chartHeight = 48 // pixels
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

// A page is what the templates show: an Alert in words.
type page struct {
	Alert
	Title    string   // what has happened, in a sentence
	Facts    []fact   // when, where, which threshold
	Outcome  []string // the consequences
	Share    string   // who used the limit; empty if unknown
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
	Error int // by how much a count may be too high
}

type row struct {
	Name           string
	Count, Percent int
}

// A chart shows one number for each minute of the last hour: in HTML as a table of
// coloured cells, which every mail program shows without loading anything, in plain text
// as a line of block characters.
type chart struct {
	Title string // what, and its maximum
	Begin string
	End   string
	Bars  []int // the height of each minute, of chartHeight pixels
	Line  string
	Color string
}

// Subject returns one line that says what has happened, how often, and where. An Alert
// whose Phase is Test, or empty with a Count of 0, is a test.
func (a Alert) Subject() string {
	prefix := "[" + strings.TrimSpace("Aprimo "+clean(a.Tenant, hostWidth)) + "] "
	if a.isTest() {
		return prefix + "Test of the alert mail"
	}
	a = a.complete()
	what, count, limit := "429 THROTTLED", fmt.Sprint(a.Total), "limit "+a.threshold()
	switch a.Condition {
	case Failing:
		what, count = "FAILING", many(a.Total, "call")+" given up"
	case Refusing:
		what, count = "REFUSING", many(a.Total, "call")+" rejected"
	case Saturated:
		what, count, limit = "SATURATED", many(a.Total, "slow second"), a.threshold()
	}
	on := " on " + clean(a.Host, hostWidth)
	switch a.Phase {
	case Resolved:
		return fmt.Sprintf("%s%s, RESOLVED after %s: %s in total%s", prefix, what, howLong(a.span()), count, on)
	case Digest:
		return fmt.Sprintf("%s%s, DIGEST: %s in %s%s", prefix, what, count, many(a.incidents(), "incident"), on)
	case Escalated:
		what += ", worse"
	case Reminder:
		what += ", ongoing"
	}
	return fmt.Sprintf("%s%s: %s in %s (%s)%s", prefix, what, count, howLong(a.span()), limit, on)
}

// Text returns the alert as plain text, complete by itself, in lines of at most 78
// characters.
func (a Alert) Text() string {
	text, _ := execute(textMail, a.page(), nil)
	return text
}

// HTML returns the alert as an HTML document with charts of the last hour, for old mail
// programs too. It loads nothing, and has one link.
func (a Alert) HTML() string {
	html, _ := execute(htmlMail, a.page(), nil)
	return html
}

// complete sets what may be missing in an Alert that no Alerter has made.
func (a Alert) complete() Alert {
	a.Condition, a.Total = cmp.Or(a.Condition, Throttled), max(a.Total, a.Count)
	if a.Phase == "" {
		a.Phase = Firing
		if a.Number > 1 {
			a.Phase = Reminder
		}
	}
	a.agree()
	return a
}

func (a Alert) page() page {
	if a.isTest() {
		return a.testPage()
	}
	a = a.complete()
	a.Tenant, a.Host = clean(a.Tenant, shownWidth), clean(a.Host, hostWidth)
	a.Incident = clean(a.Incident, shownWidth)
	p := page{
		Alert: a, Title: a.title(), Facts: a.facts(), Outcome: a.outcome(), Share: a.share(),
		Actions: a.actions(), Advice: advice[a.Condition], Foot: a.foot(), Color: a.color(), Charts: charts(a),
	}
	for _, r := range []ranking{rank("Users", a.Users, a.Total), rank("Operations", a.Operations, a.Total), rank("Processes", a.Hosts, a.Total)} {
		if len(r.Rows) > 0 {
			p.Rankings = append(p.Rankings, r)
		}
	}
	return p
}

// testPage says that nothing has happened, whatever else the alert says.
func (a Alert) testPage() page {
	var foot lines
	foot.add(a.Host != "", fmt.Sprintf("It was sent by process %d on %s, at %s.", a.PID, clean(a.Host, hostWidth), at(a.Time)))
	foot.add(a.Limit > 0, fmt.Sprintf("A real alert is sent when Aprimo answers %s with status 429 (too many requests) in %s.",
		many(a.Limit, "request"), howLong(a.Within)))
	p := page{Alert: a, Title: "This is a test of the alert mail. Nothing has happened", Foot: foot, Color: a.color()}
	p.Samples, p.Unreported = nil, nil
	return p
}

// rank returns the table of the most frequent names, and the sum of the others.
func rank(title string, tallies []Tally, total int) ranking {
	r := ranking{Title: title}
	rest := total
	for _, t := range tallies[:min(shown, len(tallies))] {
		name := cmp.Or(clean(t.Name, shownWidth), "(unknown)")
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

// charts returns none if nothing is known of the last hour.
func charts(a Alert) []chart {
	if len(a.History) == 0 {
		return nil
	}
	end := a.Time.Truncate(time.Minute)
	var limited, sent, delay [maxHistory]float64
	for _, m := range a.History {
		i := maxHistory - 1 - int(end.Sub(m.Time)/time.Minute)
		if i < 0 || i >= maxHistory {
			continue
		}
		limited[i], sent[i], delay[i] = float64(m.Limited), float64(m.Sent), m.ServerDelay.Seconds()
	}
	from, to := end.Add(-(maxHistory-1)*time.Minute).Format("15:04"), end.Format("15:04 MST")
	return []chart{
		draw("429s per minute", "none", limited[:], from, to, "#b3261e"),
		draw("Our requests per minute", "not known", sent[:], from, to, "#0b57d0"),
		draw("Server delay in seconds", "not known", delay[:], from, to, "#9a6700"),
	}
}

// draw returns a chart; without values it says so.
func draw(title, without string, values []float64, from, to, color string) chart {
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	most := slices.Max(values)
	c := chart{Title: title + ": " + without, Begin: from, End: to, Color: color}
	if most > 0 {
		c.Title = title + ", at most " + number(max(most, 0.1))
	}
	var line strings.Builder
	for _, v := range values {
		height, block := 0, 0
		if v > 0 {
			height = max(1, int(v/most*chartHeight))
			block = max(1, int(v/most*float64(len(blocks)-1)))
		}
		c.Bars = append(c.Bars, height)
		line.WriteRune(blocks[block])
	}
	c.Line = line.String()
	return c
}
