package client

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

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

// A receiver waits for a browser that comes back from a login. Everybody on the
// machine, and every page in the browser, can send it requests: only one that has
// the state counts, and all others change nothing.
type receiver struct {
	state, path string
	result      chan received
}

type received struct {
	code string
	err  error
}

func newReceiver(state, redirect string) *receiver {
	u, err := url.Parse(redirect)
	if err != nil {
		u = &url.URL{Path: "/"} // cannot be: it was made by listen
	}
	return &receiver{state, u.Path, make(chan received, 1)}
}

// serve answers requests until it is stopped.
func (r *receiver) serve(listener net.Listener) (stop func()) {
	server := &http.Server{
		Handler: r, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10,
	}
	server.SetKeepAlivesEnabled(false)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener)
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // for the page to arrive
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		<-done
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address has the code
	query := req.URL.Query()
	switch {
	case req.URL.Path != r.path:
		http.Error(w, "There is nothing here.", http.StatusNotFound)
		return
	case req.Method != http.MethodGet:
		http.Error(w, "Only GET is answered.", http.StatusMethodNotAllowed)
		return
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(r.state)) != 1:
		http.Error(w, "This is not the login that was asked for.", http.StatusBadRequest)
		return
	}
	got := received{code: query.Get("code")}
	if got.code == "" {
		got.err = errors.New("aprimo: the login was refused: " + clean(query.Get("error")+" "+query.Get("error_description")))
	}
	select {
	case r.result <- got:
	default: // the page was loaded again
	}
	if got.err != nil {
		io.WriteString(w, "The login was refused. The program says why.\n")
		return
	}
	io.WriteString(w, "You are logged in. This page can be closed.\n")
}

// wait returns the code of the login.
func (r *receiver) wait(ctx context.Context) (string, error) {
	select {
	case got := <-r.result:
		return got.code, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
