package redislimit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// reply runs the slot script once, for a process that knows nothing.
func (p *process) reply(t *testing.T, wanted bool) (kind int64, wait time.Duration) {
	t.Helper()
	l := p.limiter
	q := request{far: l.farthest().Microseconds()}
	a, err := l.server.run(t.Context(), slotScript, nil, []string{l.keys.slots, l.keys.state},
		l.n, l.per.Microseconds(), 12000, 0, 0, flag(wanted), 0, q.far, l.n, 0, q.far)
	if err != nil {
		t.Fatal(err)
	}
	v, err := slotReply(a, q)
	if err != nil {
		t.Fatal(err)
	}
	return v[0], micro(v[1])
}

// What cannot be true, since it is too far ahead or unreadable, is discarded and reported
// once, and slots are granted soon.
func TestStoredTimesHaveBounds(t *testing.T) {
	for name, c := range map[string]struct {
		spoil     func(f *fleet, k keys, now int64)
		discarded bool
		most      time.Duration // to the next slot
	}{
		"slots an hour ahead": {func(f *fleet, k keys, now int64) { fill(f, k, 15, fmt.Sprint(now+3600e6, " 12000")) }, true, 1100 * time.Millisecond},
		"the oldest ahead": {func(f *fleet, k keys, now int64) {
			fill(f, k, 1, fmt.Sprint(now+3600e6, " 12000"))
			fill(f, k, 14, fmt.Sprint(now, " 12000"))
		}, true, 1100 * time.Millisecond},
		"a slot of no number":     {func(f *fleet, k keys, _ int64) { fill(f, k, 1, "garbage") }, true, 1100 * time.Millisecond},
		"a slot of a huge number": {func(f *fleet, k keys, _ int64) { fill(f, k, 1, strings.Repeat("9", 400)+" 1") }, true, 1100 * time.Millisecond},
		"the oldest of no number": {func(f *fleet, k keys, now int64) {
			fill(f, k, 1, "garbage")
			fill(f, k, 14, fmt.Sprint(now, " 12000"))
		}, true, 1100 * time.Millisecond},
		"used very late":     {func(f *fleet, k keys, now int64) { fill(f, k, 15, fmt.Sprint(now, " 8000000000")) }, false, 2100 * time.Millisecond},
		"a pause of a day":   {func(f *fleet, k keys, now int64) { f.redis.HSet(k.state, "pause", fmt.Sprint(now+86400e6)) }, true, 1100 * time.Millisecond},
		"a probe in an hour": {func(f *fleet, k keys, now int64) { f.redis.HSet(k.state, "trial", fmt.Sprint(now+3600e6)) }, true, 1100 * time.Millisecond},
		"a gap of a day": {func(f *fleet, k keys, now int64) {
			f.redis.HSet(k.state, "gap", "86400000000")
			fill(f, k, 1, fmt.Sprint(now, " 1"))
		}, false, 1400 * time.Millisecond},
		"no number": {func(f *fleet, k keys, _ int64) {
			f.redis.HSet(k.state, "pause", "nan", "trial", "inf", "gap", "-1e999", "filled", "1e300", "hole", "x y", "paused", "0x")
		}, false, 0},
		"a hole an hour ahead": {func(f *fleet, k keys, now int64) { f.redis.HSet(k.state, "hole", fmt.Sprint(now+3600e6, " 12000")) }, false, 0},
		"slots that say more":  {func(f *fleet, k keys, now int64) { fill(f, k, 15, fmt.Sprint(now, " 12000 v9 {}")) }, false, 1100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				defer f.close()
				p := f.add(t.Context(), 0)
				c.spoil(f, p.limiter.keys, time.Now().UnixMicro())
				if kind, _ := p.reply(t, false); (kind == discarded) != c.discarded {
					t.Errorf("the first reply is %d; discarded: want %v", kind, c.discarded)
				}
				if kind, wait := p.reply(t, false); kind != granted || wait > c.most+time.Second/15 {
					t.Errorf("reply %d, in %v; want a slot within %v", kind, wait, c.most)
				}
				if name == "slots that say more" {
					if _, wait := p.reply(t, false); wait < time.Second {
						t.Errorf("the 17th slot in %v; want 1 s at least, since slots of another version count", wait)
					}
				}
			})
		})
	}
}

func fill(f *fleet, k keys, n int, slot string) {
	for range n {
		f.redis.Lpush(k.slots, slot)
	}
}

// A process that starts after Redis's clock was set back neither waits for an hour nor
// keeps silent about it.
func TestStartedAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		fill(f, keysOf("acme"), 15, fmt.Sprint(time.Now().Add(time.Hour).UnixMicro(), " 12000"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p := f.add(ctx, 5)
		f.calls.Wait()
		if n := f.tenant.Report().Total.Served; n < 15*6 {
			t.Errorf("%d served in 10 s; want %d at least", n, 15*6)
		}
		if got := p.peerEvents(); !slices.Equal(got, []transport.Kind{transport.PeersLost, transport.PeersJoined}) {
			t.Errorf("events %v; want lost, joined", got)
		}
		if err := p.limiter.Share().Err; err != errDiscarded {
			t.Errorf("error %v; want %v", err, errDiscarded)
		}
		f.close()
	})
}

// The slots of a long window are remembered for as long, whoever is there.
func TestLongWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		opt := WithLimit(3, 5*time.Minute)
		a, b := f.add(t.Context(), 0, opt), f.add(t.Context(), 0, opt)
		start := time.Now()
		for range 3 {
			takeSlot(t, a)
		}
		for range 4 {
			time.Sleep(time.Minute) // meanwhile a becomes idle and leaves
			f.redis.FastForward(time.Minute)
		}
		if d := takeSlot(t, b).Sub(start); d < 5*time.Minute {
			t.Errorf("the 4th slot after %v; want 5 minutes", d)
		}
		f.close()
	})
}

// A state that is lost is taken for full, however large the limit is.
func TestLargeLimit(t *testing.T) {
	for _, n := range []int{1, 1000, 1001, 4001} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(&aprimotest.Tenant{})
			defer f.close()
			p := f.add(t.Context(), 0, WithLimit(n, 3*time.Second))
			if kind, wait := p.reply(t, true); kind != granted || wait < 3*time.Second {
				t.Errorf("n %d: reply %d, in %v; want a slot in 3 s", n, kind, wait)
			}
			if list, err := f.redis.List(p.limiter.keys.slots); len(list) != n+1 || err != nil {
				t.Errorf("n %d: %d slots, %v; want n and one", n, len(list), err)
			}
		})
	}
}

// Whatever members another version of this package writes, or another program: nobody
// parts, processes count if they can be distinguished from garbage, and what is read is bounded.
func TestStrangeMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		p := f.add(ctx, 2)
		members := keysOf("acme").members
		time.Sleep(time.Second)
		now := time.Now().UnixMicro()
		f.redis.HSet(members,
			"older", fmt.Sprint(now),
			"newer", fmt.Sprint(now, ` v9 {"delay":1}`),
			"more", fmt.Sprint(now, " 1000 100 200000 1 1 1 1"),
			"nan", fmt.Sprint(now, " NaN Inf -1 1e999 0x1"),
			"huge", fmt.Sprint(now, " 1 999999999999999999 1 1 1"),
			"zeros", fmt.Sprint(strings.Repeat("0", 5000), now, " x"),
			"garbage", "garbage", "empty", "", "ahead", fmt.Sprint(now+3600e6, " 1 1 1 1 1"),
			"long", fmt.Sprint(now, " ", strings.Repeat("x", 1000)),
			strings.Repeat("n", 1000), fmt.Sprint(now, " 1 1 1 1 1 1 1"))
		time.Sleep(500 * time.Millisecond)
		if n := p.rt.Stats().Processes; n != 7 {
			t.Errorf("%d processes; want 7: itself and those with a time", n)
		}
		for i := range 1200 {
			f.redis.HSet(members, fmt.Sprint("m", i), fmt.Sprint(time.Now().UnixMicro(), " 1 1 1 1 1 1 1"))
		}
		time.Sleep(300 * time.Millisecond)
		if n := p.rt.Stats().Processes; n < 900 || n > maxMembers {
			t.Errorf("%d processes; want 1000 at most", n)
		}
		f.calls.Wait()
		if got := p.peerEvents(); !slices.Equal(got, []transport.Kind{transport.PeersJoined}) || f.lost() > 0 {
			t.Errorf("events %v, %d lost; want joined, none", got, f.lost())
		}
		f.close()
	})
}

// A fleet that is upgraded process by process keeps the limit together: here a newer
// version writes longer slots and other members.
func TestRollingUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for i := range 4 {
			p := f.add(ctx, 5)
			if i%2 == 0 {
				p.client.AddHook(newer{})
			}
		}
		f.calls.Wait()
		all := f.tenant.Report().Total
		if all.MaxPerSecond > 15 || all.Served < 15*8 || f.lost() > 0 {
			t.Errorf("%d in a second, %d served, %d lost; want 15, some 140, none", all.MaxPerSecond, all.Served, f.lost())
		}
		for _, p := range f.list {
			if got := p.peerEvents(); !slices.Equal(got, []transport.Kind{transport.PeersJoined}) {
				t.Errorf("%s: events %v; want joined", p.name, got)
			}
			if s := p.rt.Stats(); s.Processes != 4 {
				t.Errorf("%s sees %d processes; want 4", p.name, s.Processes)
			}
		}
		f.close()
	})
}

// newer makes a client's process one of a version to come.
type newer struct{}

func (newer) DialHook(next redis.DialHook) redis.DialHook { return next }
func (newer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (newer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	slot := strings.ReplaceAll(slotSource, "'%.0f %.0f'", "'%.0f %.0f v9'")
	beat := strings.ReplaceAll(beatSource, "' ' .. ARGV[3]", "' v9 ' .. ARGV[3]")
	return func(ctx context.Context, cmd redis.Cmder) error {
		args := cmd.Args()
		if len(args) > 1 && args[1] == slotScript.Hash() {
			args[0], args[1] = "eval", slot
		} else if len(args) > 1 && args[1] == beatScript.Hash() {
			args[0], args[1] = "eval", beat
		}
		return next(ctx, cmd)
	}
}

// A slot that was reserved while the server's clock was uncertain would keep others
// waiting for as long.
func TestClockIsReadAgainAfterASilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		takeSlot(t, a)
		time.Sleep(10 * time.Hour)
		f.redis.FastForward(10 * time.Hour)
		for range 15 {
			takeSlot(t, a)
		}
		start := time.Now()
		if d := takeSlot(t, b).Sub(start); d > 1200*time.Millisecond {
			t.Errorf("the next slot after %v; want some 1 s", d)
		}
		f.close()
	})
}

func TestBeatReplyHasBounds(t *testing.T) {
	good := []any{"1764217888000000", "0", "0", "7", "0", "", "id", "1764217888000000", "1 2 3 4 5"}
	if p, err := beatReplyOf(good); err != nil || len(p.members) != 1 || p.answers != 7 {
		t.Fatalf("got %+v, %v; want one member and 7 answers", p, err)
	}
	with := func(i int, v any) []any {
		list := slices.Clone(good)
		list[i] = v
		return list
	}
	many := slices.Clone(good)
	for range maxMembers {
		many = append(many, good[6:]...)
	}
	for name, values := range map[string][]any{
		"nothing": nil, "too few": good[:5], "half a member": good[:8], "too many": many,
		"no time": with(0, "0"), "negative": with(0, "-1"), "a huge time": with(0, fmt.Sprint(int64(math.MaxInt64))),
		"NaN": with(3, "nan"), "a fraction": with(3, "1e3"), "a nil": with(0, nil), "a number": with(0, int64(1)),
		"an endless pause": with(1, "8999999999999999"), "a 429 to come": with(2, "1764217888000001"),
		"a long State": with(5, strings.Repeat("x", maxText+1)), "a long name": with(6, strings.Repeat("x", maxText+1)),
	} {
		if _, err := beatReplyOf(values); err != errAnswer {
			t.Errorf("%s: %v; want errAnswer", name, err)
		}
	}
	for _, values := range [][]any{{int64(4), int64(0), int64(1), int64(0), int64(0)}, {int64(0), int64(-1), int64(1), int64(0), int64(0)},
		{int64(0), int64(1 << 60), int64(1), int64(0), int64(0)}, {int64(0), int64(0), int64(1 << 62), int64(0), int64(0)}, {}, {"0", "0", "0", "0", "0"}} {
		if _, err := slotReply(answer{values: values}, request{far: 12e6}); err != errAnswer {
			t.Errorf("%v: %v; want errAnswer", values, err)
		}
	}
}
