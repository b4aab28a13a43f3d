// Burst demonstrates package transport with the example of Aprimo's documentation: 130
// requests at once to a simulated tenant. It sends them with a plain http.Client, then
// through our transport, and once more while another integration saturates the tenant.
// It prints the figures side by side, the log lines of the 429s, and the mail to the
// administrator as an in-process mail server received it.
//
//	go run ./examples/burst
//	go run ./examples/burst -n 300 -others 60
//
// With -tenant it sends harmless GETs to a real tenant, only through our transport, with
// the credentials of a client-credentials registration in APRIMO_CLIENT_ID and
// APRIMO_CLIENT_SECRET:
//
//	go run ./examples/burst -tenant acme -n 45
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"io"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

type flags struct {
	calls, rate, queue int
	others             float64
	tenant             string
}

//go:embed main.go
var mainGo string

func main() {
	var f flags
	flag.IntVar(&f.calls, "n", 130, "number of `requests` to send at once")
	flag.IntVar(&f.rate, "rate", 15, "limit in `requests` per second, of the tenant and of our transport")
	flag.IntVar(&f.queue, "queue", 100, "`requests` above the limit that the simulated tenant queues")
	flag.Float64Var(&f.others, "others", 40, "`requests` per second of another integration, which saturates the tenant for 8 s; 0: none")
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com; empty: a simulated one")
	program.Parse("burst", mainGo, nil)
	program.Main("burst", func(ctx context.Context, out io.Writer) error {
		err := run(ctx, f, out)
		if err != nil && ctx.Err() != nil {
			return errors.New("stopped: run the same command again to send all requests anew")
		}
		return err
	})
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.tenant != "" {
		return runReal(ctx, f, out)
	}
	return runSimulated(ctx, f, out)
}

func (f flags) check() error {
	switch {
	case f.calls < 1 || f.calls > 10_000:
		return program.Misuse("-n %d: choose 1 to 10000 requests", f.calls)
	case f.rate < 1 || f.rate > 1000:
		return program.Misuse("-rate %d: choose 1 to 1000 requests per second", f.rate)
	case f.queue < 1:
		return program.Misuse("-queue %d: choose at least 1 request", f.queue)
	case f.others < 0 || f.others > 10_000:
		return program.Misuse("-others %g: choose 0 to 10000 requests per second", f.others)
	}
	return nil
}
