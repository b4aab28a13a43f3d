// Proxy is a reverse proxy that keeps programs in any language together within a tenant's
// limit. They use its address as their base URL instead of Aprimo's, and send their own access
// tokens. Programs take turns, 429s are retried, and several proxies share the limit through
// Redis. If Aprimo has raised the tenant's limit, set -limit.
//
//	go run ./examples/proxy                                   a simulated tenant, to try
//	go run ./examples/proxy -tenant acme -redis redis://redis:6379
//	curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/core/records
//
// Paths that begin with /api/core/ go to acme.dam.aprimo.com and all others, such as
// those of tokens and uploads, to acme.aprimo.com. The proxy forwards a request unchanged or
// refuses it. Links in responses lead to Aprimo, past the proxy: programs must use only their
// path, or -links must be the proxy's own URL. With -links the proxy replaces the header
// Location and the values of "href" in JSON, and asks Aprimo for uncompressed responses.
//
// # Who takes turns
//
// Slots go to the programs in turn. A program is identified by its address: the proxy does not
// verify tokens, so it uses the user in a token for the log only. If a server in front hides the
// addresses, name with -flow-header the header in which that server identifies the program. The
// server must replace that header in requests; X-Forwarded-For is usually extended instead.
//
// In the header of -class-header a program may say how urgent a request is: interactive, normal
// or batch. Each class gets its part of the slots, so a program that overstates its class takes
// slots from others. The header of -user-header names the user for the log, the status page and
// alerts. The proxy does not forward these headers, nor that of -flow-header.
//
// # What uses no slot
//
// The proxy reads a body of up to 1 MiB before the request is queued, so a slow program delays
// only itself, and keeps it for retries. It keeps at most 64 MiB of bodies and streams the rest.
// It streams a longer body when the request gets its slot and Aprimo wants the body: after a 429
// it sends that again too, unless Aprimo has a part of it already. Then the program gets the 429
// and must send the body again. A program that sends or reads less than 64 KiB in a minute is
// disconnected. If a program disconnects, its request leaves the queue; with a longer body, the
// proxy notices that only when it reads the body.
//
// The proxy itself answers 400 to a target that it cannot forward unchanged or an unknown class,
// 401 to a request without a token, 403 to a web page of another site, 405 to a method that
// Aprimo's API does not have, 408 to a body that arrives too slowly, and 503 with Retry-After if
// the queue is full.
//
// # Alerts
//
// With -smtp or -webhook the proxy alerts an administrator when there are many 429s, when
// calls are lost, and when it refuses many. With -redis all proxies count together, and one
// of them sends the alert. A proxy without -redis keeps open incidents and alerts that are not
// delivered in the directory of -state, and how fast the API is, so it resumes after a restart. Passwords and the webhook's URL come from the environment.
//
// # Running it
//
// A second address, by default 127.0.0.1:9090, serves the status page at /, /metrics for
// Prometheus, /livez, which fails only if the process hangs, and /readyz, which answers 503 once
// the proxy is shutting down. The page shows names of users: keep this address private.
//
// After an interrupt or SIGTERM the proxy accepts requests during -drain-delay, until load
// balancers have noticed. Then it completes the requests in progress and exits with 0, or with 1
// if they take longer than -drain. A second signal ends it at once.
//
// Dockerfile builds an image, and kubernetes.yaml runs two replicas.
//
// By default it listens on the loopback device. It does not encrypt: run it next to the
// programs, or behind a server that does.
package main

import (
	"context"
	_ "embed"
	"flag"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

type flags struct {
	listen, admin           string
	tenant, links           string
	redis, state            string
	limit, processes        int
	flow, class, user       string // names of headers
	smtp, from, to, account string
	noTLS                   bool
	webhook                 string
	drainDelay, drain       time.Duration
}

const defaultLimit = 15 // requests per second, of each tenant unless Aprimo has raised it

//go:embed main.go
var mainGo string

func main() {
	var f flags
	flag.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` for the programs")
	flag.StringVar(&f.admin, "admin", "127.0.0.1:9090", "`address` for the status page, /metrics, /livez and /readyz")
	flag.StringVar(&f.tenant, "tenant", "", "`name` of the tenant, such as acme for acme.dam.aprimo.com; empty: a simulated one")
	flag.StringVar(&f.links, "links", "", "`URL` by which programs reach the proxy, such as http://proxy:8080, for links in responses; empty: links lead to Aprimo")
	flag.StringVar(&f.redis, "redis", "", "`URL` of the Redis over which proxies share the limit, such as redis://user:password@redis:6379; empty: not shared")
	flag.StringVar(&f.state, "state", "", "`directory` that keeps alerts and the API's latencies across restarts; empty: they are lost. With -redis, Redis keeps them")
	flag.IntVar(&f.limit, "limit", defaultLimit, "the tenant's limit in `requests` per second, of all proxies together")
	flag.IntVar(&f.processes, "processes", 1, "assumed `number` of proxies until Redis is first reached")
	flag.StringVar(&f.flow, "flow-header", "", "`name` of the header in which a server in front says which program calls, such as X-Real-IP; empty: programs are distinguished by their address")
	flag.StringVar(&f.class, "class-header", "", "`name` of the header in which programs write interactive, normal or batch; empty: all requests are normal")
	flag.StringVar(&f.user, "user-header", "", "`name` of the header that names the user, for the log and alerts; empty: the user of the access token")
	flag.StringVar(&f.smtp, "smtp", "", "`host:port` of the mail server for alerts; empty: no mail")
	flag.StringVar(&f.from, "from", "", "`address` of the sender of alerts")
	flag.StringVar(&f.to, "to", "", "`addresses` of the recipients of alerts, separated by commas")
	flag.StringVar(&f.account, "account", "", "`name` to log in to the mail server with, with the password in the environment variable SMTP_PASSWORD; empty: no login")
	flag.BoolVar(&f.noTLS, "insecure-no-tls", false, "send mail without TLS: for a server on this machine")
	flag.StringVar(&f.webhook, "webhook", "", "`shape` of alerts for a webhook: json, slack, teams, alertmanager or pagerduty, with the URL in the environment variable WEBHOOK_URL, and for pagerduty the key in PAGERDUTY_ROUTING_KEY; empty: no webhook")
	flag.DurationVar(&f.drainDelay, "drain-delay", 0, "`time` to accept requests after the signal to end, until load balancers have noticed")
	flag.DurationVar(&f.drain, "drain", time.Minute, "`time` to complete requests before exit")
	program.Parse("proxy", mainGo, nil)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)                                  // a second signal ends the program
	program.Exit(context.Background(), "proxy", run(ctx, f, nil)) // a signal is no failure
}
