package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

const (
	spoolFor = 24 * time.Hour // how long an alert in a Store is retried
	maxDone  = 64             // receipts that a process remembers
)

// A delivery is that of one alert to all its targets.
type delivery struct {
	pendingAlert
	over chan struct{} // closed at its end
	kept []string      // the routes that the next program delivers to

	// Guarded by Alerter.mu.
	left []target // that have no result yet
	late bool     // what was left when Shutdown's time was over is logged
}

// errBehind is of an alert that must not overtake an earlier one.
var errBehind = errors.New("it waits for an earlier alert about the incident, which the next program delivers")

// dispatch delivers an alert in the background, after those in flight about the same incident.
func (a *Alerter) dispatch(p pendingAlert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var earlier []*delivery
	for _, o := range a.inFlight {
		if o.Alert.sharesIncident(p.Alert) {
			earlier = append(earlier, o)
		}
	}
	p.Alert.Host, p.Alert.PID = a.host, os.Getpid()
	p.Alert.shift(-a.clock.offset())
	d := &delivery{pendingAlert: p, over: make(chan struct{}), left: slices.Clone(p.Targets)}
	a.inFlight = append(a.inFlight, d)
	a.running.Go(func() { a.run(d, earlier) })
}

// A result says whether somebody on a route has got an alert, or may have, and whether those who
// have not, whom the error is of, may get it after a retry.
type result struct {
	route      string
	got, again bool
	err        error
}

// run delivers an alert to all its targets at the same time, and notes their results.
func (a *Alerter) run(d *delivery, earlier []*delivery) {
	results := make(chan result)
	for _, t := range d.Targets {
		go func() { results <- a.deliverAfter(earlier, d.pendingAlert, t) }()
	}
	got, retryable := false, false
	for n := range d.Targets {
		r := <-results
		got, retryable = got || r.got, retryable || r.again
		if r.again && a.rule.Store != nil && a.isClosing() {
			d.kept = append(d.kept, r.route)
		}
		last := n == len(d.Targets)-1
		rollback := last && !got && retryable && len(d.kept) == 0
		a.note(d, r, rollback)
		a.update(func(s *sharedState) {
			if rollback {
				s.rollback(d.pendingAlert)
			} else if last && len(d.kept) > 0 { // not earlier: others would deliver to all its targets
				s.release(d.ID)
			}
		})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// Not earlier: until the state knows the results, it has the alert to be sent.
	a.inFlight = slices.DeleteFunc(a.inFlight, func(o *delivery) bool { return o == d && len(d.kept) == 0 })
	close(d.over)
}

// deliverAfter delivers an alert to a target when the earlier ones are over, unless the next
// program delivers one of them.
func (a *Alerter) deliverAfter(earlier []*delivery, p pendingAlert, t target) result {
	behind := false
	for _, o := range earlier {
		<-o.over
		behind = behind || slices.Contains(o.kept, t.Route)
	}
	if behind {
		return result{t.Route, false, true, a.undelivered(p.Alert, t, errBehind)}
	}
	return a.deliver(p, t)
}

// note notes a result in this program; update tells the state.
func (a *Alerter) note(d *delivery, r result, rollback bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.err == nil:
		a.sent++
	case !errors.Is(r.err, errBehind): // else the error of the earlier one says why
		a.err = r.err
	}
	d.left = slices.DeleteFunc(d.left, func(t target) bool { return t.Route == r.route })
	switch {
	case rollback: // the next alert has the same ID
		a.done = slices.DeleteFunc(a.done, func(o receipt) bool { return o.alert == d.ID })
	case !slices.Contains(d.kept, r.route):
		a.done = append(a.done, receipt{d.ID, r.route})
		a.done = a.done[max(0, len(a.done)-maxDone):]
	}
}

// deliver sends an alert to a target, with retries, in the end only to the recipients
// that have not got it. It logs the error.
func (a *Alerter) deliver(p pendingAlert, t target) result {
	r := result{route: t.Route, got: len(t.Recipients) > 0 || t.Unconfirmed}
	var never error // of recipients that never will
	to := a.routes().find(t.Route)
	for i, began := 0, time.Now(); ; i++ {
		last := !a.mayRetry(i, began)
		err := a.try(p.Alert, to, t.Recipients)
		r.got = r.got || err == nil || errors.Is(err, ErrUnconfirmed) || errors.As(err, new(*partialError))
		last = last || errors.Is(err, ErrUnconfirmed) && a.isClosing()
		gone, err := t.narrow(to, err)
		never = errors.Join(never, gone)
		if err != nil {
			a.update(func(s *sharedState) { s.narrow(p.ID, t) })
		}
		r.again = err != nil && !errors.Is(err, ErrPermanent)
		if last || !r.again {
			r.err = a.conclude(p.Alert, t, err, never)
			return r
		}
		if i == len(a.rule.Retries) { // the retries go on for a day: say so now
			_ = a.undelivered(p.Alert, t, err)
		}
		a.pause(i, p.Alert, err)
	}
}

// narrow notes who may get the alert after a retry, and returns the error of those that never
// will apart.
func (t *target) narrow(to Notifier, err error) (never, later error) {
	var some *partialError
	if _, selective := to.(recipientNotifier); selective && errors.As(err, &some) && some.later != nil {
		never, err, t.Recipients = some.never, some.later, some.left
	}
	if errors.Is(err, ErrUnconfirmed) {
		if t.Unconfirmed { // a second copy is better than a lost alert, many copies are not
			err = fmt.Errorf("%w; it is not sent a third time: %w", err, ErrPermanent)
		}
		t.Unconfirmed = true
	}
	return never, err
}

// pause logs an error and waits for the next attempt.
func (a *Alerter) pause(i int, alert Alert, err error) {
	d := a.rule.Retries[min(i, len(a.rule.Retries)-1)]
	a.log(func(l *zerolog.Logger) {
		l.Warn().Err(err).
			Str("aprimo.alert.incident", alert.Incident).
			Dur("aprimo.alert.next_try_ms", d).
			Msg("aprimo: alert not delivered yet, will retry")
	})
	a.wait(d, nil)
}

// mayRetry reports whether there is another attempt after the first i+1. An alert in a
// Store is retried for a day, with the last of the pauses.
func (a *Alerter) mayRetry(i int, began time.Time) bool {
	n := len(a.rule.Retries)
	return !a.isClosing() && (i < n || n > 0 && a.rule.Store != nil && time.Since(began) < spoolFor)
}

// try sends an alert once.
func (a *Alerter) try(alert Alert, to Notifier, recipients []string) error {
	ctx, cancel := a.attempt()
	defer cancel()
	return call(ctx, to, alert, recipients)
}

// answerWithin is how long a mail server may take to confirm a mail that it has got, as
// RFC 5321 4.5.3.2.6 asks: who leaves earlier and tries again sends the mail twice.
const answerWithin = 10 * time.Minute

// An attemptTimeout bounds one attempt: by Rule.Timeout, or, once the alert is handed over and
// only the answer is missing, by answerWithin more.
type attemptTimeout struct {
	usual, whole context.Context
	handedOver   atomic.Bool
}

type timeoutKey struct{}

// timeoutOf returns that of the attempt that a context belongs to, or nil.
func timeoutOf(ctx context.Context) *attemptTimeout {
	p, _ := ctx.Value(timeoutKey{}).(*attemptTimeout)
	return p
}

// extend makes the Alerter wait for the answer, and reports whether it still waits.
func (p *attemptTimeout) extend() bool {
	p.handedOver.Store(true)
	return p.usual.Err() == nil
}

// extended returns the context to wait for instead, or nil.
func (p *attemptTimeout) extended() context.Context {
	if p == nil || !p.handedOver.Load() {
		return nil
	}
	return p.whole
}

// attempt returns the context of one attempt. When the program ends it has little more than
// Rule.Timeout.
func (a *Alerter) attempt() (context.Context, context.CancelFunc) {
	p := new(attemptTimeout)
	whole, cancelWhole := context.WithTimeout(context.Background(), a.rule.Timeout+answerWithin)
	usual, cancelUsual := context.WithTimeout(context.WithValue(whole, timeoutKey{}, p), a.rule.Timeout)
	p.whole, p.usual = whole, usual
	stop := context.AfterFunc(a.life, func() { time.AfterFunc(a.rule.Timeout+grace, cancelWhole) })
	return usual, func() { stop(); cancelUsual(); cancelWhole() }
}

// conclude returns nil if everybody has got the alert, else it logs and returns an error:
// err for recipients that may get the next one, never for those that never will.
func (a *Alerter) conclude(alert Alert, t target, err, never error) error {
	switch {
	case err == nil && never == nil:
		return nil
	case err == nil:
		err = never
	case never != nil:
		err = fmt.Errorf("%v\n%w", never, err) // permanent only if err is
	}
	return a.undelivered(alert, t, err)
}

// A failure is an alert that somebody does not get, or may not have got.
type failure struct {
	alert Alert
	route string
	err   error
}

func (f failure) what() string {
	if errors.Is(f.err, ErrUnconfirmed) {
		return "not confirmed"
	}
	return "not delivered"
}

// undelivered logs a failure.
func (a *Alerter) undelivered(alert Alert, t target, err error) error {
	f := failure{alert, t.Route, err}
	a.logFailures(f)
	return fmt.Errorf("notify: alert of %s %s: %w", alert.Time.Format(time.RFC3339), f.what(), err)
}

// logFailures logs all of them together, so that a logger that hangs delays them once.
func (a *Alerter) logFailures(all ...failure) {
	a.mu.Lock()
	a.failed += uint64(len(all))
	a.mu.Unlock()
	a.log(func(l *zerolog.Logger) {
		for _, f := range all {
			l.Error().Err(f.err).
				Str("aprimo.alert.incident", f.alert.Incident).
				Str("aprimo.alert.route", f.route).
				Str("aprimo.alert.text", f.alert.Text()).
				Msg("aprimo: alert " + f.what())
		}
	})
}

// logLate logs, once, what is not delivered when Shutdown's time is over, since the program
// may end now. One that waits for another about its incident was certainly not delivered.
func (a *Alerter) logLate(late error) {
	var all []failure
	a.mu.Lock()
	for i, d := range a.inFlight {
		waits := slices.ContainsFunc(a.inFlight[:i], func(o *delivery) bool { return len(o.left) > 0 && o.Alert.sharesIncident(d.Alert) })
		for _, t := range d.left {
			if !d.late {
				all = append(all, failure{d.Alert, t.Route, unconfirmedIf(!waits, late)})
			}
		}
		d.late = true
	}
	a.mu.Unlock()
	a.logFailures(all...)
}

// call calls a Notifier, for some of its recipients if it can and there are any. It returns in
// time even if the Notifier does not, turns a panic into an error, and cleans errors that are
// not ours.
func call(ctx context.Context, to Notifier, alert Alert, recipients []string) error {
	if to == nil {
		return fmt.Errorf("the route has no Notifier: %w", ErrPermanent)
	}
	_, err := await(ctx, grace, "the notifier", func() (_ struct{}, err error) {
		if some, ok := to.(recipientNotifier); ok && len(recipients) > 0 {
			err = some.notifyRecipients(ctx, alert, recipients)
		} else {
			err = to.Notify(ctx, alert)
		}
		if err != nil && !isOurs(to) {
			err = quote(err, nil)
		}
		return
	})
	if isStray(err) {
		err = fmt.Errorf("%w: %w", err, ErrPermanent)
	}
	return err
}
