package aprimotest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// An answer is a response that is complete before its first byte is sent. It is
// an http.ResponseWriter, so that the routes are ordinary handlers.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream io.Reader // a file, instead of the body
	size   int64     // of the body, once finished
	slow   time.Duration
	cut    int64 // if not zero, the connection ends after so many bytes
	fault  bool  // not what was asked for
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// ReadFrom takes a file as the body, which is read as the answer is. So a large
// one is never in memory; it is what http.ServeContent calls.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	a.stream = r
	return 0, nil
}

// finish adds what a server adds to every answer. Date is given here, not left
// to net/http, so that it is the same in process and over a socket.
func (a *answer) finish() {
	a.WriteHeader(http.StatusOK)
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if a.header.Get("Content-Length") == "" {
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	a.size, _ = strconv.ParseInt(a.header.Get("Content-Length"), 10, 64) // set by this package
}

// writeJSON answers with a value of this package, which can always be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(appendJSON(nil, v))
}

// ServeHTTP answers a request over a socket, for the host names of the DAM and
// of Productivity Management: pass the Tenant to httptest.NewServer. Time is real
// then: a request that is queued for six seconds takes six seconds.
//
// It panics with [http.ErrAbortHandler], which closes the connection, on a
// [Fault] that drops it and for a client that has disconnected.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := t.handle(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.finish()
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	flusher := http.NewResponseController(w) // a writer that cannot flush is only less slow
	if a.slow > 0 {
		flusher.Flush() // the header
	}
	body, buffer := a.reader(r.Context()), make([]byte, 32<<10)
	for err == nil {
		var n int
		n, err = body.Read(buffer)
		w.Write(buffer[:n])
		if a.slow > 0 || err != nil && err != io.EOF {
			flusher.Flush() // or nothing of it would be sent
		}
	}
	if err != io.EOF {
		panic(http.ErrAbortHandler)
	}
}

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
		return nil, cmp.Or(ctx.Err(), err)
	}
	a.finish()
	return a.response(req), nil
}

// asReceived returns a request as a server sees it that got it over a socket.
func asReceived(req *http.Request) *http.Request {
	r := req.Clone(req.Context())
	r.Method = cmp.Or(r.Method, http.MethodGet)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header.Set("User-Agent", "Go-http-client/1.1") // as net/http sends it
	}
	r.Host = cmp.Or(r.Host, r.URL.Host)
	r.URL.Path = cmp.Or(r.URL.Path, "/")
	r.Body = cmp.Or(r.Body, io.ReadCloser(http.NoBody))
	r.URL.Fragment = "" // is not sent
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "192.0.2.1:1234" // of RFC 5737, as net/http/httptest has it
	return r
}

// response returns the answer as a client sees it.
func (a *answer) response(req *http.Request) *http.Response {
	resp := &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          http.NoBody,
		ContentLength: a.size,
		Request:       req,
	}
	if resp.ContentLength > 0 && req.Method != http.MethodHead {
		resp.Body = a.reader(req.Context())
	}
	return resp
}

// slowPieces is how many pieces a slow body comes in.
const slowPieces = 10

// A responseBody is the body of an answer as it is sent. As that of net/http it may
// be closed while it is read, and ends with its request's context.
type responseBody struct {
	ctx        context.Context
	start      time.Time // of the body, at the end of the header
	slow       time.Duration
	content    io.Reader
	read, size int64
	end        error // io.EOF, unless a Fault cuts the body

	once   sync.Once
	closed chan struct{}
}

// reader returns the body, without what comes after the cut.
func (a *answer) reader(ctx context.Context) *responseBody {
	b := &responseBody{ctx: ctx, start: time.Now(), slow: a.slow, size: a.size, end: io.EOF, closed: make(chan struct{})}
	b.content = cmp.Or(a.stream, io.Reader(bytes.NewReader(a.body)))
	if a.cut > 0 {
		b.content, b.size, b.end = io.LimitReader(b.content, a.cut), min(b.size, a.cut), io.ErrUnexpectedEOF
	}
	return b
}

func (b *responseBody) Read(p []byte) (int, error) {
	select {
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	default:
	}
	due := b.start
	if b.slow > 0 && b.read < b.size {
		pieces := (slowPieces*(b.read+1) + b.size - 1) / b.size // with the next byte, rounded up
		due = due.Add(b.slow * time.Duration(pieces) / slowPieces)
		p = p[:min(int64(len(p)), pieces*b.size/slowPieces-b.read)]
	}
	if err := pauseUntil(b.ctx, due, b.closed); err != nil {
		return 0, err
	}
	n, err := b.content.Read(p)
	b.read += int64(n)
	if err == io.EOF {
		err = b.end
	}
	return n, err
}

func (b *responseBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}
