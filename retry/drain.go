package retry

import (
	"io"
	"time"
)

// A connection can be used again once the response before has been read to its
// end. Beyond these bounds a new connection is cheaper than the rest of a body
// that nobody wants.
const (
	drainBytes = 256 << 10
	drainTime  = time.Second
)

// drain reads what is left of a discarded response and closes it.
func drain(body io.ReadCloser) {
	if body == nil {
		return
	}
	tooSlow := time.AfterFunc(drainTime, func() {
		defer func() { _ = recover() }() // nobody else could, on a timer's goroutine
		body.Close()
	})
	defer body.Close()
	defer tooSlow.Stop()
	io.CopyN(io.Discard, body, drainBytes)
}
