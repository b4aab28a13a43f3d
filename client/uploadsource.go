package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"mime/multipart"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A part is the piece of a file that is sent in one request.
type part struct {
	index int
	size  int64
	open  func() io.Reader // reads it from its start
	free  func()           // called when it is no longer read; may be nil

	// unchanged returns an error if the source has changed since the upload began; may
	// be nil.
	unchanged func() error
}

// A source is a file or another source of known size.
type source struct {
	r         io.ReaderAt
	size      int64
	modified  time.Time    // of a file; zero for other sources
	unchanged func() error // may be nil
}

type statter interface{ Stat() (fs.FileInfo, error) }

// fileInfo returns nil unless r is a regular file.
func fileInfo(r any) fs.FileInfo {
	f, ok := r.(statter)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return info
}

// watch returns a function that returns an error if a regular file has changed since, by its
// size or time: if somebody writes to a file during its upload, the parts do not fit together.
// It is nil for another reader.
func watch(r any) (unchanged func() error) {
	info := fileInfo(r)
	if info == nil {
		return nil
	}
	return func() error {
		now, err := r.(statter).Stat()
		if err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		if now.Size() == info.Size() && now.ModTime().Equal(info.ModTime()) {
			return nil
		}
		return fmt.Errorf("the file changed while it was uploaded: it had %d bytes, modified at %v, and has %d, modified at %v: upload it again when it is no longer written to",
			info.Size(), info.ModTime(), now.Size(), now.ModTime())
	}
}

// sections returns the parts of a source that have not been uploaded.
func sections(src source, state *UploadState) iter.Seq2[part, error] {
	done := slices.Clone(state.Done)
	return func(yield func(part, error) bool) {
		for i := range state.segments() {
			if _, found := slices.BinarySearch(done, i); found {
				continue
			}
			from, size := int64(i)*state.SegmentSize, state.length(i)
			p := part{index: i, size: size, unchanged: src.unchanged, open: func() io.Reader { return io.NewSectionReader(src.r, from, size) }}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// stream returns the parts of a reader. first holds its first part, and r is at the
// second. It reads the next part when one of parallel buffers is free.
func stream(r io.Reader, first []byte, parallel int) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		buffers := make(chan []byte, parallel)
		for range parallel - 1 {
			buffers <- nil // allocated when needed
		}
		buffer, n, end := first, len(first), false
		for i := 0; ; i++ {
			data, whole := buffer[:n], buffer
			p := part{
				index: i, size: int64(n),
				open: func() io.Reader { return bytes.NewReader(data) },
				free: func() { buffers <- whole },
			}
			if !yield(p, nil) || end {
				return
			}
			if buffer = <-buffers; buffer == nil {
				buffer = make([]byte, len(first))
			}
			var err error
			n, end, err = fill(r, buffer)
			if err != nil {
				yield(part{}, fmt.Errorf("reading segment %d of the source: %w", i+1, err))
				return
			}
			if n == 0 {
				return
			}
		}
	}
}

// maxEmptyReads is how many times in a row a source may return neither bytes nor an error, as in
// bufio.
const maxEmptyReads = 100

// fill reads until p is full or the source ends. io.ReadFull would not tell the end from an
// io.ErrUnexpectedEOF of the source, such as of a response that broke off, and would not return if
// the source always returns nothing.
func fill(r io.Reader, p []byte) (n int, end bool, err error) {
	for empty := 0; n < len(p) && empty < maxEmptyReads; empty++ {
		m, err := r.Read(p[n:])
		if m > 0 {
			n, empty = n+m, 0
		}
		if err != nil {
			if err == io.EOF {
				return n, true, nil
			}
			return n, false, err
		}
	}
	if n < len(p) {
		return n, false, io.ErrNoProgress
	}
	return n, false, nil
}

// payload returns a request body that consists of prefix, the part and suffix, and a
// function that ends its reading and returns the error of the source, if any: net/http may
// still read and close a body after it has returned the response, and others never close it.
func (p part) payload(contentType string, prefix, suffix []byte) (*payload, func(context.Context) error) {
	l := &lease{idle: make(chan struct{})}
	open := func() (io.ReadCloser, error) {
		content := &exactReader{r: p.open(), left: p.size, unchanged: p.unchanged}
		body := io.MultiReader(bytes.NewReader(prefix), content, bytes.NewReader(suffix))
		return &leasedBody{r: body, lease: l}, nil
	}
	size := int64(len(prefix)) + p.size + int64(len(suffix))
	return &payload{contentType, size, open}, l.end
}

// form returns a request body that is a form with the part as its only field.
func (p part) form(field, fileName string) (*payload, func(context.Context) error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	form.CreateFormFile(field, fileName) // writing to a bytes.Buffer cannot fail
	n := b.Len()
	form.Close()
	return p.payload(form.FormDataContentType(), b.Bytes()[:n], b.Bytes()[n:])
}

// A lease allows bodies to read a source, until it ends.
type lease struct {
	mu      sync.Mutex
	ended   bool
	reading int           // Reads in progress
	err     error         // of the source
	idle    chan struct{} // closed when the lease has ended and no Read is in progress
}

// end makes all further Reads fail and waits for those in progress, or until the context
// ends: a source may block for ever. It returns the first error of the source, which explains
// more than what became of the request.
func (l *lease) end(ctx context.Context) error {
	l.mu.Lock()
	l.ended = true
	if l.reading == 0 {
		close(l.idle)
	}
	l.mu.Unlock()
	select {
	case <-l.idle:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *lease) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return sourceError{errors.New("the upload has ended")}
	}
	l.reading++
	return nil
}

func (l *lease) done(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil && errors.As(err, new(sourceError)) {
		l.err = err
	}
	if l.reading--; l.ended && l.reading == 0 {
		close(l.idle)
	}
}

// A leasedBody is a request body that reads under a lease.
type leasedBody struct {
	r      io.Reader
	lease  *lease
	closed atomic.Bool
}

func (b *leasedBody) Read(p []byte) (n int, err error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if err := b.lease.begin(); err != nil {
		return 0, err
	}
	err = sourceError{errors.New("the source ended its goroutine")}
	defer func() {
		if v := recover(); v != nil { // on a goroutine of net/http's
			err = sourceError{fmt.Errorf("the source panicked: %s", clean(fmt.Sprint(v)))}
		}
		b.lease.done(err)
	}()
	n, err = b.r.Read(p)
	return n, err
}

func (b *leasedBody) Close() error {
	b.closed.Store(true)
	return nil
}

// An exactReader reports a source that ends early, or has changed, as an error that is not
// retried.
type exactReader struct {
	r         io.Reader
	left      int64
	unchanged func() error // may be nil
}

func (e *exactReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && e.left > 0:
		return n, sourceError{fmt.Errorf("the source ended %d bytes early", e.left)}
	case err != nil && !errors.Is(err, io.EOF):
		return n, sourceError{fmt.Errorf("reading the source: %w", err)}
	}
	if n > 0 && e.left == 0 && e.unchanged != nil { // before the server has all of it
		if err := e.unchanged(); err != nil {
			return 0, sourceError{err}
		}
	}
	return n, err
}

// A sourceError is an error of the source, which a retry does not remedy.
type sourceError struct{ error }

func (sourceError) Retryable() bool { return false }
func (e sourceError) Unwrap() error { return e.error }

// checkSize returns an error unless the source has exactly its size.
func (s source) checkSize() error {
	if s.size < 0 {
		return fmt.Errorf("the size is negative: %d bytes", s.size)
	}
	var one [1]byte
	if n, err := s.r.ReadAt(one[:], s.size); n > 0 {
		return fmt.Errorf("the source has more than the given size of %d bytes", s.size)
	} else if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the source: %w", err)
	}
	if s.size == 0 {
		return nil
	}
	if n, err := s.r.ReadAt(one[:], s.size-1); n == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return fmt.Errorf("the source has fewer than the given size of %d bytes", s.size)
		}
		return fmt.Errorf("reading the source: %w", err)
	}
	return nil
}
