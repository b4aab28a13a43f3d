package transport

import (
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/fairqueue"
)

// A call is one RoundTrip of the Transport with all its attempts, each of which
// goes through it: it is the base of its own retries. It is used by one goroutine
// at a time.
type call struct {
	*Transport
	told // by its context

	waiter   fairqueue.Waiter // its flow is the call's user, once that has been found
	req      *http.Request    // the caller's
	attempt  int              // attempts sent
	waited   time.Duration    // in the queue, all attempts together
	took     time.Duration    // the last attempt, on the wire
	named    bool             // the user has been looked for
	reported int              // the attempt that had an event of its own last
}

// A sender makes one attempt of a call.
type sender interface {
	send(c *call, attempt *http.Request) (*http.Response, error)
}

// RoundTrip makes the next attempt.
func (c *call) RoundTrip(attempt *http.Request) (*http.Response, error) {
	return c.sender.send(c, attempt)
}

// user returns who caused the call.
func (c *call) user() string {
	if !c.named {
		c.waiter.Flow, c.named = userOf(c.req, c.told.user, c.identity), true
	}
	return c.waiter.Flow
}
