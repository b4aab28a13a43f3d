package client

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// maxTokenResponse is in bytes, as in oauth2.
const maxTokenResponse = 1 << 20

// tokenResponses is a RoundTripper whose responses oauth2 can read: that understands neither JSON
// with a byte order mark, nor JSON as text/plain, nor a lifetime that is not a whole number.
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
		members["expires_in"] = wholeSeconds(life)
	}
	plain, err := json.Marshal(members)
	return plain, err == nil
}

// wholeSeconds returns a lifetime as oauth2 reads it. One that is no number, such as "" or "never", is
// null, which is an unknown one: the token is good nevertheless.
func wholeSeconds(life json.RawMessage) json.RawMessage {
	seconds, err := strconv.ParseFloat(strings.Trim(string(life), `"`), 64)
	if err != nil || math.IsNaN(seconds) {
		return json.RawMessage("null")
	}
	return strconv.AppendFloat(nil, math.Floor(max(0, min(seconds, maxLife.Seconds()))), 'f', 0, 64)
}
