package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Route is one of several ways to tell people, with the levels that go it.
type Route struct {
	// Name is how logs and errors call it, and a Store. Empty means its number.
	Name string
	// To delivers the alerts.
	To Notifier
	// Levels are those that it gets. None means all.
	Levels []Level
}

// Routes are several ways to tell people: mail to some, a chat for others. It is a
// [Notifier]. Given to [New], each way has its own tries: one that fails neither
// stops nor repeats the others.
type Routes []Route

// Notify tells all ways that a's level goes at the same time, a test all of them,
// and joins their errors. Whoever gets an error cannot know who has been told and
// who has not: an [Alerter] does not use it but tells each way by itself.
func (r Routes) Notify(ctx context.Context, a Alert) error {
	if len(r) == 0 {
		return fmt.Errorf("notify.Routes: there are none, so nobody is told: %w", ErrPermanent)
	}
	names := r.to(a.Level)
	if a.isTest() {
		names = r.names(func(Route) bool { return true })
	}
	errs := make(chan error, len(names))
	for _, name := range names {
		go func() {
			err := call(ctx, r.find(target{Route: name}), a)
			if err != nil && len(r) > 1 {
				err = fmt.Errorf("%s: %w", name, err)
			}
			errs <- err
		}()
	}
	var all []error
	for range names {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// routesOf returns what a Notifier consists of.
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
			name = strings.TrimSpace(fmt.Sprintf("%s way %d", name, i+1))
		}
		r[i].Name, taken[name] = name, true
	}
	return r
}

// to returns the names of the ways that a level goes.
func (r Routes) to(l Level) []string {
	return r.names(func(w Route) bool { return len(w.Levels) == 0 || slices.Contains(w.Levels, l) })
}

func (r Routes) names(which func(Route) bool) (names []string) {
	for _, w := range routesOf(r) {
		if which(w) {
			names = append(names, w.Name)
		}
	}
	return names
}

// A target is a Route that an alert has not gone yet, or not to all its recipients.
type target struct {
	Route      string   `json:"route"`
	Recipients []string `json:"recipients,omitempty"` // those who have not got it; empty means all
}

// targets returns what an alert of a level has to be delivered to.
func (r Routes) targets(l Level) (all []target) {
	for _, name := range r.to(l) {
		all = append(all, target{Route: name})
	}
	return all
}

// A recipientNotifier can deliver to some of its recipients alone.
type recipientNotifier interface {
	notifyRecipients(ctx context.Context, a Alert, recipients []string) error
}

// find returns who delivers to a target, or nil: another program may have left the
// alert.
func (r Routes) find(t target) Notifier {
	for _, w := range routesOf(r) {
		if w.Name != t.Route {
			continue
		}
		n, ok := w.To.(recipientNotifier)
		if !ok || len(t.Recipients) == 0 {
			return w.To
		}
		return NotifierFunc(func(ctx context.Context, a Alert) error { return n.notifyRecipients(ctx, a, t.Recipients) })
	}
	return nil
}

// selects tells whether a target's Notifier can deliver to some of its recipients alone.
func (r Routes) selects(t target) bool {
	return slices.ContainsFunc(routesOf(r), func(w Route) bool {
		_, ok := w.To.(recipientNotifier)
		return ok && w.Name == t.Route
	})
}

// Format implements fmt.Formatter so that no verb shows what a way knows: it may
// be a password.
func (r Routes) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "notify.Routes%q", r.names(func(Route) bool { return true }))
}
