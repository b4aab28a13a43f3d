package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

// A route that fails neither stops the others nor repeats their alerts.
func TestRoutesDoNotDependOnEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		mail, chat, pager := new(inbox), &inbox{errs: []error{errDown, errDown}}, new(inbox)
		a := notify.New(notify.Routes{
			{Name: "mail", To: mail}, {Name: "chat", To: chat, Conditions: []notify.Condition{notify.Throttled}},
			{Name: "pager", To: pager, Conditions: []notify.Condition{notify.Failing}},
		}, notify.Rule{Gather: -1, Logger: &quiet})
		burst(a, 20)
		time.Sleep(2 * time.Minute)
		if len(mail.got()) != 1 || len(chat.got()) != 0 || chat.tried() != 2 || pager.tried() != 0 {
			t.Errorf("got mail %d, chat %d of %d tries, pager %d, want 1, 0 of 2, 0", len(mail.got()), len(chat.got()), chat.tried(), pager.tried())
		}
		time.Sleep(5 * time.Minute)
		if len(mail.got()) != 1 || len(chat.got()) != 1 {
			t.Errorf("mail %d, chat %d; want each once", len(mail.got()), len(chat.got()))
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	})
}

func TestSendTestUsesAllRoutes(t *testing.T) {
	mail, chat := new(inbox), &inbox{errs: []error{errDown}}
	a := notify.New(notify.Routes{{To: mail}, {Name: "chat", To: chat, Conditions: []notify.Condition{notify.Failing}}, {Name: "none"}}, notify.Rule{Tenant: "acme"})
	err := a.SendTest(t.Context())
	if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "chat: ") || !strings.Contains(err.Error(), "none: the route has no Notifier") {
		t.Errorf("SendTest: got %v, want the errors of chat and none", err)
	}
	if got := mail.got(); len(got) != 1 || got[0].Phase != notify.Test || !strings.Contains(got[0].Text(), "test") {
		t.Errorf("mail: got %+v, want the test", got)
	}
	if chat.tried() != 1 {
		t.Errorf("tries of the chat: got %d, want 1", chat.tried())
	}
	a.Close()
}

// A test that nobody gets has not gone well.
func TestNoRoutes(t *testing.T) {
	var log strings.Builder
	logger := zerolog.New(&log)
	a := notify.New(notify.Routes{}, notify.Rule{Logger: &logger})
	defer a.Close()
	wantError(t, a.SendTest(t.Context()), notify.ErrPermanent, "no route: add a Route")
	if !strings.Contains(log.String(), "Routes is empty") {
		t.Errorf("log: got %s, want that Routes is empty", &log)
	}
}

// A misspelt condition would never be reported.
func TestUnknownConditions(t *testing.T) {
	var log strings.Builder
	logger := zerolog.New(&log)
	notify.New(notify.Routes{{Name: "pager", To: new(inbox), Conditions: []notify.Condition{"failed", notify.Failing}}}, notify.Rule{Logger: &logger}).Close()
	if !strings.Contains(log.String(), `"aprimo.alert.route":"pager","aprimo.alert.condition":"failed"`) || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log: got %s, want one line about failed", &log)
	}
}

func TestRoutesShowNoSecret(t *testing.T) {
	r := notify.Routes{{Name: "mail", To: notify.Email{Username: "u", Password: "hunter2"}}, {To: notify.Email{Password: "hunter2"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(verb, r); strings.Contains(s, "hunter2") || s != `notify.Routes["mail" "route 2"]` {
			t.Errorf("%s: got %s, want the names alone", verb, s)
		}
	}
}
