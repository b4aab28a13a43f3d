package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

// A call is one use of the API, as the resources describe it.
type call struct {
	method string
	base   *url.URL // nil: the DAM API
	path   []string // below the base, unescaped
	link   string   // instead of the path: a link that the server gave
	query  url.Values
	header http.Header
	in     any      // sent as JSON, if not nil
	body   *payload // sent instead of in
	out    any      // what the answer's JSON is read into; nil: it is not read

	// Of lists alone.
	page   int // from 1
	size   int // 0: as the server likes it
	offset int // the items before the page
	paging paging

	err error // of an option
}

// A payload is a body that is not JSON, such as a file.
type payload struct {
	contentType string
	size        int64                         // -1: unknown
	open        func() (io.ReadCloser, error) // once for each attempt
}

// with returns a copy of the call with the options applied.
func (k call) with(opts []CallOption) call {
	k.query, k.header = maps.Clone(k.query), k.header.Clone()
	if k.query == nil {
		k.query = url.Values{}
	}
	if k.header == nil {
		k.header = http.Header{}
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&k)
		}
	}
	return k
}

// do makes a call and reads the answer. What it returns, also beside an *Error
// with a Status, is for its status and header: its body is closed.
func (c *Client) do(ctx context.Context, k call) (*http.Response, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("aprimo: %s: %w", k.method, err)
	}
	s := sending{tokens: c.tokens}
	resp, err := s.send(c.http, req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && s.renewed(ctx) {
		discard(resp.Body)
		if req, err = c.request(ctx, k); err == nil { // a body is open once
			resp, err = s.send(c.http, req)
		}
	}
	if err != nil {
		return nil, s.failed(req, err)
	}
	defer discard(resp.Body)
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return resp, s.refused(req, resp)
	}
	if err := read(resp, k.out); err != nil {
		e := s.failed(req, err)
		e.Status = resp.StatusCode
		return resp, e
	}
	return resp, nil
}

// request returns the request of a call, without a token.
func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	if k.err != nil {
		return nil, k.err
	}
	u, err := c.address(k)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if err := k.attach(req); err != nil {
		return nil, err
	}
	req.Header.Set("API-VERSION", "1")
	req.Header.Set("Accept", "application/hal+json")
	req.Header.Set("User-Agent", c.userAgent)
	if c.languages != "" {
		req.Header.Set("languages", c.languages)
	}
	maps.Copy(req.Header, k.header)
	return req, nil
}

func (c *Client) address(k call) (u *url.URL, err error) {
	base := k.base
	if base == nil {
		base = c.dam
	}
	if k.link != "" {
		u, err = resolve(base, k.link)
	} else {
		u, err = joinPath(base, k.path)
	}
	if err == nil && len(k.query) > 0 {
		query := u.Query()
		maps.Copy(query, k.query)
		u.RawQuery = query.Encode()
	}
	return u, err
}

// attach gives the request the call's body.
func (k call) attach(req *http.Request) error {
	body := k.body
	if body == nil {
		if k.in == nil {
			return nil
		}
		data, err := json.Marshal(k.in)
		if err != nil {
			return fmt.Errorf("%T cannot be sent as JSON: %w", k.in, err)
		}
		body = &payload{
			contentType: "application/json",
			size:        int64(len(data)),
			open:        func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		}
	}
	first, err := body.open()
	if err != nil {
		return err
	}
	req.Body, req.GetBody, req.ContentLength = first, body.open, body.size
	req.Header.Set("Content-Type", body.contentType)
	return nil
}

// maxAnswer is far above a page of 1,000 records with all their fields.
const maxAnswer = 256 << 20

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB: ask for smaller pages or select less", maxAnswer>>20)

// read reads the JSON of an answer.
func read(resp *http.Response, out any) error {
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err)
	case len(data) > maxAnswer:
		return errTooLarge
	case len(bytes.TrimSpace(data)) == 0:
		return errEmpty
	}
	if err := decode(data, out); err != nil {
		return fmt.Errorf("the answer is not the JSON that was expected: %w: %s", err, excerpt(data))
	}
	return nil
}

var errEmpty = errors.New("the answer is empty, where JSON was expected")

// discard reads a rest so small that the connection is worth it, and closes.
func discard(body io.ReadCloser) {
	io.CopyN(io.Discard, body, 64<<10)
	body.Close()
}

// bearer is how a token is sent.
func bearer(t *oauth2.Token) string { return "Bearer " + t.AccessToken }

// name says which call it is, in errors.
func (k call) name() string { return k.method + " /" + strings.Join(k.path, "/") }

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

var dashedGUID = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$`)

// normalizeID returns an id as the API has it. People copy ids with dashes from the
// user interface, and those are not found in a path.
func normalizeID(id string) string {
	if dashedGUID.MatchString(id) {
		return strings.ToLower(strings.Trim(strings.ReplaceAll(id, "-", ""), "{}"))
	}
	return id
}

// joinPath appends segments to a base URL. What a caller gives as an id stays one
// segment, whatever is in it.
func joinPath(base *url.URL, segments []string) (*url.URL, error) {
	var path strings.Builder
	path.WriteString(base.EscapedPath())
	for i, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("%q is not an id (after %q)", segment, strings.Join(segments[:i], "/"))
		}
		path.WriteString("/" + url.PathEscape(normalizeID(segment)))
	}
	u, err := url.Parse(path.String())
	if err != nil {
		return nil, err
	}
	return base.ResolveReference(u), nil
}

// resolve reads a link that the server gave. Links may be relative, and lead to no
// other host: the token goes where they lead.
func resolve(base *url.URL, link string) (*url.URL, error) {
	ref, err := url.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("the server gave a link that cannot be read")
	}
	u := base.ResolveReference(ref)
	if u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) || u.User != nil {
		return nil, fmt.Errorf("the server gave a link to %s://%s, where no token of %s://%s is sent", u.Scheme, u.Host, base.Scheme, base.Host)
	}
	return u, nil
}

// sleep waits for d. When the context ends first, errors.Is finds both the context's
// error and its cause in the result.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
	}
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
