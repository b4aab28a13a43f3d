package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// base is a tenant's answers, in the process.
type base func(http.ResponseWriter, *http.Request)

func (b base) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if req.Body == nil {
		req.Body = http.NoBody
	}
	defer req.Body.Close()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	b(w, req)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// static is a token that is not renewed.
func static(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// newClient returns a client of "acme" whose calls are answered by b.
func newClient(t *testing.T, b base, opts ...client.Option) *client.Client {
	t.Helper()
	return newClientWith(t, static("a-token"), b, opts...)
}

func newClientWith(t *testing.T, tokens oauth2.TokenSource, b base, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("acme", tokens, append([]client.Option{
		client.WithHTTPClient(&http.Client{Transport: b}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// limited is a set-up as users have it, within the limit.
func limited(b http.RoundTripper) client.Option {
	return client.WithHTTPClient(&http.Client{Transport: transport.New(transport.WithBase(b), transport.WithLogger(zerolog.Nop()))})
}

type cut struct{ io.Reader }

func (c cut) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func recordID(n int) string { return fmt.Sprintf("%032x", n) }
