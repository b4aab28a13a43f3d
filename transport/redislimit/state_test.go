package redislimit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Whatever another program, or another version of this one, has left in Redis: the
// processes go on together, and with a State of their own soon.
func TestStrangeState(t *testing.T) {
	newer := `{"version":99,"at":1,"mode":"steady","size":1}`
	for name, spoil := range map[string]func(f *fleet, k keys){
		"a huge rate": func(f *fleet, k keys) {
			f.redis.HSet(k.state, "law", `{"version":1,"mode":"steady","size":1,"peak":1,"done":1e308,"served":1e308,"rate":1e308}`)
		},
		"a long text":     func(f *fleet, k keys) { f.redis.HSet(k.state, "law", strings.Repeat("x", 1<<20)) },
		"garbage":         func(f *fleet, k keys) { f.redis.HSet(k.state, "law", "garbage") },
		"another version": func(f *fleet, k keys) { f.redis.HSet(k.state, "law", newer) },
		"no numbers": func(f *fleet, k keys) {
			f.redis.HSet(k.state, "pause", "x", "paused", "x", "trial", "x", "answers", "x", "gap", "x")
		},
		"a strange member": func(f *fleet, k keys) { f.redis.HSet(k.members, "x", "garbage") },
		"a silly member": func(f *fleet, k keys) {
			f.redis.HSet(k.members, "x", "0000000000000001 NaN -1 1e999 garbage")
		},
	} {
		if testing.Short() && strings.HasPrefix(name, "a ") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				for range 2 {
					f.add(ctx, 5)
				}
				time.Sleep(2 * time.Second)
				k := keysOf("acme")
				spoil(f, k)
				time.Sleep(time.Second)
				if s, ok := congestion.Parse(f.redis.HGet(k.state, "law")); !ok {
					t.Errorf("after a second the State is %v; want a good one", s)
				}
				f.calls.Wait()
				all := f.tenant.Report().Total
				want := 15 * 6
				if name == "no numbers" {
					want = 15 * 5 // they count as lost data: the others' slots may be two seconds ahead
				}
				if all.MaxPerSecond > 15 || all.Served < want || f.lost() > 0 {
					t.Errorf("%d in a second, %d served, %d lost; want 15, %d at least, none", all.MaxPerSecond, all.Served, f.lost(), want)
				}
				for _, p := range f.list {
					if s := p.rt.Stats(); s.Sharing != transport.SharingAll || s.Processes != 2 {
						t.Errorf("Stats: %q with %d processes; want shared with 2", s.Sharing, s.Processes)
					}
				}
				f.close()
			})
		})
	}
}

// What a process has seen is counted once in Redis, also after a beat was lost.
func TestAnswersAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		p := f.add(t.Context(), 0)
		takeSlot(t, p)
		want := 0
		report := func() {
			for range 5 {
				p.limiter.Report(shared.Report{Answered: true})
				want++
			}
			time.Sleep(time.Second) // several beats
		}
		report()
		f.redis.SetError("LOADING")
		report()
		f.redis.SetError("")
		time.Sleep(time.Second)
		if got := f.redis.HGet(keysOf("acme").state, "answers"); got != fmt.Sprint(want) {
			t.Errorf("Redis counts %s answers; want %d", got, want)
		}
	})
}

// The others get to know what a process has measured, with its age.
func TestAMeasurementReachesRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		p := f.add(t.Context(), 0)
		takeSlot(t, p)
		p.limiter.Report(shared.Report{Answered: true, ServerDelay: time.Second, Stddev: 100 * time.Millisecond, InFlight: 7})
		time.Sleep(150 * time.Millisecond) // a beat
		var seen, delay, weight, service, inFlight int
		got := f.redis.HGet(keysOf("acme").members, p.limiter.id)
		if n, _ := fmt.Sscan(got, &seen, &delay, &weight, &service, &inFlight); n != 5 || delay != 1_000_000 || weight < 50 || weight > 100 || inFlight != 7 {
			t.Errorf("Redis has %q; want a delay of 1,000,000 µs with a weight of nearly 100, and 7 in flight", got)
		}
	})
}

// A slot whose answer came too late is free again.
func TestASlotThatComesTooLateIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		p := f.add(t.Context(), 0)
		takeSlot(t, p)
		f.line.set(func(l *line) { l.lag = replyTimeout + 50*time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), replyTimeout)
		defer cancel()
		if _, err := p.limiter.Slot(ctx); err == nil {
			t.Error("got a slot although Redis is slow; want none")
		}
		f.line.set(func(l *line) { l.lag = 0 })
		time.Sleep(100 * time.Millisecond) // it does not share again yet
		k := keysOf("acme")
		if slots, _ := f.redis.List(k.slots); len(slots) != 1 || f.redis.HGet(k.state, "hole") != "" {
			t.Errorf("Redis has the slots %q and the hole %q; want the first slot and no hole", slots, f.redis.HGet(k.state, "hole"))
		}
	})
}

// The delay is the mean of what the others have measured, by its precision.
func TestEstimate(t *testing.T) {
	p := beatReply{now: 5_000_000, members: []member{
		{id: "a", seen: 4_900_000, delay: 2, weight: 12}, {id: "b", seen: 4_900_000, delay: 4, weight: 4},
		{id: "c", seen: 4_900_000, delay: 9, weight: 100}, {id: "d", seen: 1, delay: 9, weight: 100},
	}}
	delay, stddev := p.measured(func(m member) bool { return m.id != "c" }).estimate()
	if delay != 2500*time.Millisecond || stddev != 250*time.Millisecond {
		t.Errorf("got %v and a standard deviation of %v; want 2.5s and 250ms", delay, stddev)
	}
	p.members = p.members[:2]
	if o := p.observe(true); o.Delay != 2.5 || o.Stddev != 0.25 || o.Lacking || o.Short {
		t.Errorf("the controller is given %+v; want a delay of 2.5 with a standard deviation of 0.25, and no call that waits", o)
	}
	p.members[1].waiting = 1
	if o := p.observe(true); !o.Lacking || !o.Short {
		t.Errorf("the controller is given %+v; want that a call waits", o)
	}
}

// The controller is given the rates of answers of all processes together, but not those of one that
// has had no answer for long.
func TestRatesAreAddedUp(t *testing.T) { synctest.Test(t, testRatesAreAddedUp) }

func testRatesAreAddedUp(t *testing.T) {
	busy := seen{report: shared.Report{Refused: 0.5, Served: 2}, at: time.Now()}
	quiet := busy
	quiet.at = time.Now().Add(-rateFor - 1)
	p := beatReply{now: 5_000_000}
	for _, s := range []seen{busy, quiet, busy} {
		p.members = append(p.members, memberOf("", "4900000", s.measured()))
	}
	if o := p.observe(true); o.Refused != 1 || o.Served != 4 {
		t.Errorf("got %v answers 429 a second and %v others; want 1 and 4", o.Refused, o.Served)
	}
}

// Of two that make the same step one does, and a State that another has replaced stays.
func TestSwap(t *testing.T) { synctest.Test(t, testSwap) }

func testSwap(t *testing.T) {
	f := newFleet(&aprimotest.Tenant{})
	defer f.close()
	p := f.add(t.Context(), 0)
	k := keysOf("acme")
	swap := func(old, next string) int64 {
		t.Helper()
		a, err := p.limiter.server.run(t.Context(), swapScript, nil, []string{k.state}, old, next, 0)
		if err != nil {
			t.Fatal(err)
		}
		v, err := a.ints(1)
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	if swap("", "a") != 0 || f.redis.Exists(k.state) {
		t.Error("swapped without a beat, want not: nothing would make the State expire")
	}
	f.redis.HSet(k.state, "pause", "0")
	for _, step := range []struct {
		old, next string
		want      int64
	}{{"", "a", 1}, {"", "b", 0}, {"a", "b", 1}, {"a", "c", 0}} {
		if got := swap(step.old, step.next); got != step.want {
			t.Errorf("from %q to %q: got %d, want %d", step.old, step.next, got, step.want)
		}
	}
	if got := f.redis.HGet(k.state, "law"); got != "b" {
		t.Errorf("the State is %q; want b", got)
	}
}
