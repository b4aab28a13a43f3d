// Status shows the status page of a busy Transport: three users and a job call a
// simulated tenant, whose queue other integrations fill from time to time.
//
//	go run ./examples/status      and open http://localhost:8429
//
// The page shows the names of users and their requests: in your own program, put it behind
// authentication.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/status"
)

//go:embed main.go
var mainGo string

func main() {
	addr := flag.String("addr", "localhost:8429", "`host:port` to serve the page at")
	lasts := flag.Duration("for", 0, "`duration` after which to exit; 0: run until Ctrl-C")
	program.Parse("status", mainGo, nil)
	program.Main("status", func(ctx context.Context, out io.Writer) error {
		page := ctx
		if *lasts > 0 {
			var stop context.CancelFunc
			page, stop = context.WithCancel(ctx) // no deadline: calls that cannot meet it would be rejected
			defer time.AfterFunc(*lasts, stop).Stop()
		}
		listener, err := net.Listen("tcp", *addr)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Simulated tenant: nothing is sent to Aprimo. The page is at http://%s\n", listener.Addr())
		if err := run(page, listener, out); err != nil || ctx.Err() == nil {
			return err
		}
		return errors.New("stopped: run the same command again to serve the page, with new figures")
	})
}

// run makes calls and serves the page until the context ends.
func run(ctx context.Context, listener net.Listener, out io.Writer) error {
	alerts := notify.New(notify.NotifierFunc(func(_ context.Context, a notify.Alert) error {
		fmt.Fprintln(out, a.Subject())
		return nil
	}), notify.Rule{MaxDelay: 2 * time.Second})
	defer alerts.Close()
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop() // also if the page cannot be served
	tr := transport.New(
		transport.WithBase(tenant().Transport()),
		transport.WithObserver(alerts.Observe),
		transport.WithLogger(zerolog.Nop()),
	)
	server := &http.Server{Handler: status.Handler(tr, alerts), ReadHeaderTimeout: 10 * time.Second}
	work(ctx, tr, &all)
	all.Go(func() { <-ctx.Done(); server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// tenant returns a tenant that others use too: steadily, and in bursts that fill its
// queue.
func tenant() *aprimotest.Tenant {
	return &aprimotest.Tenant{Others: []aprimotest.Load{
		{Agent: "another integration", Rate: 4, Random: true},
		{Agent: "a nightly job", Burst: 160, Every: 45 * time.Second, From: 5 * time.Second},
	}}
}

// A worker is a user with a number of concurrent calls.
type worker struct {
	user     string
	priority transport.Priority
	calls    int
	path     string
	pause    time.Duration
}

func work(ctx context.Context, tr *transport.Transport, all *sync.WaitGroup) {
	for _, w := range []worker{
		{"anna@example.com", transport.Interactive, 1, "/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", 2 * time.Second},
		{"otto@example.com", transport.Normal, 6, "/api/core/search/records", time.Second},
		{"website", transport.Normal, 12, "/api/core/records", time.Second},
		{"nightly-import", transport.Batch, 40, "/api/core/records", 100 * time.Millisecond},
	} {
		for range w.calls {
			all.Go(func() { w.run(ctx, tr) })
		}
	}
}

func (w worker) run(ctx context.Context, tr *transport.Transport) {
	ctx = transport.ContextWithPriority(transport.ContextWithUser(ctx, w.user), w.priority)
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com"+w.path, nil)
		if err != nil {
			return
		}
		if resp, err := tr.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(2 * w.pause)):
		}
	}
}
