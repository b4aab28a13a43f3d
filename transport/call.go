package transport

import (
	"cmp"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A call is one RoundTrip of the Transport with all its attempts. It is used by one
// goroutine at a time.
type call struct {
	*Transport
	contextValues // of the request

	waiter   fairqueue.Waiter // its flow is that of the context or else the user, once that has been found
	req      *http.Request    // the caller's
	retries  retry.Call
	waited   time.Duration // in the queue, all attempts together
	lastWait time.Duration // in the queue, for the last attempt
	took     time.Duration // the last attempt, on the wire
	attempt  int32         // attempts sent
	reported int32         // the last attempt that had an event of its own
	named    bool          // the user has been looked for
	fresh    bool          // the snapshot is of now
	snapshot snapshot      // as things stood when the last attempt ended
	changes  *changes      // by the last attempt, not reported yet; nil if there are none
}

// RoundTrip makes the next attempt. It lets the call be the base of its own retries.
func (c *call) RoundTrip(attempt *http.Request) (*http.Response, error) {
	return c.engine.send(c, attempt)
}

// user returns who caused the call.
func (c *call) user() string {
	if !c.named {
		c.contextValues.user, c.named = userOf(c.req, c.contextValues.user, c.identity), true
		c.waiter.Flow = cmp.Or(auditlog.Clean(c.flow), c.contextValues.user)
	}
	return c.contextValues.user
}

// changed returns the changes of the last attempt, to add one.
func (c *call) changed() *changes {
	if c.changes == nil {
		c.changes = &changes{}
	}
	return c.changes
}

// freshen returns a snapshot of now.
func (c *call) freshen() snapshot {
	if !c.fresh {
		c.engine.queue.Lock()
		c.snapshot = c.engine.snapshot(gate.Now())
		c.engine.queue.Unlock()
	}
	return c.snapshot
}
