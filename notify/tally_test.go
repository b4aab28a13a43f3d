package notify

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/transport"
)

// Which calls count as lost, as perhaps carried out, and as refused.
func TestOutcomesOfACall(t *testing.T) {
	other := errors.New("connection reset")
	type done struct {
		e           transport.Event
		lost, maybe bool
	}
	for _, c := range []done{
		{transport.Event{Status: 429, Attempt: 1, Method: "POST"}, true, false},
		{transport.Event{Status: 502, Attempt: 2, Method: "POST"}, true, true},
		{transport.Event{Status: 503, Attempt: 2, Method: "GET"}, true, false},
		{transport.Event{Status: 504, Attempt: 2, Method: "HEAD"}, true, false},
		{transport.Event{Status: 504, Attempt: 1, Method: "POST"}, false, false},
		{transport.Event{Status: 500, Attempt: 2}, false, false},
		{transport.Event{Status: 505, Attempt: 2}, false, false},
		{transport.Event{Err: other, Attempt: 2, Method: "DELETE"}, true, true},
		{transport.Event{Err: other, Attempt: 2, Method: "OPTIONS"}, true, false},
		{transport.Event{Err: other, Attempt: 2, Method: "TRACE"}, true, false},
		{transport.Event{Err: other, Attempt: 1}, false, false},
		{transport.Event{Attempt: 2}, false, false},
		{transport.Event{Err: context.Canceled, Attempt: 2}, false, false},
		{transport.Event{Err: context.DeadlineExceeded, Attempt: 2}, false, false},
		{transport.Event{Err: context.Canceled, Status: 502, Attempt: 2}, false, false},
	} {
		var got counts
		c.e.Kind = transport.Done
		hit := got.observe(c.e, noon, Rule{Lost: 1}, false)
		if want := map[bool]int{true: 1}; got.seen.Lost != want[c.lost] || got.seen.Unconfirmed != want[c.maybe] || hit != c.lost || got.seen.Recovered != 0 {
			t.Errorf("%+v: got %d lost, %d unconfirmed, %d recovered; want lost %v, unconfirmed %v", c.e, got.seen.Lost, got.seen.Unconfirmed, got.seen.Recovered, c.lost, c.maybe)
		}
	}
	for _, c := range []struct {
		e    transport.Event
		want int
	}{
		{transport.Event{Status: 200, Attempt: 2}, 1}, {transport.Event{Status: 399, Attempt: 2}, 1}, {transport.Event{Status: 400, Attempt: 2}, 0},
		{transport.Event{Status: 200, Attempt: 1}, 0}, {transport.Event{Attempt: 2}, 0},
	} {
		var got counts
		c.e.Kind = transport.Done
		if hit := got.observe(c.e, noon, Rule{}, false); hit || got.seen.Recovered != c.want {
			t.Errorf("%+v: got %d recovered, want %d", c.e, got.seen.Recovered, c.want)
		}
	}
	for _, c := range []struct {
		e    transport.Event
		want int
	}{
		{transport.Event{Err: other}, 1}, {transport.Event{Err: other, Attempt: 1}, 0}, {transport.Event{Err: fmt.Errorf("x: %w", transport.ErrShutdown)}, 0},
	} {
		var got counts
		c.e.Kind = transport.Refused
		if hit := got.observe(c.e, noon, Rule{Refused: 1}, false); hit != (c.want == 1) || got.seen.Refused != c.want || got.hits[3].count != c.want {
			t.Errorf("%+v: got %d refused, want %d", c.e, got.seen.Refused, c.want)
		}
	}
}

// A condition that is off counts nothing, and what others send is noted all the same.
func TestWhichConditionCounts(t *testing.T) {
	e := transport.Event{
		Kind: transport.RateLimited, Status: 429, Queued: 7, Again: true, Delay: 2, ServerDelay: 3, Others: transport.Others{Rate: 4, Stddev: 1},
	}
	var c counts
	if c.observe(e, noon, Rule{}, false) || c.hits[1].count != 0 || c.seen.Queued != 7 || !c.seen.Again || c.seen.Delay != 2 || c.seen.ServerDelay != 3 || c.seen.OthersSent.Rate != 4 {
		t.Errorf("a 429 while the condition is off: got %+v, want how things stand, and no count", c)
	}
	e.Others = transport.Others{Rate: 9}
	if !c.observe(e, noon, Rule{Count: 1}, false) || c.hits[1].count != 1 || c.seen.OthersSent.Rate != 4 {
		t.Errorf("a 429: got %+v, want one counted, and the others as they were known", c)
	}
	e = transport.Event{Kind: transport.Retrying, Queued: 5, ServerDelay: 6}
	if !c.observe(e, noon, Rule{MaxDelay: 1}, true) || c.hits[0].count != 1 || c.seen.Queued != 5 || c.seen.ServerDelay != 6 || c.seen.Delay != 2 {
		t.Errorf("saturated: got %+v, want one counted, with the queue and the delay", c)
	}
	c.observe(transport.Event{Kind: transport.Paused}, noon, Rule{}, false)
	if c.seen.Paused != 1 || c.hits[0].count != 1 {
		t.Errorf("got %+v, want one pause, and the count as it was", c)
	}
}

// The server's delay, or the queue, has to be too long for exactly a minute, without a gap of
// more than 15 s; then it counts once a second.
func TestSaturationIsMeasured(t *testing.T) {
	r := Rule{MaxDelay: 2 * time.Second}
	slow := transport.Event{ServerDelay: 2*time.Second + 1}
	full := transport.Event{Queued: 81, Capacity: 100}
	for _, c := range []struct {
		what  string
		e     transport.Event
		times []time.Duration
		want  int
	}{
		{"too slow", slow, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute}, 1},
		{"too full", full, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute}, 1},
		{"too slow, almost a minute", slow, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute - 1}, 0},
		{"a gap", slow, []time.Duration{0, 15 * time.Second, 30*time.Second + 1, 45 * time.Second, time.Minute}, 0},
		{"as slow as it may be", transport.Event{ServerDelay: 2 * time.Second}, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute}, 0},
		{"as full as it may be", transport.Event{Queued: 80, Capacity: 100}, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute}, 0},
		{"no capacity", transport.Event{Queued: 80}, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute}, 0},
		{"once a second", slow, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, time.Minute, time.Minute + 1, 61*time.Second - 1, 61 * time.Second}, 2},
	} {
		var s, off saturation
		got := 0
		for _, at := range c.times {
			if s.observe(c.e, after(at), r) {
				got++
			}
			if off.observe(c.e, after(at), Rule{}) {
				t.Errorf("%s: got a hit without MaxDelay, want none", c.what)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
}

// A tally keeps the last times, at least as many as make an alert due, and at most twice so many.
func TestATallyIsBounded(t *testing.T) {
	var c tally
	for i := range 1000 {
		c.add(transport.Event{URL: fmt.Sprintf("https://t%d.aprimo.com/a", i), User: "u", Status: 429, InFlight: i - 2}, after(time.Duration(i)), 3)
		n := len(c.times)
		if n > 6 || n < min(i+1, 3) || !c.times[n-1].Equal(after(time.Duration(i))) || !c.times[0].Equal(after(time.Duration(i-n+1))) {
			t.Fatalf("after %d events: got the times %v, want the last 3 to 6", i+1, c.times)
		}
	}
	// 0, 0, 0, 1, … 100, and then 100 each
	if want := 100*101/2 + 100*(1000-103); c.count != 1000 || c.answers != 1000 || c.inFlight != want || c.tenant != "t0" || len(c.samples) != 6 {
		t.Errorf("got %d events, %d answers, %d in flight, tenant %s, %d samples; want 1000, 1000, %d, t0, 6",
			c.count, c.answers, c.inFlight, c.tenant, len(c.samples), want)
	}
	c.add(transport.Event{Status: 503, InFlight: 5}, noon, 3)
	if c.answers != 1000 || c.count != 1001 {
		t.Errorf("got %d answers of %d after another status, want 1000 of 1001", c.answers, c.count)
	}
	if got := (&tally{times: []time.Time{noon, after(2)}, count: 3, tenant: "t"}).sum("p", 5); !got.Since.Equal(after(5)) || !got.Latest.Equal(after(7)) ||
		got.Total != 3 || got.Tenant != "t" || got.Hosts[0] != (Tally{Name: "p", Count: 3}) {
		t.Errorf("got %+v, want 3 events of p, by another clock", got)
	}
}

// An attempt counts in the minute when it was sent, once.
func TestHistoryCountsAttempts(t *testing.T) {
	for _, c := range []struct {
		what          string
		e             transport.Event
		sent, limited int
	}{
		{"a 429", transport.Event{Kind: transport.RateLimited, Attempt: 1}, 1, 1},
		{"a retry", transport.Event{Kind: transport.Retrying, Attempt: 1}, 1, 0},
		{"the last attempt", transport.Event{Kind: transport.Done, Attempt: 1}, 1, 0},
		{"it was reported", transport.Event{Kind: transport.Done, Attempt: 1, Reported: true}, 0, 0},
		{"it was never sent", transport.Event{Kind: transport.Done}, 0, 0},
		{"a pause", transport.Event{Kind: transport.Paused, Attempt: 1}, 0, 0},
		{"a refusal", transport.Event{Kind: transport.Refused, Attempt: 1}, 0, 0},
	} {
		for took, want := range map[time.Duration]time.Time{0: noon, 30 * time.Second: noon, 31 * time.Second: after(-time.Minute), -time.Hour: noon} {
			var h history
			c.e.Took, c.e.ServerDelay = took, 3
			h.observe(c.e, after(30*time.Second))
			if c.sent == 0 {
				if len(h) != 0 {
					t.Errorf("%s: got %+v, want nothing", c.what, h)
				}
				continue
			}
			if diff := cmp.Diff(history{{Time: want, Sent: c.sent, Limited: c.limited, ServerDelay: 3}}, h); diff != "" {
				t.Errorf("%s that took %v: got another minute than wanted (-want +got):\n%s", c.what, took, diff)
			}
		}
	}
}

// A history has 60 minutes in order, whenever they come; what is older has no place.
func TestHistoryIsInOrder(t *testing.T) {
	var h history
	minute := func(n int) Minute {
		return Minute{Time: after(time.Duration(n) * time.Minute), Sent: n, Limited: 1, ServerDelay: time.Duration(n)}
	}
	for _, n := range []int{30, 29, 31, 30} {
		h.add([]Minute{minute(n)})
	}
	double := minute(30)
	double.Sent, double.Limited = 60, 2
	if diff := cmp.Diff(history{minute(29), double, minute(31)}, h); diff != "" {
		t.Errorf("got another history than wanted (-want +got):\n%s", diff)
	}
	base := history{minute(29), minute(30)}
	more := []Minute{{Time: minute(29).Time, ServerDelay: 29}, {Time: minute(30).Time, Sent: 30, Limited: 1, ServerDelay: 30}, minute(31)}
	if diff := cmp.Diff(more, h.since(base)); diff != "" {
		t.Errorf("got another difference than wanted (-want +got):\n%s", diff)
	}
	for n := 100; n < 160; n++ {
		h.add([]Minute{minute(n)})
	}
	h.add([]Minute{minute(99)})
	if len(h) != 60 || !h[0].Time.Equal(minute(100).Time) || !h[59].Time.Equal(minute(159).Time) {
		t.Errorf("got %d minutes from %v to %v, want 60 from 100 on", len(h), h[0].Time, h[len(h)-1].Time)
	}
	h = h[1:]
	h.add([]Minute{minute(99)})
	if len(h) != 60 || !h[0].Time.Equal(minute(99).Time) {
		t.Errorf("got %d minutes from %v on, want 60 from 99 on", len(h), h[0].Time)
	}
	if h.add([]Minute{minute(160)}); len(h) != 60 || h[59].Sent != 160 || h[58].Sent != 159 || h[0].Sent != 101 {
		t.Errorf("got %d minutes up to %+v, want 60 up to 160", len(h), h[len(h)-1])
	}
}

// Sums of later events are added; how things stand is theirs.
func TestSumsOfAnAlert(t *testing.T) {
	user := func(n int) []Tally { return []Tally{{Name: "u", Count: n}} }
	samples := func(n ...int) (all Samples) {
		for _, i := range n {
			all = append(all, transport.Event{Attempt: i})
		}
		return all
	}
	a := Alert{
		Since: after(5), Latest: after(6), Total: 1, Lost: 2, Recovered: 3, Refused: 4, Unconfirmed: 5, Paused: 6, Peak: 7, Queued: 8, Delay: 9, ServerDelay: 10,
		OthersSent: transport.Others{Rate: 1, Stddev: 1}, Users: user(1), Operations: user(2), Hosts: user(3), Samples: samples(1, 2, 3, 4),
	}
	o := Alert{
		Since: after(4), Latest: after(7), Tenant: "t", Total: 10, Lost: 20, Recovered: 30, Refused: 40, Unconfirmed: 50, Paused: 60, Peak: 6, Queued: 80, Again: true,
		Delay: 90, ServerDelay: 100, OthersSent: transport.Others{Rate: 2}, Users: user(10), Operations: user(20), Hosts: user(30), Samples: samples(5, 6, 7),
	}
	want := Alert{
		Since: after(4), Latest: after(7), Tenant: "t", Total: 11, Lost: 22, Recovered: 33, Refused: 44, Unconfirmed: 55, Paused: 66, Peak: 7, Queued: 80, Again: true,
		Delay: 90, ServerDelay: 100, OthersSent: transport.Others{Rate: 1, Stddev: 1}, Users: user(11), Operations: user(22), Hosts: user(33), Samples: samples(1, 2, 3, 5, 6, 7),
	}
	got := a
	got.include(o)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got another sum than wanted (-want +got):\n%s", diff)
	}
	if got.include(Alert{Lost: 1, Since: noon}); got.Lost != 22 || !got.Since.Equal(after(4)) {
		t.Errorf("got %+v after nothing was added, want the same", got)
	}
	o.Tenant, o.Since, o.Latest, o.OthersSent = "other", after(8), after(3), transport.Others{Rate: 3, Stddev: 1}
	if got.include(o); got.Tenant != "t" || !got.Since.Equal(after(4)) || !got.Latest.Equal(after(7)) || got.OthersSent.Rate != 3 {
		t.Errorf("got %+v, want the first tenant, the earliest and the latest time, and the others as last known", got)
	}
	var first Alert
	if first.include(o); !first.Since.Equal(after(8)) {
		t.Errorf("got %v as the begin of the first, want its own", first.Since)
	}
	for _, c := range []struct{ given, want Alert }{
		{Alert{Condition: Failing, Total: 5, Lost: 3, Unconfirmed: 9, Peak: 9}, Alert{Condition: Failing, Total: 5, Lost: 5, Unconfirmed: 5, Peak: 9}},
		{Alert{Condition: Refusing, Total: 5, Lost: 3, Unconfirmed: 2}, Alert{Condition: Refusing, Total: 5, Refused: 5, Lost: 3, Unconfirmed: 2}},
		{Alert{Condition: Throttled, Total: 5, Peak: 6}, Alert{Condition: Throttled, Total: 5, Peak: 5}},
		{Alert{Condition: Saturated, Total: 5, Peak: 6}, Alert{Condition: Saturated, Total: 5, Peak: 6}},
	} {
		if c.given.agree(); !cmp.Equal(c.want, c.given) {
			t.Errorf("got %+v, want %+v", c.given, c.want)
		}
	}
}

// An Alert that no Alerter has made is completed.
func TestAnAlertOfTheProgram(t *testing.T) {
	for _, c := range []struct {
		given     Alert
		condition Condition
		phase     Phase
		total     int
	}{
		{Alert{Count: 3}, Throttled, Firing, 3},
		{Alert{Count: 3, Number: 1, Total: 5}, Throttled, Firing, 5},
		{Alert{Count: 3, Number: 2, Condition: Failing}, Failing, Reminder, 3},
		{Alert{Count: 3, Number: 2, Phase: Resolved}, Throttled, Resolved, 3},
	} {
		if got := c.given.complete(); got.Condition != c.condition || got.Phase != c.phase || got.Total != c.total {
			t.Errorf("%+v: got %s, %s, %d; want %s, %s, %d", c.given, got.Condition, got.Phase, got.Total, c.condition, c.phase, c.total)
		}
	}
	for _, c := range []struct {
		a    Alert
		want bool
	}{{Alert{}, true}, {Alert{Phase: Test, Count: 1}, true}, {Alert{Count: 1}, false}, {Alert{Phase: Firing}, false}} {
		if got := c.a.isTest(); got != c.want {
			t.Errorf("%+v: got test %v, want %v", c.a, got, c.want)
		}
	}
}
