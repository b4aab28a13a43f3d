package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A counting Store notes when it is read and what is written, and takes it unless it is refusing.
type countingStore struct {
	mu       sync.Mutex
	value    []byte
	loads    []time.Time
	swaps    int
	ttl      time.Duration
	deadline time.Duration
	refuses  bool
}

func (s *countingStore) Load(ctx context.Context, _ string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads = append(s.loads, time.Now())
	if end, ok := ctx.Deadline(); ok {
		s.deadline = time.Until(end)
	}
	return s.value, nil
}

func (s *countingStore) CompareAndSwap(_ context.Context, _ string, old, new []byte, ttl time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ttl = ttl
	if s.swaps++; s.refuses || !bytes.Equal(s.value, old) {
		return false, nil
	}
	s.value = new
	return true, nil
}

// reads returns how often the Store was read, from then on.
func (s *countingStore) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.loads)
	s.loads = nil
	return n
}

var deaf = NotifierFunc(func(context.Context, Alert) error { return nil })

func quietRule(s Store) Rule {
	l := zerolog.Nop()
	return Rule{Store: s, Logger: &l}
}

func throttle(t *testing.T, a *Alerter, n int) {
	t.Helper()
	for range n {
		a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Status: 429})
	}
}

// The state is read once at the start, each five seconds while there is something to expect, and at
// most once a second while events come.
func TestHowOftenTheStoreIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(countingStore)
		a := New(deaf, quietRule(s))
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := s.reads(); n != 1 {
			t.Errorf("an idle process: got %d reads, want 1", n)
		}
		if s.deadline != 2*time.Second {
			t.Errorf("got a deadline in %v, want 2 s", s.deadline)
		}
		throttle(t, a, 1)
		time.Sleep(29 * time.Second)
		if n := s.reads(); n != 6 {
			t.Errorf("half a minute after an event: got %d reads, want 6", n)
		}
		for range 100 {
			throttle(t, a, 1)
			time.Sleep(300 * time.Millisecond)
		}
		synctest.Wait()
		if n := s.reads(); n < 25 || n > 33 {
			t.Errorf("half a minute with events: got %d reads, want one a second", n)
		}
		if s.ttl != 72*time.Hour {
			t.Errorf("got a life of %v for the state, want 72h", s.ttl)
		}
		a.Close()
		s.reads()
		time.Sleep(time.Hour)
		if n := s.reads(); n != 0 {
			t.Errorf("after Close: got %d reads, want none", n)
		}
		a.Mute(time.Now().Add(time.Hour), "late")
		time.Sleep(time.Minute)
		if n := s.reads(); n != 0 {
			t.Errorf("Mute after Close: got %d reads, want none", n)
		}
	})
}

// Mute reaches the others at once, without an event.
func TestMuteReachesTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(countingStore)
		a := New(deaf, quietRule(s))
		time.Sleep(time.Minute)
		s.reads()
		a.Mute(time.Now().Add(time.Hour), "work")
		synctest.Wait()
		state, err := decodeState(s.value)
		if err != nil || state.Mute.Reason != "work" || s.reads() != 1 {
			t.Errorf("got %+v, %v; want the mute in the Store", state.Mute, err)
		}
		a.Close()
	})
}

// A Store that others change each time is given up after 50 tries, and before two seconds.
func TestAContendedStoreIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &countingStore{refuses: true}
		r := quietRule(s)
		var log bytes.Buffer
		logger := zerolog.New(&log)
		r.Logger = &logger
		a := New(deaf, r)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		s.mu.Lock()
		swaps := s.swaps
		s.mu.Unlock()
		if swaps != 50 || !bytes.Contains(log.Bytes(), []byte(errContended.Error())) {
			t.Errorf("got %d tries and the log %s, want 50 and a line", swaps, log.Bytes())
		}
		a.Close()
	})
}

// An attempt has Rule.Timeout, its end is final, and one that is handed over has ten minutes more.
func TestTheContextOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(deaf, quietRule(nil))
		ctx, cancel := a.attempt()
		p := timeoutOf(ctx)
		usual, _ := ctx.Deadline()
		whole, _ := p.whole.Deadline()
		if time.Until(usual) != 30*time.Second || time.Until(whole) != 10*time.Minute+30*time.Second {
			t.Errorf("got %v, and %v when it is handed over; want 30 s, 10 min 30 s", time.Until(usual), time.Until(whole))
		}
		if p.extended() != nil {
			t.Error("got more time before it is handed over, want none")
		}
		if !p.extend() || p.extended() != p.whole {
			t.Error("got no more time after it is handed over, want it")
		}
		cancel()
		if ctx.Err() == nil || p.whole.Err() == nil || p.extend() {
			t.Errorf("after its end: got %v, %v; want both ended", ctx.Err(), p.whole.Err())
		}
		ctx, cancel = a.attempt()
		defer cancel()
		p = timeoutOf(ctx)
		p.extend()
		a.Close()
		time.Sleep(31*time.Second - 1)
		synctest.Wait()
		if p.whole.Err() != nil {
			t.Error("a program that ends: got the end before 31 s, want it then")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if p.whole.Err() == nil {
			t.Error("a program that ends: got no end after 31 s, want it")
		}
	})
	if p := timeoutOf(context.Background()); p != nil || p.extended() != nil {
		t.Errorf("got %v of another context, want nothing", p)
	}
}

// What is retried: as often as the Rule says; with a Store for a day, at the last of the pauses.
func TestWhatIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := []time.Duration{time.Minute}
		for _, c := range []struct {
			what    string
			store   Store
			retries []time.Duration
			i       int
			since   time.Duration
			want    bool
		}{
			{"the first retry", nil, one, 0, 0, true}, {"the second", nil, one, 1, 0, false}, {"none", nil, []time.Duration{}, 0, 0, false},
			{"with a Store", new(countingStore), one, 1, 24*time.Hour - 1, true}, {"after a day", new(countingStore), one, 1, 24 * time.Hour, false},
			{"none with a Store", new(countingStore), []time.Duration{}, 0, 0, false},
		} {
			r := quietRule(c.store)
			r.Retries = c.retries
			a := New(deaf, r)
			if got := a.mayRetry(c.i, time.Now().Add(-c.since)); got != c.want {
				t.Errorf("%s: got %v, want %v", c.what, got, c.want)
			}
			a.Close()
			if a.mayRetry(0, time.Now()) {
				t.Errorf("%s: got a retry after Close, want none", c.what)
			}
		}
	})
}

// An alert that nobody has got after all its retries is given up, also if it is not the first of its
// incident.
func TestNoAlertIsRetriedWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := map[Phase]int{}
		quiet := zerolog.Nop()
		a := New(NotifierFunc(func(_ context.Context, alert Alert) error {
			if tries[alert.Phase]++; alert.Phase == Firing {
				return nil
			}
			return errors.New("down")
		}), Rule{Logger: &quiet, Retries: []time.Duration{time.Minute}})
		throttle(t, a, 20)
		time.Sleep(2 * time.Hour)
		a.Close()
		if diff := cmp.Diff(map[Phase]int{Firing: 1, Resolved: 2}, tries); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

// Each attempt that failed has a line, and so has the alert that was not delivered.
func TestLinesAboutDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := zerolog.New(&log)
		n := 0
		a := New(Routes{{Name: "chat", To: NotifierFunc(func(context.Context, Alert) error {
			n++
			return fmt.Errorf("down %d", n)
		})}}, Rule{Gather: -1, Logger: &logger, Retries: []time.Duration{time.Minute, 2 * time.Minute}})
		throttle(t, a, 20)
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		var got []map[string]any
		for line := range bytes.Lines(log.Bytes()) {
			var fields map[string]any
			if err := json.Unmarshal(line, &fields); err != nil {
				t.Fatal(err)
			}
			if fields["aprimo.alert.incident"] == "" || fields["level"] == "error" && fields["aprimo.alert.text"] == nil {
				t.Errorf("got %v, want the incident, and the text of what is not delivered", fields)
			}
			delete(fields, "aprimo.alert.incident")
			delete(fields, "aprimo.alert.text")
			got = append(got, fields)
		}
		want := []map[string]any{
			{"level": "warn", "error": "down 1", "aprimo.alert.next_try_ms": 60000.0, "message": "aprimo: alert not delivered yet, will retry"},
			{"level": "warn", "error": "down 2", "aprimo.alert.next_try_ms": 120000.0, "message": "aprimo: alert not delivered yet, will retry"},
			{"level": "error", "error": "down 3", "aprimo.alert.route": "chat", "message": "aprimo: alert not delivered"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("got other lines than wanted (-want +got):\n%s", diff)
		}
		a.Close()
	})
	if got := (failure{err: fmt.Errorf("x: %w", ErrUnconfirmed)}).what(); got != "not confirmed" {
		t.Errorf("got %q of an alert that may have been delivered, want not confirmed", got)
	}
}

// Shutdown waits for a Notifier that hangs until its context ends, and logs once what is not delivered.
func TestHowLongShutdownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		r := quietRule(nil)
		r.Gather, r.Timeout, r.Retries = -1, time.Hour, []time.Duration{}
		a := New(NotifierFunc(func(context.Context, Alert) error { <-hang; return nil }), r)
		throttle(t, a, 20)
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := a.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("Shutdown: got %v after %v, want the end of its context after a minute", err, time.Since(began))
		}
		if _, failed, pending := a.Deliveries(); failed != 1 || pending != 1 {
			t.Errorf("got %d failed, %d pending, want 1, 1", failed, pending)
		}
		cancel()
		_ = a.Shutdown(ctx)
		if _, failed, _ := a.Deliveries(); failed != 1 {
			t.Errorf("got %d failed after the second call, want 1: it was logged", failed)
		}
		close(hang)
		a.running.Wait()
	})
}

// Foreign code that does not return has the grace that it was given.
func TestTheGraceOfForeignCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := await(ctx, time.Minute, "it", func() (int, error) { <-hang; return 0, nil })
		if !isStray(err) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 61*time.Second {
			t.Errorf("got %v after %v, want an error after 61 s", err, time.Since(began))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n, err := await(ctx, time.Minute, "it", func() (int, error) { time.Sleep(time.Minute); return 7, nil })
		if n != 7 || err != nil {
			t.Errorf("got %d, %v of what returns within its grace, want 7", n, err)
		}
		close(hang)
	})
}

// An Alerter that is nil has no status, and has delivered nothing.
func TestANilAlerter(t *testing.T) {
	var a *Alerter
	if sent, failed, pending := a.Deliveries(); sent != 0 || failed != 0 || pending != 0 || a.Status() != nil {
		t.Errorf("got %d, %d, %d, %v; want nothing", sent, failed, pending, a.Status())
	}
}

// A brokenStore has an error that is not ours.
type brokenStore struct{ countingStore }

func (*brokenStore) Load(context.Context, string) ([]byte, error) {
	return nil, errors.New("dial https://h/path?key=hunter: refused\nx")
}

// An error of the Store is cleaned before it is logged, and a Store that has not returned is not
// called again.
func TestErrorsOfTheStore(t *testing.T) {
	g := &guardedStore{store: new(brokenStore)}
	if _, err := g.Load(t.Context(), ""); err == nil || err.Error() != "dial https://h refused x" {
		t.Errorf("got %v, want it without path and query, in one line", err)
	}
	g.busy.Store(true)
	if _, err := g.Load(t.Context(), ""); err == nil || err.Error() != "notify: the Store has not returned from an earlier call" {
		t.Errorf("got %v of a Store that hangs, want that it has not returned", err)
	}
}

// A process remembers the last 64 results: the state learns them again if an answer is lost.
func TestResultsThatAreRemembered(t *testing.T) {
	a := New(deaf, quietRule(nil))
	defer a.Close()
	d := &delivery{pendingAlert: pendingAlert{ID: "1"}}
	for i := range 100 {
		r := fmt.Sprint(i)
		a.note(d, result{route: r}, false)
		if n := len(a.done); n != min(i+1, 64) || a.done[n-1] != (receipt{"1", r}) {
			t.Fatalf("result %d: got %+v, want the last 64 to be remembered", i, a.done)
		}
	}
	a.note(&delivery{pendingAlert: pendingAlert{ID: "2"}, kept: []string{"r"}}, result{route: "r", err: ErrPermanent}, false)
	if n := len(a.done); n != 64 || a.done[n-1].alert != "1" {
		t.Errorf("got %+v, want nothing of what the next program delivers", a.done)
	}
	if a.note(d, result{route: "100", err: ErrPermanent}, true); len(a.done) != 0 {
		t.Errorf("got %+v of an alert that is due again, want nothing", a.done)
	}
}
