// Alert tries the alerts before they are needed.
//
//	go run ./examples/alert                    sends a test alert to a mail server in this process
//	go run ./examples/alert -preview pages     writes what every alert looks like into a folder
//	go run ./examples/alert -smtp mail.example.com:587 -from a@example.com -to b@example.com -check
//
// With -smtp it is the server of that name. Its password comes from the environment:
// SMTP_PASSWORD, with -user. -check goes as far as a mail would, without sending one.
// With -webhook the URL comes from WEBHOOK_URL. What is said to the mail server and
// what it answers is printed, without secrets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/notify"
)

type flags struct {
	smtp, from, to, user   string
	implicit, noTLS, check bool
	preview, tenant        string
	webhook                string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var f flags
	flag.StringVar(&f.preview, "preview", "", "write all alerts, as they look, into this `folder`, and send none")
	flag.StringVar(&f.smtp, "smtp", "", "`host:port` of a real mail server")
	flag.StringVar(&f.from, "from", "", "the sender's `address`")
	flag.StringVar(&f.to, "to", "", "`addresses` of the recipients, with commas between them")
	flag.StringVar(&f.user, "user", "", "log in as this `name`, with SMTP_PASSWORD")
	flag.BoolVar(&f.implicit, "tls", false, "TLS from the start, as on port 465")
	flag.BoolVar(&f.noTLS, "insecure-no-tls", false, "no TLS: for a server on this machine")
	flag.BoolVar(&f.check, "check", false, "check the settings, and send none")
	flag.StringVar(&f.webhook, "webhook", "", "send to WEBHOOK_URL too, in this `shape`: json, slack or teams")
	flag.StringVar(&f.tenant, "tenant", "acme", "the `name` that the alert carries")
	flag.Parse()
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "alert:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags) error {
	if f.preview != "" {
		return preview(f.preview)
	}
	email, done, err := f.email()
	if err != nil {
		return err
	}
	defer done()
	email.Trace = os.Stdout
	fmt.Println("To", email)
	if f.check {
		if err := email.Check(ctx); err != nil {
			return err
		}
		fmt.Println("The server would take the mail.")
		return nil
	}
	ways := notify.Routes{{Name: "mail", To: email}}
	if f.webhook != "" {
		hook := notify.Webhook{URL: os.Getenv("WEBHOOK_URL"), Shape: notify.Shape(strings.TrimPrefix(f.webhook, "json"))}
		ways = append(ways, notify.Route{Name: "webhook", To: hook})
	}
	alerts := notify.New(ways, notify.Rule{Tenant: f.tenant})
	defer alerts.Close()
	if err := alerts.SendTest(ctx); err != nil {
		return err
	}
	fmt.Println("The test alert is delivered.")
	return nil
}

// email returns the settings of the mail server, and what ends it if it is ours.
func (f flags) email() (e notify.Email, done func(), err error) {
	if f.smtp == "" {
		server, err := mailserver.Start()
		if err != nil {
			return notify.Email{}, nil, err
		}
		return server.Email(), func() { show(server); server.Close() }, nil
	}
	if f.from == "" || f.to == "" {
		return notify.Email{}, nil, errors.New("set -from and -to, the addresses of the sender and of whoever is to be told")
	}
	return notify.Email{
		Addr: f.smtp, From: f.from, To: strings.Split(f.to, ","),
		Username: f.user, Password: os.Getenv("SMTP_PASSWORD"),
		ImplicitTLS: f.implicit, InsecureNoTLS: f.noTLS,
	}, func() {}, nil
}

// show prints what arrived.
func show(server *mailserver.Server) {
	for _, m := range server.Received() {
		head, _, _ := strings.Cut(m, "\r\n\r\n")
		fmt.Print("\nThe mail's header, as the server received it:\n\n", strings.ReplaceAll(head, "\r\n", "\n"), "\n")
	}
}
