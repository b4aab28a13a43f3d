package transport

import (
	"net/http"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// This file has what is logged and reported of a call.

// attempted logs and reports an attempt that is repeated, or was answered with 429. After a 429
// it pauses all calls, before anything else is done about it.
func (t *Transport) attempted(c *call, resp *http.Response, err error, next retry.Decision) {
	c.reported = c.attempt
	began := false
	if next.Throttled {
		asked := resp != nil && resp.Header.Get("Retry-After") != ""
		next.Delay, began = t.engine.hold(next.Delay, c.last.Took(), asked)
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

// ended reports what became of a call, if anybody wants to know.
func (t *Transport) ended(c *call, resp *http.Response, err error) {
	if !c.above && (err != nil || !t.observers.none()) {
		t.reportEnd(c, resp, err)
	}
}

// reportEnd logs and reports what became of a call.
func (t *Transport) reportEnd(c *call, resp *http.Response, err error) {
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
		Attempt: int(c.attempt), Waited: c.waited, Took: c.last.Took(),
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
	if !c.last.Began.IsZero() {
		e.Began, e.Ended = e.Time.Add(-now.Sub(c.last.Began)), e.Time.Add(-now.Sub(c.last.Ended))
	}
	return e
}

func (t *Transport) report(c *call, e Event) {
	for _, observe := range t.observers.all() {
		observe(c.req.Context(), e)
	}
}

// entryOf returns what the log says of an attempt and its event, and how things stand.
func (t *Transport) entryOf(resp *http.Response, e Event) auditlog.Entry {
	s := t.Stats()
	entry := auditlog.Entry{
		Time: e.Time, User: e.User, Method: e.Method, URL: e.URL, Operation: Operation(e.Method, e.URL),
		Attempt: e.Attempt, Status: e.Status, Err: e.Err, Again: e.Again, Delay: e.Delay,
		Waited: e.Waited, Queued: e.Queued, InFlight: e.InFlight,
		Pause: max(0, time.Until(s.PausedUntil)), ServerDelay: s.ServerDelay, Rate: s.Rate, Limit: s.Limit,
	}
	if resp != nil {
		entry.RetryAfter = auditlog.Clean(resp.Header.Get("Retry-After"))
	}
	return entry
}

// logWait logs how long the last attempt waited in the queue, if that was long.
func (c *call) logWait() {
	c.log.Waited(c.lastWait, func() auditlog.Entry {
		return auditlog.Entry{User: c.user(), Method: c.req.Method, URL: auditlog.SafeURL(c.req.URL), Waited: c.lastWait, Queued: int(c.freshen().queued)}
	})
}

// defaultLogger returns zerolog's global logger from WARN on: a program that did not ask
// for a log gets only what needs attention.
func defaultLogger() *zerolog.Logger {
	l := log.Level(max(log.Logger.GetLevel(), zerolog.WarnLevel))
	return &l
}

// Redact removes from a text what may be a secret: the user, password and query values of each
// URL, credentials by their names, and tokens by their form. Status codes, error codes and host
// names remain. The result is cut after 4 KiB. Use it before you log a text from outside, such
// as an error of another package.
func Redact(text string) string { return auditlog.Redact(text) }
