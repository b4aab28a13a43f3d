package transport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors of calls that were rejected locally and never sent.
var (
	// ErrQueueFull: as many calls wait as WithMaxQueue allows.
	ErrQueueFull = errors.New("the queue is full")

	// ErrShutdown: Shutdown has been called.
	ErrShutdown = errors.New("shut down, no new calls")
)

// A QueueError says why a call was rejected locally. The call was never sent to Aprimo, or,
// if Attempt is above 0, is not retried.
//
// errors.Is distinguishes the reasons: [ErrQueueFull]; [ErrShutdown]; [context.DeadlineExceeded],
// also when the deadline has not passed yet but would before the call's turn;
// [context.Canceled]; or what the Limiter returned.
type QueueError struct {
	Err     error
	Queued  int           // calls ahead of it in the queue
	Wait    time.Duration // its expected wait; 0 if not known
	Waited  time.Duration // its wait so far, all attempts together
	Attempt int           // attempts made so far
}

// Error returns the reason, with the numbers.
func (e *QueueError) Error() string {
	sent := "not sent"
	if e.Attempt > 0 {
		sent = "not sent again"
	}
	switch {
	case errors.Is(e.Err, ErrQueueFull) && e.Wait == 0:
		return fmt.Sprintf("transport: %v (calls queued: %d)", e.Err, e.Queued)
	case errors.Is(e.Err, ErrQueueFull):
		return fmt.Sprintf("transport: %v (calls queued: %d, expected wait: %v)", e.Err, e.Queued, round(e.Wait))
	case errors.Is(e.Err, ErrShutdown):
		return fmt.Sprintf("transport: %s: %v", sent, e.Err)
	case errors.Is(e.Err, context.DeadlineExceeded) && e.Wait > 0:
		return fmt.Sprintf("transport: %s: the expected wait of %v exceeds the deadline (calls queued: %d): %v",
			sent, round(e.Wait), e.Queued, e.Err)
	}
	return fmt.Sprintf("transport: %s after %v in the queue: %v", sent, round(e.Waited), e.Err)
}

// Unwrap returns the reason.
func (e *QueueError) Unwrap() error { return e.Err }

// Timeout reports whether a deadline is the reason. It makes a QueueError a net.Error.
func (e *QueueError) Timeout() bool { return errors.Is(e.Err, context.DeadlineExceeded) }

// Retryable returns false, so that package retry does not retry a local rejection.
func (e *QueueError) Retryable() bool { return false }

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
