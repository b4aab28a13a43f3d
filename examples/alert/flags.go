package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/notify"
)

type flags struct {
	smtp, from, to, user          string
	token, implicit, noTLS, check bool
	preview, tenant               string
	webhook                       string
	env                           func(string) string
}

// parse reads the flags, and refuses those of which nothing would be seen.
func parse(args []string, env func(string) string, out io.Writer) (flags, error) {
	f := flags{env: env}
	s := flag.NewFlagSet("alert", flag.ContinueOnError)
	s.SetOutput(out)
	s.StringVar(&f.preview, "preview", "", "write all alerts, as they look, into this `folder`, and send none")
	s.StringVar(&f.smtp, "smtp", "", "`host:port` of a real mail server (Addr)")
	s.StringVar(&f.from, "from", "", "the sender's `address`")
	s.StringVar(&f.to, "to", "", "`addresses` of the recipients, with commas between them")
	s.StringVar(&f.user, "user", "", "log in as this `name` (Username), with SMTP_PASSWORD (Password)")
	s.BoolVar(&f.token, "token", false, "log in with an access token, SMTP_TOKEN (Token), instead of a password")
	s.BoolVar(&f.implicit, "tls", false, "TLS from the start, as on port 465 (ImplicitTLS)")
	s.BoolVar(&f.noTLS, "insecure-no-tls", false, "no TLS: for a server on this machine (InsecureNoTLS)")
	s.BoolVar(&f.check, "check", false, "check the settings, and send none")
	s.StringVar(&f.webhook, "webhook", "", "send to WEBHOOK_URL, in this `shape`: json, slack or teams")
	s.StringVar(&f.tenant, "tenant", "acme", "the `name` that the alert carries")
	if err := s.Parse(args); err != nil {
		return f, err
	}
	if s.NArg() > 0 {
		return f, fmt.Errorf("unknown argument %q: everything is a flag, and several recipients are -to a@example.com,b@example.com", s.Arg(0))
	}
	var err error
	s.Visit(func(given *flag.Flag) {
		switch given.Name {
		case "preview":
			if s.NFlag() > 1 {
				err = errors.New("-preview sends nothing: leave out the other flags")
			}
		case "from", "to", "user", "token", "tls", "insecure-no-tls":
			if f.smtp == "" && err == nil {
				err = fmt.Errorf("-%s is for a real mail server: name it with -smtp host:port", given.Name)
			}
		}
	})
	return f, err
}

// ways returns where alerts go, and what ends the mail server if it is ours.
func (f flags) ways(out io.Writer) (ways notify.Routes, done func(), err error) {
	done = func() {}
	if f.webhook != "" {
		hook, err := f.hook()
		if err != nil {
			return nil, nil, err
		}
		ways = append(ways, notify.Route{Name: "webhook", To: hook})
	}
	var email notify.Email
	switch {
	case f.smtp != "":
		if email, err = f.email(); err != nil {
			return nil, nil, err
		}
	case f.webhook != "":
		return ways, done, nil
	default:
		server, err := mailserver.Start()
		if err != nil {
			return nil, nil, err
		}
		email, done = server.Email(), func() { show(server, out); server.Close() }
		fmt.Fprint(out, "No -smtp: this goes to a mail server in this process, and nobody gets it.\n\n")
	}
	email.Trace = out
	fmt.Fprintln(out, "To", email)
	return append(ways, notify.Route{Name: "mail", To: email}), done, nil
}

// hook returns the settings of the webhook.
func (f flags) hook() (notify.Webhook, error) {
	shapes := map[string]notify.Shape{"json": notify.JSON, "slack": notify.Slack, "teams": notify.Teams}
	shape, ok := shapes[f.webhook]
	if !ok {
		return notify.Webhook{}, fmt.Errorf("bad -webhook %q: it is the shape, json, slack or teams", f.webhook)
	}
	url, err := f.secret("WEBHOOK_URL", "the URL to post to, as the service shows it")
	return notify.Webhook{URL: url, Shape: shape}, err
}

// email returns the settings of the real mail server.
func (f flags) email() (e notify.Email, err error) {
	if f.from == "" || f.to == "" {
		return e, errors.New("set -from and -to, the addresses of the sender and of whoever is to be told")
	}
	e = notify.Email{
		Addr: f.smtp, From: f.from, To: strings.Split(f.to, ","), Username: f.user,
		ImplicitTLS: f.implicit, InsecureNoTLS: f.noTLS,
	}
	switch {
	case f.token && f.user == "":
		return e, errors.New("-token needs -user, the mailbox that the token is for")
	case f.token:
		token, err := f.secret("SMTP_TOKEN", "the access token of "+f.user)
		e.Token = func(context.Context) (string, error) { return token, nil }
		return e, err
	case f.user != "":
		e.Password, err = f.secret("SMTP_PASSWORD", "the password of "+f.user+" (or use -token)")
	}
	return e, err
}

// secret returns what is in the environment, so that no list of processes shows it.
func (f flags) secret(name, what string) (string, error) {
	if s := f.env(name); s != "" {
		return s, nil
	}
	return "", fmt.Errorf("set the environment's %s: %s", name, what)
}

// show prints what arrived.
func show(server *mailserver.Server, out io.Writer) {
	for _, m := range server.Received() {
		head, _, _ := strings.Cut(m, "\r\n\r\n")
		fmt.Fprint(out, "\nThe mail's header, as the server in this process received it:\n\n", strings.ReplaceAll(head, "\r\n", "\n"), "\n")
	}
}
