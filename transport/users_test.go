package transport

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
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
				if but := next(nil); l.best(0, but) != next(but) {
					t.Fatal("not the second best")
				}
				p := next(nil)
				if l.best(0, nil) != p {
					t.Fatal("not the best")
				}
				if p == nil {
					continue
				}
				l.serve(p, 0)
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

// No class saves up a claim, nor a debt, of more than a turn of all of them, and
// batch work saves none while it is held back.
func TestClassesSaveNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := gate.Now()
		l := lines{batch: newSpread(NewLimiter(15, time.Second), 0.98)}
		var all []*place
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now = now.Add(67 * time.Millisecond)
			switch k := rapid.IntRange(-6, 30).Draw(t, "step"); {
			case k < 0:
				all = append(all, &place{priority: Priority(k%3 + 1), again: k < -3})
				l.push(all[len(all)-1])
			case k < min(5, len(all)):
				l.remove(all[k])
				all = slices.Delete(all, k, k+1)
			case len(all) > 0:
				p := l.best(now, nil)
				if l.held(p.priority.index(), now) <= 0 {
					l.serve(p, now)
					all = slices.DeleteFunc(all, func(o *place) bool { return o == p })
				}
			}
			for i, c := range l.classes {
				if max(c.credit, -c.credit) > 8 || c.len == 0 && c.credit != 0 {
					t.Fatalf("%v: %d wait, and its credit is %d", Interactive-Priority(i), c.len, c.credit)
				}
			}
		}
	})
}

// A spread makes up for goroutines that are a little late, and not for more.
func TestSpreadMakesUpForLateness(t *testing.T) {
	const n = 1000
	limit := NewLimiter(15, time.Second)
	for _, test := range []struct{ late, lost time.Duration }{
		{0, 0}, {7 * time.Millisecond, 0}, {9 * time.Millisecond, time.Millisecond}, {time.Second, 992 * time.Millisecond},
	} {
		s := newSpread(limit, -1)
		zero := gate.Instant(1)
		for s.free = zero; s.gap*n > 0 && s.free.Before(zero.Add(n*(s.gap+test.lost))); {
			before := s.free
			s.taken(s.free.Add(test.late))
			if want := before.Add(s.gap + test.lost); s.free != want {
				t.Fatalf("%v late: the next one is due %v later, not %v", test.late, s.free.Sub(before), want.Sub(before))
			}
		}
	}
	if a, b := newSpread(limit, -1), newSpread(limit, 0); a != b {
		t.Errorf("%+v and %+v", a, b)
	}
}

// counting is a source of slots that come back.
type counting struct{ returned int }

func (c *counting) admit(context.Context, *place, int) error         { return nil }
func (c *counting) take(gate.Instant) (at gate.Instant, h gate.Wait) { return at, h }
func (c *counting) back(gate.Instant)                                { c.returned++ }

// A slot of one that leaves goes to the next, but not to the leader, which waits
// for one already.
func TestSlotIsNotPassedOnToTheLeader(t *testing.T) {
	for others := range 2 {
		var q queue
		leader, leaves, other := &place{}, &place{called: make(chan struct{}, 1)}, &place{called: make(chan struct{}, 1)}
		q.leader = leader
		q.lines.push(leader)
		if others > 0 {
			q.lines.push(other)
		}
		leaves.called <- struct{}{}
		from := &counting{}
		q.leave(leaves, from)
		if len(other.called) != others || from.returned != 1-others || q.len() != 1 {
			t.Errorf("of %d others %d were called, %d slots came back, %d wait", others, len(other.called), from.returned, q.len())
		}
	}
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
			now := gate.Now()
			for b.Loop() {
				p := l.best(now, nil)
				l.serve(p, now)
				l.push(p)
			}
		})
	}
}
