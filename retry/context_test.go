package retry_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

var errStopped = errors.New("the job was stopped for a deployment")

// Whoever ends a context may say why: errors.Is finds that, and the context's own error.
func TestCauseIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		context func(context.Context) (context.Context, func())
		is      error
		timeout bool
	}{
		"cancelled": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(errStopped) })
			return ctx, func() { cancel(nil) }
		}, context.Canceled, false},
		"no time left": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeoutCause(hideDeadline{ctx}, time.Second, errStopped)
			return hideDeadline{ctx}, cancel
		}, context.DeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := c.context(t.Context())
				defer cancel()
				_, err := send(ctx, &retry.Transport{Base: statuses(503)}, "GET", "")
				var timeout net.Error
				if !errors.Is(err, errStopped) || !errors.Is(err, c.is) || (errors.As(err, &timeout) && timeout.Timeout()) != c.timeout {
					t.Errorf("got %v; want an error that is %v and its cause, a timeout: %v", err, c.is, c.timeout)
				}
			})
		})
	}
}

// hideDeadline lets a call wait until its context ends: it is not known before.
type hideDeadline struct{ context.Context }

func (hideDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// net/http honours Request.Cancel, so programs of before contexts still set it.
func TestCancelChannelEndsTheCall(t *testing.T) {
	for name, status := range map[string]int{"while it waits": 503, "during an attempt": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cancel := make(chan struct{})
				time.AfterFunc(1500*time.Millisecond, func() { close(cancel) })
				n, began := 0, time.Now()
				req, _ := http.NewRequest("GET", recordsURL, nil)
				//lint:ignore SA1019 what is tested
				req.Cancel = cancel
				_, err := (&retry.Transport{Base: roundTripper(func(r *http.Request) (*http.Response, error) {
					if n++; status != 0 {
						return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
					}
					<-cancel
					return nil, errors.New("net/http: request canceled")
				})}).RoundTrip(req)
				if took := time.Since(began); err == nil || took != 1500*time.Millisecond || n > 2 {
					t.Errorf("%v after %v and %d attempts; want an error as soon as the channel is closed", err, took, n)
				}
			})
		})
	}
}
