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
			err := call(ctx, r.find(name), a)
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

// A narrower can tell some of those whom it tells.
type narrower interface{ to([]string) Notifier }

// A leg is what is left of a way: its name, and if some have the alert already, the
// others, each in a line of its own. So it can be kept in a Store.
type leg = string

func rest(of leg, recipients []string) leg {
	name, _, _ := strings.Cut(of, "\n")
	return name + "\n" + strings.Join(recipients, "\n")
}

// isRest tells whether some on a way have got the alert already.
func isRest(l leg) bool { return strings.Contains(l, "\n") }

// same tells whether two legs are of the same way.
func same(a, b leg) bool {
	a, _, _ = strings.Cut(a, "\n")
	b, _, _ = strings.Cut(b, "\n")
	return a == b
}

// find returns who tells those on a leg, or nil: another program may have left the
// alert.
func (r Routes) find(l leg) Notifier {
	name, recipients, some := strings.Cut(l, "\n")
	for _, w := range routesOf(r) {
		if w.Name != name {
			continue
		}
		if n, ok := w.To.(narrower); ok && some {
			return n.to(strings.Split(recipients, "\n"))
		}
		return w.To
	}
	return nil
}

// Format implements fmt.Formatter so that no verb shows what a way knows: it may
// be a password.
func (r Routes) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "notify.Routes%q", r.names(func(Route) bool { return true }))
}
