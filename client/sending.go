package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

// A sending is a call in progress: its attempts, and the token of the latest one.
type sending struct {
	tokens *Tokens
	out    any // the call's

	mu       sync.Mutex // prepare may run on another goroutine
	token    *oauth2.Token
	attempts int
	prepared bool // prepare has been called
}

// send sends a request with a token. The token is set now, because logs and other
// transports read the user from it, and again just before sending: the request may be
// queued for longer than the token is valid.
func (s *sending) send(client *http.Client, req *http.Request) (*http.Response, error) {
	token, err := s.tokens.get(req.Context())
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req.Header.Set("Authorization", bearer(token))
	before := s.record(token, 0)
	ctx := transport.ContextWithReceive(transport.ContextWithPrepare(req.Context(), s.prepare), s.receive)
	resp, err := client.Do(req.WithContext(ctx))
	if err == nil && resp.StatusCode != http.StatusUnauthorized {
		s.tokens.works.Store(true)
	}
	return resp, s.count(before, err)
}

// count counts the attempt of an http.Client without a transport.Transport, which does not call
// prepare. It returns err, where a call that was not sent now says how often it was sent before.
func (s *sending) count(before int, err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		if local, ok := outer.Err.(*transport.QueueError); ok {
			all := *local
			all.Attempt += before
			return &all
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.prepared {
		s.attempts++
	}
	return err
}

// prepare sets the current token on a request that is about to be sent.
func (s *sending) prepare(req *http.Request) (*http.Request, error) {
	s.mu.Lock()
	s.prepared = true
	s.mu.Unlock()
	token, err := s.tokens.get(req.Context())
	if err != nil {
		return nil, err
	}
	s.record(token, 1)
	if req.Header.Get("Authorization") == bearer(token) {
		return req, nil
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", bearer(token))
	return req, nil
}

// receive reads the body of a success. If the connection breaks meanwhile, the attempt has
// failed: without its body, a response is worth nothing to the caller.
func (s *sending) receive(resp *http.Response) error {
	if s.out == nil || resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return nil
	}
	data, err := readBody(resp, s.out)
	if err != nil {
		return err
	}
	resp.Body.Close()
	resp.Body = wholeBody{bytes.NewReader(data), data}
	return nil
}

// record sets the latest token unless it is nil, adds to the number of attempts, and
// returns that number.
func (s *sending) record(token *oauth2.Token, attempts int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token != nil {
		s.token = token
	}
	s.attempts += attempts
	return s.attempts
}

// renewed reports whether a token other than the refused one is available.
func (s *sending) renewed(ctx context.Context) bool {
	s.mu.Lock()
	refused := s.token
	s.mu.Unlock()
	fresh, err := s.tokens.renew(ctx, refused)
	return err == nil && fresh.AccessToken != refused.AccessToken
}

// failed returns the error for a call without a usable response.
func (s *sending) failed(req *http.Request, err error) *Error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err // net/http's text contains the whole URL
	}
	e := s.error(req)
	e.Message, e.cause = err.Error(), err
	if !errors.As(err, new(*Error)) { // the text of ours, about the token, is clean
		e.Message = s.clean(hideQuery(e.Message, req.URL))
	}
	return e
}

// refused returns the error for a response with an error status.
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

// clean also hides the current token, which need not look like one.
func (s *sending) clean(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil {
		text = hide(text, s.token.AccessToken)
	}
	return clean(text)
}

// bearer returns the Authorization header for a token.
func bearer(t *oauth2.Token) string { return "Bearer " + t.AccessToken }
