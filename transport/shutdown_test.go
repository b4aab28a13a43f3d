package transport_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

func TestShutdownLetsThoseThatWaitFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet)
		client := &http.Client{Transport: tr}
		var b burst
		done := make(chan struct{})
		go func() { b = atOnce(40, client); close(done) }()
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := tr.Shutdown(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "25 calls left") {
			t.Errorf("Shutdown that is cut short: got %v, want a deadline with 25 calls left", err)
		}
		if _, err := client.Get(recordsURL); !errors.Is(err, transport.ErrShutdown) {
			t.Errorf("a new call: %v, want ErrShutdown", err)
		}
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		select {
		case <-done:
		default:
			synctest.Wait()
			<-done
		}
		if b.status[200] != 40 || len(b.errs) > 0 {
			t.Errorf("of 40 calls %v, %v, want 40 times 200, no errors", b.status, b.errs)
		}
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown once more: %v", err)
		}
	})
}

// Nothing runs, so there is nothing to wait for, and a context that has ended is
// no reason to fail.
func TestShutdownWithAFinishedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w := newWire(func(int, *http.Request) reply { return reply{takes: time.Second} })
		tr := transport.New(transport.WithBase(w), quiet)
		go get(t.Context(), tr, "")
		synctest.Wait()
		if err := tr.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 calls left") {
			t.Errorf("with a call in progress: got %v, want context.Canceled with the call left", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for range 100 { // never by chance
			if err := tr.Shutdown(ctx); err != nil {
				t.Fatalf("after the last call: %v", err)
			}
			if err := transport.New(quiet).Shutdown(ctx); err != nil {
				t.Fatalf("of one that was never used: %v", err)
			}
		}
	})
}

// What is repeated is under way all the time.
func TestShutdownWaitsForRepetitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ *http.Request) reply {
			return reply{status: []int{429, 503, 200}[min(n-1, 2)], takes: 20 * ms}
		})
		tr := transport.New(transport.WithBase(w), quiet)
		served := make(chan error, 1)
		go func() { served <- get(t.Context(), tr, "") }()
		synctest.Wait()
		if err := tr.Shutdown(t.Context()); err != nil || len(w.times()) != 3 {
			t.Errorf("%v after %d attempts, want nil after 3", err, len(w.times()))
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}
