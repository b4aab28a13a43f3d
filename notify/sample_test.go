package notify

import (
	"testing"
	"time"
)

// The numbers of a sample agree, as those of an alert do.
func TestNumbersOfSamples(t *testing.T) {
	first := map[Condition]int{Saturated: 143, Throttled: 143, Failing: 12, Refusing: 25}
	all := map[Condition]int{Saturated: 1604, Throttled: 1604, Failing: 134, Refusing: 270}
	for _, condition := range conditions {
		for phase, number := range map[Phase]int{Firing: 1, Escalated: 2, Reminder: 2, Resolved: 3, Digest: 1} {
			a := Sample(condition, phase)
			total, count, limited := first[condition], first[condition], 143
			if number > 1 {
				total, count, limited = all[condition], all[condition]-first[condition], 1604
			}
			if a.Total != total || a.Count != count || a.Number != number || a.Peak == 0 || condition == Throttled && a.Peak > total {
				t.Errorf("%s, %s: got %d of %d, number %d, a peak of %d; want %d of %d, number %d", condition, phase, a.Count, a.Total, a.Number, a.Peak, count, total, number)
			}
			for _, names := range [][]Tally{a.Users, a.Operations, a.Hosts} {
				sum := 0
				for _, n := range names {
					sum += n.Count
				}
				if sum != total || names[0].Count != total*7/10 {
					t.Errorf("%s, %s: got %+v, want %d in all, most of them of the first", condition, phase, names, total)
				}
			}
			checkHistoryOfSample(t, a, limited)
		}
		a := Sample(condition, Digest)
		kept, lost := 0, 0
		for _, s := range a.Unreported {
			kept, lost = kept+s.Total, lost+s.Lost
		}
		if kept != a.Total || lost != a.Lost || len(a.Unreported) != a.Incidents || a.Suppressed != a.Total {
			t.Errorf("%s: got %+v in a digest, want %d events, %d lost in all", condition, a.Unreported, a.Total, a.Lost)
		}
	}
}

// checkHistoryOfSample fails the test unless a history has the last hour, with so many 429s.
func checkHistoryOfSample(t *testing.T, a Alert, limited int) {
	t.Helper()
	if len(a.History) != 60 || !a.History[59].Time.Equal(a.Time.Truncate(time.Minute)) {
		t.Fatalf("%s, %s: got %d minutes, want the last 60", a.Condition, a.Phase, len(a.History))
	}
	sum := 0
	for i, m := range a.History {
		sum += m.Limited
		during := !m.Time.Before(a.Since.Truncate(time.Minute))
		if i > 0 && m.Time.Sub(a.History[i-1].Time) != time.Minute || m.Limited > m.Sent || during != (m.Sent == 372) || !during && (m.Limited > 0 || m.Sent < 200 || m.Sent > 289) {
			t.Errorf("%s, %s: got %+v as minute %d, want 429s and 372 requests during the incident", a.Condition, a.Phase, m, i)
		}
	}
	if sum != limited {
		t.Errorf("%s, %s: got %d 429s, want %d", a.Condition, a.Phase, sum, limited)
	}
}
