package transport

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
)

// An Option changes a setting of New. A nil or missing setting is the default.
type Option func(*settings)

type settings struct {
	base      http.RoundTripper
	limiter   Limiter
	maxQueue  int
	window    int
	heavy     []Heavy
	dryRun    bool
	classes   Classes
	policy    retry.Policy
	logger    *zerolog.Logger
	every429  bool
	observers []Observer
	identity  func(*http.Request) string
	hosts     []string
	store     Store
	tenant    string
}

// WithBase sets the RoundTripper that sends the requests. The default is [Base]. Your own is
// used without timeouts; [Timeouts] adds them.
func WithBase(base http.RoundTripper) Option {
	return func(s *settings) { s.base = base }
}

// WithHosts limits only requests to these hosts and to the hosts below them: "aprimo.com" stands
// for acme.aprimo.com and acme.dam.aprimo.com too, as do ".aprimo.com" and "*.aprimo.com". Requests
// to other hosts go to the base at once, as if the Transport were not there: no limit, no
// retries, no log, no events. Use it where one http.Client calls Aprimo and others. By default,
// and if all names are empty, every request counts, whatever its host: a Transport does not know
// under which names your tenant is reached.
func WithHosts(hosts ...string) Option {
	return func(s *settings) {
		s.hosts = nil
		for _, name := range hosts {
			if name = domain(name); name != "." {
				s.hosts = append(s.hosts, name)
			}
		}
	}
}

// WithLimiter sets the limiter. The default is NewLimiter(15, time.Second), Aprimo's limit. For
// other Limiters the wait cannot be predicted, so calls whose deadline will pass first are not
// rejected early.
func WithLimiter(l Limiter) Option {
	return func(s *settings) { s.limiter = l }
}

// WithMaxQueue sets how many calls may wait; further calls are rejected with ErrQueueFull. Zero
// means 10,000, about 11 minutes at 15 requests per second. Calls of a lower Priority are not
// counted, so batch work never keeps others out, and up to three times as many may wait in
// all. A negative n means that no call waits. Retries are always queued.
func WithMaxQueue(n int) Option {
	return func(s *settings) {
		if s.maxQueue = max(0, n); n == 0 {
			s.maxQueue = defaultMaxQueue
		}
	}
}

// WithWindow bounds the requests in flight. By default, 0, the bound follows the delay that the
// server adds, so that requests wait locally and not in the server's queue, which all
// integrations of the tenant share. A positive number caps the bound, for example to protect a
// proxy. A negative number switches it off: then only the limiter and 429s hold requests back,
// and the server's queue fills up as soon as others use the tenant too.
func WithWindow(most int) Option {
	return func(s *settings) { s.window = most }
}

// WithHeavy sets the table of operations that are heavy for the server. The default is
// DefaultHeavy. Without arguments no operation is heavy. The first entry that matches a
// request applies.
func WithHeavy(table ...Heavy) Option {
	return func(s *settings) { s.heavy = table }
}

// WithDryRun sends every call at once and retries none, as if the Transport were not there.
// Observers get an Event of the kind DryRun with the time that each call would have waited.
// 429s are counted and logged. Use it to try out a limit on a running program. A Limiter that is
// not from NewLimiter is not asked, so only the wait after 429s is known. The window's part of
// the wait is not in Delay, because throttling itself changes the server's delay.
func WithDryRun() Option {
	return func(s *settings) { s.dryRun = true }
}

// WithRetry sets the retry policy. The default is the zero retry.Policy.
func WithRetry(p retry.Policy) Option {
	return func(s *settings) { s.policy = p }
}

// WithLogger sets the logger for 429s, other failures and long waits. Its level decides what is
// written: 429s are WARN, or ERROR if the call is given up, and long waits
// are INFO. Use zerolog.Nop() to log nothing. The default is zerolog's global logger as it
// is when New is called, from WARN on; it writes JSON to standard error unless the program
// has replaced it.
//
// RoundTrip returns after its line is written, unless the log's writer is slow: then
// requests wait for it for 0.1 s in total, and after that for at most 0.5 ms each, until the
// writer is fast again. Shutdown waits until all lines are written.
//
// In a flood, from 20 429s in a second or 60 in a minute on, only the first 429 of each user
// and operation has a line, at most 130 more. A summary at the end of the minute counts the
// others. Their total is exact; the counts of each user and operation are exact unless there
// are more than 200, and then the summary says by how much each may be too high. LogEvery429
// changes that.
func WithLogger(l zerolog.Logger, opts ...LogOption) Option {
	return func(s *settings) { s.logger, s.every429 = &l, slices.Contains(opts, LogEvery429) }
}

// WithSlog is WithLogger for log/slog. The fields have the same names, and handlers get the
// call's context, with its trace for example.
func WithSlog(l *slog.Logger, opts ...LogOption) Option {
	if l == nil {
		return nil
	}
	return WithLogger(auditlog.Slog(l), opts...)
}

// A LogOption changes what is logged.
type LogOption int

// LogEvery429 writes a line for each 429, even in a flood.
const LogEvery429 LogOption = 1

// WithObserver adds a function that is called with each Event. It may be repeated;
// observers are called in the order in which they were given.
func WithObserver(o Observer) Option {
	return func(s *settings) {
		if o != nil {
			s.observers = append(s.observers, o)
		}
	}
}

// WithIdentity sets a function that returns the user of a request, for logs, events and alerts.
// It is called if the request's context names no user. If it returns "", the user named in the
// bearer token is used. It must not change the request and must be safe for concurrent use.
func WithIdentity(user func(*http.Request) string) Option {
	return func(s *settings) { s.identity = user }
}

// WithStore stores the latency that each operation has without a queue at the server, for the
// next run of the program. A Transport compares later answers with it, to measure that queue.
// If a Transport starts without it while other programs keep the server's queue full, it takes
// their queue for the normal latency for half a minute, and makes it longer. So use it for jobs
// that start often, or beside other busy programs.
//
// tenant is the tenant's name, such as acme. New waits for the store for a second at most. The
// store is written after a minute, then every ten minutes, and by Shutdown, with at most 30 KiB of
// means and hashes, without names. If it fails, the log says so, and the Transport works without it.
func WithStore(store Store, tenant string) Option {
	return func(s *settings) { s.store, s.tenant = store, tenant }
}

// limits reports whether a request is under the limit.
func (t *Transport) limits(req *http.Request) bool {
	if len(t.hosts) == 0 || req.URL == nil {
		return true
	}
	host := domain(req.URL.Hostname())
	return slices.ContainsFunc(t.hosts, func(name string) bool { return strings.HasSuffix(host, name) })
}

// domain returns a name after a dot, without what else can stand around it: the dot of the root,
// and, in a list, an asterisk for the names below it.
func domain(name string) string {
	return "." + strings.Trim(strings.TrimPrefix(strings.ToLower(name), "*"), ".")
}

// SetLimit changes the limit at once, also for queued calls, for example when Aprimo has raised
// the tenant's limit. Requests that have begun still count: from now on at most n requests are
// sent in any window of length per. Numbers that NewLimiter does not accept, and a Limiter that
// is not from NewLimiter, are an error and change nothing. It is safe for concurrent use.
func (t *Transport) SetLimit(n int, per time.Duration) error {
	e := t.engine
	if err := e.source.setLimit(n, per); err != nil {
		return fmt.Errorf("transport: SetLimit: %w", err)
	}
	e.queue.Lock()
	defer e.queue.Unlock()
	e.window.SetRate(e.source.rate())
	e.pace()
	return nil
}
