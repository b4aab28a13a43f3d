package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/notify"
)

var errDown = errors.New("mail server down")

// logged returns the lines of a JSON log.
func logged(t *testing.T, b *bytes.Buffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	return lines
}

func TestDeliveryIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := zerolog.New(&out)
		box := &inbox{errs: []error{errDown, errDown, errDown}}
		a := notify.New(box, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger})
		burst(a, 20)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}, box.pauses()); diff != "" {
			t.Errorf("pauses: %s", diff)
		}
		if sent, failed, pending := a.Deliveries(); sent != 1 || failed+uint64(pending) > 0 {
			t.Errorf("Deliveries: got %d sent, %d failed, %d pending, want 1, 0, 0", sent, failed, pending)
		}
		if err := a.Close(); err != nil || len(box.got()) != 1 {
			t.Errorf("Close: got %v, %d alerts, want nil, 1", err, len(box.got()))
		}
		for _, line := range logged(t, &out) {
			if line["level"] != "warn" || line["error"] != errDown.Error() {
				t.Errorf("log: got %v, want warnings about %v", line, errDown)
			}
		}
	})
}

func TestUndeliverableAlertIsLogged(t *testing.T) {
	permanent := fmt.Errorf("535: %w", notify.ErrPermanent)
	for _, tt := range []struct {
		name    string
		retries []time.Duration
		errs    []error
		tries   int
		took    time.Duration
		want    error
	}{
		{"four times in vain", nil, []error{errDown, errDown, errDown, errDown, nil}, 4, 21 * time.Minute, errDown},
		{"one try only", []time.Duration{}, []error{errDown}, 1, 0, errDown},
		{"permanent", nil, []error{permanent}, 1, 0, notify.ErrPermanent},
		{"permanent in the end", nil, []error{errDown, permanent}, 2, time.Minute, notify.ErrPermanent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				logger := zerolog.New(&out)
				box := &inbox{errs: tt.errs}
				a := notify.New(box, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger, Retries: tt.retries})
				burst(a, 20)
				time.Sleep(tt.took + 2*time.Second)
				synctest.Wait()
				lines := logged(t, &out)
				last := lines[len(lines)-1]
				text, _ := last["aprimo.alert.text"].(string)
				if last["level"] != "error" || !strings.Contains(text, "20 requests") || !strings.Contains(text, "anna@example.com") {
					t.Errorf("log: got %v, want an error with the alert of 20 requests by anna", last)
				}
				if err := a.Close(); !errors.Is(err, tt.want) || box.tried() != tt.tries {
					t.Errorf("Close: %v after %d tries, want %d", err, box.tried(), tt.tries)
				}
				if err := a.Close(); !errors.Is(err, tt.want) {
					t.Errorf("second Close: got %v, want %v", err, tt.want)
				}
				if sent, failed, pending := a.Deliveries(); failed != 1 || sent+uint64(pending) > 0 {
					t.Errorf("Deliveries: got %d sent, %d failed, %d pending, want 0, 1, 0", sent, failed, pending)
				}
			})
		})
	}
}

func TestGlobalLoggerIsTheDefault(t *testing.T) {
	var out bytes.Buffer
	old := log.Logger
	log.Logger = zerolog.New(&out)
	defer func() { log.Logger = old }()
	a := notify.New(&inbox{errs: []error{errDown}}, notify.Rule{Gather: -1, Within: 24 * time.Hour, Retries: []time.Duration{}})
	burst(a, 20)
	a.Close()
	if !strings.Contains(out.String(), errDown.Error()) {
		t.Errorf("log: got %q, want %v in it", &out, errDown)
	}
}

func TestCloseDoesNotWaitForTheNextTry(t *testing.T) {
	for _, tt := range []struct {
		name string
		errs []error
		want error
	}{
		{"then it works", []error{errDown}, nil},
		{"in vain", []error{errDown, errDown, nil}, errDown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				logger := zerolog.Nop()
				box := &inbox{errs: tt.errs}
				a := notify.New(box, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger})
				burst(a, 20)
				time.Sleep(10 * time.Second)
				begin := time.Now()
				if err := a.Close(); !errors.Is(err, tt.want) {
					t.Errorf("Close: got %v, want %v", err, tt.want)
				}
				if took, tries := time.Since(begin), box.tried(); took != 0 || tries != 2 {
					t.Errorf("took %v, %d tries, want no time and 2 tries", took, tries)
				}
				burst(a, 100)
				synctest.Wait()
				if tries := box.tried(); tries != 2 {
					t.Errorf("tries after Close: got %d, want 2", tries)
				}
			})
		})
	}
}

func TestCloseOfAnIdleAlerter(t *testing.T) {
	a := notify.New(new(inbox), notify.Rule{})
	burst(a, 19)
	for range 2 {
		if err := a.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	}
}

func TestObserveNeverWaitsForTheNotifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger := zerolog.Nop()
		hang := notify.NotifierFunc(func(ctx context.Context, _ notify.Alert) error {
			<-ctx.Done()
			return ctx.Err()
		})
		a := notify.New(hang, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger})
		begin := time.Now()
		burst(a, 1000)
		if took := time.Since(begin); took != 0 {
			t.Errorf("Observe took %v, want 0", took)
		}
		time.Sleep(time.Second) // the first try is on its way now
		synctest.Wait()
		if err := a.Close(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: got %v, want context.DeadlineExceeded", err)
		}
		// The try that was on its way and the last one.
		if took := time.Since(begin); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("Close took %v, want about a minute", took)
		}
	})
}

func TestNotifierThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger := zerolog.Nop()
		release := make(chan struct{})
		deaf := notify.NotifierFunc(func(context.Context, notify.Alert) error { <-release; return nil })
		a := notify.New(deaf, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger, Timeout: time.Second})
		burst(a, 20)
		begin := time.Now()
		if err := a.Close(); !errors.Is(err, notify.ErrPermanent) {
			t.Errorf("Close: got %v, want a permanent error", err)
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("Close took %v, want 2s", took)
		}
		close(release)
	})
}

func TestNotifierThatPanics(t *testing.T) {
	for name, n := range map[string]notify.NotifierFunc{
		"panic":  func(context.Context, notify.Alert) error { panic("boom") },
		"goexit": func(context.Context, notify.Alert) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			logger := zerolog.Nop()
			a := notify.New(n, notify.Rule{Gather: -1, Within: 24 * time.Hour, Logger: &logger})
			burst(a, 20)
			if err := a.Close(); !errors.Is(err, notify.ErrPermanent) {
				t.Errorf("Close: got %v, want a permanent error", err)
			}
		})
	}
}

// The mail server is down for a quarter of an hour, in which an incident starts and ends, or
// it greylists each mail: each mail arrives once, and in order.
func TestMailServerDownForAQuarterOfAnHour(t *testing.T) {
	begin := time.Now()
	putOff := map[notify.Phase]bool{}
	for name, fail := range map[string]func(notify.Alert) error{
		"down": func(notify.Alert) error {
			if time.Since(begin) < 15*time.Minute {
				return errDown
			}
			return nil
		},
		"greylisting": func(a notify.Alert) error {
			if !putOff[a.Phase] {
				putOff[a.Phase] = true
				return errors.New("450 try again")
			}
			return nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			quiet := zerolog.Nop()
			var box inbox
			begin = time.Now()
			a := notify.New(notify.NotifierFunc(func(ctx context.Context, alert notify.Alert) error {
				if err := fail(alert); err != nil {
					return err
				}
				return box.Notify(ctx, alert)
			}), notify.Rule{Logger: &quiet})
			burst(a, 50)
			time.Sleep(2 * time.Hour)
			if err := a.Close(); err != nil {
				t.Errorf("%s: Close: got %v, want nil", name, err)
			}
			var phases []notify.Phase
			for _, alert := range box.got() {
				phases = append(phases, alert.Phase)
			}
			if diff := cmp.Diff([]notify.Phase{notify.Firing, notify.Resolved}, phases); diff != "" {
				t.Error(name, diff)
			}
		})
	}
}

// Alerts about one incident wait for each other. Close does not wait for all of them if a
// Notifier hangs each time; those that may get lost with the program are in the log.
func TestCloseLogsWhatItDoesNotWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var out bytes.Buffer
		logger := zerolog.New(writerFunc(func(b []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return out.Write(b)
		}))
		a := notify.New(notify.NotifierFunc(func(ctx context.Context, _ notify.Alert) error { <-ctx.Done(); return ctx.Err() }),
			notify.Rule{Count: 1, Gather: -1, Reminder: time.Hour, PerHour: 100, Logger: &logger, Retries: []time.Duration{100 * time.Hour}})
		for range 11 * 30 {
			burst(a, 1)
			time.Sleep(time.Minute)
		}
		begin := time.Now()
		if err := a.Close(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: got %v, want context.DeadlineExceeded", err)
		}
		if took, want := time.Since(begin), 3*30*time.Second+15*time.Second; took != want {
			t.Errorf("Close took %v, want %v", took, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a.Shutdown(ctx) // logs none again
		mu.Lock()
		all := logged(t, &out)
		mu.Unlock()
		lines, numbers := map[any]int{}, map[string]int{}
		for _, line := range all {
			if line["level"] == "error" {
				text := strings.TrimSpace(line["aprimo.alert.text"].(string))
				lines[line["message"]]++
				numbers[text[strings.LastIndex(text, " ")+1:]]++
			}
		}
		if diff := cmp.Diff(map[any]int{"aprimo: alert not delivered": 6, "aprimo: alert not confirmed": 1}, lines); diff != "" {
			t.Errorf("log: three attempts in vain, one under way, three to be made: %s", diff)
		}
		if diff := cmp.Diff(map[string]int{"1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1, "7": 1}, numbers); diff != "" {
			t.Errorf("numbers of the alerts in the log: %s", diff)
		}
		time.Sleep(time.Hour) // until the rest has failed too
	})
}
