package retry

import (
	"fmt"
	"io"
	"sync"
)

// A lateBody is opened when it is first read. The Base may keep a request waiting
// for minutes, and there may be thousands of them: no file is to be open so long.
// As with any request's body, Close may come while Read is under way.
type lateBody struct {
	open func() (io.ReadCloser, error)

	mu   sync.Mutex
	body io.ReadCloser
	err  error // why there is none
}

func (b *lateBody) Read(p []byte) (int, error) {
	body, err := b.opened()
	if err != nil {
		return 0, err
	}
	return body.Read(p)
}

func (b *lateBody) opened() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body == nil && b.err == nil {
		if b.body, b.err = b.open(); b.err != nil {
			b.err = bodyError{fmt.Errorf("retry: the body cannot be read again: %w", b.err)}
		}
	}
	return b.body, b.err
}

func (b *lateBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body != nil {
		return b.body.Close()
	}
	if b.err == nil {
		b.err = bodyError{io.ErrClosedPipe}
	}
	return nil
}

// A bodyError is not cured by another attempt.
type bodyError struct{ error }

func (bodyError) Retryable() bool { return false }
func (e bodyError) Unwrap() error { return e.error }
