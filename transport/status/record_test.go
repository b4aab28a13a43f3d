package status

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// Whatever comes when: the last hour has what happened in its minutes and nothing
// else, also if the clock is set back, in constant memory.
func TestRecordHasTheLastHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r record
		now := time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC)
		events := map[int64]int{} // by minute
		total, users := 0, rapid.IntRange(1, 300).Draw(t, "users")
		for i := range rapid.IntRange(1, 300).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(-5, 400).Draw(t, "later")) * time.Second)
			r.observe(context.Background(), transport.Event{Kind: transport.RateLimited, Time: now, User: fmt.Sprint(i % users), URL: "https://acme.dam.aprimo.com/api"})
			events[now.Unix()/60]++
			total++
		}
		p := r.last(now)
		if len(p.minutes) != minutes || len(p.limited) > latest || len(p.users) > top || p.tenant != "acme" {
			t.Fatalf("record: got %+v, want 60 minutes of acme, 10 names and 429s at most", p)
		}
		for _, m := range p.minutes[1:] { // the oldest may have made room for one from which the clock was set back
			if m.Limited != events[m.Time.Unix()/60] {
				t.Fatalf("%v: %d, want %d", m.Time, m.Limited, events[m.Time.Unix()/60])
			}
		}
		sum := 0
		for _, u := range p.operations {
			sum += u.Count
		}
		if sum > total || sum < events[now.Unix()/60] {
			t.Fatalf("by operation: got %d, want between %d and %d", sum, events[now.Unix()/60], total)
		}
	})
}

// A clock may be anywhere, and be set by years.
func TestRecordOfAnyTime(t *testing.T) {
	var r record
	for _, at := range []time.Time{{}, time.Unix(-86399, 0), time.Unix(-1, 0), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		r.observe(context.Background(), transport.Event{Kind: transport.RateLimited, Time: at, User: at.String()})
		p := r.last(at)
		if last := p.minutes[minutes-1]; last.Limited != 1 || len(p.users) != 1 || p.users[0].Name != at.String() {
			t.Errorf("at %v: got %+v, users %v; want one 429, of this time's user", at, last, p.users)
		}
	}
}

// A minute has the most that it has seen of what goes up and down, and what calls
// took to send; the last 429s are the newest.
func TestRecordOfAMinute(t *testing.T) {
	var r record
	at := time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC)
	see := func(e transport.Event) {
		e.Time, e.URL, at = at, "https://Aprimo.Example:8443/api", at.Add(time.Second)
		r.observe(context.Background(), e)
	}
	see(transport.Event{Kind: transport.RateLimited, User: "first", Attempt: 1, Again: true, Delay: time.Second, Queued: 7, ServerDelay: time.Second})
	see(transport.Event{Kind: transport.RateLimited, User: "second", Attempt: 2, Queued: 9})
	see(transport.Event{Kind: transport.Done, Attempt: 3, Status: 200})
	see(transport.Event{Kind: transport.Done, Attempt: 2, Status: 429, Queued: 8})
	see(transport.Event{Kind: transport.Done})
	p := r.last(at)
	m := p.minutes[minutes-1]
	m.Time = time.Time{}
	if want := (minute{Calls: 3, Sent: 5, Limited: 2, Lost: 1, Queued: 9, ServerDelay: time.Second}); m != want {
		t.Errorf("%+v, want %+v", m, want)
	}
	if l := p.limited; len(l) != 2 || l[0].User != "second" || l[0].Again || !l[1].Again || p.tenant != "Aprimo.Example" {
		t.Errorf("last 429s: got %+v of %q, want that of second, then that of first which is retried, of Aprimo.Example", l, p.tenant)
	}
	if p := r.last(at.Add(49 * time.Minute)); len(p.users) != 2 {
		t.Errorf("after 49 min: got %v, want both users", p.users)
	}
	if p := r.last(at.Add(time.Hour)); len(p.users) != 0 {
		t.Errorf("after an hour: got %v, want none", p.users)
	}
}
