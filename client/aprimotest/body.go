package aprimotest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxBody is how much of the body of a request is kept. A longer one is read to
// its end all the same.
const maxBody = 1 << 20

// A requestBody is what was read of the body of a request.
type requestBody struct {
	kept []byte    // at most one byte more than maxBody
	part *formPart // of a multipart form; nil if there is none, or not one alone
}

// readBody reads the body before the request waits, as a gateway does. A server
// would not notice otherwise that the client hangs up.
func readBody(r *http.Request) (requestBody, error) {
	if isForm(r) {
		return readForm(r)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(data) > maxBody {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return requestBody{kept: data}, err
}

type partKey struct{}

// partOf returns the part of the multipart form that a request has.
func partOf(r *http.Request) *formPart {
	p, _ := r.Context().Value(partKey{}).(*formPart)
	return p
}

// attach gives the request its body again, from the first byte: it is read by
// each of the functions of the Tenant that wants to.
func (b requestBody) attach(r *http.Request) *http.Request {
	if b.part != nil && partOf(r) == nil {
		*r = *r.WithContext(context.WithValue(r.Context(), partKey{}, b.part))
	}
	r.Body = io.NopCloser(bytes.NewReader(b.kept))
	return r
}

// A responseBody is the body of an answer in process. As that of net/http it may
// be closed while it is read, and ends with its request's context.
type responseBody struct {
	ctx    context.Context
	start  time.Time // of the body, at the end of the header
	chunks []chunk
	stream io.Reader // what comes after the chunks; nil if nothing
	end    error     // io.EOF, unless a Fault cuts the body

	once   sync.Once
	closed chan struct{}
}

func (b *responseBody) Read(p []byte) (int, error) {
	select {
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	default:
	}
	for len(b.chunks) > 0 {
		c := &b.chunks[0]
		if err := b.await(b.start.Add(c.after)); err != nil {
			return 0, err
		}
		if len(c.data) > 0 {
			n := copy(p, c.data)
			c.data = c.data[n:]
			return n, nil
		}
		b.chunks = b.chunks[1:]
	}
	if err := b.ctx.Err(); err != nil || b.stream == nil {
		return 0, cmp.Or(err, b.end)
	}
	n, err := b.stream.Read(p)
	if err == io.EOF {
		err = b.end
	}
	return n, err
}

func (b *responseBody) await(at time.Time) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	d := time.Until(at)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	case <-b.closed:
		return http.ErrBodyReadAfterClose
	}
}

func (b *responseBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func statusLine(status int) string {
	return strconv.Itoa(status) + " " + http.StatusText(status)
}
