package transport

import (
	"net/http"
	"sync"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// defaultMaxQueue is some 11 minutes of 15 requests a second, and 50 MB of goroutines.
const defaultMaxQueue = 10_000

// A Transport is an http.RoundTripper that keeps the requests made through it within Aprimo's
// limit. Create one per tenant with New and use it for all requests to that tenant: two
// Transports do not coordinate. It is safe for concurrent use.
type Transport struct {
	policy    retry.Policy
	engine    *engine
	log       *auditlog.Logger
	observers observers
	identity  func(*http.Request) string
	hosts     []string
	keeper    *keeper // nil without a Store
	calls     calls
	used      sync.Pool // calls that have ended, to be used again
}

// New returns a Transport. Without options it sends at most 15 requests in any second through
// [Base], queues up to 10,000 calls, retries 429s, and logs warnings and errors through
// zerolog's global logger.
func New(opts ...Option) *Transport {
	s := settings{maxQueue: defaultMaxQueue, heavy: DefaultHeavy(), logger: defaultLogger()}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	if s.base == nil {
		s.base = defaultBase()
	}
	source := sourceOf(s.limiter)
	e := &engine{
		window:   congestion.New(source.rate(), s.window),
		source:   source,
		peers:    source.peers(),
		base:     s.base,
		maxQueue: s.maxQueue,
		dryRun:   s.dryRun,
	}
	e.setClasses(s.classes)
	e.bulkheads = newBulkheads(s.heavy, s.maxQueue, &e.queue)
	e.gates = []heldGate{{&e.pause, &e.held.pause}, {e.window, &e.held.window}}
	e.mode = e.window.Mode(gate.Now())
	t := &Transport{policy: s.policy, engine: e, log: auditlog.New(*s.logger, s.every429), identity: s.identity, hosts: s.hosts}
	if s.dryRun {
		t.policy = retry.Policy{Throttled: -1, Failures: -1}
	}
	t.observers.add(s.observers...)
	if s.store != nil {
		t.keeper = newKeeper(t, s.store, s.tenant)
	}
	return t
}

// RoundTrip queues the request, sends it, and retries it according to the retry.Policy. Each
// retry is queued too.
//
// It returns the base's last response or error. A 429 is returned as a response with a readable
// body. A call that is rejected locally gets a [*QueueError]. The wait ends with the request's
// context, so an http.Client's Timeout includes the wait.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.limits(req) {
		return t.engine.base.RoundTrip(req)
	}
	c := t.call(req)
	defer t.leave(c)
	if !t.calls.enter() {
		closeBody(req)
		err := &QueueError{Err: ErrShutdown}
		t.ended(c, nil, err)
		return nil, err
	}
	for {
		resp, err := c.retries.Send(c) // calls c.RoundTrip, and that engine.send
		next := c.retries.Judge(resp, err)
		if next.Throttled && next.Again {
			next.Again = !t.engine.outlived(c)
		}
		why := err
		if next.Again {
			if fail := c.retries.Rewind(); fail != nil {
				next.Again, why = false, fail
			}
		}
		t.reportChanges(c)
		if next.Again || next.Throttled {
			t.attempted(c, resp, why, next)
		}
		if !next.Again {
			t.ended(c, resp, err)
			return c.retries.Result()
		}
		if next.Throttled {
			next.Delay = 0 // it waits in the queue, where it keeps its place
		}
		c.again(next.Delay)
		if err := c.retries.Rest(next.Delay); err != nil {
			t.ended(c, nil, err)
			return nil, err
		}
	}
}

// CloseIdleConnections closes the idle connections of the base. It is what
// http.Client.CloseIdleConnections calls.
func (t *Transport) CloseIdleConnections() {
	closeIdle(t.engine.base)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
