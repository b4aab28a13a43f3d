package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// maxTokenResponse is in bytes, as in oauth2.
const maxTokenResponse = 1 << 20

// tokenResponses is a RoundTripper whose responses oauth2 can read: that understands neither JSON
// with a byte order mark, nor JSON as text/plain, nor a lifetime such as 3600.0.
type tokenResponses struct{ base http.RoundTripper }

func (t tokenResponses) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil || resp == nil || resp.Body == nil {
		return resp, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenResponse))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if plain, ok := plainToken(data); ok {
		data = plain
		if resp.Header == nil { // of a RoundTripper in a test
			resp.Header = http.Header{}
		}
		resp.Header.Set("Content-Type", "application/json")
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return resp, nil
}

// plainToken returns a token response in the form that oauth2 understands, if it is an object.
func plainToken(data []byte) ([]byte, bool) {
	var members Extra
	if json.Unmarshal(bytes.TrimPrefix(data, bom), &members) != nil {
		return nil, false
	}
	if life, ok := members["expires_in"]; ok {
		members["expires_in"] = wholeNumber(life)
	}
	plain, err := json.Marshal(members)
	return plain, err == nil
}
