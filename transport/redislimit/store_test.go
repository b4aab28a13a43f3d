package redislimit

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

var _ notify.Store = (*Store)(nil)

func TestStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		p := f.add(t.Context(), 0)
		defer f.close()
		s, other := NewStore(p.client, "acme"), NewStore(p.client, "other")
		ctx := t.Context()
		if v, err := s.Load(ctx, "a key"); v != nil || err != nil {
			t.Errorf("Load of nothing: %q, %v; want nothing and no error", v, err)
		}
		for i, step := range []struct {
			old, new string
			want     bool
		}{{"", "one", true}, {"", "two", false}, {"two", "three", false}, {"one", "two", true}} {
			var old []byte
			if step.old != "" {
				old = []byte(step.old)
			}
			if got, err := s.CompareAndSwap(ctx, "a key", old, []byte(step.new), time.Minute); got != step.want || err != nil {
				t.Errorf("step %d: swapped %v, %v; want %v", i, got, err, step.want)
			}
		}
		if v, err := s.Load(ctx, "a key"); string(v) != "two" || err != nil {
			t.Errorf("Load: %q, %v; want two", v, err)
		}
		if v, _ := other.Load(ctx, "a key"); v != nil {
			t.Errorf("another tenant sees %q; want nothing", v)
		}
		for size, ok := range map[int]bool{1 << 20: true, 1<<20 + 1: false} {
			f.redis.Set("aprimo:{acme}:large", strings.Repeat("x", size))
			if v, err := s.Load(ctx, "large"); (err == nil) != ok || ok && len(v) != size {
				t.Errorf("Load of %d bytes: got %d, %v; want them: %v", size, len(v), err, ok)
			}
		}
		if ttl := f.redis.TTL("aprimo:{acme}:a key"); ttl != time.Minute {
			t.Errorf("expires in %v; want a minute", ttl)
		}
		f.line.set(func(l *line) { l.silent = true })
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		start := time.Now()
		if _, err := s.Load(ctx, "a key"); err != context.DeadlineExceeded || time.Since(start) != time.Second {
			t.Errorf("Load of a silent Redis: %v after %v; want the deadline's error after 1 s", err, time.Since(start))
		}
		f.line.set(func(l *line) { l.silent, l.cut = false, true })
		time.Sleep(10 * time.Second)
	})
}

// Eight processes are answered 429 fifty times in a second: one mail.
func TestOneAlertForAllProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(&aprimotest.Tenant{})
		var mails atomic.Int32
		var alerts []*notify.Alerter
		quiet := zerolog.Nop()
		for range 8 {
			p := f.add(t.Context(), 0)
			send := notify.NotifierFunc(func(context.Context, notify.Alert) error { mails.Add(1); return nil })
			alerts = append(alerts, notify.New(send, notify.Rule{Store: NewStore(p.client, "acme"), Logger: &quiet}))
		}
		for i := range 50 {
			e := transport.Event{Kind: transport.RateLimited, Time: time.Now(), Method: "GET", User: fmt.Sprint("user ", i%5),
				URL: "https://acme.dam.aprimo.com/api/core/records", Attempt: 1, Status: 429}
			alerts[i%8].Observe(t.Context(), e)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		for _, a := range alerts {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
		if n := mails.Load(); n != 1 {
			t.Errorf("%d mails; want 1", n)
		}
		f.close()
	})
}
