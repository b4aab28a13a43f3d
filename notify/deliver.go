package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// spoolFor is how long what is kept in a Store is tried.
const spoolFor = 24 * time.Hour

// grace is how long after its context's end a Notifier may still return.
const grace = time.Second

var errDeaf = fmt.Errorf("the notifier does not return when its context ends: %w", ErrPermanent)

// deliver hands an alert to the notifier of a way, several times if need be, in the
// end to those alone who have not got it yet. If that is all in vain it logs the
// alert and returns the last error, and whether some have got it nevertheless.
func (a *Alerter) deliver(o outgoing, way target) (got bool, err error) {
	var never error // of those that cannot be told
	got = len(way.Recipients) > 0
	began := time.Now()
	for i := 0; ; i++ {
		last := a.isClosing() || !a.again(i, began)
		err := a.try(a.notifier(way), o.Alert)
		var some *partial
		got = errors.As(err, &some) || err == nil || got
		if some != nil && some.later != nil && a.routes().selects(way) {
			err, never = some.later, errors.Join(never, some.never)
			way.Recipients = some.left
			a.update(func(b *board, _ bool) { b.narrow(o.ID, way) })
		}
		switch {
		case err == nil && never == nil:
			return got, nil
		case err == nil:
			return got, a.undelivered(o.Alert, way, never)
		case last || errors.Is(err, ErrPermanent):
			if never != nil {
				err = fmt.Errorf("%v\n%w", never, err) // not permanent for those who are put off
			}
			return got, a.undelivered(o.Alert, way, err)
		}
		if i == len(a.rule.Retries) {
			_ = a.undelivered(o.Alert, way, err)
		}
		pause := a.rule.Retries[min(i, len(a.rule.Retries)-1)]
		a.rule.logger().Warn().Err(err).
			Str("aprimo.alert.incident", o.Alert.Incident).
			Dur("aprimo.alert.next_try_ms", pause).
			Msg("aprimo: alert not delivered yet")
		a.sleep(pause)
	}
}

// again tells whether there is another try after the first i+1. What a Store keeps is
// tried for a day, with the last of the pauses.
func (a *Alerter) again(i int, began time.Time) bool {
	n := len(a.rule.Retries)
	return i < n || n > 0 && a.rule.Store != nil && time.Since(began) < spoolFor
}

// notifier returns who tells those on a leg. Where a program that had other names for
// its ways has left the alert, all are told for whom its level is.
func (a *Alerter) notifier(way target) Notifier {
	if to := a.routes().find(way); to != nil {
		return to
	}
	return a.routes()
}

// undelivered logs an alert that somebody will not get.
func (a *Alerter) undelivered(alert Alert, way target, err error) error {
	a.mu.Lock()
	a.failed++
	a.mu.Unlock()
	a.rule.logger().Error().Err(err).
		Str("aprimo.alert.incident", alert.Incident).
		Str("aprimo.alert.route", way.Route).
		Str("aprimo.alert.text", alert.Text()).
		Msg("aprimo: alert not delivered")
	return fmt.Errorf("notify: alert of %s not delivered: %w", alert.Time.Format(time.RFC3339), err)
}

// isClosing reports whether Close has been called.
func (a *Alerter) isClosing() bool {
	select {
	case <-a.closing:
		return true
	default:
		return false
	}
}

// sleep waits for d or until Close is called.
func (a *Alerter) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.closing:
	}
}

// try calls the notifier once.
func (a *Alerter) try(to Notifier, alert Alert) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.rule.Timeout)
	defer cancel()
	return call(ctx, to, alert)
}

// call calls a notifier. It returns in time even if the notifier does not, and
// turns a panic into an error.
func call(ctx context.Context, to Notifier, alert Alert) error {
	if to == nil {
		return fmt.Errorf("there is no such way to tell: %w", ErrPermanent)
	}
	result := make(chan error, 1) // so that a late notifier does not wait for us
	go func() {
		err := fmt.Errorf("the notifier ended its goroutine: %w", ErrPermanent)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the notifier panicked: %v: %w", p, ErrPermanent)
			}
			result <- err
		}()
		err = to.Notify(ctx, alert)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case err := <-result:
		return err
	case <-late.C:
		return errDeaf
	}
}
