package redislimit

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// A half is a client of which one script fails while the others work.
type half struct {
	mu     sync.Mutex
	script *redis.Script // nil: all work
	fails  func(ctx context.Context) error
}

func (h *half) set(s *redis.Script, fails func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script, h.fails = s, fails
}

func (h *half) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *half) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *half) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.mu.Lock()
		script, fails := h.script, h.fails
		h.mu.Unlock()
		if args := cmd.Args(); script != nil && len(args) > 1 && args[1] == script.Hash() {
			if err := fails(ctx); err != nil {
				cmd.SetErr(err)
				return err
			}
		}
		return next(ctx, cmd)
	}
}

func refused(context.Context) error {
	return errors.New("NOPERM this user has no permissions to run the 'lpush' command")
}

// If one script fails while the others work, the processes are either together or alone
// all the time, and use the limit.
func TestOneScriptFails(t *testing.T) {
	for name, c := range map[string]struct {
		script *redis.Script
		fails  func(context.Context) error // nil: the slots are of a wrong type
		alone  bool
	}{
		"slot, refused":    {slotScript, refused, true},
		"slot, panics":     {slotScript, func(context.Context) error { panic("no connection") }, true},
		"slot, Goexit":     {slotScript, func(context.Context) error { runtime.Goexit(); return nil }, true},
		"slot, slow":       {slotScript, func(context.Context) error { time.Sleep(2 * replyTimeout); return nil }, true},
		"slot, wrong type": {nil, nil, true},
		"beat, refused":    {beatScript, refused, true},
		"swap, refused":    {swapScript, refused, true},
		"return, refused":  {returnScript, refused, false},
	} {
		if testing.Short() && c.script == slotScript && !strings.HasSuffix(name, "panics") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(&aprimotest.Tenant{})
				ctx, cancel := context.WithTimeout(t.Context(), 17*time.Second)
				defer cancel()
				h := &half{}
				for range 2 {
					f.add(ctx, 5).client.AddHook(h)
				}
				time.Sleep(2 * time.Second)
				slots := keysOf("acme").slots
				if c.fails == nil {
					f.redis.Del(slots)
					f.redis.Set(slots, "not a list")
				} else {
					h.set(c.script, c.fails)
				}
				time.Sleep(3 * time.Second)
				before := f.tenant.Report().Total.Served
				time.Sleep(6 * time.Second)
				if use := float64(f.tenant.Report().Total.Served-before) / (15 * 6); use < 0.9 {
					t.Errorf("used %.2f of the limit meanwhile; want 0.9", use)
				}
				if c.fails == nil {
					f.redis.Del(slots)
				}
				h.set(nil, nil)
				f.calls.Wait()
				want := []transport.Kind{transport.PeersJoined}
				if c.alone {
					want = []transport.Kind{transport.PeersJoined, transport.PeersLost, transport.PeersJoined}
				}
				for _, p := range f.list {
					if got := p.peerEvents(); !slices.Equal(got, want) {
						t.Errorf("%s: events %v; want %v", p.name, got, want)
					}
				}
				if all := f.tenant.Report().Total; all.MaxPerSecond > 15 || f.lost() > 0 {
					t.Errorf("%d in a second, %d lost; want 15, none", all.MaxPerSecond, f.lost())
				}
				f.close()
			})
		})
	}
}

// One process that can have no slots goes on with its part, and the others leave it that:
// together they keep the limit, and use it.
func TestOneProcessHasNoSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for range 3 {
			f.add(ctx, 5)
		}
		time.Sleep(3 * time.Second)
		h := &half{}
		h.set(slotScript, refused)
		f.list[0].client.AddHook(h)
		time.Sleep(3 * time.Second)
		before := f.served()
		time.Sleep(6 * time.Second)
		after := f.served()
		for i, n := range after {
			if n -= before[i]; n < 25 || n > 32 {
				t.Errorf("process %d: %v served in 6 s; want its part, 30", i, n)
			}
		}
		h.set(nil, nil)
		f.calls.Wait()
		if all := f.tenant.Report().Total; all.MaxPerSecond > 15 || f.lost() > 0 {
			t.Errorf("%d in a second, %d lost; want 15, none", all.MaxPerSecond, f.lost())
		}
		for i, p := range f.list {
			want := 0
			if i == 0 {
				want = 1
			}
			if s := p.limiter.Share(); s.Losses != want || p.rt.Stats().Sharing != transport.SharingAll {
				t.Errorf("process %d: lost the others %d times, %q at last; want %d, shared", i, s.Losses, s.Sharing, want)
			}
		}
		f.close()
	})
}

// A process that is alone with the whole limit leaves the others theirs as soon as it sees them.
func TestAProcessThatIsAloneSeesWhoJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		first := f.add(ctx, 5)
		h := &half{}
		h.set(slotScript, refused)
		first.client.AddHook(h)
		time.Sleep(5 * time.Second)
		f.add(ctx, 5)
		time.Sleep(5 * time.Second)
		before := f.served()
		time.Sleep(6 * time.Second)
		after := f.served()
		for i, n := range after {
			if n -= before[i]; n < 40 || n > 50 {
				t.Errorf("process %d: %v served in 6 s; want half of 90", i, n)
			}
		}
		f.calls.Wait()
		if all := f.tenant.Report().Total; all.MaxPerSecond > 15 {
			t.Errorf("%d in a second; want 15 at most", all.MaxPerSecond)
		}
		f.close()
	})
}

// Redis that answers in time now and then does not make a process come and go.
func TestSeldomTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		h := &half{}
		asked := 0
		h.set(slotScript, func(ctx context.Context) error {
			if asked++; asked%3 == 0 {
				return refused(ctx)
			}
			return nil
		})
		f.add(ctx, 5).client.AddHook(h)
		f.calls.Wait()
		s := f.list[0].limiter.Share()
		all := f.tenant.Report().Total
		if s.Losses < 2 || s.Losses > 16 || all.Served < 15*20 || all.MaxPerSecond > 15 || f.lost() > 0 {
			t.Errorf("lost the others %d times, %d served, %d in a second, %d lost; want 16 times at most in 40 s, 300 served, 15, none",
				s.Losses, all.Served, all.MaxPerSecond, f.lost())
		}
		f.close()
	})
}

// A process that cannot have slots honours the pause that another one has asked for.
func TestPausedWhileAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		h := &half{}
		a.client.AddHook(h)
		h.set(slotScript, refused)
		takeSlot(t, b)
		takeSlot(t, a)
		start := time.Now()
		b.limiter.Pause(20 * time.Second)
		time.Sleep(time.Second)
		if d := takeSlot(t, a).Sub(start); d < 20*time.Second-time.Millisecond || d > 23*time.Second {
			t.Errorf("a slot %v after a pause of 20 s began; want 20 s to 23 s", d)
		}
		f.close()
	})
}

// A client that never returns keeps nobody: waits end with their context, Close returns,
// and no more goroutines are left than may run at once.
func TestClientHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		p := f.add(t.Context(), 0)
		release := make(chan struct{})
		p.client.AddHook(hang(release))
		store := NewStore(p.client, "acme")
		start := time.Now()
		for i := range 100 {
			if i%10 == 0 {
				takeSlot(t, p) // alone
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, err := store.Load(ctx, "key"); err != context.DeadlineExceeded {
				t.Errorf("Load: %v; want the context's error", err)
			}
			cancel()
		}
		if n := len(p.limiter.server.running) + len(store.running); n > maxRunning+maxCommands {
			t.Errorf("%d commands hang, want %d at most", n, maxRunning+maxCommands)
		}
		if d := time.Since(start); d > 25*time.Second {
			t.Errorf("took %v; want 25 s at most", d)
		}
		start = time.Now()
		p.limiter.Close()
		if d := time.Since(start); d > 4*replyTimeout {
			t.Errorf("Close took %v; want %v at most", d, 4*replyTimeout)
		}
		close(release)
		f.close()
	})
}

// hang is a client whose commands return only when it is closed, with an error.
type hang chan struct{}

func (hang) DialHook(next redis.DialHook) redis.DialHook { return next }
func (hang) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (h hang) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		<-h
		cmd.SetErr(redis.ErrClosed)
		return redis.ErrClosed
	}
}

func TestStoreSurvivesItsClient(t *testing.T) {
	for name, fails := range map[string]func(){
		"panics": func() { panic("secret") },
		"Goexit": runtime.Goexit,
	} {
		client := redis.NewClient(&redis.Options{Password: "secret"})
		client.AddHook(calls(fails))
		_, err := NewStore(client, "acme").Load(t.Context(), "key")
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v; want one without the secret", name, err)
		}
		client.Close()
	}
	if _, err := NewStore(nil, "acme").Load(t.Context(), "key"); err == nil {
		t.Error("got no error without a client, want one")
	}
}

// calls is a client that calls a function instead of Redis.
type calls func()

func (calls) DialHook(next redis.DialHook) redis.DialHook { return next }
func (calls) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (c calls) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { c(); return nil }
}

// What Redis or its client says is short and printable, and has no password.
func TestFailuresAreClean(t *testing.T) {
	client := redis.NewClient(&redis.Options{Password: "s3cret"})
	defer client.Close()
	r := redactorOf(client)
	for _, text := range []string{
		"WRONGPASS invalid password s3cret",
		"dial redis://user:other@host:6379/0: refused",
		"dial rediss://user:oth/er@w@host:6379/0: refused",
		"ERR unknown command `AUTH`, with args beginning with: `other`, ",
		"ERR \x1b[31m\r\nforged line \u202e",
		"ERR " + strings.Repeat("x", 1<<20),
	} {
		cause := errors.New(text)
		got := r.clean(cause)
		for _, bad := range []string{"s3cret", "other", "oth/er", "\x1b", "\n", "\u202e"} {
			if strings.Contains(got.Error(), bad) {
				t.Errorf("got %.80q, want no %q in it", got.Error(), bad)
			}
		}
		if len(got.Error()) > 300 {
			t.Errorf("%.80q... has %d bytes; want 300 at most", got.Error(), len(got.Error()))
		}
		if keep := len(text) <= maxFailure; errors.Is(got, cause) != keep {
			t.Errorf("%.80q: wraps its cause: %v; want %v", got.Error(), !keep, keep)
		}
	}
}

// A process that became idle while it was alone doesn't use its part at once when it has
// work again: the others don't know of it any more. It asks for a slot as a new one does.
func TestIdleWhileAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		h := &half{}
		a.client.AddHook(h)
		takeSlot(t, a)
		h.set(beatScript, refused)
		time.Sleep(5 * time.Second)
		if s := a.limiter.Share().Sharing; s != transport.SharingAlone {
			t.Fatalf("it is %q; want alone", s)
		}
		time.Sleep(2 * time.Minute) // its heart has stopped
		h.set(nil, nil)
		var last time.Time
		for range 15 {
			last = takeSlot(t, b)
		}
		if d := takeSlot(t, a).Sub(last); d < time.Second/20 {
			t.Errorf("its slot is %v after the others' last one; want one of Redis, a fifteenth of a second at least", d)
		}
		if s := a.limiter.Share().Sharing; s != transport.SharingAll {
			t.Errorf("it is %q after that; want all", s)
		}
	})
}

// A slot of Redis that a process holds when it parts counts with those that it takes
// alone.
func TestItsLastSlotCountsWhenItParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a := f.add(t.Context(), 0)
		go func() {
			time.Sleep(500 * time.Millisecond)
			f.line.set(func(l *line) { l.cut = true })
		}()
		var slots []time.Time
		for range 40 {
			slots = append(slots, takeSlot(t, a))
		}
		for i := 15; i < len(slots); i++ {
			if d := slots[i].Sub(slots[i-15]); d < time.Second {
				t.Errorf("slots %d to %d within %v; want 15 in a second", i-14, i+1, d)
			}
		}
		if d := slots[39].Sub(slots[0]); d > 5*time.Second {
			t.Errorf("40 slots took %v; want some 4 s", d)
		}
	})
}

// A process that has work again after some idle seconds beats at once, and then as often as any
// that is busy: if Redis is lost soon after, it knows who has joined meanwhile.
func TestAProcessThatWasIdleSeesWhoJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a, b := f.add(t.Context(), 0), f.add(t.Context(), 0)
		takeSlot(t, a)
		time.Sleep(4*time.Second + beatEvery)
		takeSlot(t, a)
		takeSlot(t, b)
		for range 3 {
			time.Sleep(beatEvery)
			takeSlot(t, a)
		}
		if n := a.limiter.Share().Processes; n != 2 {
			t.Errorf("it knows %d processes three beats after another one joined; want 2", n)
		}
	})
}

// A slot that comes when a process has lost the others meanwhile is not used: it would come on top of
// its part.
func TestASlotThatComesAfterALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		defer f.close()
		a := f.add(t.Context(), 0)
		h := &half{}
		a.client.AddHook(h)
		takeSlot(t, a)
		var lost time.Time
		h.set(slotScript, func(ctx context.Context) error {
			if !lost.IsZero() {
				return refused(ctx) // it does not join again
			}
			time.Sleep(replyTimeout / 2)
			a.limiter.mu.Lock()
			defer a.limiter.mu.Unlock()
			lost = time.Now()
			a.limiter.part(refused(ctx))
			return nil
		})
		if d := takeSlot(t, a).Sub(lost); d < time.Second {
			t.Errorf("the next slot is %v after it lost the others; want one of its part, a second later", d)
		}
	})
}
