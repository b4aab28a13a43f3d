package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"slices"
	"sync"
)

// A part is the piece of a file that is sent in one request.
type part struct {
	index int
	size  int64
	open  func() io.Reader // reads it from its start
	free  func()           // called when it is no longer read; may be nil
}

// sections returns the parts of a source that have not been uploaded.
func sections(r io.ReaderAt, state *UploadState) iter.Seq2[part, error] {
	done := slices.Clone(state.Done)
	return func(yield func(part, error) bool) {
		for i := range state.segments() {
			if _, found := slices.BinarySearch(done, i); found {
				continue
			}
			from, size := int64(i)*state.SegmentSize, state.length(i)
			p := part{index: i, size: size, open: func() io.Reader { return io.NewSectionReader(r, from, size) }}
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
			n, err = io.ReadFull(r, buffer)
			end = errors.Is(err, io.ErrUnexpectedEOF)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !end {
				yield(part{}, fmt.Errorf("reading segment %d of the source: %w", i+1, err))
				return
			}
		}
	}
}

// payload returns a request body that consists of prefix, the part and suffix, and a
// function that waits until the body is no longer read: net/http may close a body after it
// has returned the response.
func (p part) payload(contentType string, prefix, suffix []byte) (*payload, func()) {
	var reading sync.WaitGroup
	open := func() (io.ReadCloser, error) {
		reading.Add(1)
		content := &exactReader{r: p.open(), left: p.size}
		body := io.MultiReader(bytes.NewReader(prefix), content, bytes.NewReader(suffix))
		return &partBody{Reader: body, close: sync.OnceFunc(reading.Done)}, nil
	}
	size := int64(len(prefix)) + p.size + int64(len(suffix))
	return &payload{contentType, size, open}, reading.Wait
}

// form returns a request body that is a form with the part as its only field.
func (p part) form(field, fileName string) (*payload, func()) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	form.CreateFormFile(field, fileName) // writing to a bytes.Buffer cannot fail
	n := b.Len()
	form.Close()
	return p.payload(form.FormDataContentType(), b.Bytes()[:n], b.Bytes()[n:])
}

type partBody struct {
	io.Reader
	close func()
}

func (b *partBody) Close() error { b.close(); return nil }

// An exactReader reports a source that ends early, as an error that is not retried.
type exactReader struct {
	r    io.Reader
	left int64
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
	return n, err
}

// A sourceError is an error of the source, which a retry does not remedy.
type sourceError struct{ error }

func (sourceError) Retryable() bool { return false }
func (e sourceError) Unwrap() error { return e.error }

// checkSize returns an error unless a source has exactly size bytes.
func checkSize(r io.ReaderAt, size int64) error {
	if size < 0 {
		return fmt.Errorf("the size is negative: %d bytes", size)
	}
	var one [1]byte
	if n, err := r.ReadAt(one[:], size); n > 0 {
		return fmt.Errorf("the source has more than the given size of %d bytes", size)
	} else if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the source: %w", err)
	}
	if size == 0 {
		return nil
	}
	if n, err := r.ReadAt(one[:], size-1); n == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return fmt.Errorf("the source has fewer than the given size of %d bytes", size)
		}
		return fmt.Errorf("reading the source: %w", err)
	}
	return nil
}
