package measure

import (
	"context"
	"errors"
	"net/http"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	maxServers    = 50
	maxOperations = 100
)

// Observe reports the Counters and Histograms from now on: each increase of a Counter and each
// value of a Histogram. It cannot be ended; it exists as long as the Transport and uses constant
// memory.
//
// report is called in the goroutine of the call that caused it, with the call's context, which
// may have ended. It must be safe for concurrent use, return quickly and never block.
func Observe(t *transport.Transport, report func(ctx context.Context, name string, value float64, attributes ...string)) {
	o := &observer{report: report, servers: few{most: maxServers}, operations: few{most: maxOperations}}
	t.Observe(o.observe)
}

type observer struct {
	report              func(ctx context.Context, name string, value float64, attributes ...string)
	servers, operations few
}

func (o *observer) observe(ctx context.Context, e transport.Event) {
	switch e.Kind {
	case transport.RateLimited:
		o.report(ctx, RateLimited, 1, o.operations.of(transport.Operation(methodOf(e), e.URL)))
		o.attempt(ctx, e)
	case transport.Retrying:
		o.attempt(ctx, e)
	case transport.Done:
		o.done(ctx, e)
	}
}

// attempt reports an attempt that was sent.
func (o *observer) attempt(ctx context.Context, e transport.Event) {
	method, status, server, errorType := Attempt(e)
	o.report(ctx, RequestDuration, e.Took.Seconds(), method, status, o.servers.of(server), errorType)
	if e.Attempt > 1 {
		o.report(ctx, Retries, 1)
	}
}

func (o *observer) done(ctx context.Context, e transport.Event) {
	last := unreported(e)
	if last {
		o.attempt(ctx, e)
	}
	if e.Status == http.StatusTooManyRequests {
		o.report(ctx, GivenUp, 1)
	}
	result := resultOf(e, last)
	o.report(ctx, Requests, 1, result)
	o.report(ctx, TimeInQueue, e.Waited.Seconds(), transport.PriorityFromContext(ctx).String(), result)
}

// unreported says whether the last attempt of a call that is done has had no event of
// its own. It has had one if it was to be followed by another, which was not sent
// because the call was refused, or cancelled, or could not be prepared.
func unreported(e transport.Event) bool { return e.Attempt > 0 && !e.Reported }

// resultOf returns whether a call got its turn, each time that it needed one, and if
// not, why.
func resultOf(e transport.Event, sent bool) string {
	var refused *transport.QueueError
	switch {
	case sent, e.Status != 0:
		return "acquired"
	case errors.Is(e.Err, transport.ErrQueueFull):
		return "queue_full"
	case errors.Is(e.Err, transport.ErrShutdown):
		return "shutdown"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "deadline"
	case errors.Is(e.Err, context.Canceled):
		return "canceled"
	case errors.As(e.Err, &refused):
		return "limiter_failed"
	}
	return "not_prepared"
}
