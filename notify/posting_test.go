package notify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// decoded returns what a posting sends.
func decodedBody(t *testing.T, p posting) (v any) {
	t.Helper()
	if err := json.Unmarshal(p.body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// pagerAlert is about an incident that began at noon, and two others that no alert has reported.
func pagerAlert(phase Phase) Alert {
	return Alert{
		Condition: Failing, Phase: phase, Incident: "c", Number: 1, Tenant: "t", Host: "h", Time: after(time.Hour), Since: noon, Latest: after(time.Minute), Count: 5, Total: 5, Lost: 5,
		Unreported: []Summary{
			{Incident: "a", Since: after(-2 * time.Hour), Ended: after(-time.Hour), Total: 1},
			{Incident: "b", Since: after(-time.Minute), Total: 2, Lost: 1},
		},
	}
}

// An Alertmanager gets each change with its times: what continues ends a day after the next
// reminder, or after the alert, and a test after five minutes.
func TestWhatAlertmanagerGets(t *testing.T) {
	type change struct{ incident, summary, starts, ends string }
	stamp := func(d time.Duration) string { return after(d).Format(time.RFC3339Nano) }
	a, b := change{"a", "1 event", stamp(-2 * time.Hour), stamp(-time.Hour)}, change{"b", "2 events, 1 call given up", stamp(-time.Minute), stamp(25 * time.Hour)}
	firing, resolved, reminded, early := pagerAlert(Firing), pagerAlert(Resolved), pagerAlert(Firing), pagerAlert(Resolved)
	resolved.Ended, reminded.Next, early.Ended = after(time.Minute), after(5*time.Hour), after(-time.Second)
	test := Alert{Phase: Test, Incident: "x", Tenant: "t", Host: "h", Time: after(time.Hour), Since: noon}
	for name, c := range map[string]struct {
		a    Alert
		want []change
	}{
		"firing":          {firing, []change{b, {"c", firing.Subject(), stamp(0), stamp(25 * time.Hour)}, a}},
		"with a reminder": {reminded, []change{{"b", b.summary, b.starts, stamp(29 * time.Hour)}, {"c", reminded.Subject(), stamp(0), stamp(29 * time.Hour)}, a}},
		"resolved":        {resolved, []change{b, a, {"c", resolved.Subject(), stamp(0), stamp(time.Minute)}}},
		"ends before it":  {early, []change{b, a, {"c", early.Subject(), stamp(0), stamp(0)}}},
		"a digest":        {pagerAlert(Digest), []change{b, a}},
		"a test":          {test, []change{{"x", test.Subject(), stamp(0), stamp(65 * time.Minute)}}},
		"an empty digest": {Alert{Phase: Digest, Count: 1}, nil},
	} {
		var got []change
		for _, p := range c.a.alertmanager() {
			if p.name != "alerts" {
				t.Errorf("%s: got the name %q, want alerts", name, p.name)
			}
			for _, v := range decodedBody(t, p).([]any) {
				v := v.(object)
				labels, annotations := v["labels"].(object), v["annotations"].(object)
				got = append(got, change{labels["incident"].(string), annotations["summary"].(string), v["startsAt"].(string), v["endsAt"].(string)})
				want := object{"alertname": "AprimoIncident", "tenant": "t", "condition": string(c.a.Condition), "severity": severities[c.a.Condition], "incident": labels["incident"]}
				if diff := cmp.Diff(want, labels); diff != "" || annotations["host"] != "h" || annotations["description"] != c.a.page().Title {
					t.Errorf("%s: got %v, and other labels than wanted (-want +got):\n%s", name, annotations, diff)
				}
			}
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(change{})); diff != "" {
			t.Errorf("%s: got other changes than wanted (-want +got):\n%s", name, diff)
		}
	}
}

// PagerDuty gets what is open first, opens what is over already with the severity info, and
// resolves it.
func TestWhatPagerDutyGets(t *testing.T) {
	a := pagerAlert(Resolved)
	a.Ended = after(time.Minute)
	a.Unreported = append(a.Unreported, Summary{Incident: "d", Since: noon, Ended: after(time.Second), Opened: true})
	var got []string
	for _, p := range a.pagerDuty("key") {
		got = append(got, p.name)
		v := decodedBody(t, p).(object)
		action, incident, _ := strings.Cut(p.name, " ")
		want := object{"routing_key": "key", "event_action": action, "dedup_key": incident}
		if action == "trigger" {
			payload := v["payload"].(object)
			severity, timestamp := "info", "2026-11-24T10:00:00Z"
			if incident == "b" {
				severity, timestamp = "critical", "2026-11-24T11:59:00Z"
			}
			want["payload"] = object{
				"summary": payload["summary"], "source": "t h", "severity": severity, "timestamp": timestamp, "component": "Aprimo", "class": "failing",
				"custom_details": object{"what": a.page().Title, "events": 5.0, "lost": 5.0, "tenant": "t"},
			}
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("%s: got another event than wanted (-want +got):\n%s", p.name, diff)
		}
	}
	if diff := cmp.Diff([]string{"trigger b", "trigger a", "resolve a", "resolve d", "resolve c"}, got); diff != "" {
		t.Errorf("got other events than wanted (-want +got):\n%s", diff)
	}
	long := pagerAlert(Firing)
	long.Tenant, long.Unreported = strings.Repeat("t", 300), nil
	payload := decodedBody(t, long.pagerDuty("key")[0]).(object)["payload"].(object)
	if n := len([]rune(payload["source"].(string))); n != 255 {
		t.Errorf("got a source of %d characters, want 255", n)
	}
}

// Two alerts share an incident that either reports.
func TestAlertsThatShareAnIncident(t *testing.T) {
	a := pagerAlert(Firing)
	for o, want := range map[string]bool{"a": true, "b": true, "c": true, "d": false} {
		if got := a.sharesIncident(Alert{Incident: o}); got != want {
			t.Errorf("%s: got %v, want %v", o, got, want)
		}
		if got := a.sharesIncident(Alert{Incident: "x", Unreported: []Summary{{Incident: "y"}, {Incident: o}}}); got != want {
			t.Errorf("%s in a summary: got %v, want %v", o, got, want)
		}
	}
}

// A message has a block for each part of the page; a test has its subject alone.
func TestMessagesOfChats(t *testing.T) {
	a := Sample(Throttled, Firing)
	test := Alert{Phase: Test}
	p := a.page()
	var lines []string
	for _, r := range p.Rankings {
		lines = append(lines, r.Title+": "+r.line())
	}
	slack := func(a Alert) (texts []string, text string) {
		m := decodedMessage(t, slackMessage(a))
		for _, b := range m["blocks"].([]any) {
			b := b.(object)
			if list, ok := b["elements"].([]any); ok {
				texts = append(texts, b["type"].(string)+": "+list[0].(object)["text"].(string))
				continue
			}
			texts = append(texts, b["type"].(string)+": "+b["text"].(object)["text"].(string))
		}
		return texts, m["text"].(string)
	}
	want := []string{"header: " + a.Subject(), "section: " + p.Title, "section: " + lines[0], "section: " + lines[1], "section: " + lines[2], "section: " + p.Share, "context: " + strings.Join(p.Foot, " ")}
	if got, text := slack(a); cmp.Diff(want, got) != "" || text != a.Subject() {
		t.Errorf("Slack: got %q, and other blocks than wanted (-want +got):\n%s", text, cmp.Diff(want, got))
	}
	if got, text := slack(test); cmp.Diff([]string{"header: " + test.Subject()}, got) != "" || text != test.Subject() {
		t.Errorf("Slack: got %q, %q of a test, want its subject", text, got)
	}
	bare := a
	bare.Users, bare.Operations, bare.Hosts, bare.Rate, bare.Others = nil, nil, nil, 0, 0
	if got, _ := slack(bare); len(got) != 3 {
		t.Errorf("Slack: got %q without rankings and share, want header, section and context", got)
	}
	long := a
	long.Tenant, long.Host = strings.Repeat("<", 300), strings.Repeat("&", 300)
	if got, text := slack(long); len([]rune(got[0])) != len("header: ")+150 || len([]rune(text)) != 300 {
		t.Errorf("Slack: got a header of %d characters, a text of %d; want 150, 300", len([]rune(got[0]))-len("header: "), len([]rune(text)))
	}

	teams := func(a Alert) (texts, facts []string) {
		card := decodedMessage(t, teamsMessage(a))["attachments"].([]any)[0].(object)["content"].(object)
		for _, b := range card["body"].([]any) {
			b := b.(object)
			text, _ := b["text"].(string)
			texts = append(texts, strings.ReplaceAll(text, `\`, ""))
			list, _ := b["facts"].([]any)
			for _, f := range list {
				facts = append(facts, f.(object)["title"].(string))
			}
		}
		return texts, facts
	}
	texts, facts := teams(a)
	if diff := cmp.Diff([]string{a.Subject(), p.Title, "", p.Share}, texts); diff != "" {
		t.Errorf("Teams: got other blocks than wanted (-want +got):\n%s", diff)
	}
	if n := len(p.Facts); len(facts) != n+3 || facts[n] != "Users" || facts[n+2] != "Processes" {
		t.Errorf("Teams: got the facts %q, want %d and the rankings", facts, n)
	}
	if texts, facts := teams(test); cmp.Diff([]string{test.Subject()}, texts) != "" || facts != nil {
		t.Errorf("Teams: got %q, %q of a test, want its subject", texts, facts)
	}
	if texts, facts := teams(bare); len(texts) != 3 || len(facts) != len(bare.page().Facts) {
		t.Errorf("Teams: got %q, %q without rankings and share, want subject, title and facts", texts, facts)
	}
}

func decodedMessage(t *testing.T, message object) object {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return decodedBody(t, posting{body: body}).(object)
}

// What an answer with 2xx means, by the service.
func TestMeaningOfAnAnswer(t *testing.T) {
	for _, c := range []struct {
		shape  Shape
		answer string
		want   int
	}{
		{JSON, "", 200}, {JSON, "anything, error", 200}, {JSON, " <html>", 400}, {PagerDuty, "<html>", 400}, {Alertmanager, "{}", 200},
		{Slack, "ok", 200}, {Slack, " OK\n", 200}, {Slack, "1", 200}, {Slack, "", 200}, {Slack, "<html>", 400}, {Slack, "channel_not_found", 400}, {Slack, "2", 400},
		{Slack, `{"ok":true}`, 200}, {Slack, `{"ok":false}`, 400}, {Slack, `{"ok":false,"error":"ratelimited"}`, 503}, {Slack, "rate_limited", 503},
		{Slack, "internal_error", 503}, {Slack, "fatal_error", 503}, {Slack, "service_unavailable", 503}, {Slack, "request_timeout", 503}, {Slack, `{"a":1}`, 200}, {Slack, `{"a":`, 400},
		{Teams, "1", 200}, {Teams, "", 200}, {Teams, "accepted", 200}, {Teams, `{"success":false}`, 400}, {Teams, `{"error":"x"}`, 400}, {Teams, `{"error":null}`, 200},
		{Teams, "Webhook message delivery FAILED with error: Microsoft Teams endpoint returned HTTP error 429 with", 429}, {Teams, "HTTP error 300", 400}, {Teams, "HTTP error 599", 599},
		{Teams, "an Error", 400}, {Teams, "it failed", 400}, {Teams, "<html>", 400}, {Teams, "a < b", 200},
	} {
		if got := (Webhook{Shape: c.shape}).meaning(c.answer); got != c.want {
			t.Errorf("%s: got %d of %q, want %d", c.shape, got, c.answer, c.want)
		}
	}
}

// Which URLs a Webhook takes.
func TestURLsOfAWebhook(t *testing.T) {
	for _, c := range []struct {
		w    Webhook
		want string
	}{
		{Webhook{URL: "https://h/x"}, ""}, {Webhook{URL: "http://h/x", InsecureHTTP: true}, ""}, {Webhook{URL: "http://localhost:1/x"}, ""},
		{Webhook{URL: "http://127.0.0.1/x"}, ""}, {Webhook{URL: "http://[::1]/x"}, ""}, {Webhook{URL: "https://h", Shape: PagerDuty, RoutingKey: "k"}, ""},
		{Webhook{URL: "http://h/x"}, "not encrypted"}, {Webhook{URL: "http://10.0.0.1/x"}, "not encrypted"}, {Webhook{URL: "ftp://h/x", InsecureHTTP: true}, "bad scheme"},
		{Webhook{URL: "/x"}, "bad URL"}, {Webhook{URL: "https://h/%zz"}, "bad URL"}, {Webhook{URL: "https://h", Shape: "x"}, "bad Shape"}, {Webhook{URL: "https://h", Shape: PagerDuty}, "no RoutingKey"},
	} {
		err := c.w.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrPermanent)) {
			t.Errorf("%q, %s: got %v, want %q", c.w.URL, c.w.Shape, err, c.want)
		}
	}
	w := Webhook{RoutingKey: "routing-key-1", Header: http.Header{"Authorization": {"header-value-1", "header-value-2"}}}
	r, _ := http.NewRequest("POST", "https://user-name:pass-word@h/path-1/x?query-1", nil)
	for _, secret := range []string{"routing-key-1", "header-value-1", "header-value-2", "user-name:pass-word", "path-1/x?query-1"} {
		if got := w.secret(r.URL); !strings.Contains(got, secret) {
			t.Errorf("got the secret %q, want %q in it", got, secret)
		}
	}
	r, _ = http.NewRequest("POST", "https://h/", nil)
	if got := (Webhook{}).secret(r.URL); got != "" {
		t.Errorf("got the secret %q of none, want nothing", got)
	}
}
