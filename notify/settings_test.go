package notify_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

func TestValidate(t *testing.T) {
	good := notify.Email{Addr: "smtp.example.com:587", From: "a@example.com", To: []string{"B <b@example.com>"}}
	token := func(context.Context) (string, error) { return "", nil }
	for _, tt := range []struct {
		change func(*notify.Email)
		want   string // empty: nothing is wrong
	}{
		{func(*notify.Email) {}, ""},
		{func(e *notify.Email) { e.Addr = "[::1]:25" }, ""},
		{func(e *notify.Email) { e.Username, e.Password = "a", "b" }, ""},
		{func(e *notify.Email) { e.Username, e.Token = "a", token }, ""},
		{func(e *notify.Email) { e.Addr = "" }, "host:port"},
		{func(e *notify.Email) { e.Addr = "smtp.example.com" }, "host:port"},
		{func(e *notify.Email) { e.Addr = ":587" }, "host and port"},
		{func(e *notify.Email) { e.Addr = "smtp.example.com:submission" }, "port number"},
		{func(e *notify.Email) { e.Addr = "smtp.example.com:70000" }, "port number"},
		{func(e *notify.Email) { e.From = "" }, "no From address: set Email.From"},
		{func(e *notify.Email) { e.From = "a@example.com\r\nBcc: x@evil.example" }, "bad From"},
		{func(e *notify.Email) { e.To = nil }, "no recipient: set Email.To"},
		{func(e *notify.Email) { e.To = []string{"b@example.com", "c"} }, `bad To "c"`},
		{func(e *notify.Email) { e.Password = "secret" }, "no Username for Password"},
		{func(e *notify.Email) { e.Username = "a" }, "no Password or Token"},
		{func(e *notify.Email) { e.Token = token }, "no Username for Token"},
		{func(e *notify.Email) { e.ImplicitTLS, e.InsecureNoTLS = true, true }, "remove one"},
	} {
		e := good
		tt.change(&e)
		err := e.Validate()
		if tt.want == "" {
			if err != nil {
				t.Errorf("%v: got %v, want nil", e, err)
			}
			continue
		}
		wantError(t, err, notify.ErrPermanent, "notify: email: ", tt.want)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("error: got %q, want it without the password", err)
		}
		if nerr := e.Notify(t.Context(), sampleAlert()); nerr == nil && tt.want != `bad To "c"` {
			t.Errorf("%v: Notify: got nil, want an error", e)
		} else if !errors.Is(nerr, notify.ErrPermanent) && !strings.Contains(tt.want, "bad To") {
			t.Errorf("%v: Notify: got %v, want a permanent error", e, nerr)
		}
	}
}

func TestPasswordIsNotPrinted(t *testing.T) {
	const secret = "hunter2-hunter2"
	e := notify.Email{
		Addr: "smtp.example.com:587", From: "a@example.com", To: []string{"b@example.com"}, Username: "me", Password: secret,
		TLSConfig: new(tls.Config),
	}
	withToken := e
	withToken.Token = func(context.Context) (string, error) { return secret, nil }
	var out bytes.Buffer
	for _, v := range []any{
		e, &e, withToken, []notify.Email{e}, map[string]notify.Email{"x": e}, struct{ E notify.Email }{e},
		notify.New(e, notify.Rule{}), notify.New(&e, notify.Rule{}),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		logger := zerolog.New(&out)
		logger.Info().Interface("email", v).Any("any", v).Msg("")
		slog.New(slog.NewTextHandler(&out, nil)).Info("", "email", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("", "email", v)
	}
	for _, s := range []string{secret, fmt.Sprintf("%x", secret)} {
		if i := strings.Index(out.String(), s); i >= 0 {
			t.Errorf("got the password in …%s, want it nowhere", out.String()[max(0, i-200):i+20])
		}
	}
	if got, want := fmt.Sprint(e), "notify.Email(smtp.example.com:587, from a@example.com to b@example.com, login as me)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
