package notify

import (
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
		if subject, err = executeText("Subject", t.Subject, p); err != nil {
			return "", "", "", err
		}
		subject = clean(strings.TrimSpace(subject), 200)
	}
	if t.Text != "" {
		if text, err = executeText("Text", t.Text, p); err != nil {
			return "", "", "", err
		}
	}
	if t.HTML != "" {
		tmpl, err := htmltemplate.New("HTML").Funcs(functions).Parse(t.HTML)
		if html, err = execute(tmpl, p, err); err != nil {
			return "", "", "", err
		}
	}
	return subject, text, html, nil
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
		Time: now, Since: since, Latest: now, Count: 143, Total: 143, Peak: 41, Limit: 20, Within: defaultWithin, Cooldown: defaultCooldown, MaxDelay: 2 * time.Second,
		Lost: 3, Recovered: 120, Refused: 4, Paused: 31, Queued: 44, Again: true, Delay: 2 * time.Second, ServerDelay: 1800 * time.Millisecond,
		Rate: 6.2, TenantRate: defaultTenantRate, Others: 8.8,
		Users:      []Tally{{Name: "anna@example.com", Count: 101}, {Name: "nightly-import", Count: 30}, {Count: 12}},
		Operations: []Tally{{Name: "GET /api/core/record/{id}", Count: 88}, {Name: "POST /api/core/orders", Count: 40}, {Name: "POST /api/core/search/records", Count: 15}},
		Hosts:      []Tally{{Name: "app01 (process 4711)", Count: 90}, {Name: "app02 (process 812)", Count: 53}},
		Next:       now.Add(defaultReminder),
	}
	sampleEvents(&a)
	if p == Escalated || p == Reminder || p == Resolved {
		for _, names := range [][]Tally{a.Users, a.Operations, a.Hosts} {
			for i := range names {
				names[i].Count = names[i].Count * 1604 / 143
			}
		}
	}
	switch p {
	case Escalated, Reminder:
		a.Number, a.Total, a.Previous = 2, 1604, since.Add(time.Minute)
	case Resolved:
		a.Number, a.Total, a.Ended, a.Previous, a.Next = 3, 1604, now.Add(-10*time.Minute), since.Add(time.Minute), time.Time{}
		a.Latest = a.Ended
	case Digest:
		a.Unreported = []Summary{{"SAMPLE", since, since.Add(2 * time.Minute), 100, 41, 2, true}, {"SAMPLE2", since.Add(20 * time.Minute), time.Time{}, 43, 20, 1, false}}
		a.Incidents = 2
		a.Suppressed, a.Next = 143, time.Time{}
	}
	return a
}

// sampleEvents adds samples and a history.
func sampleEvents(a *Alert) {
	for i, user := range []string{"anna@example.com", "anna@example.com", "nightly-import"} {
		e := transport.Event{Kind: transport.RateLimited, Time: a.Since.Add(time.Duration(i) * time.Second), User: user,
			Method: "GET", URL: "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", Attempt: 1, Status: 429}
		a.Samples = append(a.Samples, e)
	}
	for i := range maxHistory {
		m := Minute{Time: a.Time.Truncate(time.Minute).Add(time.Duration(i-maxHistory+1) * time.Minute), Sent: 200 + i*7%90}
		if i >= maxHistory-38 {
			m.Limited, m.Sent, m.ServerDelay = (i*i*3)%41, 372, time.Duration(i%9)*200*time.Millisecond
		}
		a.History = append(a.History, m)
	}
}
