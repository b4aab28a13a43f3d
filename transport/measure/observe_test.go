package measure_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// An ending is a way in which a call may end, and what is to be counted then.
type ending struct {
	base     http.RoundTripper
	opts     []transport.Option
	context  func(context.Context) context.Context
	cancel   time.Duration // after that; 0 is never
	deadline time.Duration
	shutdown bool

	want    map[string]int // status and error.type
	result  string
	givenUp int
}

// However a call ends, each of its attempts is counted once, and the call too.
func TestEveryAttemptIsCountedOnce(t *testing.T) {
	type attempts = map[string]int
	second := func() limiterFunc { // fails from the second slot on
		n := 0
		return func(context.Context) error {
			if n++; n > 1 {
				return errors.New("no slots")
			}
			return nil
		}
	}
	secondPrepare := func(ctx context.Context) context.Context {
		n := 0
		return transport.ContextWithPrepare(ctx, func(r *http.Request) (*http.Request, error) {
			if n++; n > 1 {
				return nil, errors.New("no token")
			}
			return r, nil
		})
	}
	for name, test := range map[string]ending{
		"success": {base: script(200), want: attempts{"200,": 1}, result: "acquired"},
		"404":     {base: script(404), want: attempts{"404,404": 1}, result: "acquired"},
		"429, then success": {base: script(429, 200),
			want: attempts{"429,429": 1, "200,": 1}, result: "acquired"},
		"429 given up": {base: script(429), opts: []transport.Option{transport.WithRetry(retry.Policy{Throttled: 2})},
			want: attempts{"429,429": 3}, result: "acquired", givenUp: 1},
		"429 not repeated": {base: script(429), opts: []transport.Option{transport.WithRetry(retry.Policy{Throttled: -1})},
			want: attempts{"429,429": 1}, result: "acquired", givenUp: 1},
		"429 in the shadow": {base: script(429), opts: []transport.Option{transport.WithDryRun()},
			want: attempts{"429,429": 1}, result: "acquired", givenUp: 1},
		"503, 429, 503, success": {base: script(503, 429, 503, 200),
			want: attempts{"503,503": 2, "429,429": 1, "200,": 1}, result: "acquired"},
		"503 given up": {base: script(503), opts: []transport.Option{transport.WithRetry(retry.Policy{Failures: 1})},
			want: attempts{"503,503": 2}, result: "acquired"},
		"lost, then success": {base: script(errLost, 200),
			want: attempts{",_OTHER": 1, "200,": 1}, result: "acquired"},
		"lost, given up": {base: script(errLost), opts: []transport.Option{transport.WithRetry(retry.Policy{Failures: 1})},
			want: attempts{",_OTHER": 2}, result: "acquired"},
		"neither response nor error": {base: roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }),
			opts: []transport.Option{transport.WithRetry(retry.Policy{Failures: -1})},
			want: attempts{",_OTHER": 1}, result: "acquired"},
		"cancelled on the wire": {base: script(never), cancel: time.Second,
			want: attempts{",canceled": 1}, result: "acquired"},
		"too late on the wire": {base: script(never), deadline: time.Second,
			want: attempts{",timeout": 1}, result: "acquired"},
		"cancelled on the wire, the second time": {base: script(503, never), cancel: time.Minute,
			want: attempts{"503,503": 1, ",canceled": 1}, result: "acquired"},
		"cancelled in the queue, before the second": {base: script(429, 200), cancel: 100 * time.Millisecond,
			want: attempts{"429,429": 1}, result: "canceled"},
		"cancelled after a 503, before the second": {base: script(503, 200), cancel: 50 * time.Millisecond,
			want: attempts{"503,503": 1}, result: "canceled"},
		"cancelled after a loss, before the second": {base: script(errLost, 200), cancel: 50 * time.Millisecond,
			want: attempts{",_OTHER": 1}, result: "canceled"},
		"cancelled before the first": {base: script(200), cancel: -1, result: "canceled"},
		"too late before the first":  {base: script(200), deadline: -1, result: "deadline"},
		"no slot": {base: script(200), result: "limiter_failed",
			opts: []transport.Option{transport.WithLimiter(limiterFunc(func(context.Context) error { return errors.New("no slots") }))}},
		"no slot, the second time": {base: script(503, 200), opts: []transport.Option{transport.WithLimiter(second())},
			want: attempts{"503,503": 1}, result: "limiter_failed"},
		"no token": {base: script(200), result: "not_prepared", context: func(ctx context.Context) context.Context {
			return transport.ContextWithPrepare(ctx, func(*http.Request) (*http.Request, error) { return nil, errors.New("no token") })
		}},
		"no token, after a 503": {base: script(503, 200), context: secondPrepare,
			want: attempts{"503,503": 1}, result: "not_prepared"},
		"no token, after a 429": {base: script(429, 200), context: secondPrepare,
			want: attempts{"429,429": 1}, result: "not_prepared"},
		"refused by a Transport below": {base: transport.New(transport.WithLogger(zerolog.Nop()),
			transport.WithLimiter(limiterFunc(func(context.Context) error { return errors.New("no slots") }))),
			want: attempts{",_OTHER": 1}, result: "acquired"},
		"shut down": {base: script(200), shutdown: true, result: "shutdown"},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test.run) })
	}
}

func (test ending) run(t *testing.T) {
	tr := transport.New(append(test.opts, transport.WithBase(test.base), transport.WithLogger(zerolog.Nop()))...)
	var got tally
	measure.Observe(tr, got.tell)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if test.cancel < 0 {
		cancel()
	} else if test.cancel > 0 {
		time.AfterFunc(test.cancel, cancel)
	}
	if test.deadline != 0 {
		ctx, cancel = context.WithTimeout(ctx, test.deadline)
		defer cancel()
	}
	if test.context != nil {
		ctx = test.context(ctx)
	}
	if test.shutdown {
		tr.Shutdown(t.Context())
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
	if resp, err := tr.RoundTrip(req); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	test.check(t, tr.Stats().Sent, &got)
}

func (test ending) check(t *testing.T, sent uint64, got *tally) {
	each, all := got.attempts()
	if uint64(all) != sent {
		t.Errorf("%d attempts counted, %d sent, want the same", all, sent)
	}
	if test.want == nil {
		test.want = map[string]int{}
	}
	if d := cmp.Diff(test.want, each); d != "" {
		t.Errorf("got other attempts than wanted (-want +got):\n%s", d)
	}
	want := map[string]int{
		measure.Requests + " " + test.result:           1,
		measure.TimeInQueue + " normal," + test.result: 1,
		measure.Requests:    1,
		measure.GivenUp:     test.givenUp,
		measure.RateLimited: test.want["429,429"],
		measure.RateLimited + " GET /api/core/records": test.want["429,429"],
		measure.Retries: max(0, all-1),
	}
	for key, n := range want {
		if got.counts[key] != n {
			t.Errorf("%s is %d, want %d", key, got.counts[key], n)
		}
	}
}
