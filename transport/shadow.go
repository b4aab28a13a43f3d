package transport

import (
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A shadow sends everything at once and works out how long it would have waited,
// to see what the limit would do to a program before it does it.
type shadow struct {
	*throttle
	limit  *limiter
	waited func(*call, time.Duration)
}

func (s shadow) send(c *call, req *http.Request) (*http.Response, error) {
	began := gate.Now()
	s.queue.Lock()
	paused := s.pause.remaining(began)
	s.queue.Unlock()
	if wait := s.limit.plan(began.Add(paused)).Sub(began); wait > 0 {
		s.waited(c, wait)
	}
	ready, err := c.prepared(req)
	if err != nil {
		closeBody(req)
		return nil, &prepareError{err}
	}
	c.waiter.Granted = began
	s.queue.Lock()
	s.begin(began)
	s.queue.Unlock()
	s.count.sent.Add(1)
	status := 0
	defer func() { s.answered(c, operationOf(c.req), began, status) }()
	resp, err := s.base.RoundTrip(ready)
	if resp != nil {
		status = resp.StatusCode
	}
	return resp, err
}
