package bench

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkRetried429 counts the connections that 100 calls open, one after the other,
// and the goroutines that they leave. Each call gets a 429 with a body of 64 KiB and then
// a 200, over real connections. One connection and no goroutine are ideal.
func BenchmarkRetried429(b *testing.B) {
	for _, s := range []stack{byHand, retryableHTTP, failsafeHTTP, ours} {
		b.Run(s.name, func(b *testing.B) {
			var conns, goroutines int64
			for range b.N {
				c, g := leftovers(b, s)
				conns, goroutines = conns+c, goroutines+g
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(conns)/float64(b.N), "conns")
			b.ReportMetric(float64(goroutines)/float64(b.N), "goroutines")
		})
	}
}

func leftovers(b *testing.B, s stack) (opened, goroutines int64) {
	before := int64(runtime.NumGoroutine())
	server, conns := newServer()
	wire := &http.Transport{}
	rt := s.over(wire, limit{})
	serving := int64(runtime.NumGoroutine()) - before
	for range 100 {
		mustSucceed(b, rt, get(b, b.Context(), server.URL))
	}
	wire.CloseIdleConnections() // they are not leaks
	goroutines = settled(func() int64 {
		// The server has a goroutine for each open connection.
		return int64(runtime.NumGoroutine()) - before - serving - conns.open.Load()
	})
	server.CloseClientConnections()
	server.Close()
	return conns.opened.Load(), goroutines
}

type connCount struct{ opened, open atomic.Int64 }

func newServer() (*httptest.Server, *connCount) {
	var (
		body  = make([]byte, 64<<10)
		calls atomic.Int64
		conns connCount
	)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1)%2 == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write(body)
		}
	}))
	server.Config.ConnState = conns.count
	server.Start()
	return server, &conns
}

func (c *connCount) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.opened.Add(1)
		c.open.Add(1)
	case http.StateClosed:
		c.open.Add(-1)
	}
}

// settled returns a number that falls, once it has stopped falling.
func settled(number func() int64) int64 {
	n := number()
	for quiet := 0; quiet < 10; quiet++ {
		time.Sleep(10 * time.Millisecond)
		if now := number(); now != n {
			n, quiet = now, 0
		}
	}
	return n
}
