package transport

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Timeouts bound how long a server may be silent. A body may take any time while data
// arrives. They need a RoundTripper that respects the context of a request. In each field
// zero means the default and negative means no timeout.
type Timeouts struct {
	// Header is the longest wait for the response's header, from the start of the request or
	// the last read of its body. Zero means 2 minutes: Aprimo queues a request for at most
	// 7 seconds, but some operations take a minute.
	Header time.Duration

	// Idle is the longest wait for the next part of the response's body. Zero means 1 minute.
	Idle time.Duration
}

const (
	defaultHeaderTimeout = 2 * time.Minute
	defaultIdleTimeout   = time.Minute
)

// Over returns a RoundTripper that sends through base, or as [Base] does if base is nil. After a
// timeout the request, or reading its response, fails with an error whose Timeout method returns
// true. The RoundTripper is as safe for concurrent use as base is.
func (t Timeouts) Over(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = unlimited()
	}
	return &bounded{base, cmp.Or(t.Header, defaultHeaderTimeout), cmp.Or(t.Idle, defaultIdleTimeout)}
}

// Base returns the default RoundTripper of New: a copy of http.DefaultTransport that keeps
// enough idle connections for a limit, detects dead HTTP/2 connections and has the default
// [Timeouts]. If the program has replaced http.DefaultTransport, Base adds the Timeouts to the
// replacement; if that is a Transport of this package, to the base of it. So requests through
// Base wait for no limit: use it for requests that serve calls, such as those for tokens.
func Base() http.RoundTripper { return Timeouts{}.Over(nil) }

// unlimited returns what Base sends through.
func unlimited() http.RoundTripper {
	base := http.DefaultTransport
	for {
		switch b := base.(type) {
		case *http.Transport:
			return tuned(b.Clone())
		case *Transport:
			base = b.engine.base
		default:
			return b
		}
	}
}

// defaultBase is what New sends through: Base, but through a Transport that is
// http.DefaultTransport, and so has a limit already, it sends as through any base.
func defaultBase() http.RoundTripper {
	if d, ok := http.DefaultTransport.(*Transport); ok {
		return d
	}
	return Base()
}

// tuned fills in what is not set.
func tuned(t *http.Transport) *http.Transport {
	//lint:ignore SA1019 a program may have set it
	if t.DialContext == nil && t.Dial == nil {
		t.DialContext = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	if t.TLSHandshakeTimeout == 0 {
		t.TLSHandshakeTimeout = 10 * time.Second
	}
	if t.IdleConnTimeout == 0 {
		t.IdleConnTimeout = 90 * time.Second
	}
	if t.ExpectContinueTimeout == 0 {
		t.ExpectContinueTimeout = time.Second
	}
	if t.MaxIdleConnsPerHost == 0 {
		t.MaxIdleConnsPerHost = 100 // as many as may be under way, or each burst makes new ones
	}
	if t.HTTP2 == nil {
		t.HTTP2 = &http.HTTP2Config{}
	}
	t.HTTP2.SendPingTimeout = cmp.Or(t.HTTP2.SendPingTimeout, 30*time.Second)
	t.HTTP2.PingTimeout = cmp.Or(t.HTTP2.PingTimeout, 15*time.Second)
	if t.OnProxyConnectResponse == nil {
		t.OnProxyConnectResponse = connectRefused
	}
	return t
}

// connectRefused returns an error if a proxy refuses to connect to a server. That of net/http is
// only the proxy's text.
func connectRefused(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: proxyError(resp.StatusCode)}
}

// A proxyError is the status with which a proxy refused to connect.
type proxyError int

func (e proxyError) Error() string {
	return fmt.Sprintf("the proxy answered %d %s", int(e), http.StatusText(int(e)))
}

// Retryable tells package retry whether the proxy may answer otherwise the next time.
func (e proxyError) Retryable() bool {
	return e >= 500 || e == http.StatusRequestTimeout || e == http.StatusTooManyRequests
}

// bounded is a RoundTripper with Timeouts.
type bounded struct {
	base         http.RoundTripper
	header, idle time.Duration
}

// CloseIdleConnections passes the call on.
func (b *bounded) CloseIdleConnections() { closeIdle(b.base) }

func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{ctx: ctx, cancel: cancel, after: b.header, what: "no response header"}
	sent := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = &watchedBody{req.Body, w}
	}
	w.start()
	resp, err := b.base.RoundTrip(sent)
	w.end()
	if err != nil {
		err = w.explain(err)
		cancel(nil)
		return resp, err
	}
	if resp.Request == sent {
		resp.Request = req
	}
	if resp.Body == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil // it ends with the request's own context
	}
	resp.Body = &boundedBody{resp.Body, &watch{ctx: ctx, cancel: cancel, after: b.idle, what: "nothing of the response's body"}}
	return resp, nil
}

// boundedBody is a response's body, each Read of which must end in time.
type boundedBody struct {
	io.ReadCloser
	watch *watch
}

func (b *boundedBody) Read(p []byte) (int, error) {
	b.watch.start()
	n, err := b.ReadCloser.Read(p)
	b.watch.stop()
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		err = b.watch.explain(err)
	}
	b.watch.cancel(nil) // not every caller closes a body that it has read
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.watch.cancel(nil)
	return b.ReadCloser.Close()
}

// watchedBody is a request's body: while it is read, the response's header is not due.
type watchedBody struct {
	io.ReadCloser
	watch *watch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.stop()
	defer b.watch.start()
	return b.ReadCloser.Read(p)
}

// A watch cancels a request when its time is over. It may be used from several goroutines.
type watch struct {
	ctx    context.Context // of the request
	cancel context.CancelCauseFunc
	after  time.Duration // 0 or less: never
	what   string        // is missing then

	mu    sync.Mutex
	timer *time.Timer
	ended bool // it does not start any more
}

func (w *watch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.after <= 0 || w.ended:
	case w.timer == nil:
		w.timer = time.AfterFunc(w.after, func() { w.cancel(&timeoutError{w.what, w.after}) })
	default:
		w.timer.Reset(w.after)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.stop()
}

// explain returns the error to return for one of the base.
func (w *watch) explain(err error) error {
	if late, ok := context.Cause(w.ctx).(*timeoutError); ok {
		return late
	}
	return err
}

// A timeoutError is what a request of a RoundTripper with Timeouts ends with.
type timeoutError struct {
	what  string
	after time.Duration
}

func (e *timeoutError) Error() string { return fmt.Sprintf("transport: %s within %v", e.what, e.after) }

// Timeout tells net/http, and users of net.Error, that time ran out.
func (e *timeoutError) Timeout() bool { return true }

// Temporary completes net.Error.
func (e *timeoutError) Temporary() bool { return true }

func closeIdle(base http.RoundTripper) {
	if base, ok := base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}
