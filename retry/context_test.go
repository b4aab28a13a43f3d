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

// An http.Client closes the channel at the context's deadline: then the deadline is why, in
// whatever order the two happen.
func TestCancelChannelThatIsClosedAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+1)
		defer cancel()
		channel := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(channel) })
		req, _ := http.NewRequestWithContext(earlier{ctx}, "GET", recordsURL, nil)
		//lint:ignore SA1019 what is tested
		req.Cancel = channel
		call := new(retry.Policy).Call(req)
		defer call.Close()
		if err := call.Rest(time.Minute); err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// earlier has its deadline a moment before it ends.
type earlier struct{ context.Context }

func (e earlier) Deadline() (time.Time, bool) {
	deadline, ok := e.Context.Deadline()
	return deadline.Add(-1), ok
}

// A Cancel channel that is never closed leaves no goroutine behind: the bubble would not end.
func TestCancelChannelThatIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := http.NewRequest("GET", recordsURL, nil)
		//lint:ignore SA1019 what is tested
		req.Cancel = make(chan struct{})
		resp, err := (&retry.Transport{Base: &base{steps: []step{{status: 200}}}}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	})
}

// An answer that is there is worth more than an attempt that could begin only at the deadline.
func TestNoAttemptAtTheDeadline(t *testing.T) {
	for patience, want := range map[time.Duration]int{2 * time.Second: 1, 2*time.Second + 1: 2} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			b := &base{steps: []step{{status: 429, header: "2"}, {status: 200}}}
			resp, err := send(ctx, &retry.Transport{Base: b, Policy: retry.Policy{MaxRetryAfter: 2 * time.Second}}, "GET", "")
			if err != nil || len(b.begun) != want {
				t.Errorf("a deadline in %v: got %v, %v after %d attempts; want an answer after %d", patience, resp, err, len(b.begun), want)
			}
		})
	}
}
