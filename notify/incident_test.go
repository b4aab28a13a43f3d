package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var noon = time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func TestDefaultsOfARule(t *testing.T) {
	ignore := cmpopts.EquateEmpty()
	all := Rule{
		Count: 20, Lost: 5, Refused: 20, Within: 5 * time.Minute, Gather: 30 * time.Second, Cooldown: time.Hour, Reminder: 4 * time.Hour,
		PerHour: 6, PerDay: 24, TenantRate: 15, Timeout: 30 * time.Second, Retries: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute},
	}
	off := all
	off.Count, off.Lost, off.Refused, off.Gather, off.Cooldown, off.Reminder = 0, 0, 0, 0, 0, 0
	own := Rule{
		Count: 1, Lost: 1, Refused: 1, MaxDelay: 1, Within: 3, Gather: 1, Cooldown: 1, Reminder: 1, PerHour: 1, PerDay: 1,
		TenantRate: 0.5, Timeout: 1, Retries: []time.Duration{1},
	}
	most := own
	most.Gather, most.TenantRate, most.Timeout = 1, 1e9, 24*time.Hour
	large := own
	large.Gather, large.TenantRate, large.Timeout = 2, 2e9, 24*time.Hour+1
	for name, c := range map[string]struct{ given, want Rule }{
		"none": {Rule{}, all},
		"negative": {Rule{
			Count: -1, Lost: -1, Refused: -1, MaxDelay: -1, Within: -1, Gather: -1, Cooldown: -1, Reminder: -1, PerHour: -1, PerDay: -1,
			TenantRate: -1, Timeout: -1,
		}, off},
		"given":     {own, own},
		"too large": {large, most},
	} {
		if diff := cmp.Diff(c.want, c.given.withDefaults(), ignore); diff != "" {
			t.Errorf("%s: got another Rule than wanted (-want +got):\n%s", name, diff)
		}
	}
	if r := (Rule{Retries: []time.Duration{}}).withDefaults(); len(r.Retries) != 0 {
		t.Errorf("got %v without retries, want none", r.Retries)
	}
	for c, want := range map[Condition]int{Throttled: 3, Failing: 4, Refusing: 5, Saturated: 1} {
		if got := (Rule{Count: 3, Lost: 4, Refused: 5, MaxDelay: 1}).limit(c); got != want {
			t.Errorf("limit of %s: got %d, want %d", c, got, want)
		}
		if got := (Rule{}).limit(c); got != 0 {
			t.Errorf("limit of %s when it is off: got %d, want 0", c, got)
		}
	}
	if got := (Rule{Timeout: time.Minute}).lease(); got != 75*time.Second {
		t.Errorf("lease: got %v, want the timeout and 15 s", got)
	}
}

// Each limit holds to the nanosecond: at it something happens that doesn't happen just before.
func TestLimitsOfAnIncident(t *testing.T) {
	l := limits{Rule{Within: time.Minute, Gather: 10 * time.Second, Cooldown: time.Hour, Reminder: 4 * time.Hour}, 4}
	active := incident{State: stateActive, ID: "i", Noticed: noon, Number: 1, Reported: noon, Opened: noon, ReportedTotal: 3, Sum: Alert{Total: 3}}
	times := func(n int) (all []time.Time) {
		for range n {
			all = append(all, noon)
		}
		return all
	}
	// kept returns active as it is while events come, with a change.
	kept := func(change func(*incident)) incident {
		c := active
		change(&c)
		return c
	}
	phase := func(c incident, at time.Time) any { return c.due(at, l) }
	state := func(c incident, at time.Time) any {
		over := c.advance(at, l, "j", false)
		return fmt.Sprint(c.State, " ", over)
	}
	for _, c := range []struct {
		what         string
		of           incident
		at           time.Duration
		got          func(incident, time.Time) any
		before, then any
	}{
		{"a reminder", active, 4 * time.Hour, phase, Phase(""), Reminder},
		{"an escalation", kept(func(c *incident) { c.Sum.Total = 30 }), 15 * time.Minute, phase, Phase(""), Escalated},
		{"no escalation", kept(func(c *incident) { c.Sum.Total = 29 }), 15 * time.Minute, phase, Phase(""), Phase("")},
		{"the first alert after the cool-down", kept(func(c *incident) { c.Number, c.Reported, c.ReportedTotal, c.Noticed = 0, noon, 3, after(1) }), time.Hour, phase, Phase(""), Firing},
		{"the first alert again after one that failed", kept(func(c *incident) { c.Number, c.Opened, c.Noticed = 0, time.Time{}, noon }), 15 * time.Minute, phase, Phase(""), Firing},
		{"the first alert of a long incident while it flaps", kept(func(c *incident) {
			c.Number, c.Opened, c.Reported, c.Flapping, c.ReportedTotal = 0, time.Time{}, time.Time{}, true, 1
		}), 30 * time.Minute, phase, Phase(""), Firing},
		{"a digest after a quiet time", incident{Latest: noon, DigestSince: after(-time.Minute), Unreported: []Summary{{}}}, 5 * time.Minute, phase, Phase(""), Digest},
		{"a digest after some time", kept(func(c *incident) {
			c.DigestSince, c.Reported, c.Unreported = noon, time.Time{}, []Summary{{}}
			c.State = stateClearing
		}), 15 * time.Minute, phase, Phase(""), Digest},
		{"a digest after the cool-down", incident{Latest: after(-time.Hour), DigestSince: after(-time.Hour), Reported: noon, Unreported: []Summary{{}}}, time.Hour, phase, Phase(""), Digest},
		{"a digest after a gap", incident{Latest: after(-time.Hour), DigestSince: after(-time.Hour), Reported: noon, DigestGap: 2 * time.Hour, Unreported: []Summary{{}}}, 2 * time.Hour, phase, Phase(""), Digest},

		{"the end of gathering", kept(func(c *incident) { c.State, c.Times, c.Latest = statePending, times(4), noon }), 10 * time.Second, state, "pending false", "firing false"},
		{"clearing", kept(func(c *incident) { c.Times, c.Latest = times(4), noon }), time.Minute + 1, state, "firing false", "clearing false"},
		{"the end", kept(func(c *incident) { c.State, c.ClearingSince = stateClearing, noon }), time.Minute, state, "clearing false", "clearing true"},
	} {
		if got := c.got(c.of, after(c.at-1)); got != c.before {
			t.Errorf("%s: just before %v got %q, want %q", c.what, c.at, got, c.before)
		}
		if got := c.got(c.of, after(c.at)); got != c.then {
			t.Errorf("%s: at %v got %q, want %q", c.what, c.at, got, c.then)
		}
	}
	for n, want := range map[int]string{2: stateActive, 1: stateClearing} { // fewer than half of 4
		c := kept(func(c *incident) { c.Times, c.Latest = times(n), noon })
		if c.advance(noon, l, "j", false); c.State != want {
			t.Errorf("%d of 4: got %s, want %s", n, c.State, want)
		}
		c = kept(func(c *incident) { c.State, c.ClearingSince, c.Times, c.Latest = stateClearing, noon, times(n), noon })
		if c.advance(noon, l, "j", false); c.State != want {
			t.Errorf("%d of 4 while it clears: got %s, want %s", n, c.State, want)
		}
	}
	c := kept(func(c *incident) { c.State = statePending })
	if c.advance(noon, l, "j", true); c.State != stateActive {
		t.Errorf("a program that closes: got %s, want it active", c.State)
	}
}

// As many events as the Rule says, within exactly its time, begin an incident; older ones are
// forgotten.
func TestEventsOfAnIncident(t *testing.T) {
	l := limits{Rule{Within: time.Minute}, 3}
	for span, want := range map[time.Duration]bool{time.Minute: true, time.Minute + 1: false, -time.Minute: true} {
		c := incident{Times: []time.Time{noon, noon, after(span)}}
		if c.trimTimes(l); c.Due != want {
			t.Errorf("3 events within %v: got due %v, want %v", span, c.Due, want)
		}
	}
	c := incident{}
	for i := range 5 {
		c.Times = append(c.Times, after(time.Duration(5-i)*time.Hour))
	}
	c.trimTimes(l)
	if diff := cmp.Diff([]time.Time{after(3 * time.Hour), after(4 * time.Hour), after(5 * time.Hour)}, c.Times); diff != "" || c.Due {
		t.Errorf("got due %v and other times than wanted (-want +got):\n%s", c.Due, diff)
	}
	c = incident{Times: []time.Time{noon, after(30 * time.Second), after(time.Minute)}, Latest: after(time.Minute)}
	for at, want := range map[time.Duration]int{time.Minute: 3, time.Minute + 1: 2, 90 * time.Second: 2, 2 * time.Minute: 1, 2*time.Minute + 1: 0} {
		if got := c.recent(after(at), l); got != want {
			t.Errorf("at %v: got %d recent events, want %d", at, got, want)
		}
	}
	if got := new(incident).recent(noon, l); got != 0 {
		t.Errorf("without an event: got %d recent ones, want 0", got)
	}

	sum := Alert{Total: 2, Since: noon}
	for _, e := range []struct {
		what              string
		c                 incident
		at                time.Duration
		total, previously int
	}{
		{"within the time", incident{Latest: noon, Sum: sum}, time.Minute, 2, 0},
		{"since too long", incident{Latest: noon, Sum: sum}, time.Minute + 1, 0, 0},
		{"the first too long ago", incident{Latest: after(time.Second), Sum: sum}, time.Minute + 1, 0, 2},
		{"during an incident", incident{State: stateActive, Latest: noon, Sum: sum}, time.Hour, 2, 0},
		{"never", incident{Sum: sum}, time.Hour, 2, 0},
		{"without any now", incident{Latest: after(time.Second), PreviousSum: sum}, time.Minute + 1, 0, 2},
	} {
		e.c.Times, e.c.Shares = []time.Time{noon}, []queueShare{{}}
		if e.c.expire(after(e.at), l); e.c.Sum.Total != e.total || e.c.PreviousSum.Total != e.previously {
			t.Errorf("%s: got %d events, %d before; want %d, %d", e.what, e.c.Sum.Total, e.c.PreviousSum.Total, e.total, e.previously)
		}
		if forgotten := e.what == "since too long"; (len(e.c.Times) == 0) != forgotten {
			t.Errorf("%s: got the times %v, want none: %v", e.what, e.c.Times, forgotten)
		}
	}
}

// Four incidents within exactly six hours flap, and that lasts for six hours after the last.
func TestFlapping(t *testing.T) {
	begun := func(hours ...time.Duration) (all []time.Time) {
		for _, h := range hours {
			all = append(all, after(h*time.Hour))
		}
		return all
	}
	for _, c := range []struct {
		begun []time.Time
		flaps bool
		at    time.Duration
		want  bool
	}{
		{nil, true, 0, false},
		{begun(0, 1, 2), false, 2 * time.Hour, false},
		{begun(0, 1, 2, 3), false, 6 * time.Hour, true},
		{begun(0, 1, 2, 3), false, 6*time.Hour + 1, false},
		{begun(0, 1, 2, 3), true, 9 * time.Hour, true},
		{begun(0, 1, 2, 3), true, 9*time.Hour + 1, false},
		{begun(0), true, time.Hour, true},
	} {
		i := incident{Begun: c.begun, Flapping: c.flaps, DigestGap: time.Hour}
		got := i.isFlapping(after(c.at))
		if ended := i.DigestGap == 0; got != c.want || ended && got || !ended && !got && c.flaps {
			t.Errorf("%+v: got %v and a gap of %v, want %v", c, got, i.DigestGap, c.want)
		}
	}
	i := incident{Begun: begun(-5, -4, -3, -2, -1)}
	i.begin(noon, "id")
	if len(i.Begun) != 4 || !i.Begun[0].Equal(after(-3*time.Hour)) || !i.Begun[3].Equal(noon) || !i.Flapping {
		t.Errorf("got %v, flapping %v; want the last 4, and flapping", i.Begun, i.Flapping)
	}
}

// The gap between two digests doubles up to the time of a reminder.
func TestGapsOfDigests(t *testing.T) {
	l := limits{Rule{Cooldown: time.Hour}, 1}
	i := incident{Flapping: true}
	for n, want := range []time.Duration{1, 2, 4, 4} {
		i.Unreported = []Summary{{Total: 2, Lost: 1, Peak: 3}, {Total: 5, Lost: 2, Peak: 1}}
		i.Dropped, i.DroppedCount = Summary{Total: 10, Lost: 10}, 7
		a := i.alert(Digest, noon, l)
		if i.DigestGap != want*time.Hour || a.Number != n+1 {
			t.Errorf("digest %d: got a gap of %v, number %d; want %v hours, %d", n, i.DigestGap, a.Number, want, n+1)
		}
		if a.Incidents != 9 || a.Total != 17 || a.Lost != 13 || a.Peak != 3 || a.Count != 17 || a.Suppressed != 17 {
			t.Errorf("digest %d: got %+v, want 9 incidents, 17 events, 13 lost, a peak of 3", n, a)
		}
		if i.DroppedCount != 0 || i.Dropped != (Summary{}) || i.Unreported != nil {
			t.Errorf("digest %d: got %+v left to report, want nothing", n, i)
		}
	}
}

// Of more than 50 incidents that no alert has reported, the first ones are only counted.
func TestIncidentsThatAreKept(t *testing.T) {
	c := incident{}
	for i := range 52 {
		c.keep(Summary{Incident: fmt.Sprint(i), Total: 1, Lost: 2}, after(time.Duration(i)))
	}
	if len(c.Unreported) != 50 || c.Unreported[0].Incident != "2" || c.DroppedCount != 2 || c.Dropped.Total != 2 || c.Dropped.Lost != 4 || !c.DigestSince.Equal(noon) {
		t.Errorf("got %d kept from %v on, %d dropped: %+v; want 50 from 2 on, 2 dropped", len(c.Unreported), c.Unreported[0].Incident, c.DroppedCount, c.Dropped)
	}
	if got := c.unreported(); got != 52 {
		t.Errorf("got %d events without an alert, want 52", got)
	}
	c.State, c.Noticed, c.Sum.Total = stateActive, noon, 5
	if got := c.unreported(); got != 57 {
		t.Errorf("got %d events without an alert while there is an incident, want 57", got)
	}
	c.Reported = noon // an attempt
	if got := c.unreported(); got != 52 {
		t.Errorf("got %d events without an alert after an attempt, want 52", got)
	}
}

// The server has processed at most our part of its queue, and the others got the rest.
func TestSharesOfTheLimit(t *testing.T) {
	c := incident{State: stateActive, ID: "i"}
	for i := range 101 {
		c.addShare(fmt.Sprint("p", i), 0, 1)
	}
	if len(c.Shares) != 100 {
		t.Errorf("got the shares of %d processes, want 100", len(c.Shares))
	}
	c.Shares = nil
	c.addShare("a", 40, 2)
	c.addShare("b", 30, 3)
	c.addShare("a", 20, 1)
	l := limits{Rule{TenantRate: 10, Reminder: time.Hour, Within: 2, Cooldown: 3, MaxDelay: 4}, 5}
	if a := c.alert(Firing, noon, l); a.Rate != 3 || a.Others != 7 || a.TenantRate != 10 || !a.Next.Equal(after(time.Hour)) ||
		a.Limit != 5 || a.Within != 2 || a.Cooldown != 3 || a.MaxDelay != 4 || a.Number != 1 || a.Incident != "i" || !a.Time.Equal(noon) || !c.Opened.Equal(noon) {
		t.Errorf("got %+v, want 3 of 10 requests a second, 7 for others, and a reminder", a)
	}
	c.Shares = []queueShare{{"a", 250, 2}}
	c.Sum.Total, c.Sum.Latest = 8, after(-time.Second)
	l.Reminder, c.ReportedTotal = 0, 3
	if a := c.alert(Escalated, after(1), l); a.Rate != 12.5 || a.Others != 0 || !a.Next.IsZero() || a.Count != 5 || a.Total != 8 || !a.Previous.Equal(noon) || !a.Ended.IsZero() || a.Number != 2 || !c.Opened.Equal(noon) {
		t.Errorf("got %+v, want 12.5 of 10, nothing for others, 5 new events, no reminder", a)
	}
	c.State, l.Reminder, c.Shares = stateOK, time.Hour, nil
	if a := c.alert(Resolved, after(2), l); a.Rate != 0 || a.Others != 0 || !a.Next.IsZero() || !a.Ended.Equal(after(-time.Second)) || c.Sum.Total != 0 {
		t.Errorf("got %+v, want an end, no share, no reminder", a)
	}
}

// So many alerts are allowed in an hour and in a day; a sixth of them is kept for calls that are
// lost.
func TestAlertsThatAreAllowed(t *testing.T) {
	r := Rule{Lost: 1, PerHour: 6, PerDay: 24}
	sent := func(n int, each time.Duration) (all []time.Time) {
		for i := range n {
			all = append(all, after(time.Duration(i-n+1)*each))
		}
		return all
	}
	for _, c := range []struct {
		what      string
		r         Rule
		condition Condition
		phase     Phase
		sent      []time.Time
		want      time.Time
	}{
		{"four in an hour", r, Throttled, Firing, sent(4, time.Minute), time.Time{}},
		{"five in an hour", r, Throttled, Firing, sent(5, time.Minute), after(56 * time.Minute)},
		{"five in an hour, and lost calls", r, Failing, Firing, sent(5, time.Minute), time.Time{}},
		{"five in an hour, and more lost calls", r, Failing, Escalated, sent(5, time.Minute), time.Time{}},
		{"five in an hour, and an end of lost calls", r, Failing, Resolved, sent(5, time.Minute), after(56 * time.Minute)},
		{"six in an hour, and lost calls", r, Failing, Firing, sent(6, time.Minute), after(55 * time.Minute)},
		{"five in an hour, without alerts about lost calls", Rule{PerHour: 6, PerDay: 24}, Throttled, Firing, sent(5, time.Minute), time.Time{}},
		{"five in exactly an hour", r, Throttled, Firing, sent(5, 15*time.Minute), time.Time{}},
		{"19 in a day", r, Throttled, Firing, sent(19, time.Hour), time.Time{}},
		{"20 in a day", r, Throttled, Firing, sent(20, time.Hour), after(5 * time.Hour)},
		{"20 in a day, and lost calls", r, Failing, Firing, sent(20, time.Hour), time.Time{}},
		{"24 in a day, and lost calls", r, Failing, Firing, sent(24, time.Hour), after(time.Hour)},
		{"a day and an hour full", r, Failing, Firing, sent(24, time.Minute), after(24*time.Hour - 23*time.Minute)},
	} {
		s := sharedState{Now: noon, Sent: c.sent}
		if got := s.noneBefore(c.r, c.condition, c.phase); !got.Equal(c.want) {
			t.Errorf("%s: got none before %v, want %v", c.what, got, c.want)
		}
		if got := s.allowed(c.r, c.condition, c.phase); got != c.want.IsZero() {
			t.Errorf("%s: got allowed %v, want %v", c.what, got, c.want.IsZero())
		}
	}
	for until, want := range map[time.Duration]bool{0: true, 1: false} {
		s := sharedState{Now: noon, Mute: mute{Until: after(until)}}
		if got := s.allowed(r, Failing, Firing); got != want {
			t.Errorf("muted until %v from now: got allowed %v, want %v", until, got, want)
		}
	}
	for n, want := range map[int]bool{7: true, 8: false} {
		s := sharedState{Now: noon, Pending: make([]pendingAlert, n)}
		if got := s.allowed(r, Failing, Firing); got != want {
			t.Errorf("%d pending: got allowed %v, want %v", n, got, want)
		}
	}
}

// While no alert of its own is due, an incident waits for a digest, from when that is clear.
func TestSinceWhenADigestIsDue(t *testing.T) {
	l := limits{Rule{Within: time.Minute, Cooldown: time.Hour, Reminder: 4 * time.Hour}, 4}
	for _, c := range []struct {
		what     string
		since    time.Time
		reported int
		at       time.Duration
		want     time.Time
	}{
		{"nothing was reported", time.Time{}, 0, time.Second, after(time.Second)},
		{"it waits already", noon, 0, time.Second, noon},
		{"it was reported", time.Time{}, 3, time.Second, time.Time{}},
		{"it was reported as long ago as a reminder", time.Time{}, 3, 4 * time.Hour, after(4 * time.Hour)},
	} {
		i := incident{State: stateActive, ID: "i", Noticed: noon, Opened: noon, Reported: noon, Flapping: true, ReportedTotal: c.reported, DigestSince: c.since}
		i.Noticed = after(c.at) // so that it is not long enough for an alert of its own
		if got := i.due(after(c.at), l); got != "" || !i.DigestSince.Equal(c.want) {
			t.Errorf("%s: got %q, a digest since %v; want none, since %v", c.what, got, i.DigestSince, c.want)
		}
	}
}

// When the program ends it reports what it can: an incident that had no alert, or what is kept.
func TestTheLastAlert(t *testing.T) {
	kept := []Summary{{}}
	for _, c := range []struct {
		what string
		i    incident
		want Phase
	}{
		{"nothing", incident{DigestSince: noon}, ""},
		{"a new incident", incident{State: stateActive, Noticed: noon}, Firing},
		{"one that ends", incident{State: stateClearing, Noticed: noon}, Digest},
		{"one with an alert", incident{State: stateActive, Noticed: noon, Number: 1, DigestSince: noon}, ""},
		{"one with an attempt", incident{State: stateActive, Noticed: noon, Reported: noon, DigestSince: noon}, ""},
		{"one after another's alert", incident{State: stateActive, Noticed: after(1), Reported: noon}, Firing},
		{"earlier ones", incident{Unreported: kept, DigestSince: noon}, Digest},
	} {
		if got := c.i.lastPhase(); got != c.want || got == "" && !c.i.DigestSince.IsZero() {
			t.Errorf("%s: got %q, a digest since %v; want %q", c.what, got, c.i.DigestSince, c.want)
		}
	}
	for _, c := range []struct {
		what      string
		number    int
		allowed   bool
		want      Phase
		keptTotal int
	}{{"reported", 1, true, Resolved, 0}, {"not allowed", 1, false, "", 5}, {"never reported", 0, true, "", 5}} {
		i := incident{State: stateClearing, ID: "i", Number: c.number, Sum: Alert{Total: 5, Peak: 2, Lost: 1, Since: noon, Latest: after(1)}}
		if got := i.end(func(p Phase) bool { return c.allowed && p == Resolved }, after(2)); got != c.want || i.suppressed() != c.keptTotal || i.State != stateOK {
			t.Errorf("the end of an incident that was %s: got %q, %d events kept, %s; want %q, %d", c.what, got, i.suppressed(), i.State, c.want, c.keptTotal)
		}
		if c.keptTotal > 0 {
			want := Summary{Incident: "i", Since: noon, Ended: after(1), Total: 5, Peak: 2, Lost: 1, Opened: c.number > 0}
			if diff := cmp.Diff(want, i.Unreported[0]); diff != "" || i.UnreportedSum.Total != 5 || i.Sum.Total != 0 || !i.DigestSince.Equal(after(2)) {
				t.Errorf("%s: got %+v and another summary than wanted (-want +got):\n%s", c.what, i.UnreportedSum, diff)
			}
		}
	}
}

// The steps of an incident that is switched off, or invalid, or may not be reported.
func TestStepsOfAnIncident(t *testing.T) {
	l := limits{Rule{Within: time.Minute, Cooldown: time.Hour}, 1}
	off, stored := l, l
	off.count = 0
	stored.Store = Dir("unused")
	due := func() incident {
		return incident{Times: []time.Time{noon}, Latest: noon, Due: true, Sum: Alert{Total: 1, Since: noon}}
	}
	for _, c := range []struct {
		what    string
		i       incident
		l       limits
		closing bool
		allowed bool
		want    Phase
		state   string
	}{
		{"due", due(), l, false, true, Firing, stateActive},
		{"not allowed", due(), l, false, false, "", stateActive},
		{"switched off", due(), off, false, true, "", ""},
		{"without an ID", incident{State: stateActive}, l, false, true, "", ""},
		{"too few", incident{Times: []time.Time{noon}, Latest: noon}, l, false, true, "", ""},
		{"the last step", incident{State: stateActive, ID: "i", Noticed: noon, Times: []time.Time{noon}, Latest: noon, Opened: noon}, l, true, true, Firing, stateActive},
		{"the last step with a Store", incident{State: stateActive, ID: "i", Noticed: noon, Times: []time.Time{noon}, Latest: noon, Opened: noon}, stored, true, true, "", stateActive},
	} {
		if got := c.i.step(noon, c.l, "i", c.closing, func(Phase) bool { return c.allowed }); got != c.want || c.i.State != c.state {
			t.Errorf("%s: got %q, state %q; want %q, %q", c.what, got, c.i.State, c.want, c.state)
		}
	}
	i := due()
	i.PreviousSum = Alert{Total: 2, Since: after(-1)}
	i.ReportedTotal, i.Number = 7, 7
	i.begin(after(1), "new")
	if i.State != statePending || !i.Noticed.Equal(after(1)) || i.ID != "new" || i.Number != 0 || i.ReportedTotal != 0 || i.Sum.Total != 3 || i.PreviousSum.Total != 0 {
		t.Errorf("got %+v, want a new incident of 3 events", i)
	}
}

// What a process has counted is added by the clock of the state.
func TestCountsOfAProcess(t *testing.T) {
	l := limits{Rule{Within: time.Minute}, 2}
	var c incident
	c.add(tally{}, "p", noon, 0, l)
	if !c.Latest.IsZero() {
		t.Errorf("got %+v after nothing was added, want nothing", c)
	}
	c.add(tally{count: 2, times: []time.Time{noon, after(1)}, answers: 2, inFlight: 30}, "p", after(9), 5, l)
	if !c.Latest.Equal(after(9)) || len(c.Times) != 2 || !c.Times[0].Equal(after(5)) || !c.Times[1].Equal(after(6)) || !c.Due ||
		c.Sum.Total != 2 || !c.Sum.Since.Equal(after(5)) || len(c.Shares) != 1 || c.Shares[0] != (queueShare{"p", 30, 2}) {
		t.Errorf("got %+v, want 2 events by the clock of the state, and a share", c)
	}
	c.add(tally{count: 1, times: []time.Time{noon}, inFlight: 30}, "q", after(9), 0, l)
	if len(c.Shares) != 1 {
		t.Errorf("got the shares %v, want none of a process without an answer", c.Shares)
	}
}

// An alert has ten names of a kind; what is kept for a later one, twenty.
func TestHowManyNamesAreKept(t *testing.T) {
	var names []Tally
	for i := range 30 {
		names = append(names, Tally{Name: fmt.Sprint(i), Count: 30 - i})
	}
	many := Alert{Total: 5, Since: noon, Users: names, Operations: names, Hosts: names}
	count := func(what string, a Alert, want int) {
		t.Helper()
		if len(a.Users) != want || len(a.Operations) != want || len(a.Hosts) != want || a.Users[0].Name != "0" {
			t.Errorf("%s: got %d, %d, %d names, want the first %d of each", what, len(a.Users), len(a.Operations), len(a.Hosts), want)
		}
	}
	c := incident{State: stateActive, ID: "i", Sum: many}
	count("an alert", c.alert(Firing, noon, limits{}), 10)
	count("the state", c.Sum, 30)
	c.end(func(Phase) bool { return false }, noon)
	count("what is kept", c.UnreportedSum, 20)
	count("a digest", c.alert(Digest, noon, limits{}), 10)
	c = incident{Latest: after(1), Sum: many}
	c.expire(after(time.Minute+1), limits{Rule{Within: time.Minute}, 1})
	count("the window before", c.PreviousSum, 20)
	count("all of few", many.top(50), 30)
	for i := range 200 {
		names = append(names, Tally{Name: fmt.Sprint("x", i), Count: 1})
	}
	if got := mergeTallies(names, nil); len(got) != 100 {
		t.Errorf("got %d names in the state, want 100", len(got))
	}
}
