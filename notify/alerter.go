package notify

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// An Alerter counts the events of one or more Transports and sends alerts to a
// [Notifier] according to a [Rule]. Make one with [New], and give its method Observe to
// transport.WithObserver. It is safe for concurrent use.
type Alerter struct {
	rule Rule
	// routes is a func, not the Routes, so that printing an Alerter never prints a
	// password.
	routes  func() Routes
	host    string
	id      string          // among those that share a Store
	life    context.Context // ends when Close or Shutdown is called
	endLife context.CancelFunc
	ended   chan struct{}  // closed when life has ended and all alerts are delivered
	wake    chan struct{}  // wakes the worker
	logging chan struct{}  // holds something while a line is written
	running sync.WaitGroup // the worker, and the deliveries that it has started

	// Lock updating before mu. updating holds something while the state is changed, for as
	// long as the Store takes; mu is held only for moments, and not while the Store, a
	// Notifier or the logger is called. updating is no Mutex, since in a bubble of
	// testing/synctest no time passes while somebody waits for one.
	updating chan struct{}
	own      sharedState // without a Store, or while it cannot be used
	stored   []byte      // what this process stored last

	mu         sync.Mutex
	clock      clock
	counts     counts
	minutes    history
	saturation saturation
	counted    bool      // a condition has counted an event since the last exchange
	latest     time.Time // of the last such event
	mute       mute      // the last one that this process knows of
	seq        uint64
	working    bool        // the worker runs
	inFlight   []*delivery // by this process, or left to the next one, because it ends
	done       []receipt   // of the last deliveries that have ended
	err        error       // of the last alert that could not be delivered
	sent       uint64
	failed     uint64
	status     []Status // of the state that this process has read last
}

// New returns an Alerter that notifies n. Close it when the program ends. With a
// Rule.Store it resumes where the last one ended. If n has a method Validate, as Email
// and Webhook have, New logs what that finds wrong.
func New(n Notifier, r Rule) *Alerter {
	host, _ := os.Hostname()
	routes := routesOf(n)
	a := &Alerter{
		rule: r.withDefaults(), routes: func() Routes { return routes },
		host: clean(cmp.Or(host, "unknown host"), maxText), id: rand.Text(), clock: newClock(),
		ended: make(chan struct{}), wake: make(chan struct{}, 1), logging: make(chan struct{}, 1), updating: make(chan struct{}, 1),
	}
	a.life, a.endLife = context.WithCancel(context.Background())
	a.rule.Tenant = clean(r.Tenant, maxText)
	a.log(routes.logInvalid)
	if r.Store != nil {
		a.rule.Store = &guardedStore{store: r.Store}
		a.mu.Lock()
		a.startWorker()
		a.mu.Unlock()
	}
	return a
}

// Observe counts an event. It is a transport.Observer: it never blocks, and does not
// use the context. An event without a Time counts as happening now. After Close it does
// nothing.
func (a *Alerter) Observe(_ context.Context, e transport.Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isClosing() {
		return
	}
	at := a.clock.on(e.Time)
	a.minutes.observe(e, at)
	if !a.working && at.Sub(a.latest) > a.rule.Within { // these calls ended before there was any trouble
		a.counts.seen = Alert{}
	}
	if a.counts.observe(e, at, a.rule, a.saturation.observe(e, at, a.rule)) {
		a.latest = at
		if !a.counted {
			a.counted = true
			a.startWorker()
		}
	}
}

// Mute suspends alerts until a point in time, for example during planned work. Events
// are counted and logged all the same, and reported afterwards. A time in the past ends
// it. With a Rule.Store it applies to all processes.
func (a *Alerter) Mute(until time.Time, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.on(time.Now())
	a.mute = mute{
		Until:  now.Add(time.Until(until)), // by the wall clock as it is now: it may have been set since New
		Reason: clean(reason, maxText),
		Since:  later(now, a.mute.Since.Add(1)), // the last call wins, also of two at once
	}
	if !a.isClosing() {
		a.startWorker()
	}
}

// SendTest sends a test alert once, to every route, and returns when it is delivered.
// The error names each route that failed and what to change.
func (a *Alerter) SendTest(ctx context.Context) error {
	now := time.Now()
	return a.routes().Notify(ctx, Alert{
		Phase: Test, Incident: rand.Text(), Number: 1, Time: now, Since: now,
		Tenant: a.rule.Tenant, Host: a.host, PID: os.Getpid(),
		Limit: a.rule.Count, Within: a.rule.Within, Cooldown: a.rule.Cooldown, TenantRate: a.rule.TenantRate,
	})
}

// closeExtra is what Close may need besides the attempts, for the Store and the log.
const closeExtra = 15 * time.Second

// Close calls Shutdown with a timeout of three times Rule.Timeout plus 15 seconds. That is
// enough for an attempt in progress, the last attempt of that alert, and one attempt of the next
// alert about the incident. If more alerts wait, and each attempt takes Rule.Timeout, the rest
// is only logged. If a Notifier, the Store or the logger hangs, Close returns at most a second
// after the timeout.
func (a *Alerter) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*a.rule.Timeout+closeExtra)
	defer cancel()
	return a.Shutdown(ctx)
}

// Shutdown stops observing and waits for pending alerts until ctx ends. An alert that waits for
// Rule.Gather is sent at once, and one that waits for a retry gets a last attempt. An alert that
// cannot be delivered, or is not delivered when ctx ends, is logged and remains in the Store, if
// there is one. Shutdown returns the error of the last alert since New that could not be
// delivered, or the error of ctx. Deliveries continue in the background while the program runs,
// so Shutdown can be called again.
func (a *Alerter) Shutdown(ctx context.Context) error {
	a.mu.Lock()
	if !a.isClosing() {
		a.endLife()
		if a.counted {
			a.startWorker()
		}
		go func() {
			a.running.Wait()
			close(a.ended)
		}()
	}
	a.mu.Unlock()
	var late error
	select {
	case <-a.ended:
	case <-ctx.Done():
		late = fmt.Errorf("notify: not all alerts were delivered in time: %w", context.Cause(ctx))
		a.logLate(late)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.err, late)
}

// A Status is the state of the alerts about one condition.
type Status = measure.AlertStatus

// Status returns the state of each condition that the Rule does not switch off. With a
// Rule.Store it is the state that this process has read last. A nil Alerter returns nil.
func (a *Alerter) Status() []Status {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	all := slices.Clone(a.status)
	if len(all) == 0 {
		all = new(sharedState).status(a.rule)
	}
	offset := a.clock.offset()
	for i := range all {
		s := &all[i]
		if a.clock.on(time.Now()).Before(a.mute.Until) {
			s.Muted, s.Reason = a.mute.Until, a.mute.Reason
		}
		shift(-offset, &s.Since, &s.Reported, &s.Muted)
	}
	return all
}

// Deliveries returns the numbers of alerts that this process has delivered since [New], could
// not deliver, and is delivering or retrying. Sent and failed count each of the [Routes] of an
// alert. Failed grows with each line "alert not delivered" or "alert not confirmed" in the log,
// also if only one recipient did not get the alert. A nil Alerter returns zeros.
func (a *Alerter) Deliveries() (sent, failed uint64, pending int) {
	if a == nil {
		return 0, 0, 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent, a.failed, len(a.inFlight)
}
