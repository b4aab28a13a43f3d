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

// A server that accepts a request and never answers does not block a call forever.
func TestASilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := baseTransport().(*http.Transport)
		base.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			return near, nil
		}
		begin := time.Now()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://acme/", nil)
		if resp, err := base.RoundTrip(req); err == nil || time.Since(begin) != responseTimeout {
			t.Errorf("got %v, %v after %v, want a timeout after %v", resp, err, time.Since(begin), responseTimeout)
		}
	})
}
