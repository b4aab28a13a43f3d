package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	keptBody  = 1 << 20  // bytes up to which a body is kept, to send it again
	headStart = 64 << 10 // bytes that are read of a longer body before its request waits
	keptInAll = 64 << 20 // bytes that are kept of all bodies together
)

// keep reads the body of a request before that waits for its turn: so a slow program holds
// up only itself, one that ends is noticed, and what is kept can be sent again. Of a body
// that is too long, or does not fit into keptInAll, it reads the beginning; the rest
// streams. release must be called when the request is over.
func (p *proxy) keep(r *http.Request) (release func(), err error) {
	var kept []byte
	var rest stream
	release = func() {
		p.kept.Add(-int64(cap(kept)))
		rest.over.Store(true)
	}
	most := keptBody
	if r.ContentLength > keptBody {
		most = headStart
	}
	switch {
	case r.ContentLength == 0:
		return release, nil
	case r.ContentLength > keptBody && r.Header.Get("Expect") != "":
		rest.bodyOf(r, r.Body) // the program sends it when Aprimo wants it
		return release, nil
	}
	kept, whole, err := p.read(r.Body, most)
	if err != nil {
		return release, err
	}
	r.Header.Del("Expect") // has been answered
	if !whole {
		rest.bodyOf(r, io.MultiReader(bytes.NewReader(kept), r.Body))
		return release, nil
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }
	r.Body, _ = r.GetBody()
	r.Header["Expect"] = nil // or the transport would set it if trailers leave the length unknown
	if len(r.Trailer) == 0 { // those can follow chunks only
		r.ContentLength, r.TransferEncoding = int64(len(kept)), nil
	}
	return release, nil
}

// read reads a body, until its end or more than most bytes or more than may be kept in all.
func (p *proxy) read(body io.Reader, most int) (kept []byte, whole bool, err error) {
	for len(kept) <= most {
		if len(kept) == cap(kept) {
			size := min(max(4<<10, 2*cap(kept)), most+1)
			more := int64(size - cap(kept))
			if p.kept.Add(more) > keptInAll {
				p.kept.Add(-more)
				return kept, false, nil
			}
			kept = append(make([]byte, 0, size), kept...)
		}
		n, err := body.Read(kept[len(kept):cap(kept)])
		kept = kept[:len(kept)+n]
		if err == io.EOF {
			return kept, true, nil
		}
		if err != nil {
			return kept, false, err
		}
	}
	return kept, false, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// A stream is a body that is not kept. It can be sent again as long as nothing of it was read:
// Aprimo can answer 429 before it wants the body.
type stream struct {
	io.Reader
	begun atomic.Bool
	over  atomic.Bool // the request; the program's connection is for the next one
}

// bodyOf makes what from reads the body of a request.
func (s *stream) bodyOf(r *http.Request, from io.Reader) {
	s.Reader = from
	r.GetBody = func() (io.ReadCloser, error) {
		if s.begun.Load() {
			return nil, errors.New("a part of it was passed on")
		}
		return &streamBody{stream: s}, nil
	}
	r.Body, _ = r.GetBody()
}

// A streamBody is the body of one attempt. Closing it leaves the stream for the next one.
type streamBody struct {
	*stream
	closed atomic.Bool
}

func (b *streamBody) Read(p []byte) (int, error) {
	if b.closed.Load() || b.over.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	b.begun.Store(true)
	return b.Reader.Read(p)
}

func (b *streamBody) Close() error {
	b.closed.Store(true)
	return nil
}

// piece is how many bytes a program must send in the idleTime.
const piece = 64 << 10

// An idleBody fails when the program sends too slowly. Only the time counts in which
// somebody reads.
type idleBody struct {
	io.ReadCloser
	deadline func(time.Time) error
	got      int // bytes of the present piece
	waited   time.Duration
}

func (b *idleBody) Read(p []byte) (int, error) {
	begin := time.Now()
	b.deadline(begin.Add(idleTimeout - b.waited))
	n, err := b.ReadCloser.Read(p)
	b.waited += time.Since(begin)
	if b.got += n; b.got >= piece {
		b.got, b.waited = 0, 0
	}
	switch err {
	case nil:
	case io.EOF:
		b.deadline(time.Time{}) // from here on net/http reads, to notice when the program disconnects
	default:
		err = &bodyError{err}
	}
	return n, err
}

// A bodyError is why the body of a program could not be read.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

// Retryable says that another attempt would not help.
func (e *bodyError) Retryable() bool { return false }
