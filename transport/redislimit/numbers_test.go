package redislimit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// The limit is divided so that the parts are never more than it together, and each process has one.
func TestPartsOfTheLimit(t *testing.T) {
	for _, c := range []struct {
		n, processes, rank, part int
		per                      time.Duration
	}{
		{15, 1, 0, 15, time.Second}, {15, 2, 0, 8, time.Second}, {15, 2, 1, 7, time.Second}, {15, 4, 2, 4, time.Second}, {15, 4, 3, 3, time.Second}, {15, 15, 14, 1, time.Second},
		{15, 16, 0, 1, 1066666667}, {15, 30, 29, 1, 2 * time.Second}, {1, 3, 0, 1, 3 * time.Second}, {7, 9, 0, 1, 1285714286},
	} {
		if part, per := partOf(c.n, time.Second, c.processes, c.rank); part != c.part || per != c.per {
			t.Errorf("%d for %d, rank %d: got %d in %v, want %d in %v", c.n, c.processes, c.rank, part, per, c.part, c.per)
		}
	}
	for _, c := range []struct{ processes, apart, want int }{{2, 0, 0}, {2, 1, 8}, {2, 2, 15}, {4, 1, 4}, {4, 3, 12}, {4, 4, 15}, {15, 3, 3}} {
		if got := partsOf(15, c.processes, c.apart); got != c.want {
			t.Errorf("%d of %d apart: got %d slots, want %d", c.apart, c.processes, got, c.want)
		}
	}
}

// A member's measurements count if each is within its bound; else it counts as a process only.
func TestMeasurementsOfAMember(t *testing.T) {
	good := member{id: "a", seen: 7, delay: 1, weight: 2, service: 3, inFlight: 4, waiting: 5, refused: 6, served: 7}
	most := member{id: "a", seen: 7, delay: 3600, weight: float64(maxWeight), service: 3600, inFlight: 1e6, waiting: 1e6, refused: 1e6, served: 1e6}
	apart := good
	apart.alone = true
	none, apartNone := member{id: "a", seen: 7}, member{id: "a", seen: 7, alone: true}
	weight := fmt.Sprint(uint64(maxWeight))
	for text, want := range map[string]member{
		"1000000 2 3000000 4 5 6000 7000": good, "1000000 2 3000000 4 5 6000 7000 alone": apart, "1000000 2 3000000 4 5 6000 7000 apart": none, "1000000 2 3000000 4": none, "1000000 2 3000000 4 5 6000 7000 alone x": none, "": none,
		"3600000000 " + weight + " 3600000000 1000000 1000000 1000000000 1000000000": most, "3600000001 2 3 4 5 6 7": none, "1 2 3600000001 4 5 6 7": none, "1 2 3 1000001 5 6 7": none, "1 2 3 4 1000001 6 7": none,
		"1 2 3 4 5 1000000001 7": none, "1 2 3 4 5 6 1000000001": none,
		"1 " + fmt.Sprint(uint64(maxWeight)+1) + " 3 4 5 6 7": none, "-1 2 3 4 5 6 7": none, "1.5 2 3 4 5 6 7": none, "x 2 3 4 5 6 7 alone": apartNone,
	} {
		if got := memberOf("a", "7", text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	p := beatReply{members: []member{{id: "a", alone: true}, {id: "b"}, {id: "c", alone: true}}}
	for id, want := range map[string][2]int{"a": {0, 1}, "b": {1, 2}, "c": {2, 1}, "d": {3, 2}} {
		if got := [2]int{p.rank(id), p.apart(id)}; got != want {
			t.Errorf("%s: got rank and those apart %v, want %v", id, got, want)
		}
	}
}

// A reply has bounds, to the microsecond and the byte.
func TestBoundsOfABeatReply(t *testing.T) {
	reply := func(change map[int]any, members int) []any {
		list := []any{"5000000", "0", "0", "0", "0", ""}
		for i, v := range change {
			list[i] = v
		}
		for i := range members {
			list = append(list, fmt.Sprint(i), "1", "")
		}
		return list
	}
	pause := int64(5000000 + time.Hour/time.Microsecond)
	for _, c := range []struct {
		what   string
		values []any
		ok     bool
	}{
		{"no member", reply(nil, 0), true}, {"1000 members", reply(nil, 1000), true}, {"1001 members", reply(nil, 1001), false},
		{"a 429 now", reply(map[int]any{2: "5000000"}, 1), true}, {"a 429 later", reply(map[int]any{2: "5000001"}, 1), false},
		{"a pause of an hour", reply(map[int]any{1: fmt.Sprint(pause)}, 1), true}, {"a longer pause", reply(map[int]any{1: fmt.Sprint(pause + 1)}, 1), false},
		{"the latest time", reply(map[int]any{0: "9000000000000000"}, 1), true}, {"a later time", reply(map[int]any{0: "9000000000000001"}, 1), false}, {"no time", reply(map[int]any{0: "0"}, 1), false},
		{"4096 bytes", reply(map[int]any{5: strings.Repeat("x", 4096)}, 1), true}, {"4097 bytes", reply(map[int]any{5: strings.Repeat("x", 4097)}, 1), false},
		{"a part of a member", append(reply(nil, 1), "x"), false}, {"two parts of a member", append(reply(nil, 1), "x", "y"), false}, {"one value less", reply(nil, 0)[:5], false},
	} {
		p, err := beatReplyOf(c.values)
		if (err == nil) != c.ok || c.ok && len(p.members) != (len(c.values)-6)/3 {
			t.Errorf("%s: got %d members, %v; want accepted: %v", c.what, len(p.members), err, c.ok)
		}
	}
	p, err := beatReplyOf(reply(map[int]any{1: "1", 2: "2", 3: "3", 4: "4", 5: "law"}, 0))
	if want := (beatReply{now: 5000000, pause: 1, limited: 2, answers: 3, wrong: 4, law: "law"}); err != nil || !cmp.Equal(want, p, cmp.AllowUnexported(beatReply{}, member{})) {
		t.Errorf("got %+v, %v; want %+v", p, err, want)
	}
	if got := instant(7); got != 7000 {
		t.Errorf("got %d as the instant of 7 µs, want 7000 ns", got)
	}
}

// Measurements of the last second are summed up, by their precision.
func TestSumOfMeasurements(t *testing.T) {
	p := beatReply{now: 5_000_000, limited: 3, pause: 1, answers: 9, members: []member{
		{seen: 4_000_001, delay: 1, weight: 3, service: 2, inFlight: 10, waiting: 2}, {seen: 5_000_000, delay: 5, weight: 1, service: 6, inFlight: 20, waiting: 3},
		{seen: 4_000_000, delay: 100, weight: 100, service: 100, inFlight: 100, waiting: 100},
	}}
	all := p.measured(func(member) bool { return true })
	if want := (total{delay: 2, weight: 4, service: 3, inFlight: 30, waiting: 5}); all != want {
		t.Errorf("got %+v, want %+v", all, want)
	}
	if delay, stddev := all.estimate(); delay != 2*time.Second || stddev != time.Second/2 {
		t.Errorf("got %v ± %v, want 2 s ± 0.5 s", delay, stddev)
	}
	if delay, stddev := (total{delay: 3}).estimate(); delay != 0 || stddev != 0 {
		t.Errorf("got %v ± %v of nothing, want 0", delay, stddev)
	}
	o := p.observe(true)
	if o.Delay != 2 || o.Service != 3 || o.InFlight != 30 || o.Peak != 30 || o.Answers != 9 || !o.Baseline || !o.Short || !o.Lacking || o.Limited != 3000 || !o.Paused || o.Sending != 6 || o.Stddev != 0.5 {
		t.Errorf("got %+v, want what was measured, and 6 requests a second", o)
	}
	if o := p.observe(false); o.Short || !o.Lacking {
		t.Errorf("got %+v at the whole limit, want it lacking, not short", o)
	}
	p.members, p.pause = []member{{seen: 5_000_000, inFlight: 4}}, 0
	if o := p.observe(true); o.Short || o.Lacking || o.Paused || o.Stddev != 0 || o.Sending != 200 {
		t.Errorf("got %+v of a process without calls, want nothing lacking, and 4 requests in 20 ms at least", o)
	}
}

// The difference of two clocks is between what the sending of a command and its answer allow.
func TestWhatTimeItIsForRedis(t *testing.T) {
	zero := time.Now()
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	c := serverClock{zero: zero}
	if c.known(at(0)) {
		t.Error("a clock that was never read: got known, want not")
	}
	if c.see(1_000_000, at(0), at(100)) || c.lo != 900*time.Millisecond || c.hi != time.Second+time.Microsecond {
		t.Errorf("got %v to %v, want 0.9 to 1 s", c.lo, c.hi)
	}
	if got, want := c.local(1_500_000), at(600); !got.Equal(want) {
		t.Errorf("got %v as the latest time of 1.5 s, want %v", got.Sub(zero), want.Sub(zero))
	}
	if got := c.uncertainty(at(1100)); got != 102*time.Millisecond+time.Microsecond {
		t.Errorf("got an uncertainty of %v a second later, want 102 ms", got)
	}
	limit := 100 + int((500-100)/0.002) - 1 // the two clocks drift apart by 2 ms in a second, less the microsecond
	if !c.known(at(limit)) || c.known(at(limit+2)) {
		t.Errorf("got known %v, then %v; want it until the uncertainty is 500 ms", c.known(at(limit)), c.known(at(limit+2)))
	}
	if c.see(2_000_000, at(1050), at(1060)) || c.lo != 940*time.Millisecond || c.hi != 950*time.Millisecond+time.Microsecond {
		t.Errorf("a quicker answer: got %v to %v, want 0.94 to 0.95 s", c.lo, c.hi)
	}
	if c.see(3_000_000, at(2000), at(2100)) || c.lo != 938_960*time.Microsecond || c.hi != 951_041*time.Microsecond {
		t.Errorf("a slow answer: got %v to %v, want 1.04 ms more on both sides after 1.04 s", c.lo, c.hi)
	}
	if !c.see(9_000_000, at(2100), at(2110)) || c.lo != 6890*time.Millisecond {
		t.Errorf("a clock that was set: got %v to %v, want 6.89 s on", c.lo, c.hi)
	}
	for by, want := range map[time.Duration]bool{19 * time.Millisecond: false, 25 * time.Millisecond: true, -19 * time.Millisecond: false, -25 * time.Millisecond: true} {
		c := serverClock{zero: zero}
		c.see(1_000_000, at(0), at(0))
		if set := c.see(1_000_000+by.Microseconds(), at(0), at(0)); set != want || c.lo > c.hi {
			t.Errorf("off by %v: got set %v, %v to %v; want set %v", by, set, c.lo, c.hi, want)
		}
	}
}

// A reply to a request for a slot has bounds.
func TestBoundsOfASlotReply(t *testing.T) {
	const far = 1000
	most := 2*far + time.Hour.Microseconds()
	for _, c := range []struct {
		values []any
		ok     bool
	}{
		{[]any{int64(granted), int64(0), int64(1), int64(0), int64(0)}, true}, {[]any{int64(discarded), most, int64(maxTime), "5", int64(-1)}, true},
		{[]any{int64(-1), int64(0), int64(1), int64(0), int64(0)}, false}, {[]any{int64(4), int64(0), int64(1), int64(0), int64(0)}, false},
		{[]any{int64(0), int64(-1), int64(1), int64(0), int64(0)}, false}, {[]any{int64(0), most + 1, int64(1), int64(0), int64(0)}, false},
		{[]any{int64(0), int64(0), int64(0), int64(0), int64(0)}, false}, {[]any{int64(0), int64(0), int64(maxTime + 1), int64(0), int64(0)}, false},
		{[]any{int64(0), int64(0), int64(1), int64(0)}, false}, {[]any{int64(0), int64(0), int64(1), int64(0), int64(0), int64(0)}, false}, {[]any{int64(0), int64(0), int64(1), int64(0), nil}, false},
		{[]any{int64(0), int64(0), int64(1), int64(0), int64(0), nil}, false}, {[]any{int64(0), int64(0), int64(1), int64(0), "x"}, false},
	} {
		v, err := slotReply(answer{values: c.values}, request{far: far})
		if (err == nil) != c.ok || c.ok && len(v) != 5 {
			t.Errorf("%v: got %v, %v; want accepted: %v", c.values, v, err, c.ok)
		}
	}
	if micro(3) != 3*time.Microsecond || flag(true) != 1 || flag(false) != 0 {
		t.Errorf("got %v, %d, %d; want 3 µs, 1, 0", micro(3), flag(true), flag(false))
	}
}

// Of an error of 4 KiB the cause is kept, of a longer one its text only.
func TestCausesOfFailures(t *testing.T) {
	for n, want := range map[int]bool{4096: true, 4097: false} {
		cause := errors.New(strings.Repeat("x", n))
		if got := (redactor{}).clean(cause); errors.Is(got, cause) != want || !strings.HasPrefix(got.Error(), "redislimit: Redis: xxx") {
			t.Errorf("%d bytes: got %.40q with its cause: %v, want %v", n, got, !want, want)
		}
	}
	for _, err := range []error{nil, context.Canceled, context.DeadlineExceeded} {
		if got := (redactor{"x"}).clean(err); got != err {
			t.Errorf("got %v, want %v as it is", got, err)
		}
	}
	if got := (redactor{"hunter"}).clean(errors.New("hunter at //a:b@h/")).Error(); got != "redislimit: Redis: REDACTED at //REDACTED@h/" {
		t.Errorf("got %q, want no password", got)
	}
	if n, err := guarded(func() (int, error) { panic("boom") }); n != 0 || err == nil || err.Error() != "the client panicked: boom" {
		t.Errorf("got %d, %v; want the panic as an error", n, err)
	}
	if n, err := guarded(func() (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Errorf("got %d, %v; want 7", n, err)
	}
}

// When a pause of all is over, those who wait are woken, and a probe's times are by this process's clock.
func TestWhatABeatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		takeSlot(t, f.list[0])
		for _, c := range []struct {
			about        string
			before, then int64 // microseconds of pause
			woken        bool
		}{{"a pause ends", 1_000_000, 0, true}, {"it lasts", 1_000_000, 1_000_000, false}, {"there is none", 0, 0, false}} {
			l.mu.Lock()
			now := time.Now()
			l.share.PausedUntil = time.Time{}
			if c.before > 0 {
				l.share.PausedUntil = now.Add(micro(c.before))
			}
			p := beatReply{now: now.Sub(l.clock.zero).Microseconds() + l.clock.lo.Microseconds(), state: congestion.Start(1, congestion.Scope{Limit: 15, Shared: true}, 0)}
			if c.then > 0 {
				p.pause = p.now + c.then
			}
			p.state.Probe.From = instant(p.now)
			news := l.news
			l.learn(answer{sent: now, came: now}, p)
			if woken := isClosed(news); woken != c.woken {
				t.Errorf("%s: woken %v, want %v", c.about, woken, c.woken)
			}
			if off := l.share.ProbeFrom.Sub(now).Abs(); off > time.Millisecond {
				t.Errorf("%s: a probe that begins now is said to begin %v off", c.about, off)
			}
			l.mu.Unlock()
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// The others are told at the next beat that the half-open probe was let in: by an answer to a
// request that was sent with it or later, and that is no 429.
func TestTheProbeThatWasLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		for _, c := range []struct {
			about  string
			report shared.Report
			served bool
		}{
			{"before it", shared.Report{Answered: true, Sent: time.Now().Add(-1)}, false},
			{"a 429", shared.Report{Answered: true, Limited: true, Sent: time.Now()}, false},
			{"no answer", shared.Report{Sent: time.Now()}, false},
			{"it", shared.Report{Answered: true, Sent: time.Now()}, true},
		} {
			l.probe, l.seen.served = time.Now(), false
			l.Report(c.report)
			if l.seen.served != c.served || l.probe.IsZero() != c.served || len(l.wake) != flag(c.served) {
				t.Errorf("%s: got let in %v, over %v, %d beats due; want %v", c.about, l.seen.served, l.probe.IsZero(), len(l.wake), c.served)
			}
		}
	})
}

// A slot that is granted to a process which has lost the others meanwhile is free again.
func TestASlotOfALossIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		takeSlot(t, f.list[0])
		before, _ := f.redis.List(l.keys.slots)
		l.mu.Lock()
		l.alone = &alone{}
		var at, late int64
		fmt.Sscan(before[0], &at, &late)
		r := l.take(request{late: late}, at, false)
		l.alone = nil
		l.mu.Unlock()
		synctest.Wait()
		after, _ := f.redis.List(l.keys.slots)
		if r.at != 0 || slices.Equal(before, after) {
			t.Errorf("got %+v and the slots %v, before %v; want none for this process, and its slot returned", r, after, before)
		}
	})
}
