package transport_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A call that is over already gets that as its error, whatever else would delay it.
func TestCancelledCallGetsItsOwnError(t *testing.T) {
	tr := transport.New(quiet, transport.WithBase(answers(200)), transport.WithMaxQueue(-1),
		transport.WithLimiter(transport.NewLimiter(1, time.Hour)))
	tr.RoundTrip(request(t, http.MethodGet, nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(ctx))
	if !errors.Is(err, context.Canceled) || errors.Is(err, transport.ErrQueueFull) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// A request without a URL is the base's to refuse.
func TestRequestWithoutURL(t *testing.T) {
	body := &countingBody{}
	tr := transport.New(quiet, transport.WithObserver(new(recorder).observe))
	resp, err := tr.RoundTrip(&http.Request{Method: http.MethodPost, Header: http.Header{}, Body: body})
	if resp != nil || err == nil || body.closed.Load() == 0 {
		t.Errorf("%v, %v, body closed %d times, want no response, an error, and the body closed", resp, err, body.closed.Load())
	}
}

func TestDryRunOfALimitThatMakesNoSense(t *testing.T) {
	tr := transport.New(quiet, transport.WithDryRun(), transport.WithBase(answers(200)), transport.WithLimiter(transport.NewLimiter(0, 0)))
	if _, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err == nil {
		t.Error("sent without a limit")
	}
}

// Only the hosts of WithHosts, and those below them, are under the limit.
func TestHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(recorder)
		tr := transport.New(quiet, transport.WithBase(answers(200)), transport.WithHosts("Aprimo.com", "files.example.com", ".dots.example", "*.stars.example", "root.example."),
			transport.WithLimiter(transport.NewLimiter(1, time.Second)), transport.WithObserver(seen.observe))
		for host, limited := range map[string]bool{
			"acme.dam.aprimo.com": true, "ACME.APRIMO.COM:443": true, "aprimo.com": true, "files.example.com": true,
			"acme.aprimo.com.": true, "a.dots.example": true, "dots.example": true, "a.stars.example": true, "root.example": true,
			"notaprimo.com": false, "aprimo.com.example.org": false, "example.com": false, "acme.blob.core.windows.net": false,
		} {
			time.Sleep(time.Minute)
			before, begin := tr.Stats().Sent, time.Now()
			for range 2 {
				req := request(t, http.MethodGet, nil)
				req.URL.Host = host
				if _, err := tr.RoundTrip(req); err != nil {
					t.Fatal(err)
				}
			}
			sent, waited := tr.Stats().Sent-before, time.Since(begin) > 0
			if waited != limited || (sent == 2) != limited {
				t.Errorf("%s: waited %v, %d sent under the limit; want under the limit: %v", host, waited, sent, limited)
			}
		}
		unset := transport.New(quiet, transport.WithBase(answers(200)), transport.WithHosts("", "*"))
		if err := get(t.Context(), unset, ""); err != nil || unset.Stats().Sent != 1 {
			t.Errorf("without a name: got %v, %d sent under the limit; want 1", err, unset.Stats().Sent)
		}
	})
}
