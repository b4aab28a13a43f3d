package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/transport"
)

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.1 s", 99 * time.Millisecond: "0.1 s", 100 * time.Millisecond: "0.1 s", 149 * time.Millisecond: "0.1 s", 151 * time.Millisecond: "0.2 s",
		time.Second: "1 s", -2500 * time.Millisecond: "2.5 s", 9949 * time.Millisecond: "9.9 s", 10 * time.Second: "10 s", 10400 * time.Millisecond: "10 s",
		59400 * time.Millisecond: "59 s", 59500*time.Millisecond - 1: "59 s", 59500 * time.Millisecond: "1 min", time.Minute: "1 min", 61 * time.Second: "1 min 1 s",
		209 * time.Second: "3 min 29 s", 3599*time.Second + 499*time.Millisecond: "59 min 59 s", 3599*time.Second + 500*time.Millisecond: "1 h",
		time.Hour: "1 h", 61 * time.Minute: "1 h 1 min", 90 * time.Minute: "1 h 30 min", 119*time.Minute + 30*time.Second: "2 h", 25 * time.Hour: "25 h",
	} {
		if got := howLong(d); got != want {
			t.Errorf("howLong(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{15: "15", 6.2: "6.2", 6.25: "6.2", 0.04: "0", 0.06: "0.1", 100: "100"} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %q, want %q", x, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 calls were", 1: "1 call was", 2: "2 calls were"} {
		if got := many(n, "call") + " " + were(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct{ part, total, want int }{{1, 2, 50}, {1, 3, 33}, {2, 3, 67}, {1, 200, 1}, {1, 201, 0}, {5, 0, 0}, {5, 5, 100}, {1, 1, 100}} {
		if got := percent(c.part, c.total); got != c.want {
			t.Errorf("percent(%d, %d) = %d, want %d", c.part, c.total, got, c.want)
		}
	}
}

// A line has at most 78 characters, but for a word that is longer.
func TestWrap(t *testing.T) {
	x := func(n int) string { return strings.Repeat("é", n) }
	for in, want := range map[string]string{
		"": "", " a  b ": "a b",
		x(38) + " " + x(39): x(38) + " " + x(39), x(39) + " " + x(39): x(39) + "\n" + x(39),
		x(90) + " a": x(90) + "\na", "a " + x(90) + " b": "a\n" + x(90) + "\nb",
		x(78) + " a b": x(78) + "\na b",
	} {
		if got := wrap(0, in); got != want {
			t.Errorf("wrap(0, %q)\n got %q\nwant %q", in, got, want)
		}
	}
	if got, want := wrap(3, x(37)+" "+x(37)+" "+x(75)+" a"), x(37)+" "+x(37)+"\n   "+x(75)+"\n   a"; got != want {
		t.Errorf("wrap(3)\n got %q\nwant %q", got, want)
	}
}

func TestPointsInTime(t *testing.T) {
	for zone, want := range map[int]string{0: "2026-11-24 12:00:00 UTC", -3 * 3600: "2026-11-24 09:00:00 -03:00 (12:00:00 UTC)"} {
		if got := at(noon.In(time.FixedZone("", zone))); got != want {
			t.Errorf("at %d s: got %q, want %q", zone, got, want)
		}
	}
}

// A ranking has five names, and the sum of the others.
func TestRankings(t *testing.T) {
	tallies := []Tally{{Name: "a", Count: 50, Error: 1}, {Count: 20, Error: 3}, {Name: strings.Repeat("b", 60), Count: 10, Error: 2}, {Name: "d", Count: 5}, {Name: "e", Count: 4}, {Name: "f", Count: 3, Error: 9}}
	want := ranking{"Users", []row{
		{"a", 50, 50}, {"(unknown)", 20, 20}, {strings.Repeat("b", 53) + "…", 10, 10}, {"d", 5, 5}, {"e", 4, 4}, {"(others)", 11, 11},
	}, 3}
	if diff := cmp.Diff(want, rank("Users", tallies, 100)); diff != "" {
		t.Error(diff)
	}
	want.Rows = []row{{"a", 50, 100}}
	want.Error = 1
	if diff := cmp.Diff(want, rank("Users", tallies[:1], 50)); diff != "" {
		t.Errorf("without others: %s", diff)
	}
	if got := rank("Users", nil, 50); got.Rows != nil {
		t.Errorf("without names: got %+v, want none", got)
	}
	if got, want := rank("Users", tallies[:1], 51).line(), "a 50 (98 %), (others) 1 (2 %)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each text depends on what is known.
func TestWhatTheTextsSay(t *testing.T) {
	const during = "While Aprimo sent 429s, it processed 15 requests a second. "
	for _, c := range []struct {
		what string
		got  any
		want any
	}{
		{"no share", Alert{TenantRate: 15}.share(), ""},
		{"none ours", Alert{TenantRate: 15, Rate: 0.04, Others: 14.96}.share(), during + "None of the queued requests were ours: other programs used the whole limit."},
		{"a few ours", Alert{TenantRate: 15, Rate: 0.05, Others: 14.95}.share(), during + "At most 0.1 were ours; other programs sent at least 14.9."},
		{"all ours", Alert{TenantRate: 15, Rate: 14.6, Others: 0.49}.share(), during + "Our own traffic alone can account for it."},
		{"half a request of others", Alert{TenantRate: 15, Rate: 14.5, Others: 0.5}.share(), during + "At most 14.5 were ours; other programs sent at least 0.5."},

		{"others", Alert{OthersSent: transport.Others{Rate: 9, Stddev: 0.5}}.othersSent(), "9 ± 0.5 requests a second, as last measured"},
		{"others unknown", Alert{OthersSent: transport.Others{Rate: 9}}.othersSent(), "not known"},

		{"nothing lost", Alert{Condition: Throttled, Queued: 1}.outcome(), []string{"No call has been given up so far", "1 call queued at the last 429"}},
		{"all outcomes", Alert{Condition: Failing, Lost: 3, Unconfirmed: 1, Recovered: 1, Refused: 1}.outcome(), []string{
			"3 calls given up: the caller got the error", "1 of these may have been carried out; 2 can be run again",
			"1 call succeeded after a retry", "1 call rejected locally, never sent", "0 calls queued at the last event",
		}},

		{"no action", Alert{Condition: Failing}.actions(), []string(nil)},
		{"not retried", Alert{Condition: Throttled}.actions(), []string{"It does not retry the last request that Aprimo rejected."}},
		{"retried", Alert{Condition: Throttled, Again: true, Delay: 1}.actions(), []string{"It retries the requests that Aprimo rejected, the last one after 0.1 s."}},
		{"retried at once", Alert{Condition: Failing, Again: true}.actions(), []string{"It retries the requests that Aprimo rejected."}},
		{"over", Alert{Condition: Throttled, Phase: Resolved, Again: true, Paused: 1, ServerDelay: 1}.actions(), []string{
			"It paused all calls 1 time.", "It limited the requests in flight: the server delayed each by 0.1 s.",
		}},
		{"a digest", Alert{Condition: Throttled, Phase: Digest, Again: true}.actions(), []string(nil)},

		{"the last mail", Alert{NoneBefore: noon, Next: noon, Phase: Resolved}.foot()[0], "This is the last mail of this kind before 2026-11-24 12:00:00 UTC: the rule allows no more."},
		{"resolved", Alert{Phase: Resolved, Next: noon}.foot()[0], "No more mail unless the threshold is reached again."},
		{"a digest of what is over", Alert{Phase: Digest}.foot()[0], "No more mail unless the threshold is reached again."},
		{"a digest of what continues", Alert{Phase: Digest, Next: noon}.foot()[0], "The next mail comes when it ends or grows tenfold, and no later than 2026-11-24 12:00:00 UTC."},
		{"no reminder, no cool-down", Alert{Phase: Firing, Incident: "i", Number: 2}.foot(), []string{"Use Alerter.Mute during planned work.", "Incident i, mail no. 2"}},
		{"a cool-down", Alert{Phase: Firing, Cooldown: time.Hour}.foot()[0], "Another incident gets its own mail no earlier than 1 h after the first mail of this one."},

		{"a threshold", Alert{Condition: Throttled, Limit: 20, Within: time.Minute, MaxDelay: 1}.threshold(), "20 in 1 min"},
		{"a delay", Alert{Condition: Saturated, MaxDelay: time.Second}.threshold(), "a wait above 1 s for 1 min"},
		{"a queue", Alert{Condition: Saturated, Limit: 1, Within: time.Minute}.threshold(), "1 in 1 min"},
		{"the last event", Alert{Latest: noon, Time: after(1)}.latest(), noon},
		{"the last event unknown", Alert{Time: noon}.latest(), noon},
		{"the span of what is over", Alert{Since: noon, Ended: after(1), Latest: after(2)}.span(), time.Duration(1)},
		{"the span of what continues", Alert{Since: noon, Latest: after(2)}.span(), time.Duration(2)},
		{"more incidents than are listed", Alert{Incidents: 3, Unreported: make([]Summary, 2)}.incidents(), 3},
		{"incidents that are listed", Alert{Unreported: make([]Summary, 2)}.incidents(), 2},

		{"green of a test", Alert{Phase: Test}.color(), "#1a7f37"},
		{"green", Alert{Phase: Resolved, Count: 1}.color(), "#1a7f37"},
		{"yellow of a digest", Alert{Phase: Digest}.color(), "#9a6700"},
		{"yellow", Alert{Phase: Reminder}.color(), "#9a6700"},
		{"red", Alert{Phase: Firing}.color(), "#b3261e"},

		{"it continues", Summary{Since: noon, Total: 3}.String(), "2026-11-24 12:00:00 UTC, 3, ongoing"},
		{"it is over", Summary{Since: noon, Ended: after(time.Minute), Total: 3, Opened: true}.String(), "2026-11-24 12:00:00 UTC, 3 in 1 min; a mail has reported its start"},

		{"none given up", Alert{Unreported: []Summary{{Total: 1}, {Total: 2, Lost: 1}}, Phase: Digest}.changes()[0].text, "1 event"},
		{"one given up", Alert{Unreported: []Summary{{Total: 1}, {Total: 2, Lost: 1}}, Phase: Digest}.changes()[1].text, "2 events, 1 call given up"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: got another text than wanted (-want +got):\n%s", c.what, diff)
		}
	}
}

// Facts are there if they are known.
func TestFacts(t *testing.T) {
	names := func(a Alert) (all []string) {
		for _, f := range a.facts() {
			all = append(all, f.Name)
		}
		return all
	}
	everything := Alert{
		Condition: Throttled, Phase: Firing, Since: noon, Latest: noon, Time: noon, Peak: 1, Tenant: "t", Alone: true, Number: 2, Previous: noon, Suppressed: 1,
	}
	resolved, digest, saturated, failing := everything, everything, everything, everything
	resolved.Ended, resolved.Phase, digest.Phase, saturated.Condition, failing.Condition = noon, Resolved, Digest, Saturated, Failing
	all := []string{"First", "Last", "Threshold", "Peak", "Others", "Tenant", "Program", "Scope", "Incident", "Last mail", "Unreported"}
	for _, c := range []struct {
		what string
		a    Alert
		want []string
	}{
		{"everything", everything, all},
		{"saturated", saturated, all},
		{"failing", failing, append([]string{"First", "Last", "Threshold", "Peak"}, all[5:]...)},
		{"resolved", resolved, append([]string{"First", "Last", "Resolved"}, all[2:]...)},
		{"a digest", digest, []string{"First", "Last", "Threshold", "Peak", "Others", "Tenant", "Program", "Scope", "Last mail"}},
		{"nothing", Alert{Number: 1}, []string{"First", "Last", "Threshold", "Program"}},
	} {
		if diff := cmp.Diff(c.want, names(c.a)); diff != "" {
			t.Errorf("%s: got other facts than wanted (-want +got):\n%s", c.what, diff)
		}
	}
	for phase, want := range map[Phase]string{Firing: "ongoing; mail no. 2 about it", Resolved: "resolved; mail no. 2 about it"} {
		a := Alert{Phase: phase, Number: 2}
		if got := a.facts()[4].Value; got != want {
			t.Errorf("%s: got the incident %q, want %q", phase, got, want)
		}
	}
}

// A chart has a cell for each of the last 60 minutes; the highest is full, and one that is not
// zero is seen.
func TestCharts(t *testing.T) {
	end := noon.Add(20 * time.Second)
	a := Alert{Time: end, History: []Minute{
		{Time: noon.Add(-60 * time.Minute), Limited: 1000}, {Time: noon.Add(time.Minute), Limited: 1000}, // too old, too new
		{Time: noon.Add(-59 * time.Minute), Sent: 4, Limited: 2, ServerDelay: 40 * time.Millisecond}, {Time: noon, Sent: 1000, Limited: 1},
	}}
	all := charts(a)
	if len(all) != 3 {
		t.Fatalf("got %d charts, want 3", len(all))
	}
	bars := func(first, last int) []int {
		b := make([]int, 60)
		b[0], b[59] = first, last
		return b
	}
	blank := strings.Repeat(" ", 58)
	want := []chart{
		{"429s per minute, at most 2", "11:01", "12:00 UTC", bars(48, 24), "█" + blank + "▄", "#b3261e"},
		{"Our requests per minute, at most 1000", "11:01", "12:00 UTC", bars(1, 48), "▁" + blank + "█", "#0b57d0"},
		{"Server delay in seconds, at most 0.1", "11:01", "12:00 UTC", bars(48, 0), "█" + blank + " ", "#9a6700"},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("got other charts than wanted (-want +got):\n%s", diff)
	}
	a.History = []Minute{{Time: noon}}
	for i, want := range []string{"429s per minute: none", "Our requests per minute: not known", "Server delay in seconds: not known"} {
		if got := charts(a)[i].Title; got != want {
			t.Errorf("got the title %q, want %q", got, want)
		}
	}
	if got := charts(Alert{}); got != nil {
		t.Errorf("got %v without a history, want none", got)
	}
}
