package transport

import (
	"context"
	"fmt"
	"sync"
)

// Shutdown refuses new calls with ErrShutdown, lets those that wait or are on
// their way finish, repetitions included, and returns when the last one has. If
// the context ends first it returns an error that wraps the context's and says
// how many are left; they go on. Bodies of responses may still be being read
// then, and idle connections are open: see CloseIdleConnections.
//
// It may be called more than once and at the same time.
func (t *Transport) Shutdown(ctx context.Context) error {
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
		return fmt.Errorf("transport: shutdown with %d calls left: %w", t.calls.len(), ctx.Err())
	}
}

// calls counts those that are under way, so that one can wait for the last.
type calls struct {
	mu     sync.Mutex
	n      int
	closed bool
	gone   chan struct{} // closed when closed and n is 0
}

// enter counts a call, or returns false if no more are taken.
func (c *calls) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.n++
	return true
}

func (c *calls) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.closed && c.n == 0 {
		close(c.gone)
	}
}

// close takes no more calls, and returns a channel that is closed after the last.
func (c *calls) close() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed, c.gone = true, make(chan struct{})
		if c.n == 0 {
			close(c.gone)
		}
	}
	return c.gone
}

func (c *calls) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
