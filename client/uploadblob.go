package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aprimo-go/aprimo/retry"
)

// newBlobClient returns what sends to the blob storage, which is not under Aprimo's
// limit and must not see a token.
func newBlobClient(base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &retry.Transport{Base: base}, CheckRedirect: stay}
}

// A blobTarget takes the parts as the blocks of an Azure block blob
// (https://learn.microsoft.com/rest/api/storageservices/put-block).
type blobTarget struct {
	http  *http.Client
	sas   string // a signed URL
	token string
}

func (t *blobTarget) send(ctx context.Context, p part) error {
	body, done := p.payload("application/octet-stream", nil, nil)
	defer done()
	return t.put(ctx, url.Values{"comp": {"block"}, "blockid": {blockID(p.index)}}, body)
}

// blockID returns an id of the length that all blocks of a blob have.
func blockID(index int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%09d", index))
}

func (t *blobTarget) complete(ctx context.Context, count int) (string, error) {
	var list struct {
		XMLName xml.Name `xml:"BlockList"`
		Latest  []string
	}
	for i := range count {
		list.Latest = append(list.Latest, blockID(i))
	}
	data, err := xml.Marshal(list)
	if err != nil {
		return "", err
	}
	p := part{size: int64(len(data)), open: func() io.Reader { return bytes.NewReader(data) }}
	body, done := p.payload("application/xml", nil, nil)
	defer done()
	return t.token, t.put(ctx, url.Values{"comp": {"blocklist"}}, body)
}

// cancel has nothing to do: Azure removes blocks that no list names.
func (t *blobTarget) cancel(context.Context) {}

func (t *blobTarget) put(ctx context.Context, query url.Values, body *payload) error {
	u, err := url.Parse(t.sas)
	if err != nil || u.Host == "" {
		return errors.New("the server gave an address of the blob storage that cannot be read")
	}
	u.RawQuery += "&" + query.Encode() // the rest is signed as it is
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), nil)
	if err != nil {
		return errors.New("the server gave an address of the blob storage that cannot be used")
	}
	if err := (call{body: body}).attach(req); err != nil {
		return err
	}
	resp, err := t.http.Do(req)
	e := &Error{Method: req.Method, Path: u.EscapedPath(), Attempt: 1}
	if err != nil {
		var urlErr *url.Error
		if errors.As(err, &urlErr) {
			err = urlErr.Err // net/http's text has the signature
		}
		e.Message, e.cause = clean(err.Error()), err
		return e
	}
	defer discard(resp.Body)
	if resp.StatusCode != http.StatusCreated {
		e.describe(resp)
		e.Message, e.Type = clean(e.Message), clean(e.Type)
		return e
	}
	return nil
}
