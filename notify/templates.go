package notify

import (
	"cmp"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Templates replace the texts of a mail; an empty one means the default. Subject and Text
// are for text/template, HTML is for html/template, which escapes what comes from outside.
// If one of them fails for an alert, the mail is sent with the default texts and Notify
// returns an error.
//
// They are executed with the [Alert] and, besides its fields and methods, .Title,
// .Facts (each with .Name and .Value), .Outcome, .Share, .Actions, .Advice, .Foot,
// .Rankings (.Title, .Rows with .Name, .Count and .Percent), .Charts (.Title, .Line)
// and .Color; the functions are ago, at, many, upper, wrap, line and path.
type Templates struct{ Subject, Text, HTML string }

// render returns the parts of a mail.
func (t Templates) render(a Alert) (subject, text, html string, err error) {
	subject, text, html = a.Subject(), a.Text(), a.HTML()
	if a.isTest() {
		return subject, text, html, nil
	}
	p := a.page()
	if t.Subject != "" {
		subject, err = executeText("Subject", t.Subject, p)
		subject = clean(strings.TrimSpace(subject), 200)
	}
	if t.Text != "" && err == nil {
		text, err = executeText("Text", t.Text, p)
	}
	if t.HTML != "" && err == nil {
		tmpl, bad := htmltemplate.New("HTML").Funcs(functions).Parse(t.HTML)
		html, err = execute(tmpl, p, bad)
	}
	return subject, text, html, err
}

func executeText(name, source string, p page) (string, error) {
	tmpl, err := texttemplate.New(name).Funcs(functions).Parse(source)
	return execute(tmpl, p, err)
}

// execute executes a template that was parsed with the given error.
func execute(tmpl interface{ Execute(io.Writer, any) error }, p page, err error) (string, error) {
	var b strings.Builder
	if err == nil {
		err = tmpl.Execute(&b, p)
	}
	if err != nil {
		return "", fmt.Errorf("bad template: %w", err)
	}
	return b.String(), nil
}

// validate executes the templates once for each condition and phase.
func (t Templates) validate() error {
	if t == (Templates{}) {
		return nil
	}
	for _, condition := range conditions {
		for _, phase := range []Phase{Firing, Escalated, Reminder, Resolved, Digest} {
			if _, _, _, err := t.render(Sample(condition, phase)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sample returns an alert with something in every field, to see what a mail looks like,
// or to try a Notifier.
func Sample(c Condition, p Phase) Alert {
	now := time.Date(2026, time.November, 24, 10, 31, 9, 0, time.UTC)
	since := now.Add(-37 * time.Minute)
	a := Alert{
		Condition: c, Phase: p, Incident: "SAMPLE", Number: 1, Tenant: "acme", Host: "app01", PID: 4711,
		Time: now, Since: since, Latest: now, Within: defaultWithin, Cooldown: defaultCooldown, MaxDelay: 2 * time.Second,
		Lost: 12, Unconfirmed: 4, Recovered: 120, Refused: 25, Paused: 31,
		Queued: 44, Again: true, Delay: 2 * time.Second, ServerDelay: 1800 * time.Millisecond,
		Rate: 6.2, TenantRate: defaultTenantRate, Others: 8.8, OthersSent: transport.Others{Rate: 9.1, Stddev: 0.9},
		Next: now.Add(defaultReminder),
	}
	a.Limit = Rule{MaxDelay: a.MaxDelay}.withDefaults().limit(c)
	limited, reported := 143, 0
	total := func() int { return cmp.Or(map[Condition]int{Failing: a.Lost, Refusing: a.Refused}[c], limited) }
	if p == Escalated || p == Reminder || p == Resolved { // since a first mail with these numbers
		reported = total()
		a.Number, a.Previous = 2, since.Add(time.Minute)
		a.Lost, a.Unconfirmed, a.Recovered, a.Refused, limited = 134, 40, 1350, 270, 1604
	}
	a.Total = total()
	a.Count = a.Total - reported
	switch p {
	case Resolved:
		a.Number, a.Ended, a.Next = 3, now.Add(-10*time.Minute), time.Time{}
		a.Latest = a.Ended
	case Digest:
		a.Incidents, a.Suppressed, a.Next = 2, a.Total, time.Time{}
		first, lost := a.Total*2/3, a.Lost*2/3
		a.Unreported = []Summary{
			{"SAMPLE", since, since.Add(14 * time.Minute), first, 0, lost, true},
			{"SAMPLE2", since.Add(20 * time.Minute), time.Time{}, a.Total - first, 0, a.Lost - lost, false},
		}
	}
	a.Users = sampleNames(a.Total, "anna@example.com", "nightly-import", "")
	a.Operations = sampleNames(a.Total, "GET /api/core/record/{id}", "POST /api/core/orders", "POST /api/core/search/records")
	a.Hosts = sampleNames(a.Total, "app01 (process 4711)", "app02 (process 812)")
	a.sampleHistory(limited)
	return a
}

// sampleNames returns tallies that have the total as their sum.
func sampleNames(total int, names ...string) (all []Tally) {
	last := len(names) - 1
	for _, name := range names[:last] {
		n := total * 7 / 10
		all, total = append(all, Tally{Name: name, Count: n}), total-n
	}
	return append(all, Tally{Name: names[last], Count: total})
}

// sampleHistory adds samples and a history, with so many 429s.
func (a *Alert) sampleHistory(limited int) {
	for i, user := range []string{"anna@example.com", "anna@example.com", "nightly-import"} {
		e := transport.Event{Kind: transport.RateLimited, Time: a.Since.Add(time.Duration(i) * time.Second), User: user,
			Method: "GET", URL: "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", Attempt: 1, Status: 429}
		if a.Condition == Refusing {
			e.Kind, e.Attempt, e.Status = transport.Refused, 0, 0
		}
		a.Samples = append(a.Samples, e)
	}
	for i := range maxHistory {
		m := Minute{Time: a.Time.Truncate(time.Minute).Add(time.Duration(i-maxHistory+1) * time.Minute), Sent: 200 + i*7%90}
		if !m.Time.Before(a.Since.Truncate(time.Minute)) {
			m.Sent, m.ServerDelay = 372, time.Duration(i%10)*a.ServerDelay/9
		}
		a.History = append(a.History, m)
	}
	if a.Phase != Digest {
		a.Peak = a.limit(a.Since, a.Latest, limited)
		return
	}
	first, second := &a.Unreported[0], &a.Unreported[1]
	first.Peak = a.limit(first.Since, first.Ended, limited*2/3)
	second.Peak = a.limit(second.Since, a.Time, limited-limited*2/3)
	a.Peak = max(first.Peak, second.Peak)
}

// limit spreads so many 429s over the minutes of an incident, and returns the most in one.
func (a *Alert) limit(since, end time.Time, n int) (peak int) {
	var in []*Minute
	for i := range a.History {
		if m := &a.History[i]; m.Time.After(since.Add(-time.Minute)) && !m.Time.After(end) {
			in = append(in, m)
		}
	}
	for i := range n {
		in[(i*i)%len(in)].Limited++
	}
	for _, m := range in {
		peak = max(peak, m.Limited)
	}
	return peak
}
