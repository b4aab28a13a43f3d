package transport

import (
	"context"
	"net/http"
	"time"
)

// A call is one RoundTrip of the Transport with all its attempts. It travels as
// the context of its request, so that each layer of the chain finds it; a call is
// used by one goroutine at a time.
type call struct {
	context.Context // the caller's
	place           // in the queue

	req     *http.Request // the caller's
	attempt int           // attempts sent
	waited  time.Duration // in the queue, all attempts together
	took    time.Duration // the last attempt, on the wire

	identity func(*http.Request) string
	name     string // what user has found
	named    bool
}

// user returns who caused the call.
func (c *call) user() string {
	if !c.named {
		c.name, c.named = userOf(c.req, c.identity), true
	}
	return c.name
}

type callKey struct{}

// Value lets the call be found in any context that is made from it.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func callOf(req *http.Request) *call { return req.Context().Value(callKey{}).(*call) }
