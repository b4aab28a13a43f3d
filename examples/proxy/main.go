// Proxy is a reverse proxy that keeps programs in any language within a tenant's limit
// together: they use its address as their base URL instead of Aprimo's. Programs take
// turns, 429s are retried, and several proxies share the limit over Redis.
//
//	go run ./examples/proxy                                   a simulated tenant, to try
//	go run ./examples/proxy -tenant acme -redis redis://redis:6379
//	curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/core/records
//
// Paths that begin with /api/core/ go to acme.dam.aprimo.com and all others, such as
// those of tokens and uploads, to acme.aprimo.com. A request is passed on byte for byte or
// refused. Links in responses point to Aprimo, past the proxy: programs must use only
// their path.
//
// # Who takes turns
//
// Slots go to the programs in turn, and a program is an address: a token is not checked
// here, so its user is for the log alone, and inventing users gains nothing. Behind a
// server that hides the addresses, name with -flow-header the header in which that server
// says who calls. It must replace what a program sends in it; X-Forwarded-For is mostly
// extended instead.
//
// # What uses no slot
//
// A body of up to 1 MiB is read before its request waits, so a slow program holds up only
// itself, and is kept to be sent again after a 429. All kept bodies together are at most 64
// MiB; beyond that they are streamed. A longer body is streamed when its turn has come:
// after a 429 the program gets that 429 and sends it again. A program that sends or reads
// less than 64 KiB in a minute is disconnected. A program that disconnects leaves the
// queue; of a longer body that is noticed only when it is read.
//
// Answered without asking Aprimo are: 400 a target that cannot be passed on as it is, 401
// no token, 403 a web page of another site, 405 a method that Aprimo's API does not have,
// 408 a body that came too slowly, 503 a full queue, with Retry-After.
//
// # Running it
//
// A second address, by default 127.0.0.1:9090, serves /healthz for a load balancer and
// /metrics for Prometheus. On an interrupt or SIGTERM the proxy completes the requests that
// it has and exits with 0, or with 1 if the time of -drain was too short. A second signal
// ends it at once.
//
// By default it listens on the loopback device. It does not encrypt: run it next to the
// programs, or behind a server that does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type flags struct {
	listen, admin string
	tenant        string
	redis         string
	processes     int
	flowHeader    string
	drain         time.Duration
}

func main() {
	var f flags
	flag.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` for the programs")
	flag.StringVar(&f.admin, "admin", "127.0.0.1:9090", "`address` for /healthz and /metrics")
	flag.StringVar(&f.tenant, "tenant", "", "`name` of the tenant, such as acme for acme.dam.aprimo.com; empty: a simulated one")
	flag.StringVar(&f.redis, "redis", "", "`URL` of the Redis over which proxies share the limit, such as redis://user:password@redis:6379; empty: not shared")
	flag.IntVar(&f.processes, "processes", 1, "assumed `number` of proxies until Redis is first reached")
	flag.StringVar(&f.flowHeader, "flow-header", "", "`name` of the header in which a server in front says which program calls, such as X-Real-IP; empty: programs are told apart by their address")
	flag.DurationVar(&f.drain, "drain", time.Minute, "`time` to complete requests before exit")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program
	if err := run(ctx, f, nil); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}
