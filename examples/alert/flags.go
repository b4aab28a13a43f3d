package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/notify"
)

type flags struct {
	smtp, from, to, account       string
	token, implicit, noTLS, check bool
	preview, tenant               string
	webhook                       string
	env                           func(string) string
}

// parse reads the flags. It refuses flags that would have no effect.
func parse(args []string, env func(string) string, out io.Writer) (flags, error) {
	f := flags{env: env}
	s := flag.NewFlagSet("alert", flag.ContinueOnError)
	s.StringVar(&f.preview, "preview", "", "write every kind of alert into this `folder`, and send none")
	s.StringVar(&f.smtp, "smtp", "", "`host:port` of a real mail server (Addr)")
	s.StringVar(&f.from, "from", "", "`address` of the sender (From)")
	s.StringVar(&f.to, "to", "", "`addresses` of the recipients, separated by commas (To)")
	s.StringVar(&f.account, "account", "", "`name` to log in with (Username), with the password in SMTP_PASSWORD (Password)")
	s.BoolVar(&f.token, "token", false, "log in with the access token in SMTP_TOKEN (Token) instead of a password")
	s.BoolVar(&f.implicit, "tls", false, "use TLS from the start, as on port 465 (ImplicitTLS)")
	s.BoolVar(&f.noTLS, "insecure-no-tls", false, "use no TLS: for a server on this machine (InsecureNoTLS)")
	s.BoolVar(&f.check, "check", false, "check the settings and send no alert")
	s.StringVar(&f.webhook, "webhook", "", "send to WEBHOOK_URL in this `shape`: json, slack, teams, alertmanager or pagerduty")
	s.StringVar(&f.tenant, "tenant", "acme", "`name` of the tenant in the alert")
	var rest []string
	if err := program.ParseArgs(s, args, mainGo, &rest, out); err != nil {
		return f, err
	}
	if len(rest) > 0 {
		return f, program.Misuse("unexpected argument %q: use flags only; write several recipients as -to a@example.com,b@example.com", rest[0])
	}
	var err error
	s.Visit(func(given *flag.Flag) {
		switch given.Name {
		case "preview":
			if s.NFlag() > 1 {
				err = program.Misuse("-preview sends nothing: leave out the other flags")
			}
		case "from", "to", "account", "token", "tls", "insecure-no-tls":
			if f.smtp == "" && err == nil {
				err = program.Misuse("-%s is for a real mail server: name it with -smtp host:port", given.Name)
			}
		}
	})
	return f, err
}

// ways returns where to send alerts, and a function that closes the mail server in this
// process.
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
		fmt.Fprint(out, "Without -smtp the alert goes to a mail server in this process and to no person.\n\n")
	}
	email.Trace = out
	fmt.Fprintln(out, "To", email)
	return append(ways, notify.Route{Name: "mail", To: email}), done, nil
}

// hook returns the settings of the webhook.
func (f flags) hook() (w notify.Webhook, err error) {
	shapes := map[string]notify.Shape{
		"json": notify.JSON, "slack": notify.Slack, "teams": notify.Teams,
		"alertmanager": notify.Alertmanager, "pagerduty": notify.PagerDuty,
	}
	shape, ok := shapes[f.webhook]
	if !ok {
		return notify.Webhook{}, program.Misuse("bad -webhook %q: choose the shape json, slack, teams, alertmanager or pagerduty", f.webhook)
	}
	w = notify.Webhook{Shape: shape}
	w.URL, err = f.secret("WEBHOOK_URL", "the URL to post to, as the service shows it")
	if err == nil && shape == notify.PagerDuty {
		w.RoutingKey, err = f.secret("PAGERDUTY_ROUTING_KEY", "the integration key that PagerDuty shows for the service")
	}
	return w, err
}

// email returns the settings of the real mail server.
func (f flags) email() (e notify.Email, err error) {
	if f.from == "" || f.to == "" {
		return e, program.Misuse("set -from and -to, the addresses of the sender and of the recipients")
	}
	e = notify.Email{
		Addr: f.smtp, From: f.from, To: strings.Split(f.to, ","), Username: f.account,
		ImplicitTLS: f.implicit, InsecureNoTLS: f.noTLS,
	}
	switch {
	case f.token && f.account == "":
		return e, program.Misuse("-token needs -account, the mailbox of the token")
	case f.token:
		token, err := f.secret("SMTP_TOKEN", "the access token of "+f.account)
		e.Token = func(context.Context) (string, error) { return token, nil }
		return e, err
	case f.account != "":
		e.Password, err = f.secret("SMTP_PASSWORD", "the password of "+f.account+" (or use -token)")
	}
	return e, err
}

// secret returns an environment variable: a list of processes would show a flag.
func (f flags) secret(name, what string) (string, error) {
	if s := f.env(name); s != "" {
		return s, nil
	}
	return "", fmt.Errorf("set the environment variable %s: %s", name, what)
}

// show prints the headers of the mails that arrived.
func show(server *mailserver.Server, out io.Writer) {
	for _, m := range server.Received() {
		head, _, _ := strings.Cut(m, "\r\n\r\n")
		fmt.Fprint(out, "\nThe mail's header, as the server in this process received it:\n\n", strings.ReplaceAll(head, "\r\n", "\n"), "\n")
	}
}
