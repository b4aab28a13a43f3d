package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const password = "correct horse battery"

// try runs the program with this environment, and fails the test if it prints a secret.
func try(t *testing.T, env map[string]string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, args, func(name string) string { return env[name] }, &out)
	shown := out.String()
	if err != nil {
		shown += err.Error()
	}
	login := base64.StdEncoding.EncodeToString([]byte("\x00alerts\x00" + password))
	for _, secret := range []string{password, login, "a password for a server in this process", "hooks/secret"} {
		if strings.Contains(shown, secret) {
			t.Errorf("got the secret %q in %s", secret, shown)
		}
	}
	return out.String(), err
}

func wants(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in:\n%s", want, text)
		}
	}
}

func TestWithoutFlags(t *testing.T) {
	out, err := try(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, out, "mail server in this process and to no person", "client: STARTTLS", "client: AUTH PLAIN ***",
		"client: MAIL FROM:<alerts@example.com>", "server: 250", "and nobody else", "X-Aprimo-Alert: state=test")
}

func TestArgumentsThatAreRefused(t *testing.T) {
	given := []string{"-smtp", "127.0.0.1:1", "-from", "a@example.com", "-to", "b@example.com"}
	for _, tt := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, []string{"-from", "a@example.com"}, "-from is for a real mail server: name it with -smtp"},
		{nil, []string{"-to", "a@example.com", "-check"}, "-to is for a real"},
		{nil, []string{"-account", "a"}, "-account is for a real"},
		{nil, []string{"-tls"}, "-tls is for a real"},
		{nil, []string{"check"}, `unexpected argument "check"`},
		{nil, append(given, "c@example.com"), `unexpected argument "c@example.com"`},
		{nil, []string{"-smtp", "127.0.0.1:1"}, "-from and -to"},
		{nil, append(given, "-account", "a"), "SMTP_PASSWORD"},
		{nil, append(given, "-account", "a", "-token"), "SMTP_TOKEN"},
		{nil, append(given, "-token"), "-token needs -account"},
		{nil, []string{"-preview", "x", "-check"}, "leave out"},
		{nil, []string{"-webhook", "slack"}, "WEBHOOK_URL"},
		{map[string]string{"WEBHOOK_URL": "https://events.pagerduty.com/v2/enqueue"}, []string{"-webhook", "pagerduty"}, "PAGERDUTY_ROUTING_KEY"},
		{nil, []string{"-webhook", "fax"}, "json, slack, teams, alertmanager or pagerduty"},
		{map[string]string{"WEBHOOK_URL": "http://example.com/hooks/secret"}, []string{"-webhook", "json", "-check"}, "https"},
		{map[string]string{"WEBHOOK_URL": "hooks/secret"}, append(given, "-webhook", "json", "-check"), "bad URL"},
		{map[string]string{"SMTP_PASSWORD": password}, append(given, "-account", "alerts"), "no connection"},
		{map[string]string{"SMTP_PASSWORD": password}, append(given, "-tls", "-insecure-no-tls"), "remove one"},
	} {
		out, err := try(t, tt.env, tt.args...)
		if err == nil {
			t.Errorf("%q: got no error, want %q; %s", tt.args, tt.want, out)
			continue
		}
		wants(t, err.Error(), tt.want)
		if strings.Contains(out, "accepted") || strings.Contains(out, "would take") {
			t.Errorf("%q: got %s, want nothing accepted", tt.args, out)
		}
	}
}

// The server repeats the login in its refusals.
func TestARealServer(t *testing.T) {
	env := map[string]string{"SMTP_PASSWORD": password, "SMTP_TOKEN": password}
	args := []string{"-smtp", startServer(t), "-insecure-no-tls", "-from", "a@example.com", "-to", "b@example.com,c@example.com", "-account", "alerts"}
	out, err := try(t, env, args...)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, out, "RCPT TO:<c@example.com>", "has accepted the test alert: look into the mailbox of b@example.com, c@example.com")
	if out, err = try(t, env, append(args, "-check")...); err != nil {
		t.Fatal(err)
	}
	wants(t, out, "would take the mail")

	args[6] = "nobody@example.com"
	if out, err = try(t, env, args...); err == nil {
		t.Fatal(out)
	}
	wants(t, err.Error(), "refuses the recipient nobody@example.com, see To", "550 5.1.1", "***")
	if _, err = try(t, env, append(args, "-token")...); err == nil {
		t.Fatal("got no error of a server without XOAUTH2, want one")
	}
	wants(t, err.Error(), "does not offer XOAUTH2")
}

// startServer starts a mail server without TLS, and returns its address.
func startServer(t *testing.T) string {
	t.Helper()
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{}, nil }))
	s.AllowInsecureAuth, s.ErrorLog = true, log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

type session struct{}

func (session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}
func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if to == "nobody@example.com" {
		login := base64.StdEncoding.EncodeToString([]byte("\x00alerts\x00" + password))
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "debug transcript: AUTH PLAIN " + login}
	}
	return nil
}
func (session) Data(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
func (session) Reset()                 {}
func (session) Logout() error          { return nil }

func TestTheWebhookAlone(t *testing.T) {
	var got []byte
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
	defer hook.Close()
	env := map[string]string{"WEBHOOK_URL": hook.URL + "/hooks/secret"}
	out, err := try(t, env, "-webhook", "slack", "-check")
	if err != nil || got != nil {
		t.Fatalf("got error %v and %s, want nothing sent", err, got)
	}
	wants(t, out, "settings of the webhook are valid")
	if out, err = try(t, env, "-webhook", "slack"); err != nil {
		t.Fatal(err)
	}
	wants(t, out, "notify.Webhook(slack to 127.0.0.1", "has accepted the test alert")
	wants(t, string(got), `"blocks"`)
	if strings.Contains(out, "mail server") {
		t.Errorf("got a mail server in %s, want none", out)
	}
}

func TestPreview(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pages")
	out, err := try(t, nil, "-preview", dir)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, out, "24 alerts", filepath.Join(dir, "index.html"))
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []string{"360", "640"} {
		if n := strings.Count(string(page), `width="`+width+`"`); n != 24 {
			t.Errorf("got %d frames of %s px, want 24", n, width)
		}
	}
	refs := regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(string(page), -1)
	if len(refs) != 24*8 {
		t.Errorf("got %d references, want two frames and six links of each alert", len(refs))
	}
	for _, ref := range refs {
		if _, err := os.Stat(filepath.Join(dir, ref[1])); err != nil {
			t.Error(err)
		}
	}
}
