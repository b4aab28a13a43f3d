package notify

import (
	"errors"
	"os"
	"slices"
)

const maxSent = 64 // of which a process remembers that it has sent them

// hand sends an alert in the background, to all its routes at the same time, and
// takes it down from the board.
func (a *Alerter) hand(o outgoing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.way, o.ID) {
		return
	}
	a.way = append(a.way, o.ID)
	o.Alert.Host, o.Alert.PID = a.host, os.Getpid()
	o.Alert.shift(-a.clock.off())
	on := &trip{left: len(o.Routes)}
	for _, route := range o.Routes {
		a.sending.Go(func() {
			got, err := a.deliver(o, route)
			a.sentOne(o, route.Route, got, err, on)
		})
	}
}

// sentTo is an alert that was sent to a route, or never will be.
type sentTo struct{ alert, route string }

// A trip is the delivery of an alert to all its ways.
type trip struct {
	left int  // ways
	got  bool // somebody has it
	hope bool // or may get the next one
}

// sentOne takes down that an alert was sent to one of its routes, or never will be,
// though some may have got it.
func (a *Alerter) sentOne(o outgoing, route string, got bool, err error, on *trip) {
	later := err != nil && a.rule.Store != nil && a.isClosing() && !errors.Is(err, ErrPermanent)
	a.mu.Lock()
	if err != nil {
		a.err = err
	} else {
		a.told++
	}
	on.got, on.hope = on.got || got, on.hope || err != nil && !errors.Is(err, ErrPermanent)
	if on.left--; on.left == 0 {
		a.way = slices.DeleteFunc(a.way, func(id string) bool { return id == o.ID })
	}
	unheard := on.left == 0 && !on.got && on.hope && !later
	if !later && !unheard {
		a.sent = append(a.sent, sentTo{o.ID, route})
		a.sent = a.sent[max(0, len(a.sent)-maxSent):]
	}
	a.mu.Unlock()
	a.update(func(b *board, _ bool) {
		if later {
			b.release(o.ID)
		} else {
			b.take(sentTo{o.ID, route})
		}
		if unheard {
			b.unsay(o.Alert)
		}
	})
}
