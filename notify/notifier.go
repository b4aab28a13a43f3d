package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// A Notifier sends alerts to people. It must be safe for concurrent use and return
// soon after its context ends.
//
// After an error the [Alerter] retries later, unless the error wraps [ErrPermanent]; if it
// wraps [ErrUnconfirmed], once at most. A Notifier that panics, ends its goroutine or does
// not return counts as failed for good; its goroutine is left behind.
type Notifier interface {
	Notify(ctx context.Context, a Alert) error
}

// NotifierFunc makes a function a [Notifier], for a chat, a ticket system or a pager.
type NotifierFunc func(ctx context.Context, a Alert) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, a Alert) error { return f(ctx, a) }

// ErrPermanent marks an error of a [Notifier] that a retry would not change, such as a
// wrong password. A Notifier wraps it:
//
//	return fmt.Errorf("chat: unknown channel: %w", notify.ErrPermanent)
var ErrPermanent = errors.New("retrying does not help")

// ErrUnconfirmed marks an error of a [Notifier] after which it is unknown whether people
// have got the alert: it was handed over, and no answer came. A Notifier wraps it, like
// [ErrPermanent].
var ErrUnconfirmed = errors.New("it may have been delivered")

// permanentError is an error that a retry would not change.
type permanentError struct{ error }

func (p permanentError) Unwrap() []error { return []error{p.error, ErrPermanent} }

// A partialError says that some recipients have got an alert. It is permanent for those
// who do not know how to retry the others alone.
type partialError struct {
	never error    // of the recipients that never will
	later error    // of those that may after a retry
	left  []string // their addresses
}

func (p *partialError) reasons() error { return errors.Join(p.never, p.later) }

func (p *partialError) Error() string {
	return "sent to the other recipients, but " + p.reasons().Error()
}
func (p *partialError) Unwrap() []error { return []error{p.reasons(), ErrPermanent} }

// A recipientNotifier can send to some of its recipients alone.
type recipientNotifier interface {
	notifyRecipients(ctx context.Context, a Alert, recipients []string) error
}

// A Route is one of several Notifiers, with the conditions that it is for.
type Route struct {
	Name       string      // in logs, errors and a Store; empty means its number
	To         Notifier    // delivers the alerts
	Conditions []Condition // that it gets alerts about; none means all
}

// Routes are several ways to notify people: mail for some, a chat for others. They are a
// [Notifier]. An Alerter retries each route by itself: one that fails neither delays the
// others nor repeats their alerts.
type Routes []Route

// Notify sends a to all routes for its condition at the same time, or to all routes if it is a
// test. It joins their errors, which do not show who has got the alert.
func (r Routes) Notify(ctx context.Context, a Alert) error {
	if len(r) == 0 {
		return fmt.Errorf("notify: Routes: no route: add a Route: %w", ErrPermanent)
	}
	routes := routesOf(r)
	errs := make([]error, len(routes))
	var all sync.WaitGroup
	for i, w := range routes {
		if !a.isTest() && !w.isFor(a.Condition) {
			continue
		}
		all.Go(func() {
			errs[i] = call(ctx, w.To, a, nil)
			if errs[i] != nil && len(r) > 1 {
				errs[i] = fmt.Errorf("%s: %w", w.Name, errs[i])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// routesOf returns the routes of a Notifier, each with a name of its own, which a Store
// may have.
func routesOf(n Notifier) Routes {
	r, ok := n.(Routes)
	if !ok {
		r = Routes{{To: n}}
	}
	r = slices.Clone(r)
	taken := map[string]bool{}
	for i := range r {
		name := clean(r[i].Name, maxText)
		if name == "" || taken[name] {
			name = strings.TrimSpace(fmt.Sprintf("%s route %d", name, i+1))
		}
		r[i].Name, taken[name] = name, true
	}
	return r
}

func (w Route) isFor(c Condition) bool {
	return len(w.Conditions) == 0 || slices.Contains(w.Conditions, c)
}

// A target is a Route that has not got an alert yet, or some of its recipients.
type target struct {
	Route      string   `json:"route"`
	Recipients []string `json:"recipients,omitempty"` // that have not got it; empty means all

	// Unconfirmed is set if they may have got it already.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
}

// targets returns the targets of an alert about a condition.
func (r Routes) targets(c Condition) (all []target) {
	for _, w := range r {
		if w.isFor(c) {
			all = append(all, target{Route: w.Name})
		}
	}
	return all
}

// find returns the Notifier of a route. If there is no such route, because the program had
// other names for its routes when it stored an alert, all get it that are for its condition.
func (r Routes) find(route string) Notifier {
	for _, w := range r {
		if w.Name == route {
			return w.To
		}
	}
	return r
}

// isOurs reports whether a Notifier's errors are clean, since this package has made them.
func isOurs(n Notifier) bool {
	switch n.(type) {
	case Email, *Email, Webhook, *Webhook, Routes, *Routes:
		return true
	}
	return false
}

// logInvalid logs what would otherwise be found only when an alert is due.
func (r Routes) logInvalid(l *zerolog.Logger) {
	if len(r) == 0 {
		l.Error().Msg("aprimo: no alert can be sent: Routes is empty")
	}
	for _, w := range r {
		for _, c := range w.Conditions {
			if !slices.Contains(conditions[:], c) {
				l.Error().Str("aprimo.alert.route", w.Name).Str("aprimo.alert.condition", clean(string(c), maxText)).
					Msg("aprimo: unknown condition of a Route: use Throttled, Failing, Refusing or Saturated")
			}
		}
		if err := validate(w.To); err != nil {
			l.Error().Err(err).Str("aprimo.alert.route", w.Name).Msg("aprimo: no alert can be sent by this route")
		}
	}
}

// validate calls the method Validate of a Notifier that has one.
func validate(n Notifier) error {
	v, ok := n.(interface{ Validate() error })
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), logWithin)
	defer cancel()
	_, err := await(ctx, 0, "its method Validate", func() (_ struct{}, err error) {
		if err = v.Validate(); err != nil && !isOurs(n) {
			err = quote(err, nil)
		}
		return
	})
	return err
}

// Format implements [fmt.Formatter] so that no verb shows more than the names: a
// Notifier may have a password.
func (r Routes) Format(f fmt.State, _ rune) {
	var names []string
	for _, w := range routesOf(r) {
		names = append(names, w.Name)
	}
	fmt.Fprintf(f, "notify.Routes%q", names)
}
