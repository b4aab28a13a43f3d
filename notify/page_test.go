package notify_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

var update = flag.Bool("update", false, "write the golden files")

// sampleAlert returns an alert with something in every field.
func sampleAlert() notify.Alert {
	since := time.Date(2026, 11, 23, 10, 2, 11, 0, time.UTC)
	event := func(d time.Duration, user string) transport.Event {
		e := event()
		e.Time, e.User = since.Add(d), user
		return e
	}
	return notify.Alert{
		Incident: "K5NQ2LWZT7", Number: 2, Tenant: "acme", Host: "app01", PID: 4711,
		Time: since.Add(58*time.Minute + 9*time.Second), Since: since, Count: 143,
		Limit: 20, Within: 5 * time.Minute, Cooldown: time.Hour,
		Lost: 1, Recovered: 120, Refused: 4, Paused: 31, Queued: 44, Again: true, Delay: 2 * time.Second,
		Users: []notify.Tally{{Name: "anna@example.com", Count: 101}, {Name: "nightly-import", Count: 30}, {Count: 12}},
		Operations: []notify.Tally{
			{Name: "GET /api/core/record/{id}", Count: 80, Error: 3}, {Name: "POST /api/core/orders", Count: 40},
			{Name: "a", Count: 5}, {Name: "b", Count: 5}, {Name: "c", Count: 5}, {Name: "d", Count: 5},
		},
		Samples:  []transport.Event{event(0, "anna@example.com"), event(time.Minute, "")},
		Previous: since.Add(-time.Minute), Suppressed: 142,
	}
}

func TestTextGolden(t *testing.T) {
	first := sampleAlert()
	first.Number, first.Previous, first.Suppressed = 1, time.Time{}, 0
	first.Lost, first.Recovered, first.Refused, first.Paused = 0, 0, 0, 0
	first.Again, first.Delay = false, 0
	for name, a := range map[string]notify.Alert{"first": first, "later": sampleAlert()} {
		for ext, got := range map[string]string{".txt": a.Subject() + "\n\n" + a.Text(), ".html": a.HTML()} {
			file := "testdata/" + name + ext
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s: %s", file, diff)
			}
		}
	}
}

// Again says whether a request is retried; a Delay of 0 does not mean that it is given up.
func TestZeroDelayIsNotGivenUp(t *testing.T) {
	for _, tt := range []struct {
		again bool
		delay time.Duration
		want  string
	}{
		{true, 0, "It retries the requests that Aprimo rejected."},
		{true, 2 * time.Second, "It retries the requests that Aprimo rejected, the last one after 2 s."},
		{false, 0, "It does not retry the last request that Aprimo rejected."},
		{false, 2 * time.Second, "It does not retry the last request that Aprimo rejected."},
	} {
		synctest.Test(t, func(t *testing.T) {
			box := new(inbox)
			a := notify.New(box, notify.Rule{Count: 1})
			e := event()
			e.Again, e.Delay = tt.again, tt.delay
			a.Observe(t.Context(), e)
			a.Close()
			got := box.got()[0]
			if got.Again != tt.again || got.Delay != tt.delay {
				t.Errorf("alert: got Again %v, Delay %v, want %v, %v", got.Again, got.Delay, tt.again, tt.delay)
			}
			if text := got.Text(); !strings.Contains(strings.Join(strings.Fields(text), " "), tt.want) {
				t.Errorf("Again %v, Delay %v: got %s, want %q in it", tt.again, tt.delay, text, tt.want)
			}
		})
	}
}

func TestTestMail(t *testing.T) {
	var a notify.Alert
	for _, s := range []string{a.Subject(), a.Text(), a.HTML()} {
		if !strings.Contains(strings.ToLower(s), "test of the alert mail") {
			t.Errorf("got %q, want it to say that it is a test", s)
		}
	}
}

func TestTimesHaveTheirOffset(t *testing.T) {
	a := sampleAlert()
	a.Since = a.Since.In(time.FixedZone("", 3600))
	if !strings.Contains(a.Text(), "2026-11-23 11:02:11 +01:00 (10:02:11 UTC)") {
		t.Errorf("text: got %s, want the offset and UTC", a.Text())
	}
}

// Far from Greenwich a point in time is longer, and numbers may be large.
func TestLinesAreShortInAnyZone(t *testing.T) {
	zone := time.FixedZone("", -(9*60+30)*60)
	for _, l := range allConditions {
		for _, p := range allPhases {
			a := notify.Sample(l, p)
			for _, at := range []*time.Time{&a.Time, &a.Since, &a.Latest, &a.Ended, &a.Previous, &a.Next, &a.NoneBefore} {
				*at = a.Time.In(zone)
			}
			a.Number, a.Total, a.Count, a.Suppressed, a.Alone = 2, 12_345_678, 12_345_678, 12_345_678, true
			a.Users[0].Count, a.Users[0].Error = 12_345_678, 12_345_678
			a.Lost, a.Recovered, a.Refused, a.Paused, a.Queued = 12_345_678, 12_345_678, 12_345_678, 12_345_678, 12_345_678
			a.Unreported = []notify.Summary{{Since: a.Time, Ended: a.Time.Add(83*time.Minute + time.Second), Total: 12_345_678, Opened: true}}
			a.Samples[0].Time = a.Time
			for line := range strings.Lines(a.Text()) {
				if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 78 {
					t.Errorf("%s %s: got %q, want 78 characters at most", l, p, line)
				}
			}
		}
	}
}

func TestDurationsInSubject(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "in 0.1 s",
		400 * time.Millisecond:             "in 0.4 s",
		9999 * time.Millisecond:            "in 10 s",
		59600 * time.Millisecond:           "in 1 min (",
		3*time.Minute + 29*time.Second:     "in 3 min 29 s",
		time.Hour - time.Millisecond:       "in 1 h (",
		53*time.Hour + 10*time.Minute:      "in 53 h 10 min",
		-90 * time.Second:                  "in 1 min 30 s",
		2*time.Hour + 400*time.Millisecond: "in 2 h (",
	} {
		a := sampleAlert()
		a.Since = a.Time.Add(-d)
		if s := a.Subject(); !strings.Contains(s, want) {
			t.Errorf("%v: %q, want %q", d, s, want)
		}
	}
}

// nasty are texts that somebody may call himself.
var nasty = []string{
	"a\r\nBcc: x@evil.example", "a\nb\x00\x1b[31m", "<script>alert(1)</script>", "\"><img src=//evil.example/x>",
	strings.Repeat("x", 10_000), strings.Repeat("ü", 500), "\xff\xfe broken", "abc\u202egnp.exe", "zero\u200bwidth\u2028line",
	"{{.PID}}", "=?utf-8?q?=0d=0aBcc:_x?=", "٠١٢ שלום 漢字",
}

// nastyAlert returns an alert that says s wherever it can.
func nastyAlert(s string) notify.Alert {
	a := sampleAlert()
	a.Tenant, a.Host, a.Incident = s, s, s
	a.Users = []notify.Tally{{Name: s, Count: 143}}
	a.Operations = a.Users
	a.Samples = []transport.Event{{User: s, Method: s, URL: s}}
	return a
}

func TestNastyText(t *testing.T) {
	for _, s := range nasty {
		checkSafe(t, nastyAlert(s))
	}
}

func FuzzNastyText(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkSafe(t, nastyAlert(s)) })
}

// checkSafe checks that text from outside has not changed what a mail is.
func checkSafe(t *testing.T, a notify.Alert) {
	t.Helper()
	plain := nastyAlert("x")
	if strings.ContainsFunc(a.Subject(), unsafe) || utf8.RuneCountInString(a.Subject()) > 200 {
		t.Errorf("subject: got %q, want 200 printable characters at most", a.Subject())
	}
	text := a.Text()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, unsafe) || utf8.RuneCountInString(line) > 78 {
			t.Errorf("line: got %q, want 78 printable characters at most", line)
		}
	}
	html := a.HTML()
	if strings.ContainsFunc(strings.ReplaceAll(html, "\n", ""), unsafe) {
		t.Errorf("html: got %q, want it printable", html)
	}
	if a.Tenant != "" && strings.Count(text, "\n") != strings.Count(plain.Text(), "\n") {
		t.Errorf("text: got %s, want as many lines as of %s", text, plain.Text())
	}
	if a.Tenant != "" && strings.Count(html, "<") != strings.Count(plain.HTML(), "<") {
		t.Errorf("html: got %s, want as many tags as of %s", html, plain.HTML())
	}
}

// unsafe reports whether r may confuse a reader or a program.
func unsafe(r rune) bool {
	return r < ' ' || 0x7f <= r && r < 0xa0 || 0x200b <= r && r <= 0x200f || 0x2028 <= r && r <= 0x202e ||
		0x2066 <= r && r <= 0x2069 || r == 0x61c || r == 0xfeff
}

// A test mail has nothing that has happened, as HTML and as text.
func TestTestMailHasNoEvents(t *testing.T) {
	a := notify.Sample(notify.Throttled, notify.Test)
	for _, mail := range []string{a.Text(), a.HTML()} {
		if strings.Contains(mail, "anna@example.com") || !strings.Contains(mail, "Nothing has happened") {
			t.Errorf("got %s, want a test without users", mail)
		}
	}
}
