package main

import (
	"os"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/notify"
)

// routes returns how to alert administrators, or nothing if the flags name nobody.
func (f flags) routes() (routes notify.Routes, err error) {
	if f.smtp != "" {
		mail := notify.Email{
			Addr: f.smtp, From: f.from, To: strings.Split(f.to, ","),
			Username: f.account, Password: os.Getenv("SMTP_PASSWORD"), InsecureNoTLS: f.noTLS,
		}
		if err := mail.Validate(); err != nil {
			return nil, program.Misuse("-smtp, -from, -to: %w", err)
		}
		routes = append(routes, notify.Route{Name: "mail", To: mail})
	} else if f.from+f.to+f.account != "" || f.noTLS {
		return nil, program.Misuse("-from, -to, -account and -insecure-no-tls are for a mail server: name it with -smtp host:port")
	}
	if f.webhook != "" {
		shape := notify.Shape(f.webhook)
		if f.webhook == "json" {
			shape = notify.JSON
		}
		hook := notify.Webhook{URL: os.Getenv("WEBHOOK_URL"), Shape: shape, RoutingKey: os.Getenv("PAGERDUTY_ROUTING_KEY")}
		if err := hook.Validate(); err != nil {
			return nil, program.Misuse("-webhook and the environment variable WEBHOOK_URL: %w", err)
		}
		routes = append(routes, notify.Route{Name: "webhook", To: hook})
	}
	return routes, nil
}
