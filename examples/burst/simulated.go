package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

const (
	userAgent = "burst-example/1.0"
	other     = "another integration"
	saturated = 8 * time.Second
)

// runSimulated sends three bursts, each to a tenant of its own.
func runSimulated(ctx context.Context, f flags, out io.Writer) error {
	fmt.Fprintln(out, connect.Simulated)
	mails, err := mailserver.Start()
	if err != nil {
		return fmt.Errorf("the in-process mail server: %w", err)
	}
	defer mails.Close()

	plain, err := plainClient(ctx, f)
	if err != nil {
		return err
	}
	alone, err := throttled(ctx, f, "transport.New(), alone", nil, nil)
	if err != nil {
		return err
	}
	var log bytes.Buffer
	alerter := notify.New(mails.Email(), notify.Rule{Count: 10, Within: time.Minute, Tenant: "acme"})
	shared, err := throttled(ctx, f, "transport.New(), shared", f.load(),
		[]transport.Option{transport.WithLogger(zerolog.New(&log).With().Timestamp().Logger()), transport.WithObserver(alerter.Observe)})
	if err != nil {
		return err
	}
	if err := alerter.Close(); err != nil {
		return fmt.Errorf("the alert was not delivered: %w", err)
	}
	return show(out, f, []column{plain, alone, shared}, log.String(), mails.Received())
}

// load returns the load of an integration that fills the tenant's queue immediately
// and keeps it full for some seconds.
func (f flags) load() []aprimotest.Load {
	if f.others == 0 {
		return nil
	}
	return []aprimotest.Load{{Agent: other, Burst: f.rate + f.queue, Rate: f.others, Until: saturated}}
}

func plainClient(ctx context.Context, f flags) (column, error) {
	return measure(ctx, f, "http.Client{}", nil, http.DefaultTransport.(*http.Transport).Clone())
}

func throttled(ctx context.Context, f flags, title string, others []aprimotest.Load, opts []transport.Option) (column, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 2 * f.rate
	opts = append([]transport.Option{
		transport.WithBase(base),
		transport.WithLimiter(transport.NewLimiter(f.rate, time.Second)),
		transport.WithLogger(zerolog.Nop()),
	}, opts...)
	return measure(ctx, f, title, others, transport.New(opts...))
}

// measure sends a burst to a new tenant and combines what both sides have counted.
func measure(ctx context.Context, f flags, title string, others []aprimotest.Load, rt http.RoundTripper) (column, error) {
	tenant := &aprimotest.Tenant{Rate: f.rate, Queue: f.queue, Others: others}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return column{}, fmt.Errorf("the simulated tenant: %w", err)
	}
	server := &http.Server{Handler: tenant}
	go server.Serve(listener)
	defer server.Close()
	client := &http.Client{Transport: rt}
	defer client.CloseIdleConnections()

	r := burst(ctx, title, client, "http://"+listener.Addr().String()+"/api/core/records", f.calls)
	if ctx.Err() != nil {
		return column{}, ctx.Err()
	}
	if r.failed > 0 {
		return column{}, fmt.Errorf("%s: %d of %d requests failed: %w", title, r.failed, f.calls, r.err)
	}
	report := tenant.Report()
	return column{title: title, result: r, ours: report.Agents[userAgent], theirs: report.Agents[other]}, nil
}
