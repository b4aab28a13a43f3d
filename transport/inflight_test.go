package transport_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Requests that are never answered take places in the window, but not for ever.
func TestRequestsThatHangDoNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var hang atomic.Int64
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			if hang.Add(1) <= 50 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return answer(req, 200)
		})))
		for range 50 {
			go tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(ctx))
		}
		time.Sleep(5 * time.Minute)
		begin := time.Now()
		resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v; want status 200", resp, err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("waited %v behind requests that hang, want 1 s at most", took)
		}
		if s := tr.Stats(); s.InFlight != 50 {
			t.Errorf("in flight: %d, want 50", s.InFlight)
		}
	})
}
