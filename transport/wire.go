package transport

import (
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// What the tenant counts is when a request arrives, not when its slot was given. In
// between lies a connection that may have to be made first, and net/http sends a request
// again by itself when a kept connection turns out to be closed or an HTTP/2 stream is
// refused. So the engine puts a hook into each request: it makes the slot count from when
// the connection is there, and takes another slot for each further connection of the same
// RoundTrip.

// A hook follows one attempt on the wire. net/http calls its methods, wroteHeaders also
// from another goroutine and after the attempt has ended.
type hook struct {
	engine *engine
	req    *http.Request
	trace  httptrace.ClientTrace

	slot  atomic.Int64 // the gate.Instant from which the slot counts
	sent  atomic.Int64 // the gate.Instant when the request was written; 0: not yet
	conns atomic.Int32 // connections that were had for it
	over  atomic.Bool
	below atomic.Bool           // there is something below that retries, which needs to know of this one
	err   atomic.Pointer[error] // why there was no slot for a further connection
}

// hooks decides which attempts have a hook. A hook costs nine allocations: little compared with a
// connection, but much for a base without connections, as in a test or a benchmark. So if the
// first hooklessFrom answers of a base showed no connection, only one in hooklessEvery attempts
// has a hook.
type hooks struct{ unheard atomic.Int32 }

const (
	hooklessFrom  = 8
	hooklessEvery = 64
	heard         = -1 // of unheard: the base has connections
)

// on returns a hook and a copy of the request with it, or nil and the request itself.
func (hs *hooks) on(e *engine, c *call, req *http.Request) (*hook, *http.Request) {
	if hs.unheard.Load() >= hooklessFrom && c.waiter.Granted%hooklessEvery != 0 {
		return nil, req
	}
	h := &hook{engine: e, req: req}
	h.slot.Store(int64(c.waiter.Granted))
	h.trace = httptrace.ClientTrace{GotConn: h.gotConn, WroteHeaders: h.wroteHeaders}
	if !largerThan(req, writeBuffer) {
		h.trace.WroteRequest = func(httptrace.WroteRequestInfo) { h.wroteHeaders() }
	}
	inner := contextValues{user: c.user(), flow: c.flow, priority: c.contextValues.priority, above: true} // for a Transport below
	ctx := retry.ContextOnce(inner.in(req.Context()), &h.below)
	return h, req.WithContext(httptrace.WithClientTrace(ctx, &h.trace))
}

// learn notes whether the hook of an answered attempt has seen a connection.
func (hs *hooks) learn(connected bool) {
	switch n := hs.unheard.Load(); {
	case connected && n != heard:
		hs.unheard.Store(heard)
	case !connected && n >= 0 && n < hooklessFrom:
		hs.unheard.Add(1)
	}
}

// gotConn is called when there is a connection, right before the request is written.
func (h *hook) gotConn(info httptrace.GotConnInfo) {
	if h.over.Load() {
		return
	}
	e, now := h.engine, gate.Now()
	first := h.conns.Add(1) == 1
	if e.dryRun || first && h.counts(now) {
		h.sent.Store(int64(now))
		return
	}
	if !first {
		e.sentAgain()
	}
	if err := h.nextSlot(); err != nil {
		// A request that net/http has begun is written also if its context has ended.
		// Without a slot it must not be: of HTTP/1 the connection is its own, and of
		// HTTP/2 net/http looks at the context once more.
		h.err.Store(&err)
		if c, ok := info.Conn.(*tls.Conn); !ok || c.ConnectionState().NegotiatedProtocol != "h2" {
			info.Conn.Close()
		}
	}
}

// counts makes the slot count from now, and reports whether it had not expired.
func (h *hook) counts(now gate.Instant) bool {
	slot := gate.Instant(h.slot.Load())
	if now.Sub(slot) <= h.engine.source.maxSlotAge() {
		return true
	}
	h.engine.queue.Lock()
	defer h.engine.queue.Unlock()
	if !h.engine.source.move(slot, now) {
		return false
	}
	h.slot.Store(int64(now))
	return true
}

// nextSlot waits for another slot. A pause that began meanwhile holds the request back
// too.
func (h *hook) nextSlot() error {
	ctx := h.req.Context()
	for {
		if err := h.engine.paused().Done(ctx, nil); err != nil {
			return err
		}
		slot, err := h.engine.source.next(ctx)
		if err != nil {
			return err
		}
		h.slot.Store(int64(slot))
		if now := gate.Now(); h.counts(now) {
			h.sent.Store(int64(now))
			return nil
		}
	}
}

// wroteHeaders is called when the header has been written, and once more when all of a request
// has that fits net/http's buffer: over HTTP/1 that is only then given to the kernel. On a
// busy machine either may be long after there was a connection.
func (h *hook) wroteHeaders() {
	now := gate.Now()
	if !h.over.Load() {
		h.sent.Store(int64(now))
	}
	if e := h.engine; !e.dryRun && !h.counts(now) {
		e.queue.Lock()
		defer e.queue.Unlock()
		e.source.plan(now) // it was written without a slot: the next one has to wait for it
	}
}

// end is called when the attempt has ended, and returns when its request was written, as
// far as that is known.
func (h *hook) end(began gate.Instant, answered bool) gate.Instant {
	if h == nil {
		return began
	}
	h.over.Store(true)
	sent := gate.Instant(h.sent.Load())
	if answered {
		h.engine.hooks.learn(!sent.IsZero() || h.below.Load())
	}
	if sent.IsZero() {
		return began
	}
	return sent
}

// failed returns why a further connection could not be used, or nil.
func (h *hook) failed() error {
	if h == nil {
		return nil
	}
	if err := h.err.Load(); err != nil {
		return *err
	}
	return nil
}

// sentAgain counts a request that net/http sends again by itself. Its first slot remains used.
func (e *engine) sentAgain() {
	e.queue.Lock()
	defer e.queue.Unlock()
	e.sent++
	e.window.SentAgain(gate.Now())
}

// paused says how long a pause lasts, if there is one.
func (e *engine) paused() gate.Wait {
	e.queue.Lock()
	defer e.queue.Unlock()
	return gate.Wait{AtMost: max(0, e.pause.remaining(gate.Now()))}
}

const (
	// writeBuffer is how many bytes net/http gathers before it gives them to the kernel.
	writeBuffer = 4 << 10

	// expectFrom is from how many bytes of body on a request waits for the server's consent: a
	// second that a server without 100-continue costs is little beside sending it again.
	expectFrom = 1 << 20
)

// largerThan reports whether a request has a body of more than n bytes, or of unknown size:
// -1, or 0 with a body, as net/http sees it.
func largerThan(req *http.Request, n int64) bool {
	return req.Body != nil && req.Body != http.NoBody && (req.ContentLength <= 0 || req.ContentLength > n)
}

// expectContinue returns a copy of the request whose body is sent only after the server's
// consent. Many gateways answer 429 as soon as they have read the header, and close the
// connection: if net/http is still writing the body, it sees a broken connection and not the
// 429.
func expectContinue(req *http.Request) *http.Request {
	if _, set := req.Header["Expect"]; set {
		return req // the caller does not want it
	}
	req = req.WithContext(req.Context())
	req.Header = maps.Clone(req.Header)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Expect", "100-continue")
	return req
}

// silentFor is after what time without an answer a connection may be dead, if the caller's
// own deadline has ended the request: an earlier one says more about the deadline.
const silentFor = 5 * time.Second

// closeSilent closes the idle connections after a request that got no answer: net/http keeps an
// HTTP/2 connection that has died, and sends all further requests into it.
func (e *engine) closeSilent(c *call, err error) {
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() {
		return
	}
	if c.req.Context().Err() == nil || gate.Now().Sub(c.last.Began) >= silentFor {
		closeIdle(e.base)
	}
}
