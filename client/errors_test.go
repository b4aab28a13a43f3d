package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/client"
)

func TestErrorsAreFoundByTheirStatus(t *testing.T) {
	for status, want := range map[int]error{
		400: client.ErrBadRequest, 401: client.ErrUnauthorized, 403: client.ErrForbidden,
		404: client.ErrNotFound, 409: client.ErrConflict, 429: client.ErrRateLimited,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		})
		_, err := c.Languages.Get(t.Context(), "1")
		var e *client.Error
		if !errors.Is(err, want) || !errors.As(err, &e) || e.Status != status || e.RetryAfter != 7*time.Second {
			t.Errorf("%d: %#v", status, err)
		}
		if errors.Is(err, client.ErrUploadExpired) {
			t.Errorf("%d is taken for an upload that has expired", status)
		}
	}
}

func TestTheContextsErrorIsFound(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Languages.Get(ctx, "1", client.Filter("a-name"))
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "a-name") {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerOfNoUseIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "HTML": "<html><title>Sign in</title></html>", "truncated": `{"id":"1`,
		"an array": `[]`, "a number": `1`, "not UTF-8": "\xff\xfe", "the wrong kind": `{"id":{}}`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		_, err := c.Languages.Get(t.Context(), "1")
		var e *client.Error
		if !errors.As(err, &e) || e.Status != 200 || e.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	c, err := client.New("acme", static("x"), client.WithHTTPClient(&http.Client{Transport: breaking{}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Languages.Get(t.Context(), "1"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// breaking answers with a body that ends too early.
type breaking struct{}

func (breaking) RoundTrip(req *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"id":`), failing{})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: req}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnErrorTellsNoSecrets(t *testing.T) {
	for _, body := range []string{
		`the token a-token is not valid`,
		`{"exceptionMessage":"see https://x.blob.core.windows.net/a?sv=1&sig=s3cret%2B"}`,
		`<p>Authorization: Bearer s3cret</p>`,
		`access_token=s3cret&x=1`, `{"refresh_token": "s3cret"}`, `client_secret: s3cret`,
		`eyJhbGciOiJub25lIn0.eyJzM2NyZXQiOjF9.s3cret`,
		`POST /uploads/segments/s3cret/commit`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, body)
		})
		_, err := c.Languages.Get(t.Context(), "1")
		if text := err.Error(); strings.Contains(text, "s3cret") || strings.Contains(text, "a-token") || strings.Contains(text, "eyJz") {
			t.Errorf("%s\ngives %s", body, text)
		}
	}
}

func FuzzAnErrorIsOnePrintableLineWhateverTheBody(f *testing.F) {
	for _, body := range []string{"", "<html>", "{}", `{"exceptionType":"A","exceptionMessage":"b\u202e\n"}`, "\xff\x00", "<title>", `{"error":1}`, "null"} {
		f.Add([]byte(body), 500)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if status < 300 || status > 599 {
			status = 400
		}
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			w.Write(body)
		})
		_, err := c.Languages.Get(t.Context(), "1")
		if err == nil {
			t.Fatal("no error")
		}
		text := err.Error()
		if len(text) > 1200 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", text)
		}
	})
}

func FuzzAnAnswerIsReadOrRefused(f *testing.F) {
	for _, body := range []string{
		`{"id":"1","fields":{"items":[{"id":"f","localizedValues":[{"value":"x"}]}]}}`, `{"_embedded":{"fields":[null]}}`,
		`{"items":[{"id":"1"},null],"_links":{"next":null}}`, `null`, `{"createdOn":""}`, `{"_embedded":null,"ID":"x","id":"y"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { w.Write(body) })
		if rec, err := c.Records.Get(t.Context(), "1"); err == nil {
			rec.Fields.Get("x").Text("")
			if _, err := rec.MarshalJSON(); err != nil {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
		c.Records.Page(t.Context())
	})
}
