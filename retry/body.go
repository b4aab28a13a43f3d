package retry

import (
	"fmt"
	"io"
)

// A lateBody is opened when it is first read. The Base may keep a request waiting
// for minutes, and there may be thousands of them: no file is to be open so long.
// It is used by one goroutine at a time.
type lateBody struct {
	open func() (io.ReadCloser, error)
	body io.ReadCloser
	err  error
}

func (b *lateBody) Read(p []byte) (int, error) {
	if b.body == nil && b.err == nil {
		if b.body, b.err = b.open(); b.err != nil {
			b.err = bodyError{fmt.Errorf("retry: the body cannot be read again: %w", b.err)}
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.body.Read(p)
}

func (b *lateBody) Close() error {
	if b.body == nil {
		if b.err == nil {
			b.err = bodyError{io.ErrClosedPipe}
		}
		return nil
	}
	return b.body.Close()
}

// A bodyError is not cured by another attempt.
type bodyError struct{ error }

func (bodyError) Retryable() bool { return false }
func (e bodyError) Unwrap() error { return e.error }
