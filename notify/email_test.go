package notify_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aprimo-go/aprimo/notify"
)

func TestEmail(t *testing.T) {
	testEmail(t, startMailServer)
	t.Run("XOAUTH2", func(t *testing.T) {
		s := startMailServer(t, setup{auth: "XOAUTH2"})
		e := emailTo(s)
		token := mailToken
		e.Password, e.Token = "", func(context.Context) (string, error) { return token, nil }
		if err := e.Notify(t.Context(), sampleAlert()); err != nil {
			t.Fatal(err)
		}
		if got := s.mails(); len(got) != 1 || got[0].user != mailUser {
			t.Errorf("mails: got %d, want 1", len(got))
		}
		token = "expired"
		wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "login refused", "535")
		e.Token = func(context.Context) (string, error) { return "", io.ErrUnexpectedEOF }
		if err := e.Notify(t.Context(), sampleAlert()); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, notify.ErrPermanent) {
			t.Errorf("error: got %v, want it without the token", err)
		}
	})
	t.Run("no XOAUTH2", func(t *testing.T) {
		e := emailTo(startMailServer(t, setup{}))
		e.Token = func(context.Context) (string, error) { return mailToken, nil }
		wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "does not offer XOAUTH2", "Password")
	})
	t.Run("domain beyond ASCII", func(t *testing.T) {
		s := startMailServer(t, setup{})
		e := emailTo(s)
		e.From, e.To = "Büro <alerts@Büro.example>", []string{"anna@bücher.example"}
		if err := e.Notify(t.Context(), sampleAlert()); err != nil {
			t.Fatal(err)
		}
		got := s.wait(t, 1)[0]
		if raw := string(got.raw); got.to[0] != "anna@xn--bcher-kva.example" || !strings.Contains(raw, "<anna@xn--bcher-kva.example>") ||
			!strings.Contains(raw, "<alerts@xn--bro-hoa.example>") || strings.Contains(raw, "bücher") {
			t.Errorf("got to %q:\n%s\nwant the domain in ASCII", got.to, raw)
		}
	})
	t.Run("no login wanted", func(t *testing.T) {
		s := startMailServer(t, setup{auth: "NONE"})
		e := emailTo(s)
		wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "neither PLAIN nor LOGIN", "remove Username")
		e.Username, e.Password = "", ""
		if err := e.Notify(t.Context(), sampleAlert()); err != nil {
			t.Fatal(err)
		}
	})
}

// testEmail checks Email against a server that start starts.
func testEmail(t *testing.T, start func(*testing.T, setup) mailServer) {
	ways := map[string]setup{
		"STARTTLS": {}, "implicit TLS": {implicit: true}, "PLAIN": {auth: "PLAIN"}, "LOGIN": {auth: "LOGIN"},
		"no TLS": {noTLS: true},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s := start(t, way)
			e := emailTo(s)
			e.ImplicitTLS, e.InsecureNoTLS = way.implicit, way.noTLS
			if err := e.Notify(t.Context(), sampleAlert()); err != nil {
				t.Fatal(err)
			}
			got := s.wait(t, 1)
			if len(got) != 1 || got[0].user != mailUser {
				t.Fatalf("got %d mails, the first from %q, want 1 from %q", len(got), got[0].user, mailUser)
			}
			checkMail(t, got[0].raw, sampleAlert())
		})
	}
	s := start(t, setup{})
	t.Run("50 429s in a second are 1 mail", func(t *testing.T) { testOneMail(t, s) })
	t.Run("recipients", func(t *testing.T) { testRecipients(t, start) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, start) })
	t.Run("names in the mail", func(t *testing.T) {
		for _, name := range nasty {
			a := nastyAlert(name)
			n := len(s.mails())
			if err := emailTo(s).Notify(t.Context(), a); err != nil {
				t.Fatalf("%q: Notify: got %v, want nil", name, err)
			}
			s.wait(t, n+1)
		}
		for _, m := range s.mails() {
			if h := parse(t, m.raw).Header; len(h["Bcc"]) > 0 || len(h["To"]) != 1 {
				t.Errorf("header: got %v, want one To and no Bcc", h)
			}
		}
	})
}

// emailTo returns the settings for s.
func emailTo(s mailServer) notify.Email {
	return notify.Email{
		Addr: s.addr, From: "Aprimo alerts <alerts@example.com>", To: []string{"Admin Ä <admin@example.com>"},
		Username: mailUser, Password: mailPassword, TLSConfig: &tls.Config{RootCAs: s.roots},
	}
}

func testOneMail(t *testing.T, s mailServer) {
	before := len(s.mails())
	var sent atomic.Int32
	a := notify.New(notify.NotifierFunc(func(ctx context.Context, alert notify.Alert) error {
		sent.Add(1)
		return emailTo(s).Notify(ctx, alert)
	}), notify.Rule{})
	burst(a, 50)
	if err := a.Close(); err != nil || sent.Load() != 1 {
		t.Fatalf("got %d mails sent, %v, want 1, nil", sent.Load(), err)
	}
	got := s.wait(t, before+1)
	if n := len(got) - before; n != 1 || got[before].user != mailUser {
		t.Fatalf("%d mails, want 1", n)
	}
	if text := textOf(t, got[before].raw, "text/plain"); !strings.Contains(text, "50 requests") {
		t.Errorf("mail: got %s, want 50 requests in it", text)
	}
}

func testRecipients(t *testing.T, start func(*testing.T, setup) mailServer) {
	s := start(t, setup{})
	e := emailTo(s)
	e.To = []string{"a@example.com", "nobody@example.com", "b@example.com"}
	wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "sent to the other recipients", "nobody@example.com", "550")
	s.wait(t, 1)

	e.To = []string{"a@example.com", "not an address"}
	wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "sent to the other recipients", "not an address")
	s.wait(t, 2)

	wantError(t, e.Check(t.Context()), notify.ErrPermanent, "not an address")
	e.To = []string{"a@example.com", "nobody@example.com"}
	wantError(t, e.Check(t.Context()), nil, "nobody@example.com", "550")

	e.To = []string{"nobody@example.com"}
	wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "refuses the recipient", "see To")

	e.To = []string{"nobody@example.com", "later@example.com"}
	err := e.Notify(t.Context(), sampleAlert())
	wantError(t, err, nil, "nobody@example.com", "later@example.com", "45")
	if errors.Is(err, notify.ErrPermanent) {
		t.Errorf("error: got %v, want one that is not permanent", err)
	}
	if n := len(s.mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
}

// wantError checks that err is target and says all of want.
func wantError(t *testing.T, err, target error, want ...string) {
	t.Helper()
	if err == nil || target != nil && !errors.Is(err, target) {
		t.Fatalf("error: got %v, want %v", err, target)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q want %q in it", err, w)
		}
	}
}

// The settings are good, and nothing is sent.
func TestCheckSendsNothing(t *testing.T) {
	s := startMailServer(t, setup{})
	var said strings.Builder
	e := emailTo(s)
	e.Trace = &said
	if err := e.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Password = "hunter2-wrong"
	wantError(t, e.Check(t.Context()), notify.ErrPermanent, "login refused")
	if n := len(s.mails()); n != 0 {
		t.Errorf("%d mails, want none", n)
	}
	for _, want := range []string{"client: MAIL FROM:<alerts@example.com>", "client: RCPT TO:<admin@example.com>", "server: 535", "client: QUIT"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in the dialogue:\n%s", want, &said)
		}
	}
	for _, secret := range []string{"hunter2-wrong", mailPassword, base64.StdEncoding.EncodeToString([]byte("\x00" + mailUser + "\x00" + mailPassword))} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("dialogue: got a secret, want none:\n%s", &said)
		}
	}
	e.Addr = "127.0.0.1:1"
	wantError(t, e.Check(t.Context()), nil, "no connection", "Addr")
}
