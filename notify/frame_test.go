package notify

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gomail "github.com/wneessen/go-mail"

	"github.com/aprimo-go/aprimo/transport"
)

// Only what is safe in a Message-ID is kept of a word, and 64 bytes at most.
func TestWordsInHeaders(t *testing.T) {
	for in, want := range map[string]string{
		"azAZ09.-": "azAZ09.-", "a`{@[/:b": "ab", "_ \r\n<>é": "", strings.Repeat("a", 65): strings.Repeat("a", 64), "": "",
	} {
		if got := headerWord(in); got != want {
			t.Errorf("headerWord(%q) = %q, want %q", in, got, want)
		}
	}
}

// All mails about an incident are one conversation; digests are numbered apart.
func TestThreadsOfMail(t *testing.T) {
	to := []*mail.Address{{Address: "b@example.com"}}
	for _, c := range []struct {
		from           string
		a              Alert
		id, references string
	}{
		{"a@example.com", Alert{Phase: Firing, Count: 1, Incident: "I", Number: 1}, "<aprimo-429.I.1@example.com>", "<aprimo-429.I@example.com>"},
		{"a@example.com", Alert{Phase: Resolved, Count: 1, Incident: "I", Number: 2}, "<aprimo-429.I.2@example.com>", "<aprimo-429.I@example.com> <aprimo-429.I.1@example.com>"},
		{"a@example.com", Alert{Phase: Digest, Count: 1, Incident: "I", Number: 2}, "<digest.aprimo-429.I.2@example.com>", "<aprimo-429.I@example.com>"},
		{"a@ex_ample.com", Alert{Phase: Firing, Count: 1, Incident: "I", Number: 1}, "<aprimo-429.I.1@aprimo.invalid>", "<aprimo-429.I@aprimo.invalid>"},
	} {
		m, err := Email{From: c.from}.message(c.a, to)
		if err != nil {
			t.Fatal(err)
		}
		header := func(h gomail.Header) string { return strings.Join(m.GetGenHeader(h), "|") }
		if id, references, reply := header(gomail.HeaderMessageID), header(gomail.HeaderReferences), header(gomail.HeaderInReplyTo); id != c.id || references != c.references || !strings.HasPrefix(references, reply) {
			t.Errorf("%s, mail %d: got %s, references %s, reply to %s; want %s, %s", c.a.Phase, c.a.Number, id, references, reply, c.id, c.references)
		}
	}
	ids := map[string]bool{}
	for range 2 { // tests have no incident
		m, err := Email{From: "a@example.com"}.message(Alert{}, to)
		if err != nil {
			t.Fatal(err)
		}
		if date := m.GetGenHeader(gomail.HeaderDate); len(date) != 1 || strings.Contains(date[0], " 0001 ") {
			t.Errorf("got the date %q of an Alert without a time, want now", date)
		}
		ids[m.GetGenHeader(gomail.HeaderMessageID)[0]] = true
	}
	if len(ids) != 2 {
		t.Errorf("got the IDs %v, want two", ids)
	}
	for _, c := range []struct {
		condition Condition
		phase     Phase
		want      bool
	}{{Failing, Firing, true}, {Failing, Escalated, true}, {Failing, Reminder, false}, {Throttled, Firing, false}} {
		m, err := Email{From: "a@example.com"}.message(Alert{Condition: c.condition, Phase: c.phase, Count: 1}, to)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.GetGenHeader(gomail.HeaderImportance)) > 0; got != c.want {
			t.Errorf("%s, %s: got important %v, want %v", c.condition, c.phase, got, c.want)
		}
	}
}

// Each time of an alert is moved, once, and none that is zero; the state's own alert is not changed.
func TestTimesOfAnAlertAreShifted(t *testing.T) {
	a := Alert{
		Time: noon, Since: noon, Latest: noon, Ended: noon, Previous: noon, Next: noon, NoneBefore: noon,
		Unreported: []Summary{{Since: noon, Ended: noon}, {Since: noon}}, History: []Minute{{Time: noon}},
	}
	moved := after(time.Second)
	want := Alert{
		Time: moved, Since: moved, Latest: moved, Ended: moved, Previous: moved, Next: moved, NoneBefore: moved,
		Unreported: []Summary{{Since: moved, Ended: moved}, {Since: moved}}, History: []Minute{{Time: noon}}, // to the minute
	}
	kept := a.Unreported
	if a.shift(time.Second); !cmp.Equal(want, a) || !kept[0].Since.Equal(noon) {
		t.Errorf("got another alert than wanted (-want +got), and the state's %v:\n%s", kept, cmp.Diff(want, a))
	}
	a = Alert{Unreported: kept, History: []Minute{{Time: noon}}}
	if a.shift(time.Minute); !a.Time.IsZero() || !a.History[0].Time.Equal(after(time.Minute)) {
		t.Errorf("got %+v, want no time where there was none, and the history a minute later", a)
	}
}

// A foreignNotifier has errors that are not ours.
type foreignNotifier struct{ validate func() error }

func (n foreignNotifier) Notify(context.Context, Alert) error { return n.validate() }
func (n foreignNotifier) Validate() error                     { return n.validate() }

// An error of the program's Notifier is cleaned; that of ours is as it is; a panic is an error.
func TestErrorsOfValidate(t *testing.T) {
	long := strings.Repeat("x", 400)
	secret := errors.New("https://h/path?password=hunter\n" + long)
	for _, c := range []struct {
		what string
		n    Notifier
		want string
	}{
		{"none", NotifierFunc(nil), ""},
		{"good", foreignNotifier{func() error { return nil }}, ""},
		{"foreign", foreignNotifier{func() error { return secret }}, "https://h " + long[:289] + "…"},
		{"panic", foreignNotifier{func() error { panic("boom") }}, "its method Validate panicked: boom"},
		{"ours", Webhook{}, "notify: webhook: bad URL: copy it as the service shows it, beginning with https://"},
	} {
		got := ""
		if err := validate(c.n); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

// Which routes get an alert, and who delivers it.
func TestRoutesOfAnAlert(t *testing.T) {
	mail, chat := Email{}, NotifierFunc(func(context.Context, Alert) error { return nil })
	r := routesOf(Routes{{Name: "mail", To: mail}, {To: chat, Conditions: []Condition{Failing}}, {Name: "mail", To: chat}})
	var names []string
	for _, w := range r {
		names = append(names, w.Name)
	}
	if diff := cmp.Diff([]string{"mail", "route 2", "mail route 3"}, names); diff != "" {
		t.Errorf("got other names than wanted (-want +got):\n%s", diff)
	}
	if got := r.targets(Throttled); len(got) != 2 || got[1].Route != "mail route 3" {
		t.Errorf("got the targets %v, want those for all conditions", got)
	}
	if got := r.targets(Failing); len(got) != 3 {
		t.Errorf("got the targets %v, want all", got)
	}
	for name, found := range map[string]bool{"mail": true, "route 2": true, "mail route 3": true, "other": false} {
		if _, all := r.find(name).(Routes); all == found {
			t.Errorf("%s: got all routes %v, want found %v", name, all, found)
		}
	}
	got := map[string]int{}
	count := func(Alert) { got["anybody"]++ }
	for _, c := range []struct {
		what string
		to   Notifier
		only []string
		want int
	}{
		{"all", mailing{got: count}, nil, 2}, {"some", mailing{got: count}, []string{"b"}, 1},
		{"some of what cannot tell them apart", NotifierFunc(mailing{got: count}.Notify), []string{"b"}, 2},
	} {
		got["anybody"] = 0
		if err := call(t.Context(), c.to, Alert{}, c.only); err != nil || got["anybody"] != c.want {
			t.Errorf("%s: got %v, %d have the alert; want %d", c.what, err, got["anybody"], c.want)
		}
	}
}

// A text is cut to its limit with an ellipsis, and what is not printable is escaped as a whole.
func TestCleanText(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcd", 4, "abcd"}, {"abcde", 4, "abc…"}, {"éééé", 4, "éééé"}, {"ééééé", 4, "ééé…"}, {" ~", 4, " ~"}, {"\x7f", 4, `\x7f`}, {"\x7fa", 4, "…"}, {"\xff", 4, "\ufffd"},
		{"\u00ff\u0100", 9, "\u00ff\u0100"}, {"\u0085", 9, `\x85`}, {"\u2028", 9, `\u2028`}, {"\U000e0001", 10, `\U000e0001`}, {"a\n", 5, `a\x0a`}, {"a\n", 4, "a…"}, {"", 0, ""},
	} {
		if got := clean(c.in, c.limit); got != c.want {
			t.Errorf("clean(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
	for in, want := range map[string]string{
		"https://acme.dam.aprimo.com/x": "acme", "https://ACME.aprimo.com:443/x": "acme", "https://aprimo.com": "aprimo.com", "https://h.example/x": "h.example", "%zz": "",
	} {
		if got := tenantOf(in); got != want {
			t.Errorf("tenantOf(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"https://h/a%2Fb?c": "GET /a%2Fb", "%zz": "GET %zz", "/" + strings.Repeat("a", 80): "GET /" + strings.Repeat("a", 66) + "…"} {
		if got := request(transport.Event{Method: "GET", URL: in}); got != want {
			t.Errorf("request(%q) = %q, want %q", in, got, want)
		}
	}
	// A redactor reads 4 KiB of a reply.
	for n, want := range map[int]int{4096: 4096, 4097: 4096 + len("…")} {
		if got := newRedactor("hunter22").text(strings.Repeat("x ", (n+1)/2)[:n]); len(got) != want {
			t.Errorf("got %d bytes of %d, want %d", len(got), n, want)
		}
	}
}

// Printed settings say how the login is made, and where alerts go.
func TestPrintedSettings(t *testing.T) {
	token := func(context.Context) (string, error) { return "", nil }
	for want, v := range map[string]any{
		"notify.Email(mx:25, from a to b, c, no login)": Email{Addr: "mx:25", From: "a", To: []string{"b", "c"}},
		"notify.Email(, from  to , login as u)":         Email{Username: "u", Password: "p"},
		"notify.Email(, from  to , XOAUTH2 as u)":       Email{Username: "u", Token: token},
		"notify.Webhook(json to h)":                     Webhook{URL: "https://h/x"},
		"notify.Webhook(slack to ?)":                    Webhook{URL: "%zz", Shape: Slack},
		`notify.Routes["a" "route 2"]`:                  Routes{{Name: "a"}, {}},
	} {
		if got := fmt.Sprintf("%+v", v); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
