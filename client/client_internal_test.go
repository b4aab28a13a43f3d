package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A server that takes a request and says nothing does not hold a call for ever.
func TestASilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := patient().(*http.Transport)
		base.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			return near, nil
		}
		begin := time.Now()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://acme/", nil)
		if resp, err := base.RoundTrip(req); err == nil || time.Since(begin) != patience {
			t.Errorf("%v, %v after %v", resp, err, time.Since(begin))
		}
	})
}
