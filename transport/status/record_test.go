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
			t.Fatalf("%+v", p)
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
			t.Fatalf("%d by operation, of %d", sum, total)
		}
	})
}
