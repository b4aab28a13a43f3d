package transport_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A call that is over already is told so, whatever else is in its way.
func TestCancelledCallIsNotToldThatTheQueueIsFull(t *testing.T) {
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
		t.Errorf("%v, %v, body closed %d times", resp, err, body.closed.Load())
	}
}

func TestDryRunOfALimitThatMakesNoSense(t *testing.T) {
	tr := transport.New(quiet, transport.WithDryRun(), transport.WithBase(answers(200)), transport.WithLimiter(transport.NewLimiter(0, 0)))
	if _, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err == nil {
		t.Error("sent without a limit")
	}
}
