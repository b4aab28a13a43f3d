package gate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A wait ends after its time, when its channel is closed, when it is woken, or with its context,
// whichever is first. Without any of them it ends at once.
func TestDone(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		about          string
		atMost, sooner time.Duration // 0: none
		woken, cancel  time.Duration // 0: never
		ask            func(context.Context) error
		took           time.Duration
		err            error
	}{
		{about: "nothing to wait for"},
		{about: "nothing to wait for, cancelled", cancel: -1, err: context.Canceled},
		{about: "a time", atMost: time.Second, took: time.Second},
		{about: "a time, that is short", atMost: 1, took: 1},
		{about: "a channel", sooner: time.Second, took: time.Second},
		{about: "a channel before the time", atMost: 2 * time.Second, sooner: time.Second, took: time.Second},
		{about: "a time before the channel", atMost: time.Second, sooner: 2 * time.Second, took: time.Second},
		{about: "woken", atMost: 2 * time.Second, woken: time.Second, took: time.Second},
		{about: "cancelled", atMost: 2 * time.Second, cancel: time.Second, took: time.Second, err: context.Canceled},
		{about: "woken, cancelled before", sooner: time.Minute, woken: 2 * time.Second, cancel: time.Second, took: time.Second, err: context.Canceled},
		{about: "something that waits by itself", atMost: time.Second, ask: func(context.Context) error { time.Sleep(3 * time.Second); return boom }, took: 3 * time.Second, err: boom},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := Wait{AtMost: c.atMost, Ask: c.ask}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.sooner > 0 {
				done := make(chan struct{})
				time.AfterFunc(c.sooner, func() { close(done) })
				w.Sooner = done
			}
			woken := make(chan struct{}, 1)
			if c.woken > 0 {
				time.AfterFunc(c.woken, func() { woken <- struct{}{} })
			}
			if c.cancel < 0 {
				cancel()
			} else if c.cancel > 0 {
				time.AfterFunc(c.cancel, cancel)
			}
			began := time.Now()
			if err := w.Done(ctx, woken); time.Since(began) != c.took || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("%s: got %v after %v, want %v after %v", c.about, err, time.Since(began), c.err, c.took)
			}
		})
	}
}

func TestInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := Now()
		time.Sleep(3 * time.Second)
		late := Now()
		if late.Sub(early) != 3*time.Second || early.Add(3*time.Second) != late || early.Sub(late) != -3*time.Second {
			t.Errorf("got %v after 3 s, want that", late.Sub(early))
		}
		for _, c := range []struct {
			a, b          Instant
			before, after bool
		}{{early, late, true, false}, {late, early, false, true}, {early, early, false, false}} {
			if c.a.Before(c.b) != c.before || c.a.After(c.b) != c.after {
				t.Errorf("%v and %v: got before %v, after %v; want %v, %v", c.a, c.b, c.a.Before(c.b), c.a.After(c.b), c.before, c.after)
			}
		}
	})
	if !Instant(0).IsZero() || Instant(1).IsZero() || Now() < Instant(Century) || Now().IsZero() {
		t.Error("only 0 stands for never, and the present is a century after it")
	}
	if Century != 100*365*24*time.Hour {
		t.Errorf("got %v as a century, want 100 years of 365 days", Century)
	}
}
