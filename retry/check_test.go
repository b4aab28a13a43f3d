package retry_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aprimo-go/aprimo/retry"
)

// A Check decides, but a request that may have been processed is never repeated, and the
// budgets hold.
func TestCheck(t *testing.T) {
	never := func(context.Context, *http.Response, error) (bool, error) { return false, nil }
	always := func(context.Context, *http.Response, error) (bool, error) { return true, errors.New("ignored") }
	for name, test := range map[string]struct {
		check  retryablehttp.CheckRetry
		method string
		step   step
		want   int // attempts
	}{
		"no, of a 429":       {never, "GET", step{status: 429}, 1},
		"no, of a 503":       {never, "GET", step{status: 503}, 1},
		"no, of an error":    {never, "GET", step{err: errReset}, 1},
		"yes, of a 404":      {always, "GET", step{status: 404}, 4},
		"yes, of a 200":      {always, "GET", step{status: 200}, 4},
		"yes, of an error":   {always, "GET", step{err: errReset}, 4},
		"yes, POST 429":      {always, "POST", step{status: 429}, 21},
		"yes, POST 503":      {always, "POST", step{status: 503}, 1},
		"yes, POST error":    {always, "POST", step{err: errReset}, 1},
		"yes, local refusal": {always, "GET", step{err: localError{errReset}}, 1},
		"theirs, 404":        {retryablehttp.ErrorPropagatedRetryPolicy, "GET", step{status: 404}, 1},
		"theirs, 503":        {retryablehttp.ErrorPropagatedRetryPolicy, "GET", step{status: 503}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			b := &base{steps: []step{test.step}}
			p := atOnce
			p.Check = test.check
			resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: p}, test.method, "body")
			if len(b.begun) != test.want {
				t.Errorf("made %d attempts, want %d", len(b.begun), test.want)
			}
			if err != test.step.err || err == nil && resp.StatusCode != test.step.status {
				t.Errorf("got %v, %v; want the base's last answer", resp, err)
			}
		})
	}
}

// Policies in use look into an *url.Error, which is what an http.Client returns.
func TestCheckGetsWhatAnHTTPClientReturns(t *testing.T) {
	var got error
	p := atOnce
	p.Check = func(_ context.Context, _ *http.Response, err error) (bool, error) { got = err; return false, nil }
	send(t.Context(), &retry.Transport{Base: &base{steps: []step{{err: errReset}}}, Policy: p}, "GET", "")
	var u *url.Error
	if !errors.As(got, &u) || !errors.Is(got, errReset) {
		t.Errorf("Check got %v (%T), want an *url.Error around the base's", got, got)
	}
}
