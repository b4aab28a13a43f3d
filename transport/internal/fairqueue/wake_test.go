package fairqueue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A door has slots while it is open; else it says to wait.
type door struct {
	open  bool
	wait  gate.Wait
	asked int
}

func (d *door) Admit(context.Context, *fairqueue.Waiter, int, gate.Instant) error { return nil }
func (d *door) Return(gate.Instant)                                               {}

func (d *door) Take(now gate.Instant) (gate.Instant, gate.Wait) {
	d.asked++
	if d.open {
		return now, gate.Wait{}
	}
	return 0, d.wait
}

// wakeup opens the door, if asked to, and wakes the leader.
func (d *door) wakeup(q *fairqueue.Queue, open bool) {
	q.Lock()
	d.open = open
	q.Wake()
	q.Unlock()
	synctest.Wait()
}

// Whatever the leader waits for, Wake lets it ask again at once: the first one to arrive,
// and one that led after another had left.
func TestWakeLetsTheLeaderAskAtOnce(t *testing.T) {
	for name, wait := range map[string]func() gate.Wait{
		"a time":    func() gate.Wait { return gate.Wait{AtMost: time.Hour} },
		"a channel": func() gate.Wait { return gate.Wait{Sooner: make(chan struct{})} },
		"either":    func() gate.Wait { return gate.Wait{AtMost: time.Hour, Sooner: make(chan struct{})} },
	} {
		for _, leaves := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var q fairqueue.Queue
				d := &door{wait: wait()}
				first, leave := context.WithCancel(t.Context())
				var ended atomic.Int32
				for _, ctx := range []context.Context{first, t.Context(), t.Context()} {
					go func() { q.Wait(ctx, &fairqueue.Waiter{}, d, gate.Now()); ended.Add(1) }()
					synctest.Wait()
				}
				if leaves {
					leave()
					synctest.Wait()
				}
				asked := d.asked
				d.wakeup(&q, false)
				if got := d.asked - asked; got != 1 {
					t.Errorf("%s: woken once, the leader asked %d times, want 1", name, got)
				}
				d.wakeup(&q, true)
				if got := ended.Load(); got != 3 {
					t.Errorf("%s: woken with slots free, %d have ended, want all 3", name, got)
				}
				leave()
			})
		}
	}
}

// A waiter that waits for nothing but the Pacer of batch work is passed by a better one
// that arrives, and Wake tells it of another Pacer.
func TestWakeOfBatchWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		q.SetPacer(fairqueue.NewPacer(0.001, 0, 0))
		d, began := &door{open: true}, time.Now()
		wait := func(class int) {
			if err := q.Wait(t.Context(), &fairqueue.Waiter{Class: class}, d, gate.Now()); err != nil {
				t.Error(err)
			}
		}
		wait(fairqueue.Classes - 1)
		done := make(chan struct{})
		go func() { wait(fairqueue.Classes - 1); close(done) }()
		synctest.Wait()
		wait(0)
		if took := time.Since(began); took != 0 {
			t.Errorf("the better one waited for %v, want 0", took)
		}
		q.Lock()
		q.SetPacer(fairqueue.NewPacer(1000, 0, 0))
		q.Wake()
		q.Unlock()
		<-done
		if took := time.Since(began); took != 0 {
			t.Errorf("batch work waited for %v after a raise of its rate, want 0", took)
		}
	})
}

// While it is unpaced, batch work goes at once; that it went counts for the pace after it.
func TestUnpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		q.SetPacer(fairqueue.NewPacer(1, 0, 0))
		d, began := &door{open: true}, time.Now()
		q.Lock()
		q.Unpace(gate.Now().Add(time.Second))
		q.Unlock()
		for i := range 4 {
			if i == 3 {
				time.Sleep(time.Second)
			}
			if err := q.Wait(t.Context(), &fairqueue.Waiter{Class: fairqueue.Classes - 1}, d, gate.Now()); err != nil {
				t.Fatal(err)
			}
			if took, want := time.Since(began).Round(time.Millisecond), time.Duration(i/3*3)*time.Second; took != want {
				t.Errorf("call %d went after %v, want %v", i, took, want)
			}
		}
	})
}

// What waits by itself is not interrupted: a slot that it obtains meanwhile would be lost.
func TestWakeDoesNotInterruptAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		d := &door{}
		d.wait.Ask = func(ctx context.Context) error { time.Sleep(time.Minute); return ctx.Err() }
		began := time.Now()
		go func() {
			time.Sleep(time.Second)
			d.wakeup(&q, true)
		}()
		if err := q.Wait(t.Context(), &fairqueue.Waiter{}, d, gate.Now()); err != nil || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v, want nil after 1m", err, time.Since(began))
		}
	})
}

// A call that need not wait, or that leads a wait of another's, costs no allocation, nor
// does Wake.
func TestWaitAllocatesNothing(t *testing.T) {
	var q fairqueue.Queue
	var w fairqueue.Waiter
	d := &door{open: true}
	d.wait.Ask = func(context.Context) error { d.open = true; return nil }
	for name, open := range map[string]bool{"granted at once": true, "waits by itself": false} {
		got := testing.AllocsPerRun(100, func() {
			w, d.open = fairqueue.Waiter{}, open
			if err := q.Wait(t.Context(), &w, d, gate.Now()); err != nil {
				t.Fatal(err)
			}
			q.Lock()
			q.Wake()
			q.Unlock()
		})
		if got != 0 {
			t.Errorf("%s: %v allocations, want 0", name, got)
		}
	}
}

// A source that panics or ends the goroutine costs its caller the slot, and nobody else.
func TestPanicOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q fairqueue.Queue
		d := &door{wait: gate.Wait{AtMost: time.Minute}}
		broken := &panics{door{wait: d.wait}}
		go func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			q.Wait(t.Context(), &fairqueue.Waiter{}, broken, gate.Now())
		}()
		synctest.Wait()
		done := make(chan error)
		go func() { done <- q.Wait(t.Context(), &fairqueue.Waiter{}, d, gate.Now()) }()
		synctest.Wait()
		q.Lock()
		broken.open, d.open = true, true
		q.Wake()
		q.Unlock()
		if err := <-done; err != nil {
			t.Errorf("after the panic of another one got %v, want a slot", err)
		}
	})
}

// panics is a door that falls apart when it is opened.
type panics struct{ door }

func (p *panics) Take(now gate.Instant) (gate.Instant, gate.Wait) {
	if p.open {
		panic("broken")
	}
	return p.door.Take(now)
}
