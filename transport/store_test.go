package transport_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

var _ transport.Store = notify.Dir("")

// A memory is a Store of one value.
type memory struct {
	mu     sync.Mutex
	value  []byte
	key    string
	writes int
	before func() error // each use, without the lock
}

func (m *memory) use(key string) error {
	if m.before != nil {
		if err := m.before(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	m.key = key
	return nil
}

func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	if err := m.use(key); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	return m.value, nil
}

func (m *memory) CompareAndSwap(_ context.Context, key string, old, new []byte, _ time.Duration) (bool, error) {
	if err := m.use(key); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	if !bytes.Equal(m.value, old) {
		return false, nil
	}
	m.writes++
	m.value = new
	return true, nil
}

// calm answers in 0.1 s.
func calm() *wire {
	return newWire(func(int, *http.Request) reply { return reply{takes: 100 * time.Millisecond} })
}

// serially makes n calls one after the other.
func serially(t *testing.T, n int, tr *transport.Transport) {
	for range n {
		if err := get(t.Context(), tr, "ann"); err != nil {
			t.Fatal(err)
		}
	}
}

// A program that starts while the server has a queue knows it for what it is, if it has run
// before: what the API takes without a queue was kept. What is kept names nobody and nothing.
func TestStoreKnowsTheQueueAtStart(t *testing.T) {
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var store *memory
			options := []transport.Option{quiet}
			if stored {
				store = &memory{}
				options = append(options, transport.WithStore(store, "acme"))
			}
			first := transport.New(append(options, transport.WithBase(calm()))...)
			serially(t, 30, first)
			if err := first.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if stored && (!strings.Contains(string(store.value), `"tenant":"acme"`) || !strings.Contains(store.key, "acme") || strings.Contains(string(store.value), "records")) {
				t.Errorf("kept under %q: %s; want the name of the tenant, and no path", store.key, store.value)
			}

			queued := newWire(func(n int, _ *http.Request) reply {
				return reply{takes: 3100*time.Millisecond + time.Duration(n)*time.Second/15}
			})
			second := transport.New(append(options, transport.WithBase(queued))...)
			var calls sync.WaitGroup
			for range 8 {
				calls.Go(func() { get(t.Context(), second, "ann") })
			}
			calls.Wait()
			if got := second.Stats().ServerDelay; (got > 2500*time.Millisecond) != stored {
				t.Errorf("with a Store: %v: in a queue of 3 s got a delay of %v, want 3 s only with it", stored, got)
			}
			second.Shutdown(t.Context())
		})
	}
}

// The Store is written after a minute of calls, and every ten minutes, also if nobody calls Shutdown.
func TestStoreIsWrittenOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		tr := transport.New(transport.WithBase(calm()), quiet, transport.WithStore(store, "acme"))
		for minutes, want := range []int{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2} {
			serially(t, 30, tr)
			synctest.Wait()
			if store.writes != want {
				t.Errorf("after %d minutes it was written %d times, want %d", minutes, store.writes, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// The Store is due a minute after New, to the instant, and ten minutes after it was used last. The
// context of each use ends with it.
func TestWhenTheStoreIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &contexts{memory: &memory{}}
		tr := transport.New(transport.WithBase(calm()), quiet, transport.WithStore(store, "acme"))
		began := time.Now()
		serially(t, 30, tr)
		for _, c := range []struct {
			end  time.Duration // of a call, which takes 0.1 s
			want int
		}{{59900 * time.Millisecond, 0}, {time.Minute, 1}, {659900 * time.Millisecond, 1}, {11 * time.Minute, 2}} {
			time.Sleep(time.Until(began.Add(c.end - 100*time.Millisecond)))
			serially(t, 1, tr)
			synctest.Wait()
			if store.writes != c.want {
				t.Errorf("after %v it was written %d times, want %d", c.end, store.writes, c.want)
			}
		}
		if len(store.used) != 5 {
			t.Errorf("it was used %d times, want a Load by New, and two uses for each write", len(store.used))
		}
		for i, ctx := range store.used {
			if ctx.Err() != context.Canceled {
				t.Errorf("use %d: its context has the error %v afterwards, want it cancelled", i, ctx.Err())
			}
		}
	})
}

// contexts keeps the contexts with which a Store was used.
type contexts struct {
	*memory
	used []context.Context
}

func (c *contexts) Load(ctx context.Context, key string) ([]byte, error) {
	c.used = append(c.used, ctx)
	return c.memory.Load(ctx, key)
}

func (c *contexts) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	c.used = append(c.used, ctx)
	return c.memory.CompareAndSwap(ctx, key, old, new, ttl)
}

// A Store that fails in any way costs a line in the log, a second in New and in Shutdown, and no call.
func TestStoreThatFails(t *testing.T) {
	const secret = "hunter2hunter2"
	for _, c := range []struct {
		about  string
		stored string
		before func() error
		hangs  bool
		logs   string // "" : nothing
		keeps  bool   // what is stored stays
	}{
		{about: "it works"},
		{about: "it holds nonsense", stored: "%%", logs: "invalid character"},
		{about: "it was written by a later version", stored: `{"version":9}`, logs: "later version", keeps: true},
		{about: "it fails", before: func() error { return errors.New("dial redis://ann:" + secret + "@redis:6379: refused") }, logs: "refused"},
		{about: "it panics", before: func() error { panic("as it likes") }, logs: "it panicked: as it likes"},
		{about: "it ends its goroutine", before: func() error { runtime.Goexit(); return nil }, logs: "has ended its goroutine"},
		{about: "it hangs", hangs: true, logs: "does not return"},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &memory{value: []byte(c.stored)}
			released := make(chan struct{})
			var asked atomic.Int32
			if store.before = c.before; c.hangs {
				store.before = func() error { asked.Add(1); <-released; return errors.New("too late") }
			}
			var log bytes.Buffer
			began := time.Now()
			tr := transport.New(transport.WithBase(calm()), transport.WithStore(store, "acme"), transport.WithLogger(zerolog.New(&log)))
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s: New took %v, want 1 s at most", c.about, took)
			}
			serially(t, 30, tr)
			began = time.Now()
			if err := tr.Shutdown(t.Context()); err != nil || time.Since(began) > time.Second {
				t.Errorf("%s: Shutdown: %v after %v, want no error within a second", c.about, err, time.Since(began))
			}
			if got := log.String(); !strings.Contains(got, c.logs) || (got == "") != (c.logs == "") || strings.Contains(got, secret) {
				t.Errorf("%s: got the log %q, want %q, and no secret", c.about, got, c.logs)
			}
			if works := c.before == nil && !c.hangs; works && (string(store.value) == c.stored) != c.keeps {
				t.Errorf("%s: got %s stored, before %s; want it kept: %v", c.about, store.value, c.stored, c.keeps)
			}
			if c.hangs && asked.Load() != 1 {
				t.Errorf("%s: it was asked %d times, want once", c.about, asked.Load())
			}
			close(released)
		})
	}
}

// Processes that keep at the same time lose nothing of each other; one that never gets through says so.
func TestStoreThatOthersChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for others, fails := range map[int]bool{1: false, 4: false, 5: true} {
			store := &memory{}
			var log bytes.Buffer
			tr := transport.New(transport.WithBase(calm()), transport.WithStore(store, "acme"), transport.WithLogger(zerolog.New(&log)))
			serially(t, 30, tr)
			uses := 0
			store.before = func() error {
				if uses++; uses%2 == 0 && uses/2 <= others { // between Load and CompareAndSwap
					store.value = []byte(`{"version":1,"tenant":"acme","operations":{"other":{"mean":1,"stddev":1,"at":` + "94668480" + string(rune('0'+uses/2)) + `}}}`)
				}
				return nil
			}
			if err := tr.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			both := strings.Contains(string(store.value), `"other"`) && strings.Count(string(store.value), `"mean"`) == 2
			if both == fails || strings.Contains(log.String(), "changed by other processes") != fails {
				t.Errorf("changed by others %d times: got %s, the log %q; want both kept, or a line: %v", others, store.value, &log, fails)
			}
		}
	})
}
