package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

// misbehave are the ways in which foreign code may not return. It hangs until the bubble's
// end, since a bubble must not keep goroutines.
func misbehave(end <-chan struct{}) map[string]func() {
	return map[string]func(){
		"hangs":  func() { <-end; runtime.Goexit() }, // and does no work when the test is over
		"panics": func() { panic("boom") },
		"exits":  func() { runtime.Goexit() },
	}
}

// A badStore does not return as it should: Load or CompareAndSwap.
type badStore struct {
	notify.Store
	load, swap func()
}

func (s badStore) Load(ctx context.Context, key string) ([]byte, error) {
	s.load()
	return s.Store.Load(ctx, key)
}

func (s badStore) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	s.swap()
	return s.Store.CompareAndSwap(ctx, key, old, new, ttl)
}

// A badWriter is a log that does not take a line as it should.
type badWriter struct{ write func() }

func (w badWriter) Write(p []byte) (int, error) {
	w.write()
	return len(p), nil
}

// A badNotifier does not return from Validate as it should.
type badNotifier struct {
	*inbox
	validate func()
}

func (n badNotifier) Validate() error {
	n.validate()
	return nil
}

// Whatever a Store, a logger or a method Validate does, the alert is sent and Close returns.
func TestForeignCodeThatDoesNotReturn(t *testing.T) {
	for _, what := range []string{"Load", "CompareAndSwap", "logger", "Validate"} {
		for _, how := range []string{"hangs", "panics", "exits"} {
			t.Run(what+" "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					end := make(chan struct{})
					defer close(end)
					bad, good := misbehave(end)[how], func() {}
					quiet := zerolog.Nop()
					box := &inbox{errs: []error{errDown}}
					n := notify.Notifier(box)
					rule := notify.Rule{Gather: -1, Logger: &quiet, Retries: []time.Duration{time.Minute}}
					switch what {
					case "Load":
						rule.Store = badStore{notify.Dir(t.TempDir()), bad, good}
					case "CompareAndSwap":
						rule.Store = badStore{notify.Dir(t.TempDir()), good, bad}
					case "logger":
						loud := zerolog.New(badWriter{bad})
						rule.Logger = &loud
					case "Validate":
						n = badNotifier{box, bad}
					}
					a := notify.New(n, rule)
					burst(a, 20)
					time.Sleep(2 * time.Minute)
					if len(box.got()) != 1 {
						t.Errorf("got %d alerts, want 1", len(box.got()))
					}
					begin := time.Now()
					a.Close()
					if took := time.Since(begin); took > 30*time.Second {
						t.Errorf("Close took %v, want less than Rule.Timeout", took)
					}
				})
			})
		}
	}
}

// Shutdown returns when its context ends, though a Notifier hangs.
func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		end := make(chan struct{})
		a := notify.New(notify.NotifierFunc(func(context.Context, notify.Alert) error { <-end; return nil }), notify.Rule{Gather: -1, Logger: &quiet})
		burst(a, 20)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if err := a.Shutdown(ctx); time.Since(begin) != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: got %v after %v, want context.DeadlineExceeded after 3s", err, time.Since(begin))
		}
		close(end)
		if err := a.Close(); err != nil {
			t.Errorf("Close: got %v, want nil, since the notifier has returned", err)
		}
	})
}

// What a Notifier says in its error is from outside: it reaches the log in one short line
// that can be printed, and without what may be secret in a URL.
func TestErrorsOfANotifierAreCleaned(t *testing.T) {
	for name, said := range map[string]error{
		"url.Error":   &url.Error{Op: "Post", URL: "https://me:geheim@chat.example.com/hook/geheim?t=geheim", Err: errDown},
		"text":        fmt.Errorf("giving up on https://chat.example.com/geheim: %w", errDown),
		"scheme":      fmt.Errorf("dial redis://default:geheim@redis:6379/0: %w", errDown),
		"user":        fmt.Errorf("proxyconnect me:geheim@proxy:3128: %w", errDown),
		"header":      fmt.Errorf("X-Api-Key: geheim0815 refused, Authorization: Bearer geheim0815: %w", errDown),
		"control":     fmt.Errorf("a\x1b[2J\u009b31m\r\nlevel=error %w", errDown),
		"long":        fmt.Errorf("%w %s", errDown, strings.Repeat("long ", 100_000)),
		"unconfirmed": fmt.Errorf("%w: %w", errDown, notify.ErrUnconfirmed),
	} {
		var out bytes.Buffer
		logger := zerolog.New(&out)
		a := notify.New(&inbox{errs: []error{said, said}}, notify.Rule{Gather: -1, Logger: &logger, Retries: []time.Duration{}})
		burst(a, 20)
		err := a.Close()
		if !errors.Is(err, errDown) {
			t.Errorf("%s: Close: got %v, want the notifier's error", name, err)
		}
		for _, line := range logged(t, &out) {
			text, _ := line["error"].(string)
			if strings.Contains(text+err.Error(), "geheim") || strings.ContainsFunc(text, unsafe) || len(text) > 500 {
				t.Errorf("%s: log: got %.600q, want one short line without the secret", name, text)
			}
			if message, _ := line["message"].(string); strings.HasSuffix(message, "not confirmed") != errors.Is(said, notify.ErrUnconfirmed) {
				t.Errorf("%s: log: got %q", name, message)
			}
		}
	}
}

// An alert that may have been delivered is not sent anew when its incident continues, even
// if no later attempt comes through.
func TestAnUnconfirmedAlertIsNotTheFirstAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		box := &inbox{errs: []error{fmt.Errorf("no answer: %w", notify.ErrUnconfirmed), errDown, errDown}}
		a := notify.New(box, notify.Rule{Gather: -1, Cooldown: -1, Reminder: -1, Logger: &quiet, Retries: []time.Duration{time.Minute, time.Minute}})
		for range 60 {
			burst(a, 20)
			time.Sleep(time.Minute)
		}
		a.Close()
		for _, alert := range box.got() {
			if alert.Phase == notify.Firing {
				t.Errorf("got %s again, which may have been delivered", alert.Subject())
			}
		}
	})
}

// A server that says nothing is no fault of what waits for it: a Client, a Token or a Store
// that returns when its context ends, or a moment later. The alert is tried again.
func TestWaitingUntilTheContextEndsIsNoFault(t *testing.T) {
	token := func(wait func(context.Context) error) notify.Notifier {
		return notify.Email{Addr: "mail.example.com:587", From: "a@example.com", To: []string{"b@example.com"}, Username: "a",
			Token: func(ctx context.Context) (string, error) { return "", wait(ctx) }}
	}
	hook := func(sent bool) func(func(context.Context) error) notify.Notifier {
		return func(wait func(context.Context) error) notify.Notifier {
			return notify.Webhook{URL: "https://chat.example.com/", Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if trace := httptrace.ContextClientTrace(r.Context()); sent {
					trace.WroteRequest(httptrace.WroteRequestInfo{})
				}
				return nil, wait(r.Context())
			})}}
		}
	}
	for name, tt := range map[string]struct {
		of    func(wait func(context.Context) error) notify.Notifier
		tries int64
	}{
		"Webhook":           {hook(false), 4},
		"Webhook, all sent": {hook(true), 2},
		"Email.Token":       {token, 4},
	} {
		for _, timeout := range []time.Duration{30 * time.Second, 5 * time.Minute} { // the second one is ours
			t.Run(fmt.Sprint(name, " ", timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var out bytes.Buffer
					logger := zerolog.New(&out)
					var tries atomic.Int64
					a := notify.New(tt.of(func(ctx context.Context) error {
						odd := tries.Add(1) % 2
						<-ctx.Done()
						time.Sleep(time.Duration(odd) * 100 * time.Millisecond)
						return ctx.Err()
					}), notify.Rule{Gather: -1, Reminder: -1, Within: 24 * time.Hour, Timeout: timeout, Logger: &logger})
					burst(a, 20)
					time.Sleep(30 * time.Minute)
					if n := tries.Load(); n != tt.tries {
						t.Errorf("got %d attempts, want %d", n, tt.tries)
					}
					if err := a.Close(); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Close: got %v, want context.DeadlineExceeded", err)
					}
					if strings.Contains(out.String(), "does not return") {
						t.Errorf("log: got %s, want no fault", &out)
					}
				})
			})
		}
	}
}

// Nor is it a fault of a Store that it waits, or of a disk that another process holds a lock.
func TestAStoreThatWaitsUntilTheContextEndsIsNoFault(t *testing.T) {
	for name, waits := range map[string]func(context.Context, notify.Store) error{
		"Store": func(ctx context.Context, _ notify.Store) error { <-ctx.Done(); return ctx.Err() },
		"Dir": func(ctx context.Context, s notify.Store) error {
			_, err := s.CompareAndSwap(ctx, "key", nil, []byte("x"), 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				store := notify.Dir(dir)
				if _, err := store.CompareAndSwap(t.Context(), "key", nil, []byte("x"), 0); err != nil {
					t.Fatal(err)
				}
				locks, err := filepath.Glob(filepath.Join(dir, "*.lock"))
				if err != nil || len(locks) != 1 {
					t.Fatalf("locks: got %v, %v, want one", locks, err)
				}
				lock := flock.New(locks[0])
				if err := lock.Lock(); err != nil {
					t.Fatal(err)
				}
				defer lock.Close()
				var out bytes.Buffer
				logger := zerolog.New(&out)
				for range 20 { // once it may be luck
					a := notify.New(new(inbox), notify.Rule{Store: waitingStore{store, waits}, Logger: &logger})
					time.Sleep(3 * time.Second)
					a.Close()
				}
				if s := out.String(); !strings.Contains(s, "cannot be used") || strings.Contains(s, "does not return") {
					t.Errorf("log: got %s, want an error that is not called a fault", s)
				}
			})
		})
	}
}

// A waitingStore waits in Load.
type waitingStore struct {
	notify.Store
	waits func(context.Context, notify.Store) error
}

func (s waitingStore) Load(ctx context.Context, _ string) ([]byte, error) {
	return nil, s.waits(ctx, s.Store)
}
