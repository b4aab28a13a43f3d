package aprimotest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Transport returns an http.RoundTripper that passes requests to the tenant
// without a socket, whatever their host. It leaves no goroutine behind and waits
// only with timers, so in a bubble of testing/synctest hours take milliseconds. A
// Tenant belongs to the bubble of its first request.
//
// As with an http.Transport, a request's context ends it at any point, also while
// its body is read; what was not read before is lost.
func (t *Tenant) Transport() http.RoundTripper { return inProcess{t} }

type inProcess struct{ tenant *Tenant }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Body != nil && req.Body != http.NoBody {
		// A body may block when it is read, as a pipe does. Closing it is the
		// only way to end that.
		closeBody := sync.OnceFunc(func() { req.Body.Close() })
		defer closeBody()
		defer context.AfterFunc(ctx, closeBody)()
	}
	if req.URL == nil || req.URL.Host == "" {
		return nil, errors.New("aprimotest: no host in request URL")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := p.tenant.handle(asReceived(req))
	if err != nil {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return nil, ctxErr
		}
		return nil, err
	}
	a.finish()
	return a.response(req), nil
}

// asReceived returns a request as a server sees it that got it over a socket.
func asReceived(req *http.Request) *http.Request {
	r := req.Clone(req.Context())
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header.Set("User-Agent", "Go-http-client/1.1") // as net/http sends it
	}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.URL.Fragment = "" // is not sent
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "192.0.2.1:1234" // of RFC 5737, as net/http/httptest has it
	return r
}

// response returns the answer as a client sees it.
func (a *answer) response(req *http.Request) *http.Response {
	length, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = int64(len(a.body))
	}
	resp := &http.Response{
		Status:        statusLine(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          http.NoBody,
		ContentLength: length,
		Request:       req,
	}
	if length > 0 && req.Method != http.MethodHead {
		end := a.truncate()
		resp.Body = &responseBody{
			ctx: req.Context(), closed: make(chan struct{}), start: time.Now(), chunks: a.chunks(), stream: a.stream, end: end,
		}
	}
	return resp
}
