package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Bounds of a response, far above a page of 1,000 records with all their fields. Small JSON
// can decode to a hundred times its size: "{}" to a whole Record. Real objects are not that
// small, so their number is also bounded by the size of the response.
const (
	maxResponse  = 64 << 20  // bytes
	maxValues    = 4_000_000 // objects, arrays and members
	minPerObject = 16        // bytes of the response for each object or array,
	freeObjects  = 10_000    // but for so many
)

var (
	errTooLarge = fmt.Errorf("the response is larger than %d MiB: use a smaller PageSize or select less", maxResponse>>20)
	errTooMany  = fmt.Errorf("the response has too many values for its size or more than %d: use a smaller PageSize or select less", maxValues)
)

// decodeResponse decodes the JSON body of a response.
func decodeResponse(resp *http.Response, out any) error {
	if resp.StatusCode == http.StatusNoContent || out == nil && !isPage(resp) {
		return nil
	}
	data, err := readBody(resp, out)
	switch {
	case err != nil:
		return err
	case len(data) > maxResponse:
		return errTooLarge
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return nil
	}
	if tooMany(data) {
		return errTooMany
	}
	if raw, undecoded := out.(*json.RawMessage); undecoded || out == nil {
		return take(data, raw)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return errEmpty
	}
	if err := decode(data, out); err != nil {
		return unexpected(err, data)
	}
	return nil
}

// take stores a body that is JSON or empty. Without a place for it, it must be empty: a page to
// sign in, say, is no success of a change.
func take(data []byte, raw *json.RawMessage) error {
	if len(bytes.TrimSpace(data)) > 0 && (raw == nil || !json.Valid(data)) {
		return unexpected(errNotJSON, data)
	}
	if raw != nil {
		*raw = data
	}
	return nil
}

// isPage reports whether a response is a web page.
func isPage(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
}

// unexpected returns the error for a body that is not what was expected.
func unexpected(err error, body []byte) error {
	return fmt.Errorf("unexpected response: %w: %s", err, readable(body[:min(len(body), maxExcerpt)]))
}

// tooMany reports whether JSON has more values than maxValues or than its size explains.
func tooMany(data []byte) bool {
	objects, values, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			objects++
			values++
		case c == ',':
			values++
		}
	}
	return values > maxValues || objects > freeObjects+len(data)/minPerObject
}

// bom is what some servers and gateways begin UTF-8 with, though JSON must not (RFC 8259).
var bom = []byte("\ufeff")

// readBody reads a response's body for out, once.
func readBody(resp *http.Response, out any) ([]byte, error) {
	if body, ok := resp.Body.(wholeBody); ok {
		return body.data, nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if _, raw := out.(*[]byte); err == nil && !raw {
		if data = bytes.TrimPrefix(data, bom); cut(resp, data) {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return nil, brokenBody{fmt.Errorf("the response ended after %d bytes: %w", len(data), err), resp}
	}
	return data, nil
}

// cut reports whether JSON ends too early in a body that nothing but the end of its
// connection ends: of any other, net/http sees that.
func cut(resp *http.Response, data []byte) bool {
	if resp.ContentLength >= 0 || resp.ProtoMajor != 1 || len(resp.TransferEncoding) > 0 {
		return false
	}
	return json.NewDecoder(bytes.NewReader(data)).Decode(new(json.RawMessage)) == io.ErrUnexpectedEOF
}

// A wholeBody is a body that has been read already.
type wholeBody struct {
	io.Reader
	data []byte
}

func (wholeBody) Close() error { return nil }

// A brokenBody is an error of the connection while a response was read.
type brokenBody struct {
	error
	of *http.Response
}

func (e brokenBody) Unwrap() error { return e.error }

var (
	errEmpty   = errors.New("empty response, expected JSON")
	errNotJSON = errors.New("not JSON")
)

// discardTime is for how long the rest of a body is read: then a new connection is cheaper.
const discardTime = time.Second

// discard closes a body. It first reads a small rest, so that the connection can be reused.
func discard(body io.ReadCloser) {
	defer closeAfter(discardTime, body)()
	io.CopyN(io.Discard, body, 64<<10)
	body.Close()
}

// closeAfter closes a body, and so ends its reading, after a time unless stop is called: a
// server that sends a byte now and then is never idle.
func closeAfter(d time.Duration, body io.Closer) (stop func() bool) {
	return time.AfterFunc(d, func() {
		defer func() { _ = recover() }() // nobody else could, on a timer's goroutine
		body.Close()
	}).Stop
}
