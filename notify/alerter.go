package notify

import (
	"context"
	"crypto/rand"
	"os"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// maxPending bounds the alerts on their way. While there are so many it is as if
// the cool-down were longer: what is counted is in the next alert.
const maxPending = 8

// An Alerter watches the events of one or more Transports and alerts a
// [Notifier] by a [Rule]. Make one with [New] and give its method Observe to
// transport.WithObserver. It is safe for concurrent use.
type Alerter struct {
	rule Rule
	// notify is a func, not the Notifier: so that printing an Alerter never
	// prints a password.
	notify  func(context.Context, Alert) error
	host    string
	closing chan struct{} // closed by Close
	sending sync.WaitGroup
	sharers sync.WaitGroup
	id      string // among those that share a Store

	mu         sync.Mutex
	window     window
	tally      tally
	latest     time.Time // the last 429
	previous   time.Time // the last alert
	incident   string    // empty until its first alert
	number     int       // alerts of this incident
	suppressed int       // 429s in the cool-down
	pending    int       // alerts on their way
	closed     bool
	err        error // of the last delivery that failed for good

	sharing bool        // with others, by a goroutine
	times   []time.Time // of the 429s that the others have not been told of
	alone   board       // while they cannot be told
}

// New returns an Alerter that tells n. Close it when the program ends.
func New(n Notifier, r Rule) *Alerter {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	r = r.withDefaults()
	return &Alerter{
		rule:    r,
		notify:  n.Notify,
		host:    clean(host, maxText),
		closing: make(chan struct{}),
		id:      rand.Text(),
		window:  newWindow(r.Count),
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
	if e.Kind == transport.RateLimited {
		a.limited(sample(e), operation(e.Method, e.URL))
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.tally.observe(e)
	}
}

// limited counts a 429 and sends an alert if one is due.
func (a *Alerter) limited(e transport.Event, operation string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	if a.rule.Store != nil {
		a.noted(e, operation)
		return
	}
	if apart(e.Time, a.latest) > a.rule.Within { // also for the very first
		a.tally.reset()
		a.incident, a.number = "", 0
	}
	a.latest = e.Time
	a.tally.limitedBy(e, operation)
	reached := a.window.add(e.Time, a.rule.Within)
	switch {
	case a.pending == maxPending,
		!a.previous.IsZero() && apart(e.Time, a.previous) < a.rule.Cooldown:
		a.suppressed++
	case reached:
		a.fire(e.Time)
	}
}

// fire sends an alert and begins the cool-down. The caller holds a.mu.
func (a *Alerter) fire(now time.Time) {
	if a.incident == "" {
		a.incident = rand.Text()
	}
	a.number++
	alert := a.alert(now)
	a.tally.reset()
	a.previous, a.suppressed = now, 0
	a.pending++
	a.sending.Go(func() {
		err := a.deliver(alert)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.pending--
		if err != nil {
			a.err = err
		}
	})
}

// alert returns what there is to tell. The caller holds a.mu.
func (a *Alerter) alert(now time.Time) Alert {
	t := &a.tally
	tenant := clean(a.rule.Tenant, maxText)
	if tenant == "" {
		tenant = t.tenant
	}
	return Alert{
		Incident: a.incident, Number: a.number,
		Tenant: tenant, Host: a.host, PID: os.Getpid(),
		Time: now, Since: t.since, Count: t.limited,
		Limit: a.rule.Count, Within: a.rule.Within, Cooldown: a.rule.Cooldown,
		Lost: t.lost, Recovered: t.again, Refused: t.refused, Paused: t.paused,
		Queued: t.queued, Delay: t.delay,
		Users: t.users.top(maxTop), Operations: t.ops.top(maxTop), Samples: t.samples(),
		Previous: a.previous, Suppressed: a.suppressed,
	}
}

// Close stops observing and waits for the alerts on their way. One that waits
// for its next try is tried at once, a last time; one that cannot be delivered
// is logged. So Close takes little more than Rule.Timeout, or twice as long if
// a try was on its way. It returns the error of the last alert that could not
// be delivered, in all the time before, and the same if it is called again.
func (a *Alerter) Close() error {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.closing)
	}
	a.mu.Unlock()
	a.sharers.Wait()
	a.sending.Wait()

	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}
