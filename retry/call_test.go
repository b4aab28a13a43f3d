package retry_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// A caller that has gone is not served again; an answer that is there is its.
func TestContextThatHasEnded(t *testing.T) {
	for _, s := range []step{{status: 429}, {status: 503}, {err: errReset}} {
		ctx, cancel := context.WithCancel(t.Context())
		b := &base{steps: []step{s, {status: 200}}}
		o := &observed{policy: atOnce, base: roundTripper(func(req *http.Request) (*http.Response, error) {
			cancel()
			return b.RoundTrip(req)
		})}
		resp, err := send(ctx, o, "GET", "")
		if len(b.begun) != 1 || err != s.err || s.status != 0 && (resp.StatusCode != s.status || b.answer[0].closed) {
			t.Errorf("%+v: got %v, %v after %d attempts; want what the first brought", s, resp, err, len(b.begun))
		}
		if len(o.seen) != 1 || o.seen[0].Again {
			t.Errorf("%+v: decided %+v, want no further attempt", s, o.seen)
		}
	}
}

// Each attempt is judged once, that of a call too which is over after the first.
func TestEachAttemptIsJudgedOnce(t *testing.T) {
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
			b := &base{steps: test.steps}
			o := &observed{base: b, policy: atOnce}
			resp, err := send(t.Context(), o, test.method, "body")
			if len(o.seen) != test.want || len(b.begun) != test.want {
				t.Fatalf("decided %d times, made %d attempts, want %d", len(o.seen), len(b.begun), test.want)
			}
			for i, a := range o.seen {
				if last := i == test.want-1; a.Again == last || a.Delay != 0 || (a.resp == nil) == (a.err == nil) {
					t.Errorf("attempt %d: decided %+v, want Again %v and no delay", i+1, a, !last)
				}
				if throttled := test.steps[min(i, len(test.steps)-1)].status == 429; a.Throttled != throttled {
					t.Errorf("attempt %d: Throttled %v, want %v", i+1, a.Throttled, throttled)
				}
			}
			if last := o.seen[test.want-1]; last.resp != resp || last.err != err {
				t.Errorf("the last attempt brought %v, %v; RoundTrip returned %v, %v", last.resp, last.err, resp, err)
			}
		})
	}
}

// A call that ends while it rests has no response: that of the last attempt is discarded.
func TestACallThatEndsWhileItRests(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "GET", recordsURL, nil)
			call := new(retry.Policy).Call(req)
			call.Judge(call.Send(statuses(503)))
			cancel()
			if err := call.Rest(delay); err != context.Canceled {
				t.Fatalf("a rest of %v: got %v, want %v", delay, err, context.Canceled)
			}
			if resp, err := call.Result(); resp != nil {
				t.Fatalf("a rest of %v: got %v, %v; want no response", delay, resp, err)
			}
			call.Close()
		}
	}
}

// Calls whose servers asked for the same delay do not come back together.
func TestDelaysOfTheServerAreSpreadOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delays := map[time.Duration]bool{}
		for range 20 {
			o := &observed{base: &base{steps: []step{{status: 429, header: "8"}, {status: 200}}}}
			if _, err := send(t.Context(), o, "GET", ""); err != nil {
				t.Fatal(err)
			}
			delays[o.seen[0].Delay.Round(10*time.Millisecond)] = true
		}
		if len(delays) < 10 {
			t.Errorf("got %d different delays of 20 calls, want 10 at least: %v", len(delays), delays)
		}
	})
}

// backoff gives up after 15 minutes by itself; how long we try is the policy's.
func TestPatiencePastAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := statuses(429)
		resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: retry.Policy{Throttled: 300}}, "GET", "")
		if err != nil || resp.StatusCode != 429 || len(b.begun) != 301 {
			t.Fatalf("got %v, %v after %d attempts, want status 429 after 301", resp, err, len(b.begun))
		}
		for i := 10; i < len(b.begun); i++ {
			if d := b.begun[i] - b.begun[i-1]; d < 7500*time.Millisecond || d > 10*time.Second {
				t.Fatalf("waited %v after %v, want 7.5 s to 10 s", d, b.begun[i-1])
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
			o := &observed{base: b, policy: retry.Policy{MaxRetryAfter: forever}}
			begin := time.Now()
			resp, err := send(ctx, o, "GET", "")
			if resp != nil || !errors.Is(err, context.Canceled) || time.Since(begin) != 20*time.Hour || len(b.begun) != 1 {
				t.Errorf("%q: got %v, %v after %v and %d attempts; want context.Canceled after 20 h and 1", header, resp, err, time.Since(begin), len(b.begun))
			}
			if len(o.seen) != 1 || !o.seen[0].Again || o.seen[0].Delay < least {
				t.Errorf("%q: decided %+v, want another attempt after %v at least", header, o.seen, least)
			}
		})
	}
}

// The longest delays that a Policy can name are long, with their jitter too: nothing overflows to
// no delay at all.
func TestTheLongestDelays(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	policy := retry.Policy{MinDelay: longest, MaxDelay: longest}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://h/", nil)
	for range 20 { // the jitter is random
		call := policy.Call(req)
		for attempt := range 3 {
			if d := call.Judge(&http.Response{StatusCode: 429}, nil).Delay; d < longest/4 {
				t.Fatalf("the delay after attempt %d is %v, want a quarter of %v at least", attempt+1, d, longest)
			}
		}
		call.Close()
	}
}
