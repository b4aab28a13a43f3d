package redislimit

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A pause holds this process back at once if it shares the limit, never ends one that lasts longer,
// and ends the half-open probe. One of no time changes nothing.
func TestWhatAPauseChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			about         string
			before, pause time.Duration
			alone         bool
			want, others  time.Duration // until when this process and the others are held back
		}{
			{"the first", 0, time.Second, false, time.Second, time.Second},
			{"a longer one", time.Second, time.Minute, false, time.Minute, time.Minute},
			{"a shorter one", time.Minute, time.Second, false, time.Minute, time.Minute},
			{"a very long one", 0, 2 * time.Hour, false, time.Hour, time.Hour},
			{"alone", 0, time.Second, true, 0, time.Second},
			{"none", 0, 0, false, 0, 0},
			{"less than none", time.Second, -1, false, time.Second, time.Second},
		} {
			l := New(nil, "acme")
			now := time.Now()
			at := func(d time.Duration) (until time.Time) {
				if d > 0 {
					until = now.Add(d)
				}
				return until
			}
			l.share.PausedUntil, l.seen.limited = at(c.before), at(c.before)
			l.probe, l.seen.served = now, true
			if c.alone {
				l.alone = &alone{}
			}
			l.Pause(c.pause)
			if got := l.share.PausedUntil; !got.Equal(at(c.want)) {
				t.Errorf("%s: paused until %v, want %v from now", c.about, got, c.want)
			}
			if got := l.seen.limited; !got.Equal(at(c.others)) {
				t.Errorf("%s: the others are held back until %v, want %v from now", c.about, got, c.others)
			}
			paused := c.pause > 0
			if l.probe.IsZero() != paused || l.seen.served == paused || len(l.wake) != flag(paused) {
				t.Errorf("%s: probe over %v, let in %v, %d beats due; want over, not let in, one: %v", c.about, l.probe.IsZero(), l.seen.served, len(l.wake), paused)
			}
		}
	})
}

// An answer to a request for a slot says what time it is, until when all are held back, and whether the
// slot is the half-open probe.
func TestWhatAnAnswerChanges(t *testing.T) {
	const second = int64(time.Second / time.Microsecond)
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			about           string
			kind, in, probe int64
			clock           int64 // by which it was set meanwhile
			paused, probes  bool
			granted         bool
			retry           time.Duration
		}{
			{"a slot", granted, second, 0, 0, false, false, true, 0},
			{"the probe", granted, second, 1, 0, false, true, true, 0},
			{"a pause", paused, second, 0, 0, true, false, false, time.Second},
			{"another one's probe", probing, second, 0, 0, false, false, false, time.Second},
			{"a slot of another clock", granted, second, 0, 9 * second, false, false, false, 0},
		} {
			l := New(nil, "acme")
			now := time.Now()
			l.clock.see(5*second, now, now)
			time.Sleep(time.Second)
			came := time.Now()
			a := answer{values: []any{c.kind, c.in, 6*second + c.clock, int64(0), c.probe}, sent: came, came: came}
			r, retry := l.answered(request{far: 9 * second}, a, nil)
			if (r.at != 0) != c.granted || retry != c.retry {
				t.Errorf("%s: got %+v, ask again in %v; want a slot: %v, or %v", c.about, r, retry, c.granted, c.retry)
			}
			if l.heard != 6*second+c.clock || l.settings != flag(c.clock > 0) || l.refill != (c.clock > 0) {
				t.Errorf("%s: answered at %d µs, the clock set %d times, all slots to be filled: %v; want %d µs, set: %v", c.about, l.heard, l.settings, l.refill, 6*second+c.clock, c.clock > 0)
			}
			if off := l.share.PausedUntil.Sub(came.Add(time.Second)); c.paused != (off == 0) {
				t.Errorf("%s: paused until %v, want a second from now: %v", c.about, l.share.PausedUntil, c.paused)
			}
			var probe time.Time
			if c.probes {
				probe = r.due
			}
			if !l.probe.Equal(probe) {
				t.Errorf("%s: got a half-open probe at %v, want %v", c.about, l.probe, probe)
			}
		}
	})
}

// Who fills all slots keeps the one that it gets for a caller, if it gets one.
func TestTheSlotOfAFillIsKept(t *testing.T) {
	for _, paused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(&aprimotest.Tenant{})
			defer f.close()
			l := f.add(t.Context(), 0).limiter
			l.beat()
			if paused {
				f.redis.HSet(l.keys.state, "pause", fmt.Sprint(time.Now().Add(time.Second).UnixMicro()))
			}
			l.refill = true
			l.fill()
			l.mu.Lock()
			if kept := l.kept.at != 0; kept == paused {
				t.Errorf("with a pause: %v: kept the slot %+v, want one without a pause only", paused, l.kept)
			}
			l.mu.Unlock()
			time.Sleep(2 * keepFor)
			slots, _ := f.redis.List(l.keys.slots)
			if got, want := len(slots), 15*flag(!paused); got != want || f.redis.HGet(l.keys.state, "hole") != "" {
				t.Errorf("with a pause: %v: Redis has %d slots and the hole %q later; want %d, and no hole", paused, got, f.redis.HGet(l.keys.state, "hole"), want)
			}
		})
	}
}

// A process that leaves returns the slot that it has kept, if it has one, once, and is no member any
// more.
func TestLeaving(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(&aprimotest.Tenant{})
			defer f.close()
			p := f.add(t.Context(), 0)
			l := p.limiter
			takeSlot(t, p)
			want, _ := f.redis.List(l.keys.slots)
			if keeps {
				r, _ := l.reserve(t.Context(), time.Now())
				l.mu.Lock()
				l.keep(r)
				l.mu.Unlock()
			}
			l.Close()
			time.Sleep(2 * keepFor)
			got, _ := f.redis.List(l.keys.slots)
			if hole := f.redis.HGet(l.keys.state, "hole"); !slices.Equal(got, want) || hole != "" {
				t.Errorf("a slot was kept: %v: Redis has the slots %q and the hole %q; want %q, and no hole", keeps, got, hole, want)
			}
			if f.redis.HGet(l.keys.members, l.id) != "" {
				t.Error("it is a member after Close, want none")
			}
		})
	}
}

// A process beats each 0.1 s while it has calls, and a second longer; then each 2 s, and after a
// minute not any more.
func TestWhenItBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			about           string
			asked, answered time.Duration // ago
			waits, alone    bool
			want            time.Duration
			over            bool
		}{
			{"idle", time.Second + 1, time.Second + 1, false, false, 2 * time.Second, false},
			{"a slot was asked for", time.Second, time.Minute, false, false, 100 * time.Millisecond, false},
			{"an answer came", time.Minute, time.Second, false, false, 100 * time.Millisecond, false},
			{"a caller waits", 2 * time.Minute, 2 * time.Minute, true, false, 100 * time.Millisecond, false},
			{"alone", 2 * time.Second, 2 * time.Second, false, true, 100 * time.Millisecond, false},
			{"idle for a minute", time.Minute, time.Minute, false, false, 2 * time.Second, false},
			{"idle for longer", time.Minute + 1, time.Second, false, false, 100 * time.Millisecond, true},
		} {
			l := New(nil, "acme")
			l.beats, l.asked, l.seen.at = true, time.Now().Add(-c.asked), time.Now().Add(-c.answered)
			if c.waits {
				l.turn <- struct{}{}
			}
			if c.alone {
				l.alone = &alone{}
			}
			if got, over := l.interval(), l.over(); got != c.want || over != c.over || l.beats == over {
				t.Errorf("%s: the next beat is in %v, the last one was it: %v; want %v, %v", c.about, got, over, c.want, c.over)
			}
		}
	})
}

// Fewer answers than before mean that Redis has lost data. Slots may be lost too if this process waits
// for one, or has used one within the window.
func TestFewerAnswersThanBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		for _, c := range []struct {
			about   string
			used    time.Duration // ago
			waits   bool
			answers int64
			want    bool
		}{
			{"used lately", time.Second - 1, false, 6, true},
			{"used before", time.Second, false, 6, false},
			{"waits", time.Minute, true, 6, true},
			{"as many answers", 0, true, 7, false},
		} {
			p := f.add(t.Context(), 0)
			l := p.limiter
			takeSlot(t, p)
			if !l.usedAt.Equal(time.Now()) {
				t.Errorf("its last slot was used at %v, want now", l.usedAt)
			}
			l.Close()
			l.usedAt, l.counted = time.Now().Add(-c.used), 7
			if c.waits {
				l.turn <- struct{}{}
			}
			now := time.Now()
			reply := beatReply{now: now.UnixMicro(), answers: c.answers, state: congestion.Start(1, congestion.Scope{Limit: 15, Shared: true}, 0)}
			reply.state.Served = 5
			l.learn(answer{sent: now, came: now}, reply)
			if l.refill != c.want || l.counted != c.answers || l.share.Served != 5 {
				t.Errorf("%s: got all slots to be filled: %v, %d answers, %v served a second; want %v, %d, 5", c.about, l.refill, l.counted, l.share.Served, c.want, c.answers)
			}
		}
	})
}

// A slot that was kept is for the next caller while it may be used.
func TestASlotThatWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			age  time.Duration
			want int64
		}{{-time.Second, 7}, {usable, 7}, {usable + 1, 0}} {
			l := New(nil, "acme")
			l.kept = reservation{due: time.Now().Add(-c.age), at: 7}
			if r, _, _ := l.request(time.Now()); r.at != c.want || l.kept.at != 0 {
				t.Errorf("%v after its time: got the slot %d, and %d is kept; want %d, and none", c.age, r.at, l.kept.at, c.want)
			}
		}
	})
}

// A process that is alone and asks for a slot while all are held back is held back, too.
func TestJoiningInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		l.beat()
		until := time.Now().Add(20 * time.Second)
		f.redis.HSet(l.keys.state, "pause", fmt.Sprint(until.UnixMicro()))
		l.alone = &alone{limiter: l.own, part: 15}
		l.joinWithSlot()
		if l.alone == nil || !l.alone.from.Equal(until) {
			t.Errorf("got %+v, want it alone, and held back for 20 s", l.alone)
		}
	})
}

// A 429 is reported once. One that comes while the beat is under way is reported with the next.
func TestA429IsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		p := f.add(t.Context(), 0)
		l := p.limiter
		l.beat()
		for _, during := range []time.Duration{0, time.Minute} {
			h := &half{}
			h.set(beatScript, func(context.Context) error { l.Pause(during); return nil })
			p.client.AddHook(h)
			l.Pause(time.Second)
			l.beat()
			if unreported := l.seen.limited.IsZero(); unreported != (during == 0) {
				t.Errorf("a pause of %v during the beat: there is a 429 to report: %v, want %v", during, !unreported, unreported)
			}
		}
	})
}

// What a process uses alone becomes less if it sees more processes than before, and not more.
func TestThePartOfAProcessThatIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			processes, want int
			seen            time.Duration // when there were two, ago
		}{{1, 8, memory + 1}, {2, 8, 0}, {3, 5, 0}} {
			l := New(nil, "acme")
			now := time.Now()
			l.lately = crowd{2, 0, now.Add(-c.seen)}
			l.alone = &alone{part: l.takePart()}
			reply := beatReply{now: now.UnixMicro(), state: congestion.Start(1, congestion.Scope{Limit: 15, Shared: true}, 0)}
			for range c.processes {
				reply.members = append(reply.members, member{}) // with a lower id: it is the last
			}
			l.learn(answer{sent: now, came: now}, reply)
			if l.alone.part != c.want || l.lately.processes != c.processes {
				t.Errorf("%d processes: got a part of %d, for %d later; want %d", c.processes, l.alone.part, l.lately.processes, c.want)
			}
		}
	})
}

// Processes that are alone may divide the limit by fewer for a window and two beats.
func TestCountOfProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, "acme")
		start := time.Now()
		for _, c := range []struct {
			first        bool
			after        time.Duration
			processes    int
			fewest       int
			growingSince time.Time
		}{
			{true, 0, 1, 1, start}, {true, 0, 4, 3, start},
			{false, 1200 * time.Millisecond, 4, 3, start}, {false, 1200*time.Millisecond + 1, 4, 4, time.Time{}},
			{false, 2 * time.Second, 2, 2, time.Time{}}, {false, 3 * time.Second, 3, 2, start.Add(3 * time.Second)}, {false, 4 * time.Second, 2, 2, time.Time{}},
		} {
			l.share.Processes = c.processes
			l.count(c.first, start.Add(c.after))
			if l.fewest != c.fewest || !l.growing.Equal(c.growingSince) {
				t.Errorf("%d processes after %v: got %d at least, more since %v; want %d, %v", c.processes, c.after, l.fewest, l.growing, c.fewest, c.growingSince)
			}
		}
	})
}

// A process that loses the others waits until the slots that Redis gave are over: each process has one, in
// a window after the last. If it has lost them soon after it joined, more beats are needed next time.
func TestParting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			about       string
			processes   int
			last        time.Duration // of its own slots, ahead; 0: none
			joined      time.Duration // ago
			from        time.Duration
			needs, next int
		}{
			{"alone", 1, 0, time.Minute, time.Second + time.Second/15, 2, 4},
			{"with two others", 3, 0, time.Minute, 1200 * time.Millisecond, 2, 4},
			{"with a slot far ahead", 3, time.Second, time.Minute, 2*time.Second + usable, 2, 4},
			{"soon after it joined", 3, 0, 10 * time.Second, 1200 * time.Millisecond, 32, 32},
			{"not so soon", 3, 0, 10*time.Second + 1, 1200 * time.Millisecond, 2, 4},
		} {
			l := New(nil, "acme")
			now := time.Now()
			l.clock.see(now.UnixMicro(), now, now)
			l.lately.processes, l.joined, l.needed, l.well = c.processes, now.Add(-c.joined), 32, 9
			if c.last > 0 {
				l.last = now.Add(c.last).UnixMicro()
			}
			l.part(errSilent)
			if got := l.alone.from.Sub(now); got != c.from || l.alone.since != l.alone.from || l.needed != c.needs || l.well != 0 {
				t.Errorf("%s: uses its part in %v, since %v, and joins after %d of %d beats; want %v, 0 of %d", c.about, got, l.alone.since.Sub(now), l.well, l.needed, c.from, c.needs)
			}
			before := l.alone
			l.part(errAnswer)
			if l.alone != before || l.share.Losses != 1 || l.share.Err != errAnswer || l.share.Sharing != shared.Alone {
				t.Errorf("%s, again: got %+v; want one loss, and the last error", c.about, l.share)
			}
			l.join()
			if l.needed != c.next || l.alone != nil || !l.joined.Equal(now) || l.share.Sharing != shared.All {
				t.Errorf("%s, joined: %d beats are needed next time, it shares: %q; want %d, all", c.about, l.needed, l.share.Sharing, c.next)
			}
		}
	})
}

// A process that asks for a slot says by when it uses it, how far ahead the slots of others may be, and
// how far ahead it wants one.
func TestWhatARequestSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			about string
			set   func(*Limiter)
			want  request
		}{
			{"one of one", func(*Limiter) {}, request{ours: 15, far: 12_666_666}},
			{"one of three", func(l *Limiter) { l.share.Processes, l.lately.processes, l.fewest = 3, 3, 3 }, request{ours: 15, far: 14_000_000, ahead: 1_133_333}},
			{"another is alone", func(l *Limiter) { l.share.Processes, l.lately.processes, l.fewest, l.apart = 3, 3, 3, 1 }, request{ours: 10, far: 14_000_000, ahead: 1_133_333}},
			{"joined lately", func(l *Limiter) {
				l.share.Processes, l.lately.processes, l.fewest, l.joined = 3, 3, 3, time.Now().Add(1-6*time.Second)
			}, request{ours: 15, far: 14_000_000, ahead: 3_133_333}},
			{"another joined lately", func(l *Limiter) {
				l.share.Processes, l.lately.processes, l.fewest, l.joining = 3, 3, 3, time.Now().Add(1-6*time.Second)
			}, request{ours: 15, far: 14_000_000, ahead: 3_133_333}},
			{"both joined before", func(l *Limiter) {
				l.share.Processes, l.lately.processes, l.fewest = 3, 3, 3
				l.joined, l.joining = time.Now().Add(-6*time.Second), time.Now().Add(-6*time.Second)
			}, request{ours: 15, far: 14_000_000, ahead: 1_133_333}},
			{"alone", func(l *Limiter) { l.alone, l.apartAt = &alone{part: 15}, time.Now() }, request{ours: 15, far: 12_666_666, alone: 15}},
		} {
			l := New(nil, "acme")
			now := time.Now()
			l.clock.see(now.UnixMicro(), now, now)
			l.share.Rate = 15
			l.last, l.filled, l.heard, l.refill, l.settings = 1, 2, 3, true, 4
			c.want.last, c.want.filled, c.want.heard, c.want.refill, c.want.settings = 1, 2, 3, true, 4
			c.want.late, c.want.soon = 13_001, 700_000
			c.set(l)
			if r, got, known := l.request(now.Add(-2 * time.Second)); r.at != 0 || got != c.want || !known || l.seen.waiting != 1 {
				t.Errorf("%s: got %+v, known %v, %d calls wait; want %+v, known, one", c.about, got, known, l.seen.waiting, c.want)
			}
		}
		if l := New(nil, "acme"); l.MaxSlotAge() != 8*time.Millisecond {
			t.Errorf("a slot may be used for %v, want 8 ms", l.MaxSlotAge())
		}
	})
}

// A step is taken over if it was stored, and not if another process was faster.
func TestAStepThatWasStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		l.beat()
		law := f.redis.HGet(l.keys.state, "law")
		for _, stored := range []bool{true, false} {
			p := beatReply{now: time.Now().Add(time.Minute).UnixMicro(), law: law}
			if err := l.step(&p); err != nil {
				t.Error(err)
			}
			if next := p.state.String(); (next != law) != stored || stored && next != f.redis.HGet(l.keys.state, "law") {
				t.Errorf("got the State %s, want the next one after %s: %v", next, law, stored)
			}
		}
	})
}

// A process that finds a pause that makes no sense loses the others, and says why.
func TestABeatThatDiscardsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		f.redis.HSet(l.keys.state, "pause", fmt.Sprint(time.Now().Add(24*time.Hour).UnixMicro()))
		if l.beat(); l.alone == nil || l.share.Err != errDiscarded || l.well != 0 {
			t.Errorf("alone %v, %v, after %d beats that succeeded; want it alone: %v", l.alone != nil, l.share.Err, l.well, errDiscarded)
		}
		if l.beat(); l.well != 1 {
			t.Errorf("%d beats have succeeded after the next one, want it", l.well)
		}
	})
}

// Passwords are known of each client of go-redis.
func TestPasswordsOfClients(t *testing.T) {
	plain := redis.NewClient(&redis.Options{Password: "s3cret"})
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Password: "s3cret"})
	ring := redis.NewRing(&redis.RingOptions{Password: "s3cret"})
	for _, client := range []redis.UniversalClient{plain, cluster, ring} {
		if got := redactorOf(client).password; got != "s3cret" {
			t.Errorf("%T: got the password %q, want it", client, got)
		}
		client.Close()
	}
	for _, client := range []redis.UniversalClient{nil, (*redis.Client)(nil), (*redis.ClusterClient)(nil), (*redis.Ring)(nil)} {
		if got := redactorOf(client).password; got != "" {
			t.Errorf("%T without a value: got the password %q, want none", client, got)
		}
	}
}
