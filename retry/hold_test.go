package retry_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// With Hold the base does the waiting after a 429, and only then.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &base{steps: []step{{status: 429, header: "7"}, {status: 503, header: "3"}, {status: 429}, {status: 200}}}
		var delays []time.Duration
		rt := &retry.Transport{Base: b, Hold: func(retry.Attempt) time.Duration { return time.Hour },
			Observe: func(a retry.Attempt) { delays = append(delays, a.Delay) }}
		if resp, err := send(t.Context(), rt, "GET", ""); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		if want := []time.Duration{0, 0, delays[1], delays[1]}; !slices.Equal(b.begun, want) || delays[1] < 3*time.Second {
			t.Errorf("sent at %v, want %v: after a 503 it is ours to wait, after a 429 not", b.begun, want)
		}
		if len(delays) != 4 || delays[0] < 7*time.Second || delays[2] < 750*time.Millisecond || delays[3] != 0 {
			t.Errorf("told of the delays %v", delays)
		}
	})
}

// A deadline is held against whichever is longer: the delay, or how long the base
// would hold the next attempt.
func TestHoldAndDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		status   int
		patience time.Duration
		hold     time.Duration
		want     int
	}{
		"long enough":           {429, 6 * time.Second, 2 * time.Second, 200},
		"less than the delay":   {429, 3 * time.Second, 2 * time.Second, 429},
		"less than the hold":    {429, 6 * time.Second, 6 * time.Second, 429},
		"the hold after a 503":  {503, 6 * time.Second, 6 * time.Second, 200},
		"the delay after a 503": {503, 3 * time.Second, 0, 503},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.patience)
				defer cancel()
				begin := time.Now()
				b := &base{steps: []step{{status: test.status, header: "4"}, {status: 200}}}
				rt := &retry.Transport{Base: b, Hold: func(retry.Attempt) time.Duration { return test.hold }}
				resp, err := send(ctx, rt, "GET", "")
				if err != nil || resp.StatusCode != test.want {
					t.Fatalf("%v, %v; want %d", resp, err, test.want)
				}
				if test.want != 200 && time.Since(begin) != 0 {
					t.Errorf("handed back after %v", time.Since(begin))
				}
			})
		})
	}
}

// A caller that has gone is not served again; an answer that is there is its.
func TestContextThatHasEnded(t *testing.T) {
	for _, s := range []step{{status: 429}, {status: 503}, {err: errReset}} {
		for _, hold := range []func(retry.Attempt) time.Duration{nil, func(retry.Attempt) time.Duration { return 0 }} {
			ctx, cancel := context.WithCancel(t.Context())
			b := &base{steps: []step{s, {status: 200}}}
			var told []retry.Attempt
			resp, err := send(ctx, &retry.Transport{Policy: atOnce, Hold: hold,
				Observe: func(a retry.Attempt) { told = append(told, a) },
				Base: roundTripper(func(req *http.Request) (*http.Response, error) {
					cancel()
					return b.RoundTrip(req)
				})}, "GET", "")
			if len(b.begun) != 1 || err != s.err || s.status != 0 && (resp.StatusCode != s.status || b.answer[0].closed) {
				t.Errorf("%+v: %v, %v after %d attempts", s, resp, err, len(b.begun))
			}
			if len(told) != 1 || told[0].Again || told[0].Err != s.err {
				t.Errorf("%+v: told of %+v", s, told)
			}
		}
	}
}

// Each attempt is told once, that of a call too which is over after the first.
func TestEachAttemptIsToldOnce(t *testing.T) {
	for name, test := range map[string]struct {
		steps  []step
		method string
		want   int
	}{
		"success":             {[]step{{status: 200}}, "GET", 1},
		"not found":           {[]step{{status: 404}}, "GET", 1},
		"a redirect":          {[]step{{status: 302}}, "GET", 1},
		"a local refusal":     {[]step{{err: localError{errReset}}}, "GET", 1},
		"broken POST":         {[]step{{err: errReset}}, "POST", 1},
		"503 of a POST":       {[]step{{status: 503}}, "POST", 1},
		"not implemented":     {[]step{{status: 501}}, "GET", 1},
		"429, 503, broken":    {[]step{{status: 429}, {status: 503}, {err: errReset}, {status: 200}}, "GET", 4},
		"too often":           {[]step{{status: 503}}, "GET", 4},
		"refused after a 429": {[]step{{status: 429}, {err: localError{errReset}}}, "GET", 2},
	} {
		t.Run(name, func(t *testing.T) {
			var told []retry.Attempt
			b := &base{steps: test.steps}
			resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: atOnce, Observe: func(a retry.Attempt) { told = append(told, a) }}, test.method, "body")
			if len(told) != test.want || len(b.begun) != test.want {
				t.Fatalf("told of %d attempts, made %d, want %d", len(told), len(b.begun), test.want)
			}
			for i, a := range told {
				if last := i == test.want-1; a.Number != i+1 || a.Again == last || a.Delay != 0 || (a.Response == nil) == (a.Err == nil) {
					t.Errorf("told of %+v", a)
				}
			}
			if last := told[test.want-1]; last.Response != resp || last.Err != err {
				t.Errorf("told of %+v at the end, returned %v, %v", last, resp, err)
			}
		})
	}
}

// backoff gives up after 15 minutes by itself; how long we try is the policy's.
func TestPatiencePastAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := statuses(429)
		resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: retry.Policy{Throttled: 300}}, "GET", "")
		if err != nil || resp.StatusCode != 429 || len(b.begun) != 301 {
			t.Fatalf("%v, %v after %d attempts", resp, err, len(b.begun))
		}
		for i := 10; i < len(b.begun); i++ {
			if d := b.begun[i] - b.begun[i-1]; d < 7500*time.Millisecond || d > 10*time.Second {
				t.Fatalf("waited %v after %v", d, b.begun[i-1])
			}
		}
	})
}

// Who allows any Retry-After waits as long as is asked, and no sum overflows.
func TestRetryAfterWithoutACap(t *testing.T) {
	const forever = time.Duration(math.MaxInt64)
	for header, least := range map[string]time.Duration{
		"86400":                24 * time.Hour,
		"9000000000":           9000000000 * time.Second, // near the largest there is
		"99999999999999999999": forever,
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Hour, cancel)
			b := &base{steps: []step{{status: 429, header: header}, {status: 200}}}
			var told []retry.Attempt
			rt := &retry.Transport{Base: b, Policy: retry.Policy{MaxRetryAfter: forever}, Observe: func(a retry.Attempt) { told = append(told, a) }}
			begin := time.Now()
			resp, err := send(ctx, rt, "GET", "")
			if resp != nil || !errors.Is(err, context.Canceled) || time.Since(begin) != 20*time.Hour || len(b.begun) != 1 {
				t.Errorf("%q: %v, %v after %v and %d attempts", header, resp, err, time.Since(begin), len(b.begun))
			}
			if len(told) != 1 || !told[0].Again || told[0].Delay < least {
				t.Errorf("%q: told of %+v", header, told)
			}
		})
	}
}
