package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/transport"
)

// This file counts what arrives at a server, over net/http's own client and server with
// TLS, on connections that take time: all in memory and in virtual time.

// A line is one direction of a connection: what is written arrives a time later.
type line struct {
	delay time.Duration
	mu    sync.Mutex
	sent  []packet
	ready chan struct{} // closed when there is something to read
	shut  bool
}

type packet struct {
	at   time.Time
	data []byte
}

func newLine(delay time.Duration) *line { return &line{delay: delay, ready: make(chan struct{})} }

func (l *line) write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return 0, net.ErrClosed
	}
	l.sent = append(l.sent, packet{time.Now().Add(l.delay), append([]byte(nil), p...)})
	if len(l.sent) == 1 {
		close(l.ready)
	}
	return len(p), nil
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.shut {
		l.shut = true
		if len(l.sent) == 0 {
			close(l.ready)
		}
		l.sent = append(l.sent, packet{at: time.Now().Add(l.delay)}) // the end
	}
}

// read waits until deadline for something to arrive.
func (l *line) read(p []byte, deadline <-chan struct{}) (int, error) {
	for {
		l.mu.Lock()
		if len(l.sent) == 0 {
			ready := l.ready
			l.mu.Unlock()
			select {
			case <-ready:
				continue
			case <-deadline:
				return 0, context.DeadlineExceeded
			}
		}
		first := &l.sent[0]
		if wait := time.Until(first.at); wait > 0 {
			l.mu.Unlock()
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
				continue
			case <-deadline:
				timer.Stop()
				return 0, context.DeadlineExceeded
			}
		}
		defer l.mu.Unlock()
		if first.data == nil {
			return 0, io.EOF
		}
		n := copy(p, first.data)
		if first.data = first.data[n:]; len(first.data) == 0 {
			if l.sent = l.sent[1:]; len(l.sent) == 0 {
				l.ready = make(chan struct{})
			}
		}
		return n, nil
	}
}

// A wireConn is one end of a connection.
type wireConn struct {
	in, out *line
	mu      sync.Mutex
	expired chan struct{}
	timer   *time.Timer
}

func newWireConn(in, out *line) *wireConn {
	return &wireConn{in: in, out: out, expired: make(chan struct{})}
}

func (c *wireConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	expired := c.expired
	c.mu.Unlock()
	n, err := c.in.read(p, expired)
	if err == context.DeadlineExceeded {
		err = timeoutError{}
	}
	return n, err
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func (c *wireConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *wireConn) Close() error {
	c.out.close()
	c.in.close()
	return nil
}
func (c *wireConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c *wireConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

func (c *wireConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline reaches a Read that is under way too.
func (c *wireConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil && !c.timer.Stop() {
		<-c.expired // the timer has fired, and closes it
	}
	c.timer = nil
	select {
	case <-c.expired:
		c.expired = make(chan struct{})
	default:
	}
	if expired, left := c.expired, time.Until(t); t.IsZero() {
		return nil
	} else if left <= 0 {
		close(expired)
	} else {
		c.timer = time.AfterFunc(left, func() { close(expired) })
	}
	return nil
}
func (c *wireConn) SetWriteDeadline(time.Time) error { return nil }

// A network is a listener whose connections have a round-trip time.
type network struct {
	roundTrip time.Duration
	accept    chan net.Conn
	closed    chan struct{}
	once      sync.Once
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.accept:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { n.once.Do(func() { close(n.closed) }); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// dial takes a round trip, as TCP does.
func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	there, back := newLine(n.roundTrip/2), newLine(n.roundTrip/2)
	time.Sleep(n.roundTrip)
	select {
	case n.accept <- newWireConn(there, back):
		return newWireConn(back, there), nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A remote is a server at the end of a network, which notes when requests arrive.
type remote struct {
	network *network
	server  *http.Server
	base    *http.Transport
	mu      sync.Mutex
	arrived []time.Time
}

// wireCertificate has the certificate of httptest's servers. It opens a socket, so it is
// first called outside of a bubble.
var wireCertificate = sync.OnceValue(func() *tls.Config {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return s.TLS
})

func newRemote(t *testing.T, roundTrip time.Duration, h2 bool, handler http.HandlerFunc) *remote {
	r := &remote{network: &network{roundTrip: roundTrip, accept: make(chan net.Conn), closed: make(chan struct{})}}
	roots := x509.NewCertPool()
	certificate, _ := x509.ParseCertificate(wireCertificate().Certificates[0].Certificate[0])
	roots.AddCert(certificate)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2)
	r.server = &http.Server{
		Protocols: protocols,
		ErrorLog:  log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{wireCertificate().Certificates[0]}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.mu.Lock()
			r.arrived = append(r.arrived, time.Now())
			r.mu.Unlock()
			handler(w, req)
		}),
	}
	r.base = &http.Transport{
		DialContext: r.network.dial, Protocols: protocols, MaxIdleConnsPerHost: 100,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
	}
	go r.server.ServeTLS(r.network, "", "")
	return r
}

func (r *remote) close() {
	r.base.CloseIdleConnections()
	r.server.Close()
	time.Sleep(time.Second) // until all ends have heard of it
}

// most returns how many requests arrived at most in any second.
func (r *remote) most() (most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sort.Slice(r.arrived, func(i, j int) bool { return r.arrived[i].Before(r.arrived[j]) })
	for i, first := range r.arrived {
		n := sort.Search(len(r.arrived), func(k int) bool { return !r.arrived[k].Before(first.Add(time.Second)) })
		most = max(most, n-i)
	}
	return most
}

func (r *remote) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived)
}

func fetch(t *testing.T, n int, tr http.RoundTripper) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			resp, err := (&http.Client{Transport: tr}).Get("https://example.com/api/core/records")
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("status %d, want 200", resp.StatusCode)
			}
		})
	}
	wg.Wait()
}

func wireCases(t *testing.T, f func(t *testing.T, roundTrip time.Duration, h2 bool)) {
	wireCertificate()
	for _, roundTrip := range []time.Duration{5 * ms, 20 * ms, 120 * ms} {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, HTTP/2 %v", roundTrip, h2), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { f(t, roundTrip, h2) })
			})
		}
	}
}

// Connections that have to be made first take longer for some requests than for others.
// What counts is when they arrive.
func TestLimitOnTheWireWithColdConnections(t *testing.T) {
	wireCases(t, func(t *testing.T, roundTrip time.Duration, h2 bool) {
		r := newRemote(t, roundTrip, h2, func(http.ResponseWriter, *http.Request) {})
		defer r.close()
		tr := transport.New(transport.WithBase(r.base), quiet)
		begin := time.Now()
		fetch(t, 60, tr)
		if n, took := r.most(), time.Since(begin); n > 15 || took > 5*time.Second {
			t.Errorf("%d arrived in a second, all after %v; want 15 at most, and less than 5 s", n, took)
		}
		for range 2 { // again after an idle time, warm and cold
			time.Sleep(3 * time.Second)
			fetch(t, 30, tr)
			r.base.CloseIdleConnections()
		}
		if n := r.most(); n > 15 || r.count() != 120 {
			t.Errorf("%d of %d arrived in a second, want 15 of 120 at most", n, r.count())
		}
	})
}

// A server may close a kept connection as the next request comes: net/http sends it again
// by itself.
func TestLimitOnTheWireWithConnectionsThatAreClosed(t *testing.T) {
	wireCases(t, func(t *testing.T, roundTrip time.Duration, h2 bool) {
		var served atomic.Int64
		r := newRemote(t, roundTrip, h2, func(http.ResponseWriter, *http.Request) {
			if n := served.Add(1); n > 15 && n%2 == 0 && !h2 {
				panic(http.ErrAbortHandler) // closes the connection without an answer
			}
		})
		defer r.close()
		tr := transport.New(transport.WithBase(r.base), quiet)
		fetch(t, 15, tr)
		time.Sleep(2 * time.Second)
		fetch(t, 45, tr)
		if n := r.most(); n > 15 {
			t.Errorf("%d arrived in a second, want 15 at most", n)
		}
		if sent := tr.Stats().Sent; sent != uint64(r.count()) {
			t.Errorf("Stats say %d sent, %d arrived, want the same", sent, r.count())
		}
	})
}

// A server may refuse an HTTP/2 stream: net/http sends the request again by itself.
func TestLimitOnTheWireWithRefusedStreams(t *testing.T) {
	wireCertificate()
	for _, roundTrip := range []time.Duration{5 * ms, 20 * ms, 120 * ms} {
		synctest.Test(t, func(t *testing.T) {
			r := newRemote(t, roundTrip, true, nil)
			r.server.Close()
			r.network = &network{roundTrip: roundTrip, accept: make(chan net.Conn), closed: make(chan struct{})}
			r.base.DialContext = r.network.dial
			go r.refuseStreams()
			tr := transport.New(transport.WithBase(r.base), quiet)
			fetch(t, 60, tr)
			if n := r.most(); n > 15 || r.count() < 90 {
				t.Errorf("%v: %d of %d arrived in a second, want 15 at most, and each second one refused", roundTrip, n, r.count())
			}
			if sent := tr.Stats().Sent; sent != uint64(r.count()) {
				t.Errorf("%v: Stats say %d sent, %d arrived, want the same", roundTrip, sent, r.count())
			}
			r.base.CloseIdleConnections()
			r.network.Close()
			time.Sleep(time.Second)
		})
	}
}

// refuseStreams serves HTTP/2, and refuses each second stream.
func (r *remote) refuseStreams() {
	config := wireCertificate().Clone()
	config.NextProtos = []string{"h2"}
	for {
		conn, err := r.network.Accept()
		if err != nil {
			return
		}
		go r.refuseStreamsOf(tls.Server(conn, config))
	}
}

func (r *remote) refuseStreamsOf(conn net.Conn) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(conn, conn)
	f.WriteSettings()
	var header bytes.Buffer
	hpack.NewEncoder(&header).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			f.WritePing(true, frame.Data)
		case *http2.HeadersFrame:
			r.mu.Lock()
			r.arrived = append(r.arrived, time.Now())
			refuse := len(r.arrived)%2 == 0
			r.mu.Unlock()
			if refuse {
				f.WriteRSTStream(frame.StreamID, http2.ErrCodeRefusedStream)
			} else {
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: frame.StreamID, BlockFragment: header.Bytes(), EndHeaders: true, EndStream: true})
			}
		}
	}
}

// A limit that is lowered and raised again forgets nothing.
func TestLimitOnTheWireWhileItChanges(t *testing.T) {
	wireCases(t, func(t *testing.T, roundTrip time.Duration, h2 bool) {
		r := newRemote(t, roundTrip, h2, func(http.ResponseWriter, *http.Request) {})
		defer r.close()
		tr := transport.New(transport.WithBase(r.base), quiet)
		fetch(t, 15, tr)
		tr.SetLimit(1, time.Second)
		tr.SetLimit(15, time.Second)
		fetch(t, 14, tr)
		if n := r.most(); n > 15 {
			t.Errorf("%d arrived in a second, want 15 at most", n)
		}
	})
}

// A raise reaches those who wait already.
func TestRaisedLimitWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithLimiter(transport.NewLimiter(1, time.Hour)))
		get(t.Context(), tr, "")
		time.AfterFunc(time.Second, func() { tr.SetLimit(100, time.Second) })
		begin := time.Now()
		if err := get(t.Context(), tr, ""); err != nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %v, want a slot when the limit was raised, after 1 s", err, time.Since(begin))
		}
	})
}

// A call that is cancelled while it waits for another slot, on a connection that it has
// already, is not written.
func TestCancelledCallIsNotWritten(t *testing.T) {
	wireCases(t, func(t *testing.T, roundTrip time.Duration, h2 bool) {
		r := newRemote(t, roundTrip, h2, func(http.ResponseWriter, *http.Request) {})
		defer r.close()
		dial := r.base.DialContext
		r.base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			time.Sleep(2 * time.Second) // until then the slot is given to another
			return dial(ctx, network, address)
		}
		tr := transport.New(transport.WithBase(r.base), quiet, transport.WithWindow(-1), transport.WithLimiter(transport.NewLimiter(1, time.Second)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			})
		}
		time.Sleep(2500 * ms)
		cancel()
		wg.Wait()
		time.Sleep(5 * time.Second)
		if n := r.count(); n > 1 {
			t.Errorf("%d arrived, want 1 at most: the others were cancelled while they waited", n)
		}
		if s := tr.Stats(); s.InFlight != 0 || s.Queued != 0 {
			t.Errorf("left over: %+v, want none queued or in flight", s)
		}
	})
}

// Beside a Limiter of somebody else's the hook waits for nothing the first time.
func TestOtherLimiterOverColdConnections(t *testing.T) {
	wireCases(t, func(t *testing.T, roundTrip time.Duration, h2 bool) {
		r := newRemote(t, roundTrip, h2, func(http.ResponseWriter, *http.Request) {})
		defer r.close()
		tr := transport.New(transport.WithBase(r.base), quiet, transport.WithLimiter(rate.NewLimiter(15, 15)))
		begin := time.Now()
		fetch(t, 15, tr)
		if took := time.Since(begin); took > 6*roundTrip+50*ms {
			t.Errorf("15 of a burst of 15 took %v, want a handshake and a round trip", took)
		}
	})
}
