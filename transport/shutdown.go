package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Shutdown refuses new calls with ErrShutdown, lets those that wait or are on
// their way finish, repetitions included, and returns when the last one has. If
// the context ends first it returns an error that wraps the context's and says
// how many are left; they go on. Bodies of responses may still be being read
// then, and idle connections are open: see CloseIdleConnections.
//
// What the log has not said yet is written before it returns, a flood of 429s
// included. If the log's writer hangs until the context ends, that is an error too.
//
// It may be called more than once and at the same time.
func (t *Transport) Shutdown(ctx context.Context) error {
	err := t.finish(ctx)
	return errors.Join(err, t.log.Flush(ctx))
}

// finish waits for the last call.
func (t *Transport) finish(ctx context.Context) error {
	gone := t.calls.close()
	select {
	case <-gone: // also if the context has ended
		return nil
	default:
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("transport: shutdown with %d calls left: %w", t.calls.n.Load(), ctx.Err())
	}
}

// calls counts those that are under way, so that one can wait for the last.
type calls struct {
	n      atomic.Int64
	closed atomic.Bool

	mu   sync.Mutex
	gone chan struct{} // made by close, and closed after the last call
	left bool          // it has been
}

// enter counts a call, or returns false if no more are taken.
func (c *calls) enter() bool {
	c.n.Add(1)
	if c.closed.Load() {
		c.leave()
		return false
	}
	return true
}

func (c *calls) leave() {
	if c.n.Add(-1) == 0 && c.closed.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last()
	}
}

// close takes no more calls, and returns a channel that is closed after the last.
func (c *calls) close() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = make(chan struct{})
		c.closed.Store(true)
	}
	c.last()
	return c.gone
}

// last tells those who wait, once, if nobody is left. The lock is held.
func (c *calls) last() {
	if c.n.Load() == 0 && !c.left {
		c.left = true
		close(c.gone)
	}
}
