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
			t.Errorf("Shutdown that is cut short: %v", err)
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
			t.Errorf("of 40 calls %v, %v", b.status, b.errs)
		}
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown once more: %v", err)
		}
	})
}
