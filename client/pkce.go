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

// RedirectURL sets the URL to which the browser returns after a login. It must be the one
// in the registration: http on a loopback address, for example
// "http://127.0.0.1:8400/callback". Port 0 means any free port. The default is
// "http://127.0.0.1:0/".
func RedirectURL(loopback string) TokenOption {
	return func(g *grant) { g.redirect = loopback }
}

// LoginPKCE logs a person in with a browser, for command-line programs, and returns tokens
// that act as that person. The registration's flow must be authorization code with PKCE
// (RFC 7636), which has no secret.
//
// It calls show with the URL that the person must open, on another goroutine, and waits until
// the browser returns to this machine or the context ends. Show need not have returned by then:
// some commands that open a browser return when that is closed. If the registration allows refresh tokens,
// later runs need no login: store the RefreshToken with [OnToken] and pass it to
// [Refresh].
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
	shown := make(chan error, 1)
	go func() {
		var err error
		defer func() { shown <- err }()
		guard("show", &err, func() error { return show(g.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))) })
	}()
	code, err := r.wait(ctx, shown)
	if err != nil {
		return nil, err
	}
	g.secrets = append(g.secrets, code, verifier)
	token, err := g.tokens(nil, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return g.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	}).get(ctx)
	if err != nil {
		return nil, err
	}
	return g.tokens(nil, g.refresh("")).startingWith(token), nil
}

// listen opens the port to which the browser returns.
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
		return nil, fmt.Errorf("aprimo: login: listening for the browser: %w", err)
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

// A receiver waits for the browser to return from a login. Any program on the machine and
// any page in the browser can send it requests, so it ignores all that lack the state.
type receiver struct {
	state, path string
	result      chan received
}

type received struct {
	code string
	err  error
}

func newReceiver(state, redirect string) *receiver {
	u, _ := url.Parse(redirect) // listen has made it
	return &receiver{state, u.Path, make(chan received, 1)}
}

// serve handles requests until stop is called.
func (r *receiver) serve(listener net.Listener) (stop func()) {
	server := &http.Server{
		Handler: r, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener)
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // for the response to arrive
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
	w.Header().Set("Referrer-Policy", "no-referrer") // the URL contains the code
	query := req.URL.Query()
	switch {
	case req.URL.Path != r.path:
		http.Error(w, "Not found.", http.StatusNotFound)
		return
	case req.Method != http.MethodGet:
		http.Error(w, "Only GET is allowed.", http.StatusMethodNotAllowed)
		return
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(r.state)) != 1:
		http.Error(w, "This request does not belong to the current login. Start the login again.", http.StatusBadRequest)
		return
	}
	got := received{code: query.Get("code")}
	if got.code == "" {
		got.err = errors.New("aprimo: the login was refused: " + clean(query.Get("error")+" "+query.Get("error_description")))
	}
	select {
	case r.result <- got:
	default: // the page was reloaded
	}
	if got.err != nil {
		io.WriteString(w, "The login was refused. See the program's output for the reason.\n")
		return
	}
	io.WriteString(w, "You are logged in. You can close this page.\n")
}

// showGrace is how long a show that is about to return is waited for, so that it is usually over
// when the login is.
const showGrace = 200 * time.Millisecond

// wait returns the authorization code of the login, or why the URL could not be shown.
func (r *receiver) wait(ctx context.Context, shown <-chan error) (string, error) {
	for {
		select {
		case got := <-r.result:
			if shown != nil {
				select {
				case <-shown:
				case <-time.After(showGrace):
				}
			}
			return got.code, got.err
		case err := <-shown:
			if err != nil {
				return "", fmt.Errorf("aprimo: login: showing the URL: %w", err)
			}
			shown = nil
		case <-ctx.Done():
			return "", endOf(ctx)
		}
	}
}
