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
	"time"
)

// A call describes one API call.
type call struct {
	method string
	base   *url.URL // nil: the DAM API
	path   []string // below the base, unescaped
	raw    *url.URL // used instead of path
	link   string   // used instead of both: a link from the server
	upload bool     // the link is for an upload, and may lead to another host of Aprimo's
	query  url.Values
	header http.Header
	in     any      // sent as JSON unless nil, a []byte or a json.RawMessage
	set    Extra    // properties to add to in
	body   *payload // sent instead of in
	out    any      // receives the response's JSON, or its body if it is a *[]byte or *json.RawMessage; nil: the body is not read

	response *Response // receives the head of the response; may be nil

	// For lists only.
	page   int // from 1
	size   int // 0: the server's default
	offset int // number of items before the page
	paging paging
	budget int  // requests; 0: unbounded
	spent  *int // of the budget; may be nil

	err error // from an option
}

// A payload is a request body, such as a file.
type payload struct {
	contentType string
	size        int64                         // -1: unknown
	open        func() (io.ReadCloser, error) // called once per attempt
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

// do makes a call and decodes the response into k.out. The returned response serves for
// its status and header only: its body is closed. It is also returned together with an
// *Error that has a Status.
func (c *Client) do(ctx context.Context, k call) (*http.Response, error) {
	if k.response == nil {
		k.response = new(Response)
	}
	*k.response = Response{}
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("aprimo: %s: %w", k.method, err)
	}
	s := sending{tokens: c.tokens, out: k.out}
	if k.spent != nil {
		defer func() { *k.spent += s.record(nil, 0) }()
	}
	resp, err := s.send(c.http, req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && s.renewed(ctx) {
		discard(resp.Body)
		if req, err = c.request(ctx, k); err == nil { // the first body is used up
			resp, err = s.send(c.http, req)
		}
	}
	return k.received(&s, req, resp, err)
}

// received decodes the response to a call, or returns why there is none.
func (k call) received(s *sending, req *http.Request, resp *http.Response, err error) (*http.Response, error) {
	var broken brokenBody
	if errors.As(err, &broken) {
		resp = broken.of
	} else if err != nil {
		return nil, k.outcome(s.failed(req, err))
	}
	defer discard(resp.Body)
	*k.response = Response{Status: resp.StatusCode, Header: resp.Header, RequestID: requestID(resp.Header)}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		e := s.refused(req, resp)
		k.response.Body = e.body
		return resp, k.outcome(e)
	}
	if err == nil {
		err = decodeResponse(resp, k.out)
	}
	if err != nil {
		e := s.failed(req, err)
		e.Status = resp.StatusCode
		e.page = isPage(resp)
		return resp, k.outcome(e)
	}
	return resp, nil
}

// request returns the HTTP request for a call, without a token.
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
	switch {
	case k.link != "":
		if u, err = resolve(base, k.link); err == nil && !k.upload {
			err = c.owns(u)
		}
	case k.raw != nil:
		raw := *k.raw
		u = &raw
	default:
		u, err = joinPath(base, k.path)
	}
	if err == nil && len(k.query) > 0 {
		query := u.Query()
		maps.Copy(query, k.query)
		u.RawQuery = query.Encode()
	}
	return u, err
}

// attach sets the request's body to the call's.
func (k call) attach(req *http.Request) error {
	body := k.body
	if body == nil {
		data, err := k.encode()
		if err != nil || data == nil {
			return err
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

// encode returns the JSON body of a call, or nil if it has none.
func (k call) encode() (data []byte, err error) {
	switch in := k.in.(type) {
	case nil:
	case []byte:
		data = in
	case json.RawMessage:
		data = in
	default:
		if data, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("%T cannot be encoded as JSON: %w", k.in, err)
		}
	}
	if k.set == nil || data == nil && !writes(k.method) {
		return data, nil
	}
	return setProperties(k.in, data, k.set)
}

// writes reports whether calls with a method usually have a body.
func writes(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// name identifies the call in errors.
func (k call) name() string {
	path := "/" + strings.Join(k.path, "/")
	if k.raw != nil {
		path = withoutTokens(k.raw.EscapedPath())
	}
	return k.method + " " + path
}

var dashedGUID = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$`)

// normalizeID returns an id in the API's form. Ids copied from the user interface have
// dashes, and the API does not find those in a path.
func normalizeID(id string) string {
	if dashedGUID.MatchString(id) {
		return strings.ToLower(strings.Trim(strings.ReplaceAll(id, "-", ""), "{}"))
	}
	return id
}

// joinPath appends segments to a base URL. Each segment is escaped, so that an id stays
// one segment whatever it contains.
func joinPath(base *url.URL, segments []string) (*url.URL, error) {
	var path strings.Builder
	path.WriteString(base.EscapedPath())
	for i, segment := range segments {
		if strings.TrimSpace(segment) == "" || segment == "." || segment == ".." {
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

// sleep waits for d. When the context ends first, it returns endOf it.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return endOf(ctx)
	}
}

// endOf returns an error in which errors.Is finds both the error of a context that has ended
// and its cause.
func endOf(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
