package transport

import (
	"net/http"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
)

// defaultLogger returns zerolog's global logger from WARN on: a program that did not ask
// for a log gets only what needs attention.
func defaultLogger() *zerolog.Logger {
	l := log.Level(max(log.Logger.GetLevel(), zerolog.WarnLevel))
	return &l
}

// logState returns the part of the Stats that lines have.
func (t *Transport) logState() auditlog.State {
	s := t.Stats()
	return auditlog.State{PausedUntil: s.PausedUntil, ServerDelay: s.ServerDelay, Rate: s.Rate, Limit: s.Limit}
}

// entryOf returns what the log says of an attempt and its event.
func entryOf(resp *http.Response, e Event) auditlog.Entry {
	entry := auditlog.Entry{
		Time: e.Time, User: e.User, Method: e.Method, URL: e.URL, Operation: Operation(e.Method, e.URL),
		Attempt: e.Attempt, Status: e.Status, Err: e.Err, Again: e.Again, Delay: e.Delay,
		Waited: e.Waited, Queued: e.Queued, InFlight: e.InFlight,
	}
	if resp != nil {
		entry.RetryAfter = auditlog.Clean(resp.Header.Get("Retry-After"))
	}
	return entry
}

// logWait logs how long the last attempt waited in the queue, if that was long.
func (c *call) logWait() {
	c.log.Waited(c.lastWait, func() auditlog.Entry {
		return auditlog.Entry{User: c.user(), Method: c.req.Method, URL: auditlog.SafeURL(c.req.URL), Waited: c.lastWait, Queued: c.snapshot.queued}
	})
}
