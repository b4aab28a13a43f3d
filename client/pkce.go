package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"

	"golang.org/x/oauth2"
)

// RedirectURL sets where the browser is sent after a login, as the registration
// has it: http on a loopback address, such as "http://127.0.0.1:8400/callback".
// The port 0 means any that is free. The default is "http://127.0.0.1:0/".
func RedirectURL(loopback string) TokenOption {
	return func(g *grant) { g.redirect = loopback }
}

// LoginPKCE lets a person log in with a browser, for programs at a command line,
// and returns tokens that act as that person. The registration's flow is
// authorization code with PKCE (RFC 7636), which has no secret.
//
// It calls show with the address that the person has to open, and waits until the
// browser comes back to this machine or the context ends. If the registration
// allows refresh tokens, later tokens need no login: [OnToken] is where to store
// the RefreshToken, and [Refresh] uses it when the program is run again.
func LoginPKCE(ctx context.Context, tenant, id string, show func(url string) error, opts ...TokenOption) (*Tokens, error) {
	g, err := newGrant(tenant, id, "", opts)
	if err != nil {
		return nil, err
	}
	listener, err := g.listen(ctx)
	if err != nil {
		return nil, err
	}
	g.config.Scopes = []string{scopeAPI, scopeOffline}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	r := newReceiver(state, g.config.RedirectURL)
	stop := r.serve(listener)
	defer stop()
	if err := show(g.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))); err != nil {
		return nil, fmt.Errorf("aprimo: the address of the login could not be shown: %w", err)
	}
	code, err := r.wait(ctx)
	if err != nil {
		return nil, err
	}
	token, err := g.tokens(nil, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return g.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	}).get(ctx)
	if err != nil {
		return nil, err
	}
	return g.tokens(nil, g.refresh("")).startingWith(token), nil
}

// listen opens the port to which the browser comes back.
func (g *grant) listen(ctx context.Context) (net.Listener, error) {
	if g.redirect == "" {
		g.redirect = "http://127.0.0.1:0/"
	}
	u, err := url.Parse(g.redirect)
	if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) || u.Port() == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("aprimo: RedirectURL must be http on a loopback address with a port, such as http://127.0.0.1:8400/callback")
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", u.Host)
	if err != nil {
		return nil, fmt.Errorf("aprimo: cannot receive the login's end: %w", err)
	}
	if u.Port() == "0" {
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	g.config.RedirectURL = u.String()
	return listener, nil
}
