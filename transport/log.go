package transport

import (
	"net/http"
	"time"

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

// Redact removes from a text what may be a secret: the user, password and query values of each
// URL, credentials by their names, and tokens by their form. Status codes, error codes and host
// names remain. The result is cut after 4 KiB. Use it before you log a text from outside, such
// as an error of another package.
func Redact(text string) string { return auditlog.Redact(text) }
