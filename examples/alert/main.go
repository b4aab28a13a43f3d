// Alert tests the settings of alerts.
//
//	go run ./examples/alert                    sends a test alert to a mail server in this process
//	go run ./examples/alert -preview pages     writes every kind of alert into a folder
//	go run ./examples/alert -smtp mail.example.com:587 -from a@example.com -to b@example.com -check
//
// With -smtp it uses that mail server. To log in, set -account, and the password in the
// environment variable SMTP_PASSWORD, or with -token an access token in SMTP_TOKEN.
// With -webhook it posts to the URL in WEBHOOK_URL, for PagerDuty with the key in
// PAGERDUTY_ROUTING_KEY. -check connects and logs in, but sends no alert. The dialogue is
// printed without secrets.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/notify"
)

//go:embed main.go
var mainGo string

func main() {
	program.Main("alert", func(ctx context.Context, out io.Writer) error {
		switch err := run(ctx, os.Args[1:], os.Getenv, out); {
		case errors.Is(err, flag.ErrHelp):
			return nil
		case err != nil && ctx.Err() != nil:
			return errors.New("stopped: run the same command again to send the alert")
		default:
			return err
		}
	})
}

func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	f, err := parse(args, env, out)
	if err != nil {
		return err
	}
	if f.preview != "" {
		return preview(f.preview, out)
	}
	ways, done, err := f.ways(out)
	if err != nil {
		return err
	}
	defer done()
	if f.check {
		return check(ctx, ways, out)
	}
	alerts := notify.New(ways, notify.Rule{Tenant: f.tenant})
	defer alerts.Close()
	if err := alerts.SendTest(ctx); err != nil {
		return err
	}
	for _, w := range ways {
		fmt.Fprintln(out, f.accepted(w.To))
	}
	return nil
}

// accepted says where a test alert has gone.
func (f flags) accepted(to notify.Notifier) string {
	switch to := to.(type) {
	case notify.Email:
		if f.smtp != "" {
			return fmt.Sprintf("\n%s has accepted the test alert: look into the mailbox of %s.", to.Addr, strings.Join(to.To, ", "))
		}
		return "\nThe test alert is in the mail server of this process, and nobody else gets it: use -smtp, -from and -to to send it to people."
	default:
		return fmt.Sprintf("\n%v has accepted the test alert: look for it there.", to)
	}
}

// check tests the settings as far as possible without sending anything.
func check(ctx context.Context, ways notify.Routes, out io.Writer) error {
	var errs []error
	for _, w := range ways {
		switch to := w.To.(type) {
		case notify.Email:
			if err := to.Check(ctx); err != nil {
				errs = append(errs, err)
				continue
			}
			fmt.Fprintln(out, "\nThe server would take the mail.")
		case notify.Webhook: // it can only be posted to
			if err := to.Validate(); err != nil {
				errs = append(errs, err)
				continue
			}
			fmt.Fprintln(out, "\nThe settings of the webhook are valid. Leave out -check to see whether it accepts an alert.")
		}
	}
	return errors.Join(errs...)
}
