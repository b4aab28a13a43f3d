package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// An actor is one strand of a process, with random numbers of its own. Each call
// is one.
type actor struct{ name, process, call string }

type actorKey struct{}

func withActor(ctx context.Context, a actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

func actorOf(ctx context.Context) actor {
	a, _ := ctx.Value(actorKey{}).(actor)
	return a
}

// A wire brings the requests of a process to the tenant, and its answers back.
type wire struct {
	w      *world
	p      *process
	tokens bool // of the token endpoint: does not count
}

var (
	errReset  = errors.New("sim: connection reset by peer")
	errKilled = errors.New("sim: this process was killed")
)

func (x wire) RoundTrip(req *http.Request) (*http.Response, error) {
	a := actorOf(req.Context())
	if a.name == "" {
		a = actor{name: x.p.name + " " + req.Method + " " + req.URL.Path, process: x.p.name}
		req = req.WithContext(withActor(req.Context(), a))
	}
	resp, err := x.send(req, a)
	if x.p.dead.Load() {
		if resp != nil {
			resp.Body.Close()
		}
		return nil, errKilled
	}
	kind := "answer"
	if x.tokens {
		kind = "token"
	}
	e := event{Kind: kind, Process: x.p.name, Call: a.call, Err: err}
	if resp != nil {
		e.Status = resp.StatusCode
		resp.Body = x.p.body(resp.Body)
	}
	x.w.happened(e)
	return resp, err
}

// send does what a network does: it loses, delays and damages.
func (x wire) send(req *http.Request, a actor) (*http.Response, error) {
	w, p, ctx := x.w, x.p, req.Context()
	defer closeBody(req)
	if !x.tokens {
		w.happened(event{Kind: "enter", Process: p.name, Call: a.call})
	}
	if !w.cross(ctx, p, a.name) {
		return nil, cause(ctx)
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.GotConn != nil {
		conn := new(connection)
		trace.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: true})
		if conn.closed || ctx.Err() != nil || p.dead.Load() {
			return nil, cause(ctx)
		}
	}
	switch {
	case w.hit("http cut", p.name, a.name):
		if !x.tokens {
			w.happened(event{Kind: "cut", Process: p.name, Call: a.call})
		}
		return nil, errNoNetwork
	case x.tokens:
		if w.hit("token refused", p.name, a.name) {
			return answer(req, http.StatusBadRequest, `{"error":"invalid_client"}`), nil
		}
	default:
		w.happened(event{Kind: "send", Process: p.name, Call: a.call, Text: req.Method + " " + req.URL.Path})
		if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.WroteHeaders != nil {
			trace.WroteHeaders()
		}
	}
	return x.receive(req, a)
}

// receive returns what becomes of a request that was sent.
func (x wire) receive(req *http.Request, a actor) (resp *http.Response, err error) {
	w, p, ctx := x.w, x.p, req.Context()
	if f := w.fault("http silence", p.name); f != nil && w.hit("http silence", p.name, a.name) {
		wait(ctx, time.Until(f.ended))
		w.cross(ctx, p, a.name)
		return nil, errors.Join(errReset, ctx.Err())
	}
	switch {
	case x.tokens:
		resp, err = w.tenant.Transport().RoundTrip(req)
	case w.hit("tenant 429", p.name, a.name):
		resp = answer(req, http.StatusTooManyRequests, "<html>Too Many Requests</html>")
	case w.hit("tenant 429 soon", p.name, a.name):
		resp = answer(req, http.StatusTooManyRequests, "")
		resp.Header.Set("Retry-After", "2")
	case w.hit("token rejected", p.name, a.name):
		resp = answer(req, http.StatusUnauthorized, "")
	default:
		resp, err = w.tenant.Transport().RoundTrip(req)
	}
	if w.hit("http lag", p.name, a.name) {
		var d time.Duration
		w.draw(a.name, func(r *rand.Rand) { d = time.Duration(r.Int64N(int64(3 * time.Second))) })
		wait(ctx, d)
	}
	if ok := w.cross(ctx, p, a.name); err == nil && (!ok || w.hit("http no answer", p.name, a.name)) {
		resp.Body.Close()
		return nil, errors.Join(errReset, ctx.Err())
	}
	return resp, err
}

// A connection is what package transport closes if a request must not be written to it.
type connection struct {
	net.Conn
	closed bool
}

func (c *connection) Close() error { c.closed = true; return nil }

func cause(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errReset
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

func answer(req *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: req,
	}
}

// A countedBody knows whether it was closed.
type countedBody struct {
	io.ReadCloser
	open *atomic.Int64
	shut atomic.Bool
}

func (p *process) body(b io.ReadCloser) io.ReadCloser {
	p.bodies.Add(1)
	return &countedBody{ReadCloser: b, open: &p.bodies}
}

func (b *countedBody) Close() error {
	if !b.shut.Swap(true) {
		b.open.Add(-1)
	}
	return b.ReadCloser.Close()
}

// hook is the webhook's side.
type hook struct {
	w *world
	p *process
}

func (h hook) RoundTrip(req *http.Request) (*http.Response, error) {
	defer closeBody(req)
	w, p, name := h.w, h.p, h.p.name+" hook"
	data, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if w.fault("hook slow", p.name) != nil && !wait(req.Context(), 20*time.Second) {
		return nil, req.Context().Err()
	}
	if !w.cross(req.Context(), p, name) {
		return nil, cause(req.Context())
	}
	status := http.StatusOK
	if w.hit("hook refused", p.name, name) {
		status = http.StatusServiceUnavailable
	}
	w.leaves("webhook", string(data))
	w.happened(event{Kind: "hook", Process: p.name, Status: status, Text: alertName(string(data))})
	return answer(req, status, ""), nil
}
