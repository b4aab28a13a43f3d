package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
