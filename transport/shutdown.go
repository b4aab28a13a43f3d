package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Shutdown refuses new calls with ErrShutdown and returns when all others have finished,
// including their retries. If ctx ends first, Shutdown returns an error that wraps the
// context's and says how many calls are left; these continue. Response bodies may still be
// read after Shutdown, and idle connections stay open: see CloseIdleConnections.
//
// Shutdown writes all pending log lines, including a summary of 429s. If the log's writer
// hangs until ctx ends, it returns an error as well. With WithStore it also writes the Store.
//
// It may be called several times, also concurrently.
func (t *Transport) Shutdown(ctx context.Context) error {
	err := t.finish(ctx)
	t.keeper.save(ctx)
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

// calls counts the calls that have not finished, so that Shutdown can wait for them.
type calls struct {
	n      atomic.Int64
	closed atomic.Bool

	mu   sync.Mutex
	gone chan struct{} // made by close, and closed after the last call
	left bool          // gone has been closed
}

// enter counts a call, which leaves in any case. It returns false after close.
func (c *calls) enter() bool {
	c.n.Add(1)
	return !c.closed.Load()
}

func (c *calls) leave() {
	if c.n.Add(-1) == 0 && c.closed.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last()
	}
}

// close refuses further calls and returns a channel that is closed after the last one.
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

// last closes gone if no call is left. It is called with the lock held.
func (c *calls) last() {
	if c.n.Load() == 0 && !c.left {
		c.left = true
		close(c.gone)
	}
}
