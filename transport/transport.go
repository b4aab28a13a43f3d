package transport

import (
	"net/http"
	"sync"
	"time"

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
		t.attempted(c, resp, why, next)
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

// attempted logs and reports an attempt. After a 429 it pauses all calls, before anything
// else is done about it.
func (t *Transport) attempted(c *call, resp *http.Response, err error, next retry.Decision) {
	t.reportChanges(c)
	if !next.Throttled && !next.Again {
		return
	}
	c.reported = c.attempt
	began := false
	if next.Throttled {
		asked := resp != nil && resp.Header.Get("Retry-After") != ""
		next.Delay, began = t.engine.hold(next.Delay, c.took, asked)
	}
	if c.above { // the Transport above repeats it, and logs it
		e := t.event(RateLimited, c, resp, err)
		e.Again, e.Delay = true, next.Delay
		t.report(c, e)
		return
	}
	e := t.event(Retrying, c, resp, err)
	if e.Again = next.Again; e.Again {
		e.Delay = next.Delay
	}
	if !next.Throttled {
		t.log.Failed(c.req.Context(), t.entryOf(resp, e))
		t.report(c, e)
		return
	}
	e.Kind = RateLimited
	t.log.Throttled(c.req.Context(), t.entryOf(resp, e))
	t.report(c, e)
	if began {
		e.Kind, e.Again, e.Delay = Paused, false, next.Delay
		t.report(c, e)
	}
}

// reportChanges logs and reports what an attempt has changed for all calls, and long waits.
func (t *Transport) reportChanges(c *call) {
	if !c.above {
		c.logWait()
	}
	c.lastWait = 0
	ch := c.changes
	if ch == nil {
		return
	}
	c.changes = nil
	if ch.mode != "" && !t.observers.none() {
		e := t.event(ModeChanged, c, nil, nil)
		e.Mode = ch.mode
		t.report(c, e)
	}
	if ch.dryRun > 0 && !t.observers.none() {
		e := t.event(DryRun, c, nil, nil)
		e.Delay = ch.dryRun
		t.report(c, e)
	}
	if p := ch.peers; p != nil {
		e := t.event(PeersJoined, c, nil, p.Err)
		if p.Sharing == SharingAlone {
			e.Kind = PeersLost
		}
		e.Processes = p.Processes
		t.log.Peers(e.Kind == PeersLost, e.Processes, e.Err)
		t.report(c, e)
	}
}

// ended logs and reports what became of a call.
func (t *Transport) ended(c *call, resp *http.Response, err error) {
	if c.above || err == nil && t.observers.none() {
		return
	}
	e := t.event(Done, c, resp, err)
	e.Reported = c.attempt > 0 && c.reported == c.attempt
	if c.refused(err) {
		e.Kind = Refused
		t.log.Refused(func() auditlog.Entry { return t.entryOf(nil, e) })
		t.report(c, e)
		e.Kind = Done
	}
	t.report(c, e)
}

func (t *Transport) event(k Kind, c *call, resp *http.Response, err error) Event {
	s := c.freshen()
	e := Event{
		Kind: k, Time: time.Now(),
		User: c.user(), Method: c.req.Method, URL: auditlog.SafeURL(c.req.URL),
		Attempt: int(c.attempt), Waited: c.waited, Took: c.took,
		Queued: int(s.queued), Capacity: t.engine.maxQueue, InFlight: int(s.inFlight), Rate: s.rate, ServerDelay: s.serverDelay, Others: s.others,
		Err: auditlog.SafeError(err, c.req, c.sent),
	}
	if resp != nil {
		e.Status = resp.StatusCode
	}
	now := gate.Now()
	if !c.since.IsZero() {
		e.Since, e.Reason = e.Time.Add(-now.Sub(c.since)), c.reason
	}
	if !c.began.IsZero() {
		e.Began, e.Ended = e.Time.Add(-now.Sub(c.began)), e.Time.Add(-now.Sub(c.ended))
	}
	return e
}

func (t *Transport) report(c *call, e Event) {
	for _, observe := range t.observers.all() {
		observe(c.req.Context(), e)
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
