package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Tokens is a source of tokens that knows when to renew them: a minute before
// their end, or a quarter of their life if that is less, and when the API refused
// one. However many calls need a token, there is one request for it at a time, and
// it does not wait behind calls to the API. It is safe for concurrent use; several
// Clients may share one.
type Tokens struct {
	fetch fetchFunc
	err   error // of the constructor

	mu      sync.Mutex
	token   *oauth2.Token
	renewAt time.Time // zero: not before the API refuses it
	running *renewal
}

// A fetchFunc gets a new token. It may need the old one, which may be nil.
type fetchFunc func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)

// A renewal is one request for a token, for all who wait for it.
type renewal struct {
	done  chan struct{}
	token *oauth2.Token
	err   error
}

// Token returns a token that is valid for a while. It makes Tokens an
// [oauth2.TokenSource], for programs that call something else with it.
func (t *Tokens) Token() (*oauth2.Token, error) { return t.get(context.Background()) }

// tokensFrom returns the Tokens of any source. One of ours is used as it is.
func tokensFrom(source oauth2.TokenSource) (*Tokens, error) {
	switch source := source.(type) {
	case nil:
		return nil, errors.New("aprimo: there is no source of tokens: give New one, such as ClientCredentials")
	case *Tokens:
		if source == nil {
			return tokensFrom(nil)
		}
		return source, source.err
	}
	return &Tokens{fetch: func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return source.Token() }}, nil
}

// startingWith gives Tokens that nobody uses yet the first token.
func (t *Tokens) startingWith(token *oauth2.Token) *Tokens {
	t.token = token
	t.schedule()
	return t
}

// get returns a token. If it is time for another one and there is none to be had,
// the old one is good enough as long as it lives.
func (t *Tokens) get(ctx context.Context) (*oauth2.Token, error) {
	t.mu.Lock()
	old := t.token
	if old != nil && !t.due() {
		t.mu.Unlock()
		return old, nil
	}
	r := t.begin()
	t.mu.Unlock()
	fresh, err := r.wait(ctx)
	if err != nil && ctx.Err() == nil && old != nil && time.Now().Before(expiry(old)) {
		return old, nil
	}
	return fresh, err
}

// renew returns another token than one that was refused, if there is one. Of many
// calls with the same token the first one makes the request.
func (t *Tokens) renew(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error) {
	t.mu.Lock()
	if t.token != nil && t.token.AccessToken != refused.AccessToken && !t.due() {
		defer t.mu.Unlock()
		return t.token, nil
	}
	r := t.begin()
	t.mu.Unlock()
	return r.wait(ctx)
}

func (t *Tokens) due() bool { return !t.renewAt.IsZero() && !time.Now().Before(t.renewAt) }

// begin returns the renewal that is running, or starts one.
func (t *Tokens) begin() *renewal {
	if t.running == nil {
		t.running = &renewal{done: make(chan struct{})}
		go t.run(t.running, t.token)
	}
	return t.running
}

// run is finished even if nobody waits any longer: the server may have replaced
// the refresh token, and the new one must not be lost.
func (t *Tokens) run(r *renewal, old *oauth2.Token) {
	r.err = t.err
	if r.err == nil {
		r.token, r.err = t.fetch(context.Background(), old)
	}
	if r.err == nil && (r.token == nil || r.token.AccessToken == "") {
		r.token, r.err = nil, errors.New("aprimo: the source of tokens gave an empty one")
	}
	t.mu.Lock()
	if r.err == nil {
		t.token = r.token
	}
	t.schedule()
	t.running = nil
	t.mu.Unlock()
	close(r.done)
}

// earliest is how long before its end a token is renewed: Aprimo allows clocks to
// differ by 5 minutes, and a request is on its way for less than this.
const earliest = time.Minute

// schedule sets when the token is renewed. A failed attempt is made again after a
// part of the time that is left.
func (t *Tokens) schedule() {
	t.renewAt = time.Time{}
	if t.token == nil {
		return
	}
	if end := expiry(t.token); end != never {
		t.renewAt = end.Add(-min(earliest, time.Until(end)/4))
	}
}

func (r *renewal) wait(ctx context.Context) (*oauth2.Token, error) {
	select {
	case <-r.done:
		return r.token, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
