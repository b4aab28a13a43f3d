package redislimit

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Whatever happens to Redis for 12 seconds, no call is lost or hangs, the limit
// holds, and the processes share it again soon after. With -short there is a third of them.
func TestRedisInTrouble(t *testing.T) {
	for i, trouble := range []struct {
		name       string
		begin, end func(*fleet)
		use        float64 // of the limit while it lasts
		alone      bool    // they know that they are
	}{
		{"gone", func(f *fleet) { f.line.set(func(l *line) { l.cut = true }) }, func(f *fleet) { f.line.set(func(l *line) { l.cut = false }) }, 0.9, true},
		{"silent", func(f *fleet) { f.line.set(func(l *line) { l.silent = true }) }, func(f *fleet) { f.line.set(func(l *line) { l.silent = false }) }, 0.9, true},
		{"slow", func(f *fleet) { f.line.set(func(l *line) { l.lag = 2 * time.Second }) }, func(f *fleet) { f.line.set(func(l *line) { l.lag = 0 }) }, 0.9, true},
		{"read-only", func(f *fleet) { f.redis.SetError("READONLY You can't write against a read only replica.") }, func(f *fleet) { f.redis.SetError("") }, 0.9, true},
		{"full", func(f *fleet) { f.redis.SetError("OOM command not allowed when used memory > 'maxmemory'.") }, func(f *fleet) { f.redis.SetError("") }, 0.9, true},
		{"confused", func(f *fleet) { f.redis.SetError("WRONGTYPE Operation against a key holding the wrong kind of value") }, func(f *fleet) { f.redis.SetError("") }, 0.9, true},
		{"rather slow", func(f *fleet) { f.line.set(func(l *line) { l.lag = 50 * time.Millisecond }) }, func(f *fleet) { f.line.set(func(l *line) { l.lag = 0 }) }, 0.8, false},
		{"flushed", func(f *fleet) { f.redis.FlushAll() }, func(f *fleet) { f.redis.FlushAll() }, 0.8, false}, // 12 s but for two: a slot may be a window ahead
		{"without scripts", func(f *fleet) { f.list[0].client.ScriptFlush(context.Background()) }, func(*fleet) {}, 0.95, false},
	} {
		if i%3 > 0 && testing.Short() {
			continue
		}
		t.Run(trouble.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				for range 2 {
					f.add(ctx, 5)
				}
				served := func() int { return f.tenant.Report().Total.Served }
				time.Sleep(3 * time.Second)
				trouble.begin(f)
				before := served()
				time.Sleep(12 * time.Second)
				if use := float64(served()-before) / (15 * 12); use < trouble.use {
					t.Errorf("used %.3f of the limit meanwhile; want %.2f", use, trouble.use)
				}
				alone := f.list[0].rt.Stats().Sharing == transport.SharingAlone
				trouble.end(f)
				time.Sleep(5 * time.Second)
				before = served()
				f.calls.Wait()
				if use := float64(served()-before) / (15 * 10); use < 0.9 {
					t.Errorf("used %.3f of the limit 5 s after; want 0.9", use)
				}
				all := f.tenant.Report().Total
				if all.MaxPerSecond > 15 || all.Rejected > 0 || f.lost() > 0 {
					t.Errorf("%d in a second, %d rejected, %d calls lost; want 15, none, none", all.MaxPerSecond, all.Rejected, f.lost())
				}
				want := []transport.Kind{transport.PeersJoined}
				if trouble.alone {
					want = []transport.Kind{transport.PeersJoined, transport.PeersLost, transport.PeersJoined}
				}
				for _, p := range f.list {
					if got := p.peerEvents(); !slices.Equal(got, want) {
						t.Errorf("%s: events %v; want %v", p.name, got, want)
					}
				}
				if alone != trouble.alone {
					t.Errorf("alone: %v; want %v", alone, trouble.alone)
				}
				f.close()
			})
		})
	}
}

// A Redis whose clock is set, or that is replaced by one with another clock, does
// not let a burst through, nor make all wait until its clock is where it was.
func TestTheServersClockIsSet(t *testing.T) {
	for i, by := range []time.Duration{time.Hour, -time.Hour, 700 * time.Millisecond, -700 * time.Millisecond} {
		if i%3 > 0 && testing.Short() {
			continue
		}
		t.Run(by.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				f.calls.Go(func() {
					for ctx.Err() == nil {
						now := time.Now()
						if now.Sub(start) > 3*time.Second {
							now = now.Add(by)
						}
						f.redis.SetTime(now)
						time.Sleep(time.Millisecond)
					}
				})
				for range 3 {
					f.add(ctx, 5)
				}
				f.calls.Wait()
				all := f.tenant.Report().Total
				if all.MaxPerSecond > 15 || all.Served < 15*7 || f.lost() > 0 {
					t.Errorf("%d in a second, %d served, %d lost; want 15, some 130, none", all.MaxPerSecond, all.Served, f.lost())
				}
				f.close()
			})
		})
	}
}

// A process that starts after the clock of Redis was set back waits for no slot of the other clock,
// if an idle one has seen that it was set.
func TestStartedAfterTheClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		ctx, cancel := context.WithCancel(t.Context())
		f.calls.Go(func() {
			for ctx.Err() == nil {
				f.redis.SetTime(time.Now().Add(10 * time.Second))
				time.Sleep(time.Millisecond)
			}
		})
		for range 15 {
			takeSlot(t, a)
		}
		cancel()
		f.calls.Wait()
		f.redis.SetTime(time.Time{}) // as late as it is here
		time.Sleep(3 * time.Second)  // a beats
		if m := f.redis.HGet(keysOf("acme").members, a.limiter.id); memberOf("", "", strings.SplitN(m, " ", 2)[1]).waiting != 0 {
			t.Errorf("the idle process says %q; want 0 calls that wait", m)
		}
		start := time.Now()
		if d := takeSlot(t, b).Sub(start); d > time.Second {
			t.Errorf("its first slot is in %v; want one within a second", d)
		}
	})
}

// What a process has reserved and does not need is there for the next one, and of
// one that dies nobody waits for more than its slot.
func TestReservationsGoBack(t *testing.T) {
	for name, leave := range map[string]func(*process, context.CancelFunc){
		"given up": func(_ *process, cancel context.CancelFunc) { cancel() },
		"closed":   func(p *process, cancel context.CancelFunc) { p.limiter.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
				for range 15 {
					takeSlot(t, a)
				}
				start := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go a.limiter.Slot(ctx) // for in a second
				time.Sleep(100 * time.Millisecond)
				leave(a, cancel)
				time.Sleep(100 * time.Millisecond)
				if d := takeSlot(t, b).Sub(start); d > 1030*time.Millisecond {
					t.Errorf("the other process got a slot after %v; want the one after 1 s that was given back", d)
				}
				f.close()
			})
		})
	}
}

// A slot that was given back is no sign that Redis has lost any.
func TestWhatWentBackIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		takeSlot(t, a)
		for range 14 {
			takeSlot(t, b)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go a.limiter.Slot(ctx) // for in a second
		time.Sleep(100 * time.Millisecond)
		cancel()
		time.Sleep(100 * time.Millisecond)
		takeSlot(t, a)
		if filled := f.redis.HGet(keysOf("acme").state, "filled"); filled != "" {
			t.Errorf("all slots were taken for full at %s; want none lost", filled)
		}
		f.close()
	})
}

// Where slots were lost, those are counted that may be ahead: up to the last one that is known.
func TestLostSlotsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a := f.add(t.Context(), 0)
		a.limiter.beat()
		known := time.Now().Add(700 * time.Millisecond)
		a.limiter.last = known.UnixMicro()
		r, _ := a.limiter.reserve(t.Context(), time.Now())
		if r.due.Sub(known) < time.Second {
			t.Errorf("the next slot is %v after one that was lost; want a window", r.due.Sub(known))
		}
	})
}

// Redis loses its data while processes that were alone join: their slots are a window apart, and
// who finds the loss takes all of them into account.
func TestSlotsOfThoseWhoJoinAreLost(t *testing.T) {
	for _, after := range []time.Duration{300 * time.Millisecond, 900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(&aprimotest.Tenant{})
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			for range 3 {
				f.add(ctx, 10)
			}
			time.Sleep(time.Second)
			f.line.set(func(l *line) { l.cut = true })
			time.Sleep(3 * time.Second)
			f.line.set(func(l *line) { l.cut = false })
			time.Sleep(after)
			f.redis.FlushAll()
			f.calls.Wait()
			if all := f.tenant.Report().Total; all.MaxPerSecond > 15 || all.Served < 6*15 {
				t.Errorf("flushed after %v: %d in a second, %d served; want 15 at most, 90 at least", after, all.MaxPerSecond, all.Served)
			}
			f.close()
		})
	}
}

// After a burst a process holds a slot that is a window ahead. Who starts, or asks first, after
// Redis has lost it leaves room for it.
func TestSlotsOfABurstAreLost(t *testing.T) {
	for name, wait := range map[string]time.Duration{"another one asks": 0, "another one starts after a beat": 200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				defer f.close()
				a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
				slots := []time.Time{takeSlot(t, a)}
				a.limiter.Report(shared.Report{Answered: true})
				if wait == 0 {
					slots = append(slots, takeSlot(t, b))
				}
				time.Sleep(2 * beatEvery)
				for len(slots) < 15 {
					slots = append(slots, takeSlot(t, a))
				}
				ahead := make(chan time.Time)
				go func() { ahead <- takeSlot(t, a) }()
				time.Sleep(50 * time.Millisecond)
				f.redis.FlushAll()
				time.Sleep(wait)
				for range 15 {
					slots = append(slots, takeSlot(t, b))
				}
				spread(t, append(slots, <-ahead))
			})
		})
	}
}

// A slot that a caller waits for counts when the clock of Redis is set, too.
func TestTheClockIsSetAfterABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a := f.add(t.Context(), 0)
		var slots []time.Time
		for range 15 {
			slots = append(slots, takeSlot(t, a))
		}
		ahead := make(chan time.Time)
		go func() { ahead <- takeSlot(t, a) }()
		time.Sleep(500 * time.Millisecond)
		defer f.setBack(t.Context(), 3*time.Second)()
		slots = append(slots, <-ahead)
		for range 15 {
			slots = append(slots, takeSlot(t, a))
		}
		spread(t, slots)
	})
}

// A caller waits for a slot that is far ahead, since the data of Redis were lost, when its clock is set
// too. Another process makes all slots count as used, and does not know how far ahead that one is.
func TestTheClockIsSetAfterALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		takeSlot(t, b)
		takeSlot(t, a)
		f.redis.FlushAll()
		ahead := make(chan time.Time)
		go func() { ahead <- takeSlot(t, a) }()
		time.Sleep(430 * time.Millisecond)
		defer f.setBack(t.Context(), 15*time.Minute)()
		b.limiter.beat()
		b.limiter.fill()
		slots := []time.Time{<-ahead}
		for range 15 {
			slots = append(slots, takeSlot(t, a))
		}
		spread(t, slots)
	})
}

// setBack keeps the clock of Redis back by d until stop is called. Slots come at once, as in calm.
func (f *fleet) setBack(ctx context.Context, d time.Duration) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	set := func() {
		f.redis.SetTime(time.Now().Add(-d))
		f.redis.HSet(keysOf("acme").state, "gap", "0")
	}
	set()
	f.calls.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(time.Millisecond)
			set()
		}
	})
	return stop
}

// A caller waits for a slot that is far ahead when the clock of Redis is set and Redis becomes unusable.
// The process, which goes on alone, waits until that slot no longer counts.
func TestWhoWaitsForASlotWhenRedisIsLostAfterItsClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		l := f.add(t.Context(), 0).limiter
		for waits, want := range map[time.Duration]time.Duration{
			-1:                     l.per + l.per/15, // nobody waits
			10 * time.Millisecond:  l.per + l.per/15,
			800 * time.Millisecond: 800*time.Millisecond + usable + l.per,
		} {
			l.mu.Lock()
			now := time.Now()
			l.alone, l.last, l.awaited, l.lately.processes = nil, 0, time.Time{}, 1
			if waits > 0 {
				l.awaited = now.Add(waits)
			}
			l.part(errSilent)
			if got := l.alone.from.Sub(now); got != want {
				t.Errorf("a slot falls due in %v: it sends nothing for %v, want %v", waits, got, want)
			}
			l.mu.Unlock()
		}
	})
}

// spread fails the test if more than 15 of the slots are within a second.
func spread(t *testing.T, slots []time.Time) {
	t.Helper()
	slices.SortFunc(slots, time.Time.Compare)
	for i := 15; i < len(slots); i++ {
		if d := slots[i].Sub(slots[i-15]); d < time.Second {
			t.Fatalf("16 slots within %v; want a second at least", d)
		}
	}
}

// A Redis that takes over without its data, and cannot be reached a little later, leaves each
// process its part: who has not been seen since is not gone.
func TestRedisLosesItsDataAndIsCutOff(t *testing.T) {
	for _, after := range []time.Duration{20 * time.Millisecond, 60 * time.Millisecond, 110 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(&aprimotest.Tenant{})
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			for range 4 {
				f.add(ctx, 10)
			}
			time.Sleep(2 * time.Second)
			f.redis.FlushAll()
			time.Sleep(after)
			f.line.set(func(l *line) { l.cut = true })
			f.calls.Wait()
			if all := f.tenant.Report().Total; all.MaxPerSecond > 15 || all.Served < 8*15 {
				t.Errorf("cut off %v later: %d in a second, %d served; want 15 at most, 120 at least", after, all.MaxPerSecond, all.Served)
			}
			f.close()
		})
	}
}

// Processes that are idle when Redis is back keep nobody waiting when they join: a busy one has
// its slots within three seconds, however many they are.
func TestIdleProcessesJoinAtNoCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 7 {
			takeSlot(t, f.add(ctx, 0))
		}
		f.add(ctx, 10)
		time.Sleep(2 * time.Second)
		f.line.set(func(l *line) { l.cut = true })
		time.Sleep(4 * time.Second)
		f.line.set(func(l *line) { l.cut = false })
		time.Sleep(3 * time.Second)
		before := f.tenant.Report().Total.Served
		f.calls.Wait()
		all := f.tenant.Report().Total
		if n := all.Served - before; n < 13 || all.MaxPerSecond > 15 {
			t.Errorf("%d served in the fourth second, %d in any; want 15", n, all.MaxPerSecond)
		}
		f.close()
	})
}

// A process that loses Redis for a moment while a caller waits has used no slot alone before it joins
// again: the caller has its slot at once, and nothing is taken for full.
func TestAMomentWithoutRedisCostsNoSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		takeSlot(t, a)
		takeSlot(t, b)
		time.Sleep(900 * time.Millisecond)
		a.limiter.Report(shared.Report{Answered: true}) // it beats each 0.1 s
		time.Sleep(300 * time.Millisecond)              // no slot is given within the last window
		f.line.set(func(l *line) { l.cut = true })
		time.AfterFunc(150*time.Millisecond, func() { f.line.set(func(l *line) { l.cut = false }) })
		time.Sleep(120 * time.Millisecond)
		if s := a.limiter.Share().Sharing; s != transport.SharingAlone {
			t.Fatalf("without Redis it is %q, want alone", s)
		}
		start := time.Now()
		if d := takeSlot(t, a).Sub(start); d > 500*time.Millisecond {
			t.Errorf("its caller had a slot after %v, want 0.5 s at most", d)
		}
		if filled := f.redis.HGet(keysOf("acme").state, "filled"); filled != "" {
			t.Errorf("all slots were taken for full at %s, want none", filled)
		}
	})
}

func TestADeadProcessTakesNoMoreThanItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		for range 15 {
			takeSlot(t, b)
		}
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.limiter.Slot(ctx)
		time.Sleep(100 * time.Millisecond)
		a.client.Close() // it is gone, and its slot with it
		if d := takeSlot(t, b).Sub(start); d > 1100*time.Millisecond {
			t.Errorf("the other process got a slot after %v; want one slot later than 1 s", d)
		}
		cancel()
		f.close()
	})
}

func takeSlot(t *testing.T, p *process) time.Time {
	t.Helper()
	due, err := p.limiter.Slot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// A process that starts while Redis is gone takes its part and not the whole.
func TestStartedWithoutRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		f.line.set(func(l *line) { l.cut = true })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for range 5 {
			f.add(ctx, 10, WithProcesses(5))
		}
		f.calls.Wait()
		all := f.tenant.Report().Total
		if all.MaxPerSecond > 15 || all.Served < 15*18 {
			t.Errorf("%d in a second, %d served in 20 s; want 15 and some 280", all.MaxPerSecond, all.Served)
		}
		if s := f.list[0].rt.Stats(); s.Sharing != transport.SharingAlone {
			t.Errorf("Stats say %q; want alone", s.Sharing)
		}
		f.close()
	})
}

// The parts of all processes are the limit at most together, also before Redis was reached,
// when none of them knows its rank.
func TestPartsAreTheLimitTogether(t *testing.T) {
	for processes := 1; processes <= 40; processes++ {
		unknown := New(nil, "acme", WithProcesses(processes)).lately.rank
		var parts, unranked float64 // requests a second
		for rank := range processes {
			part, per := partOf(15, time.Second, processes, rank)
			parts += float64(part) / per.Seconds()
			part, per = partOf(15, time.Second, processes, unknown)
			unranked += float64(part) / per.Seconds()
		}
		if parts < 14.999 || parts > 15.001 || unranked < 7.5 || unranked > 15.001 {
			t.Errorf("%d processes: %g requests a second, and %g before Redis was reached; want 15, and 7.5 to 15", processes, parts, unranked)
		}
	}
}

func TestBadSettings(t *testing.T) {
	synctest.Test(t, testBadSettings)
}

func testBadSettings(t *testing.T) {
	f := newFleet(&aprimotest.Tenant{})
	p := f.add(t.Context(), 0)
	defer f.close()
	for want, l := range map[string]*Limiter{
		"needs a client":             New(nil, "acme"),
		"needs the name":             New(p.client, ""),
		"a number of requests above": New(p.client, "acme", nil, WithLimit(0, time.Second)),
		"from a millisecond":         New(p.client, "acme", WithLimit(1, 0)),
		"1048576 at most":            New(p.client, "acme", WithLimit(1<<20+1, time.Second)),
	} {
		if err := l.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, opt := range []Option{WithLimit(1<<20, time.Hour), WithLimit(1, time.Millisecond)} {
		if err := New(p.client, "acme", opt).err; err != nil {
			t.Errorf("error %v for a limit that is in range; want none", err)
		}
	}
	p.limiter.Close()
	if err := p.limiter.Wait(t.Context()); err != ErrClosed {
		t.Errorf("error %v after Close; want ErrClosed", err)
	}
}

// A wait ends with its context, also while Redis is silent.
func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		p := f.add(t.Context(), 0)
		takeSlot(t, p)
		f.line.set(func(l *line) { l.silent = true })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := p.limiter.Slot(ctx); err != context.DeadlineExceeded || time.Since(start) != 10*time.Millisecond {
			t.Errorf("error %v after %v; want the context's after 10 ms", err, time.Since(start))
		}
		f.line.set(func(l *line) { l.silent, l.cut = false, true })
		time.Sleep(10 * time.Second)
		f.close()
	})
}
