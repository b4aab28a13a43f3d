package transport

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whoever comes, leaves or is served: the next is who had the fewest of the last
// slots and has waited for longest, as it is found by looking at all of them; and
// nobody is remembered without need.
func TestUsersTakeTurns(t *testing.T) {
	type model struct {
		places []*place
		since  int
	}
	rapid.Check(t, func(t *rapid.T) {
		var l lines
		c := l.class(&place{})
		users, last := map[string]*model{}, []string{}
		had := func(name string) (n int) {
			for _, s := range last[max(0, len(last)-len(c.users.last)):] {
				if s == name {
					n++
				}
			}
			return n
		}
		next := func(but *place) (best *place) {
			names := []string{}
			for name, u := range users {
				if rest := slices.DeleteFunc(slices.Clone(u.places), func(p *place) bool { return p == but }); len(rest) > 0 {
					names = append(names, name)
				}
			}
			if len(names) == 0 {
				return nil
			}
			u := users[slices.MinFunc(names, func(a, b string) int {
				return cmp.Or(cmp.Compare(had(a), had(b)), cmp.Compare(users[a].since, users[b].since))
			})]
			if u.places[0] == but {
				return u.places[1]
			}
			return u.places[0]
		}
		gone := func(p *place) {
			u := users[p.owner]
			u.places = slices.DeleteFunc(u.places, func(o *place) bool { return o == p })
		}
		all := []*place{}
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 4).Draw(t, "step"); {
			case step <= 1:
				p := &place{owner: fmt.Sprint(rapid.IntRange(0, 24).Draw(t, "user"))}
				u := users[p.owner]
				if u == nil {
					u = &model{}
					users[p.owner] = u
				}
				if u.places = append(u.places, p); len(u.places) == 1 {
					u.since = i
				}
				all = append(all, p)
				l.push(p)
			case step == 2 && len(all) > 0:
				k := rapid.IntRange(0, len(all)-1).Draw(t, "leaves")
				gone(all[k])
				l.remove(all[k])
				all = slices.Delete(all, k, k+1)
			default:
				if but := next(nil); l.best(time.Time{}, but) != next(but) {
					t.Fatal("not the second best")
				}
				p := next(nil)
				if l.best(time.Time{}, nil) != p {
					t.Fatal("not the best")
				}
				if p == nil {
					continue
				}
				l.serve(p, time.Time{})
				gone(p)
				last = append(last, p.owner)
				users[p.owner].since = i
				all = slices.DeleteFunc(all, func(o *place) bool { return o == p })
			}
		}
		remembered, fresh := 0, 0
		for name, u := range users {
			if len(u.places) > 0 || had(name) > 0 {
				remembered++
			}
			if len(u.places) > 0 && had(name) == 0 {
				fresh++
			}
		}
		if l.len != len(all) || len(c.users.named) != remembered || c.users.fresh != fresh {
			t.Fatalf("%d wait, %d are remembered, %d had none; want %d, %d, %d",
				l.len, len(c.users.named), c.users.fresh, len(all), remembered, fresh)
		}
	})
}

// BenchmarkNext is what it costs to serve one and let another come, with so many
// users that have ten calls each.
func BenchmarkNext(b *testing.B) {
	for _, users := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(users, " users"), func(b *testing.B) {
			b.ReportAllocs()
			var l lines
			for i := range 10 * users {
				l.push(&place{owner: fmt.Sprint(i % users), priority: Priority(i%3 - 1)})
			}
			now := time.Now()
			for b.Loop() {
				p := l.best(now, nil)
				l.serve(p, now)
				l.push(p)
			}
		})
	}
}
