package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/aprimo-go/aprimo/transport"
)

var label = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$`)

// runReal sends GETs for one record each to a real tenant, and only through our
// transport, since other people work there.
func runReal(ctx context.Context, f flags) error {
	if !label.MatchString(f.tenant) {
		return fmt.Errorf("-tenant %q: give the bare name, such as acme for acme.dam.aprimo.com", f.tenant)
	}
	tokens, err := credentials(ctx, f.tenant)
	if err != nil {
		return err
	}
	tr := transport.New(transport.WithLimiter(transport.NewLimiter(f.rate, time.Second)))
	client := &http.Client{Transport: &oauth2.Transport{Source: tokens, Base: tr}}
	r := burst(ctx, f.tenant, client, "https://"+f.tenant+".dam.aprimo.com/api/core/records?pageSize=1", f.calls)
	fmt.Printf("%d answered 200, %d lost to a 429, %d failed otherwise, in %v\n%d 429s on the way\n",
		r.ok, r.rejected, r.failed, seconds(r.took), tr.Stats().RateLimited)
	if r.failed > 0 {
		return fmt.Errorf("one of the failures: %w", r.err)
	}
	return nil
}

func credentials(ctx context.Context, tenant string) (oauth2.TokenSource, error) {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("APRIMO_CLIENT_ID"),
		ClientSecret: os.Getenv("APRIMO_CLIENT_SECRET"),
		TokenURL:     (&url.URL{Scheme: "https", Host: tenant + ".aprimo.com", Path: "/login/connect/token"}).String(),
		Scopes:       []string{"api"},
	}
	if config.ClientID == "" || config.ClientSecret == "" {
		return nil, errors.New("set APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET to those of a client-credentials registration (Administration > Integration > Registrations)")
	}
	source := config.TokenSource(ctx)
	if _, err := source.Token(); err != nil {
		return nil, fmt.Errorf("no access token from %s: %w", config.TokenURL, err)
	}
	return source, nil
}
