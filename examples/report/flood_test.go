package main

import (
	"fmt"
	"strings"
	"testing"
)

const newSummary = `{"event":"aprimo.429.summary","time":"2026-11-24T10:01:00Z","aprimo.429.total":250,"aprimo.429.given_up":70,"aprimo.429.suppressed":100,"aprimo.429.suppressed_given_up":30,` +
	`"aprimo.429.rest":[{"user":"anna","operation":"GET /a","count":40,"error":0},{"user":"ben","operation":"GET /a","count":10,"error":3}],"aprimo.429.rest_other":50,` +
	`"aprimo.429.rest_users":[{"name":"anna","count":60,"error":0},{"name":"ben","count":30,"error":5}],"aprimo.429.rest_users_other":10,` +
	`"aprimo.429.rest_operations":[{"name":"GET /a","count":95,"error":0}],"aprimo.429.rest_operations_other":5}` + "\n"

// Each table has its own counts of a flood, and says which may be too high and how many
// are not named.
func TestReportOfAFlood(t *testing.T) {
	r := reportOf(t, filter{}, newSummary+newSummary)
	if r.Total != 200 || r.GivenUp != 60 || r.Unnamed != (unnamed{20, 10, 100}) {
		t.Errorf("got %+v, want 200 in total, 60 given up, and 20, 10 and 100 unnamed", r)
	}
	if r.Users[0] != (named{Name: "anna", Count: 120}) || r.Users[1] != (named{Name: "ben", Count: 60, Error: 10}) || r.Operations[0] != (named{Name: "GET /a", Count: 190}) || r.Pairs[1] != (cause{"ben", "GET /a", 20, 6}) {
		t.Errorf("got %+v, want the counts of both summaries", r)
	}
	out := tableOf(t, r)
	for _, want := range []string{"ben (up to 10 too high)", "60 of them given up", "  20  10 %  (in floods, not named", " 100  50 %  (in floods, not named"} {
		if !strings.Contains(out, want) {
			t.Errorf("got no %q in\n%s", want, out)
		}
	}
}

// The rate of others is the mean over all 429s of the summaries.
func TestReportOfOtherPrograms(t *testing.T) {
	of := func(total int, rate string) string {
		return strings.Replace(newSummary, `"aprimo.429.total":250`, fmt.Sprintf(`"aprimo.429.total":%d,"aprimo.rate_limit.others_rate_min":%s`, total, rate), 1)
	}
	r := reportOf(t, filter{}, of(100, "9")+of(300, "5")+newSummary+oldSummary)
	if r.OthersRate != 6 {
		t.Errorf("got a rate of %g, want 6", r.OthersRate)
	}
	if out := tableOf(t, r); !strings.Contains(out, "Other programs sent at least 6 requests per second") {
		t.Errorf("got no rate of others in\n%s", out)
	}
	if r := reportOf(t, filter{}, of(100, "0.4")); strings.Contains(tableOf(t, r), "Other programs sent") {
		t.Error("got advice about others at 0.4 requests a second, want none")
	}
	if r := reportOf(t, filter{}, of(100, "1e300")); r.Broken != 1 || r.OthersRate != 0 {
		t.Errorf("got %+v, want a broken line", r)
	}
}

// The rows of each table add up to all 429s.
func TestReportRowsAddUp(t *testing.T) {
	r := reportOf(t, filter{}, logOf(100)+newSummary+oldSummary)
	for _, k := range r.rankings() {
		n := 0
		for _, x := range k.Rows {
			n += x.Count
		}
		if n != r.Total {
			t.Errorf("%s: got %d in all rows, want %d", k.Title, n, r.Total)
		}
	}
}

// With -user the report has what is certain of the user; the rest is excluded.
func TestReportOfAFloodOfOneUser(t *testing.T) {
	for _, c := range []struct {
		user, log string
		total     int
		unnamed   unnamed
	}{
		{"anna", newSummary, 60, unnamed{0, 20, 20}},
		{"carl", newSummary, 0, unnamed{}},
		{"user 0", oldSummary, 40, unnamed{}},
		{"user 1", oldSummary, 0, unnamed{}},
	} {
		r := reportOf(t, filter{user: c.user}, c.log)
		if r.Total != c.total || r.Unnamed != c.unnamed || r.GivenUp != 0 || r.Total+r.Others != reportOf(t, filter{}, c.log).Total {
			t.Errorf("%s: got %+v, want %d in total and %+v", c.user, r, c.total, c.unnamed)
		}
		if out := tableOf(t, r); !strings.Contains(out, "or in floods without a user") {
			t.Errorf("%s: got no note of the rest in\n%s", c.user, out)
		}
	}
}
