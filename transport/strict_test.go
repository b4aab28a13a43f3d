package transport

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A slot may be used for 8 ms of each second, at least 1 ms, but at most a tenth of the time, and 0.1 ms at least. A
// request counts that much longer.
func TestSlotAge(t *testing.T) {
	for per, want := range map[time.Duration]time.Duration{
		time.Second: 8 * msec, time.Minute: 480 * msec, 125 * msec: msec, 124 * msec: msec, 10 * msec: msec, 5 * msec: msec / 2, 1: msec / 10,
	} {
		if got := slotAge(per); got != want {
			t.Errorf("%v: got %v, want %v", per, got, want)
		}
		if got := counted(per); got != per+want {
			t.Errorf("%v: counts for %v, want %v", per, got, per+want)
		}
	}
	if got := counted(math.MaxInt64); got != gate.Century/2+math.MaxInt64/125 {
		t.Errorf("the longest time there is: counts for %v, want half a century and the age of a slot", got)
	}
}

// limited returns a limiter of n a second whose last starts were then, in milliseconds.
func limited(n int, starts ...int) *StrictLimiter {
	l := NewLimiter(n, time.Second)
	for _, ms := range starts {
		l.begin(instant(ms))
	}
	return l
}

// Three a second: when the next ones may begin, of which each counts for 1.008 s.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		starts      []int
		from, ahead int
		want        int
	}{
		{nil, 5, 0, 5},
		{[]int{0, 10, 20}, 5, 0, 1008}, {[]int{0, 10, 20}, 5, 1, 1018}, {[]int{0, 10, 20}, 5, 2, 1028},
		{[]int{0, 10, 20}, 5, 3, 2016}, {[]int{0, 10, 20}, 5, 7, 3034}, {[]int{0, 10, 20}, 1020, 0, 1020}, {[]int{0, 10, 20}, 1020, 2, 1028}, {[]int{0, 10, 20}, 1500, 4, 2508},
		{[]int{0, 10, 20, 1500}, 5, 0, 1018},
	} {
		if got := limited(3, c.starts...).due(instant(c.from), c.ahead); got != instant(c.want) {
			t.Errorf("after %v, %d ahead: got %v, want %d ms", c.starts, c.ahead, got.Sub(instant(0)), c.want)
		}
	}
	if got := NewLimiter(0, 0).due(instant(3), 5); got != instant(3) {
		t.Errorf("without a limit: got %v, want no wait", got.Sub(instant(0)))
	}
}

// take gives a slot when the oldest one has ceased to count; plan counts one for then.
func TestTakeAndPlan(t *testing.T) {
	q, l := &fairqueue.Queue{}, limited(2, 0, 10)
	if at, w := l.take(instant(1000), q); !at.IsZero() || w.AtMost != 8*msec || len(l.waiting) != 1 {
		t.Errorf("got a slot at %v, wait %v, %d wait; want none, 8 ms, 1", at, w.AtMost, len(l.waiting))
	}
	l.waiting[&fairqueue.Queue{}] = struct{}{}
	if at, w := l.take(instant(1008), q); at != instant(1008) || w.AtMost != 0 || len(l.waiting) != 1 {
		t.Errorf("got a slot at %v, wait %v, %d wait; want one at 1008 ms, none, the other one", at, w.AtMost, len(l.waiting))
	}
	alone := limited(1)
	alone.waiting = map[*fairqueue.Queue]struct{}{q: {}}
	if alone.take(instant(0), q); len(alone.waiting) != 0 {
		t.Errorf("%d wait after the one that did got a slot, want none", len(alone.waiting))
	}
	if at, err := l.plan(instant(1009)); at != instant(1018) || err != nil {
		t.Errorf("planned for %v, %v; want 1018 ms", at.Sub(instant(0)), err)
	}
	if at, err := l.plan(instant(5000)); at != instant(5000) || err != nil {
		t.Errorf("planned for %v, %v; want 5000 ms", at.Sub(instant(0)), err)
	}
	if at, _ := l.take(instant(4000), q); at != instant(5000) { // 1018 ms is over; but not before the last one
		t.Errorf("got a slot at %v, want 5000 ms", at.Sub(instant(0)))
	}
	if _, err := NewLimiter(0, 0).plan(0); err == nil {
		t.Error("planned without a limit, want an error")
	}
}

// A start that is moved is the newest; one that is not there any more is not moved.
func TestMove(t *testing.T) {
	for _, c := range []struct {
		about        string
		granted, now int
		moved        bool
		want         []int
	}{
		{"the oldest", 0, 50, true, []int{10, 20, 50}},
		{"one between", 10, 50, true, []int{0, 20, 50}},
		{"the newest", 20, 50, true, []int{0, 10, 50}},
		{"not before the newest", 10, 15, true, []int{0, 20, 20}},
		{"none between", 15, 50, false, []int{0, 10, 20}},
		{"none after", 21, 50, false, []int{0, 10, 20}},
		{"none before", -1, 50, false, []int{0, 10, 20}},
	} {
		l := limited(3, -9, 0, 10, 20) // so that the ring has turned
		if moved := l.move(instant(c.granted), instant(c.now)); moved != c.moved {
			t.Errorf("%s: got moved %v, want %v", c.about, moved, c.moved)
		}
		for i, ms := range c.want {
			if got := *l.at(i); got != instant(ms) {
				t.Errorf("%s: start %d is at %v, want %d ms", c.about, i, got.Sub(instant(0)), ms)
			}
		}
	}
}

// A changed limit keeps what still counts by the old one or the new one, and of the rest as much as it needs.
func TestResize(t *testing.T) {
	for _, c := range []struct {
		about string
		n     int
		per   time.Duration
		want  []int // all starts that are kept; 0 for none
	}{
		{"fewer", 2, time.Second, []int{1993, 2500, 2900}},
		{"fewer, for longer", 2, 2 * time.Second, []int{1000, 1992, 1993, 2500, 2900}},
		{"fewer, for less: the old ones count on", 1, msec, []int{1993, 2500, 2900}},
		{"as many", 5, time.Second, []int{1000, 1992, 1993, 2500, 2900}},
		{"more", 7, time.Second, []int{0, 0, 1000, 1992, 1993, 2500, 2900}},
		{"four", 4, time.Second, []int{1992, 1993, 2500, 2900}},
	} {
		l := limited(5, 100, 1000, 1992, 1993, 2500, 2900)
		l.resize(instant(3000), c.n, c.per)
		var got []int
		for _, at := range slices.Concat(l.starts[l.oldest:], l.starts[:l.oldest]) {
			ms := 0
			if !at.IsZero() {
				ms = int(at.Sub(instant(0)) / msec)
			}
			got = append(got, ms)
		}
		if !slices.Equal(got, c.want) || l.n != c.n || l.per != c.per || l.maxSlotAge() != slotAge(c.per) {
			t.Errorf("%s: got %v, %d in %v, slots of %v; want %v", c.about, got, l.n, l.per, l.maxSlotAge(), c.want)
		}
		if last := *l.at(c.n - 1); last != instant(2900) {
			t.Errorf("%s: the newest is at %v, want 2900 ms", c.about, last.Sub(instant(0)))
		}
	}
}

func TestLimitBounds(t *testing.T) {
	for _, c := range []struct {
		n   int
		per time.Duration
		ok  bool
	}{{1, 1, true}, {1 << 20, time.Second, true}, {1<<20 + 1, time.Second, false}, {0, time.Second, false}, {1, 0, false}, {1, -1, false}} {
		if err := checkLimit(c.n, c.per); (err == nil) != c.ok {
			t.Errorf("%d in %v: got %v, want accepted %v", c.n, c.per, err, c.ok)
		}
	}
	l := NewLimiter(30, 2*time.Second)
	if l.limit() != 15 || math.Abs(l.rate()-30/2.016) > 1e-9 || !l.exact() || l.asked() || l.peers() != nil {
		t.Errorf("30 in 2 s: got a limit of %v, a rate of %v; want 15, %v", l.limit(), l.rate(), 30/2.016)
	}
	if none := NewLimiter(0, 0); none.limit() != 0 || none.rate() != 0 || none.setLimit(1, 1) == nil {
		t.Errorf("no limit: got %v, %v; want 0, 0, and an error when it is changed", none.limit(), none.rate())
	}
}
