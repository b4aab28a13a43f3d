package notify

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// An Alerter watches the events of one or more Transports and alerts a
// [Notifier] by a [Rule]. Make one with [New] and give its method Observe to
// transport.WithObserver. It is safe for concurrent use.
type Alerter struct {
	rule Rule
	// routes is a func, not the Routes: so that printing an Alerter never
	// prints a password.
	routes func() Routes
	host   string
	id     string // among those that share a Store
	clock  clock

	closing chan struct{} // closed by Close
	poke    chan struct{} // wakes the worker
	sending sync.WaitGroup
	working sync.WaitGroup

	updating sync.Mutex // held while a board is changed
	own      board      // without a Store, or while it cannot be reached
	raw      []byte     // what the Store had last
	alone    bool       // the Store cannot be reached

	mu      sync.Mutex
	counts  counts
	minutes history
	heat    saturation
	counted bool      // an event that an alert counts
	latest  time.Time // such an event
	mute    muting
	seq     uint64
	works   bool     // the worker
	way     []string // alerts on their way from here
	sent    []sentTo // and the last that were sent from here
	closed  bool
	err     error    // of the last delivery that failed for good
	told    uint64   // alerts sent from here, for each way
	failed  uint64   // somebody was not told
	shown   []Status // as the board was last
	muted   muting   // the same
}

// New returns an Alerter that tells n. Close it when the program ends. With a
// Rule.Store it begins where the last one ended. If n has a method Validate, as Email
// and Webhook have, what that finds wrong is logged at once.
func New(n Notifier, r Rule) *Alerter {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	routes := routesOf(n)
	a := &Alerter{
		rule:    r.withDefaults(),
		routes:  func() Routes { return routes },
		host:    clean(host, maxText),
		id:      rand.Text(),
		clock:   newClock(),
		closing: make(chan struct{}),
		poke:    make(chan struct{}, 1),
	}
	a.rule.Tenant = clean(r.Tenant, maxText)
	a.validate(routes)
	if r.Store != nil {
		a.mu.Lock()
		a.work()
		a.mu.Unlock()
	}
	return a
}

// validate logs at once what would be found out only when it is needed.
func (a *Alerter) validate(ways Routes) {
	if len(ways) == 0 {
		a.rule.logger().Error().Msg("aprimo: no alert can be sent: there are no Routes")
	}
	for _, w := range ways {
		for _, l := range w.Levels {
			if !slices.Contains(levels[:], l) {
				a.rule.logger().Error().Str("aprimo.alert.route", w.Name).Str("aprimo.alert.level", clean(string(l), maxText)).
					Msg("aprimo: there is no such level, write throttled, failing or saturated")
			}
		}
		if v, ok := w.To.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				a.rule.logger().Error().Err(err).Str("aprimo.alert.route", w.Name).Msg("aprimo: no alert can be sent this way")
			}
		}
	}
}

// Observe takes note of e. It is a transport.Observer: it never blocks, and an
// alert that is due is sent by another goroutine, which does not depend on the
// context. An event without a time is taken to happen now. After Close it does
// nothing.
func (a *Alerter) Observe(_ context.Context, e transport.Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	at := a.clock.on(e.Time)
	a.minutes.observe(e, at)
	if !a.works && at.Sub(a.latest) > a.rule.Within {
		a.counts.forget()
	}
	if a.counts.observe(e, at, a.rule, a.heat.hot(e, at, a.rule)) {
		a.latest = at
		if !a.counted {
			a.counted = true
			a.work()
		}
	}
}

// Mute keeps alerts back until a point in time, for example during work that
// was announced: 429s are counted and logged all the same, and what happened
// meanwhile is told afterwards. A time that has passed ends it. With a
// Rule.Store it holds for all processes.
func (a *Alerter) Mute(until time.Time, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := later(a.clock.on(time.Now()), a.mute.Since.Add(1)) // the last word counts, also if both came at once
	a.mute = muting{Until: a.clock.on(until), Reason: clean(reason, maxText), Since: now}
	if !a.closed {
		a.work()
	}
}

// SendTest sends a test alert to everybody that may get one, once, and returns
// when it is delivered. The error tells of each way that failed, and what to
// change.
func (a *Alerter) SendTest(ctx context.Context) error {
	now := time.Now()
	return a.routes().Notify(ctx, Alert{
		Phase: Test, Incident: rand.Text(), Number: 1, Time: now, Since: now,
		Tenant: a.rule.Tenant, Host: a.host, PID: os.Getpid(),
		Limit: a.rule.Count, Within: a.rule.Within, Cooldown: a.rule.Cooldown, TenantRate: a.rule.TenantRate,
	})
}

// Close stops observing and waits for the alerts on their way. One that is still
// gathered is sent at once. One that waits for its next try is tried at once, a
// last time; one that cannot be delivered is logged, and left in the Store if
// there is one. So Close takes little more than Rule.Timeout, or twice as long if
// a try was on its way. It returns the error of the last alert that could not
// be delivered, in all the time before, and the same if it is called again.
func (a *Alerter) Close() error {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.closing)
		if a.counted {
			a.work()
		}
	}
	a.mu.Unlock()
	a.working.Wait()
	a.sending.Wait()

	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// name returns the process for people.
func (a *Alerter) name() string { return fmt.Sprintf("%s (process %d)", a.host, os.Getpid()) }
