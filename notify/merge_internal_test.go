package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// activeIncident returns an incident that began at noon.
func activeIncident(id string, total int) incident {
	return incident{
		State: stateActive, ID: id, Latest: noon, Number: 1, Reported: noon, ReportedTotal: total, Times: []time.Time{noon},
		Sum: Alert{Total: total, Since: noon, Latest: noon, Peak: 1},
	}
}

// changed returns an incident with a change.
func changed(c incident, change func(*incident)) incident {
	change(&c)
	return c
}

// continued makes an incident have later and greater figures.
func continued(c *incident) {
	c.Latest, c.Number, c.ReportedTotal, c.Times, c.Sum.Peak = after(5), 3, 9, []time.Time{noon, after(5)}, 4
	c.Sum.Latest = after(5)
}

// An incident that has continued in two states reports in the end what neither has reported.
func TestIncidentsThatContinuedApart(t *testing.T) {
	over := func(c *incident) { c.State = stateOK }
	for _, c := range []struct {
		what                string
		stored, alone, base incident
		state, id           string
		total, kept         int
	}{
		{"nothing new", activeIncident("a", 5), activeIncident("a", 5), activeIncident("a", 5), stateActive, "a", 5, 0},
		{"more of the same", activeIncident("a", 5), changed(activeIncident("a", 9), continued), activeIncident("a", 3), stateActive, "a", 11, 0},
		{"more of what ended here", changed(activeIncident("a", 5), over), activeIncident("a", 9), activeIncident("a", 3), stateOK, "a", 5, 0},
		{"its end was reported", activeIncident("a", 5), changed(activeIncident("a", 5), over), activeIncident("a", 5), stateOK, "a", 0, 0},
		{"its end was reported, and more happened", changed(activeIncident("a", 5), func(c *incident) { c.Latest = after(1) }), changed(activeIncident("a", 5), over), activeIncident("a", 5), stateActive, "a", 5, 0},
		{"another ended", activeIncident("a", 5), changed(activeIncident("b", 5), over), activeIncident("b", 5), stateActive, "a", 5, 0},
		{"a new one", incident{}, activeIncident("b", 9), incident{}, stateActive, "b", 9, 0},
		{"two", activeIncident("a", 5), activeIncident("b", 9), incident{}, stateActive, "a", 5, 9},
	} {
		got := c.stored
		got.merge(c.alone, c.base)
		if got.State != c.state || got.ID != c.id || got.Sum.Total != c.total || got.suppressed() != c.kept {
			t.Errorf("%s: got %s, %s, %d events, %d kept; want %s, %s, %d, %d", c.what, got.State, got.ID, got.Sum.Total, got.suppressed(), c.state, c.id, c.total, c.kept)
		}
		if c.kept > 0 && (!got.Unreported[0].Ended.Equal(noon) || got.UnreportedSum.Total != 9 || !got.DigestSince.Equal(noon)) {
			t.Errorf("%s: got %+v, want the other one kept as ended", c.what, got)
		}
		if c.total == 11 && (!got.Latest.Equal(after(5)) || !got.Sum.Latest.Equal(after(5)) || got.Sum.Peak != 4 || got.Number != 3 || got.ReportedTotal != 9 || len(got.Times) != 2) {
			t.Errorf("%s: got %+v, want the later and greater figures", c.what, got)
		}
	}
}

// Of two figures the greater one is kept, and what was reported about earlier incidents is added once.
func TestFiguresOfIncidentsThatContinuedApart(t *testing.T) {
	c := changed(activeIncident("a", 5), continued)
	c.extend(activeIncident("a", 9), 4)
	if c.Sum.Total != 9 || !c.Latest.Equal(after(5)) || !c.Sum.Latest.Equal(after(5)) || c.Sum.Peak != 4 || c.Number != 3 || c.ReportedTotal != 9 || len(c.Times) != 1 {
		t.Errorf("got %+v, want the later and greater figures, and the times of the other", c)
	}
	stored := incident{Opened: noon, Reported: after(2), Unreported: []Summary{{Incident: "here"}}, Digests: 2, DroppedCount: 3, Dropped: Summary{Total: 3}, UnreportedSum: Alert{Total: 4}, DigestSince: after(7)}
	alone := activeIncident("b", 9)
	alone.Opened, alone.Reported, alone.Latest, alone.Digests = after(1), after(1), after(3), 1
	alone.Unreported = []Summary{{Incident: "here"}, {Incident: "base"}, {Incident: "new"}}
	stored.merge(alone, incident{Unreported: []Summary{{Incident: "base"}}})
	var kept []string
	for _, s := range stored.Unreported {
		kept = append(kept, s.Incident)
	}
	if diff := cmp.Diff([]string{"here", "new"}, kept); diff != "" {
		t.Errorf("got other incidents than wanted (-want +got):\n%s", diff)
	}
	if !stored.Opened.Equal(after(1)) || !stored.Reported.Equal(after(2)) || stored.ID != "b" || stored.Digests != 2 || stored.DroppedCount != 3 || stored.Dropped.Total != 3 ||
		stored.UnreportedSum.Total != 4 || !stored.DigestSince.Equal(after(7)) {
		t.Errorf("got %+v, want b, with what is to be reported about earlier ones", stored)
	}
}

// Alerts that were sent or pending in either state are so in both, once.
func TestStatesThatContinuedApart(t *testing.T) {
	pending := func(id, sender string, route string) pendingAlert {
		return pendingAlert{ID: id, Sender: sender, Targets: []target{{Route: route}}}
	}
	s := sharedState{
		Now: after(2), Sent: []time.Time{noon, after(2)}, Mute: mute{Since: noon, Reason: "here"}, History: history{{Time: noon, Sent: 5}}, Applied: map[string]applied{"x": {Seq: 1}},
		Pending: []pendingAlert{pending("1", "me", "old"), pending("2", "other", "theirs")},
	}
	alone := sharedState{
		Sent: []time.Time{after(1), after(2)}, Mute: mute{Since: after(1), Reason: "there"}, History: history{{Time: noon, Sent: 7}},
		Pending: []pendingAlert{pending("1", "me", "new"), pending("2", "me", "ours"), pending("3", "me", "own")},
	}
	alone.Incidents.Failing.ID = "f"
	changed := sharedState{History: history{{Time: noon, Sent: 4}}}
	changed.Incidents.Failing.ID = "x"
	for _, unchanged := range []bool{false, true} {
		base := changed
		if unchanged {
			base = s
		}
		got, err := s.clone()
		if err != nil {
			t.Fatal(err)
		}
		got.merge(alone, base)
		if diff := cmp.Diff([]time.Time{noon, after(1), after(2)}, got.Sent); diff != "" {
			t.Errorf("unchanged %v: got other alerts sent than wanted (-want +got):\n%s", unchanged, diff)
		}
		if diff := cmp.Diff([]pendingAlert{pending("1", "me", "new"), pending("2", "other", "theirs"), pending("3", "me", "own")}, got.Pending); diff != "" {
			t.Errorf("unchanged %v: got other alerts pending than wanted (-want +got):\n%s", unchanged, diff)
		}
		want := map[bool]int{false: 8, true: 7}[unchanged]
		if got.Mute.Reason != "there" || got.History[0].Sent != want || got.Applied["x"].Seq != 1 || (got.Incidents.Failing.ID == "f") != unchanged {
			t.Errorf("unchanged %v: got %+v, want the last mute, %d requests, what was applied", unchanged, got, want)
		}
	}
	s.Mute.Since = after(1)
	if s.merge(alone, changed); s.Mute.Reason != "here" {
		t.Errorf("got the mute %q, want that of the state", s.Mute.Reason)
	}
}

// A state has work if an alert is pending, or an incident is open, or a digest is due, or,
// with a Store, the events of a process that is gone may become an incident.
func TestWhenAStateHasWork(t *testing.T) {
	r := Rule{Within: time.Minute}
	stored := r
	stored.Store = Dir("unused")
	events := func(c *incident) { c.Times, c.Latest = []time.Time{noon}, noon }
	for _, c := range []struct {
		what   string
		r      Rule
		change func(*sharedState)
		want   bool
	}{
		{"nothing", stored, func(*sharedState) {}, false},
		{"pending", r, func(s *sharedState) { s.Pending = make([]pendingAlert, 1) }, true},
		{"an incident", r, func(s *sharedState) { s.Incidents.Refusing.State = statePending }, true},
		{"over", r, func(s *sharedState) { s.Incidents.Refusing.State = stateOK }, false},
		{"a digest", r, func(s *sharedState) { s.Incidents.Saturated.DigestSince = noon }, true},
		{"events without a Store", r, func(s *sharedState) { events(&s.Incidents.Failing) }, false},
		{"events", stored, func(s *sharedState) { events(&s.Incidents.Failing); s.Now = after(time.Minute) }, true},
		{"old events", stored, func(s *sharedState) { events(&s.Incidents.Failing); s.Now = after(time.Minute + 1) }, false},
		{"forgotten events", stored, func(s *sharedState) { s.Incidents.Failing.Latest = noon }, false},
	} {
		s := sharedState{Now: noon}
		if c.change(&s); s.busy(c.r) != c.want {
			t.Errorf("%s: got work %v, want %v", c.what, !c.want, c.want)
		}
	}
	s := sharedState{}
	s.Incidents.Throttled = incident{State: stateActive, ID: "i", Reported: after(1), Sum: Alert{Since: noon, Total: 3}}
	s.Incidents.Failing = incident{ID: "old", Reported: after(2), Sum: Alert{Since: noon, Total: 3}}
	want := []Status{
		{Condition: "throttled", State: "firing", Incident: "i", Since: noon, Total: 3, Reported: after(1)}, {Condition: "failing", State: "ok", Reported: after(2)},
	}
	if diff := cmp.Diff(want, s.status(Rule{Count: 1, Lost: 1})); diff != "" {
		t.Errorf("got another status than wanted (-want +got):\n%s", diff)
	}
}

// Of more than 200 processes the state forgets those that it has not heard of for the longest time.
func TestProcessesThatAStateKnows(t *testing.T) {
	r := Rule{Store: Dir("unused")}
	var s sharedState
	for i := range 202 {
		s.Now = after(time.Duration(i))
		s.markApplied(delta{id: string(rune('a' + i)), seq: uint64(i)}, r)
	}
	_, second := s.Applied["b"]
	if third, ok := s.Applied["c"]; len(s.Applied) != 200 || second || !ok || third.Seq != 2 || !third.At.Equal(after(2)) {
		t.Errorf("got %d processes, the third %+v; want the last 200", len(s.Applied), third)
	}
	s = sharedState{}
	if s.markApplied(delta{id: "a"}, Rule{}); s.Applied != nil {
		t.Errorf("got %v without a Store, want nothing", s.Applied)
	}
}

// An alert whose first attempts all failed begins again, unless its incident is over or another.
func TestRollback(t *testing.T) {
	for _, c := range []struct {
		what string
		a    Alert
		c    incident
		want bool
	}{
		{"the first alert", Alert{Phase: Firing, Incident: "i"}, incident{State: stateActive, ID: "i"}, true},
		{"a later one", Alert{Phase: Reminder, Incident: "i"}, incident{State: stateActive, ID: "i"}, false},
		{"of another incident", Alert{Phase: Firing, Incident: "j"}, incident{State: stateActive, ID: "i"}, false},
		{"of one that is over", Alert{Phase: Firing, Incident: "i"}, incident{State: stateOK, ID: "i"}, false},
	} {
		c.a.Condition = Failing
		c.c.Number, c.c.ReportedTotal, c.c.Opened, c.c.Reported = 1, 5, noon, noon
		s := sharedState{Now: after(1), Pending: []pendingAlert{{ID: "1", Alert: c.a}, {ID: "2", Alert: c.a}, {ID: "3", Alert: Alert{Incident: "other"}}}}
		s.Incidents.Failing = c.c
		s.rollback(s.Pending[0])
		got := s.Incidents.Failing
		if rolled := got.Number == 0 && got.ReportedTotal == 0 && got.Opened.IsZero() && got.Reported.Equal(after(1)) && len(s.Pending) == 1; rolled != c.want || s.Pending[0].ID == "1" || !rolled && (len(s.Pending) != 2 || got.Number != 1) {
			t.Errorf("%s: got %+v, %v pending; want it due again: %v, and itself not pending", c.what, got, s.Pending, c.want)
		}
	}
}
