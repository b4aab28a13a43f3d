package transport

import (
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

const defaultMaxQueue = 10_000

// A Transport is an http.RoundTripper that keeps all requests made through it
// within Aprimo's limit. Make one for a tenant with New, use it for all requests
// to that tenant, whoever's they are, and keep it: two Transports do not know of
// each other. It is safe for concurrent use.
type Transport struct {
	retry     retry.Transport
	sender    sender // of an attempt: the throttle, or its shadow
	throttle  *throttle
	log       *logger
	observers observers
	identity  func(*http.Request) string
	calls     calls
}

// New returns a Transport. Without options it sends at most 15 requests in any
// second through http.DefaultTransport, lets 10,000 calls wait, repeats what was
// answered 429, and logs through zerolog's global logger.
func New(opts ...Option) *Transport {
	s := settings{maxQueue: defaultMaxQueue, heavy: DefaultHeavy()}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	if s.base == nil {
		s.base = http.DefaultTransport
	}
	if s.logger == nil {
		s.logger = &log.Logger
	}
	if s.limiter == nil {
		s.limiter = NewLimiter(defaultRate, defaultPer)
	}
	limit := pacerOf(s.limiter)
	t := &Transport{log: &logger{Logger: *s.logger}, identity: s.identity}
	t.observers.add(s.observers...)
	t.log.flood.all = s.logAll
	t.log.flood.busy = t.log.scribe.busy
	t.log.flood.summary = func(f floodSummary) { t.log.summarize(f, t.Stats()) }
	t.throttle = &throttle{
		queue:    queue{lines: lines{batch: newSpread(limit, s.reserve)}},
		maxQueue: s.maxQueue,
		window:   congestion.New(limit.rate(), s.window),
		limit:    limit,
		base:     s.base,
		log:      t.log,
		steered:  t.steered,
		parted:   t.parted,
	}
	t.throttle.lanes = newLanes(s.heavy, s.maxQueue, &t.throttle.queue)
	t.throttle.mode = t.throttle.window.Mode(gate.Now())
	t.retry = retry.Transport{Policy: s.policy, Observe: t.attempted, Hold: t.throttle.holds}
	t.sender = t.throttle
	if l, ours := limit.(*limiter); s.shadow && ours && limit.rate() > 0 {
		t.retry.Policy, t.retry.Hold = retry.Policy{Throttled: -1, Failures: -1}, nil
		t.sender = shadow{t.throttle, l, t.shadowed}
	}
	return t
}

// RoundTrip waits for the request's turn, sends it, and repeats it as the
// retry.Policy says, each time after another wait for its turn.
//
// What it returns is the base's last response or error. A 429 is a response, as
// of any RoundTripper, with a readable body. A call that was never sent, or not
// again, gets a [*QueueError]. The wait ends with the request's context, so an
// http.Client's Timeout includes it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{Transport: t, req: req, told: toldBy(req.Context())}
	if !t.calls.enter() {
		closeBody(req)
		err := &QueueError{Err: ErrShutdown}
		t.ended(c, nil, err)
		return nil, err
	}
	defer t.calls.leave()
	resp, err := t.retry.Through(c, req)
	t.ended(c, resp, err)
	return resp, err
}

// CloseIdleConnections closes those of the base that are not in use, as
// http.Client.CloseIdleConnections asks.
func (t *Transport) CloseIdleConnections() { t.throttle.CloseIdleConnections() }

// attempted is told of each attempt before anything else is done about it: after
// a 429 everybody is held back at once.
func (t *Transport) attempted(a retry.Attempt) {
	c := a.Base.(*call)
	limited := a.Response != nil && a.Response.StatusCode == http.StatusTooManyRequests
	if !limited && !a.Again {
		return
	}
	c.reported = c.attempt
	e := t.event(Retrying, c, a.Response, a.Err)
	e.Attempt = a.Number
	if e.Again = a.Again; e.Again {
		e.Delay = a.Delay
	}
	if !limited {
		t.log.retrying(c.req.Context(), e)
		t.tell(c, e)
		return
	}
	e.Kind = RateLimited
	began := t.throttle.hold(a.Delay, c.took)
	t.log.rateLimited(c.req.Context(), a, e, t.Stats)
	t.tell(c, e)
	if began {
		e.Kind, e.Again, e.Delay = Paused, false, a.Delay
		t.tell(c, e)
	}
}

// ended tells the observers what became of a call.
func (t *Transport) ended(c *call, resp *http.Response, err error) {
	if t.observers.none() {
		return
	}
	e := t.event(Done, c, resp, err)
	e.Reported = c.attempt > 0 && c.reported == c.attempt
	var refused *QueueError
	if errors.As(err, &refused) && c.req.Context().Err() == nil {
		e.Kind = Refused
		t.tell(c, e)
		e.Kind = Done
	}
	t.tell(c, e)
}

// steered tells the observers that the window has changed its mode.
func (t *Transport) steered(c *call, m WindowMode) {
	if !t.observers.none() {
		e := t.event(ModeChanged, c, nil, nil)
		e.Mode = m
		t.tell(c, e)
	}
}

// parted tells the observers that the processes that share the limit were lost,
// or found again.
func (t *Transport) parted(c *call, s shared.Share) {
	e := t.event(PeersJoined, c, nil, s.Err)
	if s.Sharing == SharingAlone {
		e.Kind = PeersLost
	}
	e.Processes = s.Processes
	t.log.shared(e)
	t.tell(c, e)
}

// shadowed tells the observers how long a call would have waited.
func (t *Transport) shadowed(c *call, wait time.Duration) {
	if !t.observers.none() {
		e := t.event(DryRun, c, nil, nil)
		e.Delay = wait
		t.tell(c, e)
	}
}

func (t *Transport) event(k Kind, c *call, resp *http.Response, err error) Event {
	e := Event{
		Kind: k, Time: time.Now(),
		User: c.user(), Method: c.req.Method, URL: safeURL(c.req.URL),
		Attempt: c.attempt, Waited: c.waited, Took: c.took,
		Capacity: t.throttle.maxQueue, Err: safeError(err),
	}
	t.throttle.glance(&e)
	if resp != nil {
		e.Status = resp.StatusCode
	}
	return e
}

func (t *Transport) tell(c *call, e Event) {
	for _, observe := range t.observers.all() {
		observe(c.req.Context(), e)
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
