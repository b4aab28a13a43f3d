package notify

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

var (
	errRefused = permanentError{errors.New("550 no such user")}
	errPutOff  = errors.New("450 greylisted")
)

// A mailing has several recipients, some of whom cannot get an alert, as Email has.
type mailing struct {
	errs map[string]error // of those who cannot
	got  func(Alert)
}

func (m mailing) Notify(ctx context.Context, a Alert) error { return m.notifyRecipients(ctx, a, nil) }

func (m mailing) notifyRecipients(_ context.Context, a Alert, recipients []string) error {
	var p partialError
	some := false
	for _, who := range []string{"a", "b"} {
		err := m.errs[who]
		switch {
		case recipients != nil && !slices.Contains(recipients, who):
		case err == nil:
			some = true
			m.got(a)
		case errors.Is(err, ErrPermanent):
			p.never = err
		default:
			p.later, p.left = err, append(p.left, who)
		}
	}
	switch {
	case p.never == nil && p.later == nil:
		return nil
	case some:
		return &p
	}
	return errors.Join(p.never, p.later)
}

// If one of two recipients never gets a mail, or another route is down, the other recipient
// gets each alert once.
func TestWhoHasAnAlertIsNotToldAgain(t *testing.T) {
	down := NotifierFunc(func(context.Context, Alert) error { return errors.New("down") })
	for name, make := range map[string]func(mailing) Notifier{
		"put off for ever": func(m mailing) Notifier {
			m.errs = map[string]error{"b": errPutOff}
			return m
		},
		"refused, and another way is down": func(m mailing) Notifier {
			m.errs = map[string]error{"b": errRefused}
			return Routes{{Name: "mail", To: m}, {Name: "chat", To: down}}
		},
		"by a function that cannot tell the rest alone": func(m mailing) Notifier {
			m.errs = map[string]error{"b": errPutOff}
			return NotifierFunc(m.Notify)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []Phase // of one mail at a time: they are far from each other
				quiet := zerolog.Nop()
				a := New(make(mailing{got: func(alert Alert) { got = append(got, alert.Phase) }}), Rule{Logger: &quiet})
				for range 5 * 60 {
					for range 5 {
						a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Time: time.Now(), Status: 429})
					}
					time.Sleep(time.Minute)
				}
				time.Sleep(time.Hour)
				a.Close()
				if diff := cmp.Diff([]Phase{Firing, Escalated, Reminder, Resolved}, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Nor is who has it by the program that was there before a restart.
func TestARestOfAWayMeansThatSomeHaveTheAlert(t *testing.T) {
	quiet := zerolog.Nop()
	m := mailing{errs: map[string]error{"b": errRefused}}
	a := New(Routes{{Name: "mail", To: m}}, Rule{Logger: &quiet})
	r := a.deliver(pendingAlert{Targets: []target{{Route: "mail"}}}, target{Route: "mail", Recipients: []string{"b"}})
	if !r.got || r.again || !errors.Is(r.err, ErrPermanent) {
		t.Errorf("deliver: got %+v, want that some have it, and a permanent error", r)
	}
}

// The state knows who has not got an alert, or may have, for a program that goes on with it.
func TestTheStateKnowsWhoIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := new(countingStore), Rule{Gather: -1, Retries: []time.Duration{time.Hour}}
		quiet := zerolog.Nop()
		r.Store, r.Logger = s, &quiet
		a := New(Routes{
			{Name: "mail", To: mailing{errs: map[string]error{"b": errPutOff}, got: func(Alert) {}}},
			{Name: "chat", To: NotifierFunc(func(context.Context, Alert) error { return ErrUnconfirmed })},
			{Name: "log", To: deaf},
		}, r)
		throttle(t, a, 20)
		time.Sleep(10 * time.Second)
		s.mu.Lock()
		state, err := decodeState(s.value)
		s.mu.Unlock()
		if err != nil || len(state.Pending) != 1 {
			t.Fatalf("got %+v, %v, want one pending alert", state.Pending, err)
		}
		want := []target{{Route: "mail", Recipients: []string{"b"}}, {Route: "chat", Unconfirmed: true}}
		if diff := cmp.Diff(want, state.Pending[0].Targets); diff != "" {
			t.Errorf("got other targets than wanted (-want +got):\n%s", diff)
		}
		a.Close()
	})
}
