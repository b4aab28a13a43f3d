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
	"strings"

	"golang.org/x/oauth2"
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
