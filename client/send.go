package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

// A sending is how a call fares: the token it was sent with last, and how often.
type sending struct {
	tokens *Tokens

	mu       sync.Mutex // the transport says when to prepare, and where
	token    *oauth2.Token
	attempts int
}

// send sends a request with a token. It is given one now, so that logs and other
// transports find the user in it; and again when its turn has come, which may be
// later than the token lives.
func (s *sending) send(client *http.Client, req *http.Request) (*http.Response, error) {
	token, err := s.tokens.get(req.Context())
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req.Header.Set("Authorization", bearer(token))
	before := s.sent(token, 0)
	ctx := transport.ContextWithPrepare(req.Context(), s.prepare)
	resp, err := client.Do(req.WithContext(ctx))
	if s.sent(nil, 0) == before { // a client without a transport.Transport
		s.sent(nil, 1)
	}
	return resp, err
}

// prepare gives a request the token of the moment.
func (s *sending) prepare(req *http.Request) (*http.Request, error) {
	token, err := s.tokens.get(req.Context())
	if err != nil {
		return nil, err
	}
	s.sent(token, 1)
	if req.Header.Get("Authorization") == bearer(token) {
		return req, nil
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", bearer(token))
	return req, nil
}

// sent notes a token, if there is one, and so many attempts more. It returns their
// number.
func (s *sending) sent(token *oauth2.Token, attempts int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token != nil {
		s.token = token
	}
	s.attempts += attempts
	return s.attempts
}

// renewed reports whether there is another token than the one that was refused.
func (s *sending) renewed(ctx context.Context) bool {
	s.mu.Lock()
	refused := s.token
	s.mu.Unlock()
	fresh, err := s.tokens.renew(ctx, refused)
	return err == nil && fresh.AccessToken != refused.AccessToken
}

// failed returns the error of a call that got no answer, or one of no use.
func (s *sending) failed(req *http.Request, err error) *Error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err // net/http's text has the whole URL
	}
	e := s.error(req)
	e.Message, e.cause = s.clean(err.Error()), err
	return e
}

// refused returns the error of a call that was answered with one.
func (s *sending) refused(req *http.Request, resp *http.Response) *Error {
	e := s.error(req)
	e.describe(resp)
	e.Message, e.Type = s.clean(e.Message), s.clean(e.Type)
	return e
}

func (s *sending) error(req *http.Request) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &Error{Method: req.Method, Path: withoutTokens(req.URL.EscapedPath()), Attempt: s.attempts}
	if e.User = transport.UserFromContext(req.Context()); e.User == "" && s.token != nil {
		e.User = transport.TokenUser(s.token.AccessToken)
	}
	return e
}

// clean hides the token in use as well, which may look like anything.
func (s *sending) clean(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil {
		text = hide(text, s.token.AccessToken)
	}
	return clean(text)
}
