package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// Do calls any endpoint of the DAM or of marketing operations, for what has no typed method.
// It uses the Client's token, limit, retries and errors.
//
// The path is the one in Aprimo's documents, and decides the host. "/api/core/record/{id}",
// or "/record/{id}" for short, leads to the DAM; other paths below /api, /uploads and /analytics
// lead to the core. A link from the server works, too, if it is https and on one of the tenant's
// two hosts. Use [url.PathEscape] for values in the path. A query in the path is kept.
//
// A []byte or json.RawMessage in is sent as it is, nil sends no body, and anything else is
// encoded as JSON. Use [Header] to send another Content-Type. The response is decoded into out
// as JSON; a *[]byte receives it unchanged, up to 64 MiB, a *json.RawMessage if it is JSON or
// empty, and nil discards it, unless it is a web page.
//
// Do returns an [*Error] if the status is not 2xx, within an [*UnknownOutcomeError] if a POST or
// PATCH may have had its effect. The Response is nil if the server did not respond.
func (c *Client) Do(ctx context.Context, method, path string, in, out any, opts ...CallOption) (*Response, error) {
	k := c.raw(method, path, in)
	k.out = out
	k = k.with(opts)
	if k.response == nil {
		k.response = new(Response)
	}
	_, err := c.do(ctx, k)
	if k.response.Status == 0 {
		return nil, err
	}
	return k.response, err
}

// All yields the items of any list, for what has no typed method. It requests each page when
// the loop reaches it. On error, iteration ends with it. T is the type of an item; the arguments
// are those of [Client.Do].
//
// All finds the items of the DAM, of marketing operations, and the only array of any other
// response. It requests pages by page and pageSize from the DAM and by limit and offset from the
// core. To page by skip and take, give one of them in the path: "/record/{id}/trail?take=100".
// A POST must be a search: it is repeated after failures.
func All[T any](ctx context.Context, c *Client, method, path string, in any, opts ...CallOption) iter.Seq2[*T, error] {
	k := c.raw(method, path, in)
	if k.err == nil {
		k.err = k.startAt(k.raw.Query())
	}
	if method == http.MethodPost {
		k.header = repeatable()
	}
	return list[T](ctx, c, k.listing(opts))
}

// A Response is the head of a server's response.
type Response struct {
	Status    int
	Header    http.Header
	RequestID string // from the server, if any

	// Body is the body if the status is not 2xx: at most 64 KiB, and not safe to log.
	Body []byte
}

// WithResponse makes a call store the head of the server's response, also if the call fails.
// A call that sends several requests stores the latest; without a response, it stores the zero
// Response. Do not share one Response among concurrent calls.
//
//	var resp client.Response
//	rec, err := c.Records.Get(ctx, id, client.WithResponse(&resp))
func WithResponse(into *Response) CallOption {
	return func(k *call) { k.response = into }
}

// raw returns the call for [Client.Do] and [All].
func (c *Client) raw(method, path string, in any) call {
	k := call{method: method, in: in, base: c.dam, paging: byPage}
	if _, ok := in.(io.Reader); ok {
		k.err = fmt.Errorf("a %T cannot be sent again after a 429: read it into a []byte", in)
		return k
	}
	u, err := url.Parse(path)
	switch {
	case method == "" || path == "":
		k.err = errors.New(`the method or the path is empty: use ones such as "GET" and "/records"`)
	case err != nil:
		k.err = errors.New("the path is malformed: escape values with url.PathEscape") // without the path, which may be secret
	case u.Fragment != "" || strings.HasSuffix(path, "#"):
		k.err = errors.New("the path contains a #: escape values with url.PathEscape")
	case u.Scheme != "" || u.Host != "":
		k.err = c.ownLink(&k, u)
	default:
		k.err = c.ownPath(&k, u)
	}
	return k
}

// ownLink sets the address of a call to a link on one of the tenant's hosts.
func (c *Client) ownLink(k *call, u *url.URL) (err error) {
	for _, k.base = range []*url.URL{c.core, c.dam} {
		if k.raw, err = resolve(k.base, u.String()); err == nil && strings.EqualFold(authority(u), authority(k.base)) {
			return nil
		}
	}
	return c.foreign(u)
}

// owns returns an error unless a URL is on one of the tenant's hosts.
func (c *Client) owns(u *url.URL) error {
	for _, own := range []*url.URL{c.core, c.dam} {
		if strings.EqualFold(authority(u), authority(own)) {
			return nil
		}
	}
	return c.foreign(u)
}

func (c *Client) foreign(u *url.URL) error {
	return fmt.Errorf("the link leads to %s://%s, but tokens are sent to %s://%s and %s only", clean(u.Scheme), clean(u.Host), c.core.Scheme, c.core.Host, c.dam.Host)
}

// ownPath sets the address of a call to a path of Aprimo's documents.
func (c *Client) ownPath(k *call, u *url.URL) error {
	path := "/" + strings.TrimPrefix(u.EscapedPath(), "/")
	for segment := range strings.SplitSeq(path, "/") {
		if name, _ := url.PathUnescape(segment); name == "." || name == ".." {
			return fmt.Errorf("the path contains %q, which leads to another endpoint", segment)
		}
	}
	if rest, ok := strings.CutPrefix(path, "/api/core"); ok && (rest == "" || rest[0] == '/') {
		path = rest
	} else if first, _, _ := strings.Cut(path[1:], "/"); first == "api" || first == "uploads" || first == "analytics" {
		k.base, k.paging = c.core, byOffset
	}
	raw := *k.base
	raw.RawQuery = u.RawQuery
	var err error
	raw.RawPath = k.base.EscapedPath() + path
	raw.Path, err = url.PathUnescape(raw.RawPath)
	k.raw = &raw
	return err
}
