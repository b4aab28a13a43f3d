package notify_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
)

var (
	allConditions = []notify.Condition{notify.Saturated, notify.Throttled, notify.Failing, notify.Refusing}
	allPhases     = []notify.Phase{notify.Firing, notify.Escalated, notify.Reminder, notify.Resolved, notify.Digest, notify.Test}
)

// Every condition and phase, as people will read it.
func TestAllPhases(t *testing.T) {
	var all strings.Builder
	for _, l := range allConditions {
		for _, p := range allPhases {
			a := notify.Sample(l, p)
			all.WriteString("=== " + string(l) + " " + string(p) + "\n" + a.Subject() + "\n\n" + a.Text() + "\n")
			for line := range strings.Lines(a.Text()) {
				if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 78 {
					t.Errorf("%s %s: got %q, want 78 characters at most", l, p, line)
				}
			}
		}
	}
	const file = "testdata/phases.txt"
	if *update {
		if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTemplatesAreReplaced(t *testing.T) {
	s := startMailServer(t, setup{})
	e := emailTo(s)
	e.Templates = notify.Templates{
		Subject: "Alarm: {{.Total}}\r\nBcc: x@y",
		Text:    "{{.Total}} mal. {{range .Facts}}{{.Name}}={{.Value}};{{end}}",
		HTML:    "<p>{{.Total}} mal, {{(index .Users 0).Name}}</p>",
	}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	a := notify.Sample(notify.Throttled, notify.Firing)
	a.Users[0].Name = "<script>"
	if err := e.Notify(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	m := s.wait(t, 1)[0].raw
	if text := textOf(t, m, "text/plain"); !strings.HasPrefix(text, "143 mal. First=") {
		t.Errorf("text: got %s, want that of the template", text)
	}
	if html := textOf(t, m, "text/html"); strings.TrimSpace(html) != "<p>143 mal, &lt;script&gt;</p>" {
		t.Errorf("HTML: got %s, want that of the template, escaped", html)
	}
	if !strings.Contains(string(m), `Subject: Alarm: 143\x0d\x0aBcc: x@y`) {
		t.Errorf("mail: got %s, want the subject in one line", m)
	}
	e.Templates.Text = "{{if eq .Phase \"digest\"}}{{.Nothing}}{{end}}"
	wantError(t, e.Validate(), notify.ErrPermanent, "bad template", "Nothing")
	e.Templates.Text = "{{.Nothing}}"
	wantError(t, e.Validate(), notify.ErrPermanent, "bad template", "Nothing")
	e.Templates.Text = "{{"
	wantError(t, e.Validate(), notify.ErrPermanent, "bad template")
}

// A template that fails for what the samples do not have costs no alert.
func TestATemplateThatFailsLater(t *testing.T) {
	s := startMailServer(t, setup{})
	e := emailTo(s)
	e.Templates.Text = "on {{(index .Hosts 0).Name}}"
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	a := notify.Sample(notify.Throttled, notify.Firing)
	a.Hosts = nil // as without a Store
	wantError(t, e.Notify(t.Context(), a), notify.ErrPermanent, "sent with the default texts", "bad template", "index")
	if diff := cmp.Diff(a.Text(), strings.ReplaceAll(textOf(t, s.wait(t, 1)[0].raw, "text/plain"), "\r\n", "\n")); diff != "" {
		t.Error(diff)
	}
}
