package client

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

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
