package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/transport"
)

// runReal sends GETs for one record each to a real tenant, and only through our
// transport, since other people work there.
func runReal(ctx context.Context, f flags, out io.Writer) error {
	fmt.Fprintf(out, "Tenant %s\n", f.tenant)
	id, secret, err := connect.Credentials()
	if err != nil {
		return err
	}
	tokens := client.ClientCredentials(f.tenant, id, secret)
	fetched := make(chan error, 1)
	go func() {
		_, err := tokens.Token()
		fetched <- err
	}()
	select {
	case err := <-fetched:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	tr := transport.New(transport.WithLimiter(transport.NewLimiter(f.rate, time.Second)))
	c := &http.Client{Transport: &oauth2.Transport{Source: tokens, Base: tr}}
	r := burst(ctx, f.tenant, c, "https://"+f.tenant+".dam.aprimo.com/api/core/records?pageSize=1", f.calls)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Fprintf(out, "%d answered 200, %d lost to a 429, %d failed otherwise, in %v; 429s on the way: %d\n",
		r.ok, r.rejected, r.failed, seconds(r.took), tr.Stats().RateLimited)
	if r.failed > 0 {
		return fmt.Errorf("one of the failures: %w", r.err)
	}
	return nil
}
