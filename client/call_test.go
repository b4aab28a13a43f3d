package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

// Answers that are no answers are errors, for one object and for a list.
func TestBodiesThatAreNone(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"empty":       strings.NewReader(""),
		"a page":      strings.NewReader("<html>Service unavailable</html>"),
		"half of it":  strings.NewReader(`{"id":"1","items":[{"id":`),
		"broken off":  cut{strings.NewReader(`{"id":"1","items":[]`)},
		"not UTF-8":   strings.NewReader("\xff\xfe{\"id\":1}"),
		"another one": strings.NewReader(`[1,2,3]`),
		"two":         strings.NewReader(`{"id":"1"}{"id":"2"}`),
	} {
		text, fault := io.ReadAll(body)
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			var r io.Reader = strings.NewReader(string(text))
			if fault != nil {
				r = cut{r}
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(r), Request: req}, nil
		})}))
		var e *client.Error
		if r, err := c.Records.Get(t.Context(), "1"); !errors.As(err, &e) {
			t.Errorf("%s: Get gives %+v, %v; want an *Error", name, r, err)
		}
		failed := false
		for _, err := range c.Records.List(t.Context()) {
			failed = failed || errors.As(err, &e)
		}
		if !failed {
			t.Errorf("%s: List yields no *Error, want one", name)
		}
	}
}

func TestEveryRequestHasTheHeadersThatTheGuideRequires(t *testing.T) {
	var got *http.Request
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"id":"1"}`)
	}, client.WithUserAgent("importer/1.0"), client.WithLanguages("l1", "l2"))
	if _, err := c.Languages.Get(t.Context(), "A0B1C2D3-0000-0000-0000-00000000000F"); err != nil {
		t.Fatal(err)
	}
	if want := "https://acme.dam.aprimo.com/api/core/language/a0b1c2d300000000000000000000000f"; got.URL.String() != want {
		t.Errorf("asked %s, want %s", got.URL, want)
	}
	for name, want := range map[string]string{
		"API-VERSION": "1", "Accept": "application/hal+json", "User-Agent": "importer/1.0",
		"Authorization": "Bearer a-token", "languages": "l1, l2",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

func TestAnIDStaysOneSegmentOfThePath(t *testing.T) {
	var asked string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath() })
	for _, id := range []string{"", ".", ".."} {
		if err := c.Languages.Delete(t.Context(), id); err == nil || asked != "" {
			t.Errorf("id %q: got a request for %q, error %v, want no request and an error", id, asked, err)
		}
	}
	if err := c.Languages.Delete(t.Context(), "a/../b?c#d"); err != nil {
		t.Fatal(err)
	}
	if want := "/api/core/language/a%2F..%2Fb%3Fc%23d"; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
}

func TestTheContextsErrorIsFound(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Languages.Get(ctx, "1", client.Filter("a-name"))
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "a-name") {
		t.Errorf("got %v, want %v without the filter", err, context.Canceled)
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
			t.Errorf("%s: got %v, want an *Error with status 200 and a message", name, err)
		}
	}
}

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	c, err := client.New("acme", static("x"), client.WithHTTPClient(&http.Client{Transport: breaking{}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Languages.Get(t.Context(), "1"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
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
				t.Errorf("encoding the decoded record: got %v, want no error", err)
			}
		}
		c.Records.Page(t.Context())
	})
}

// Some gateways begin JSON with the mark of UTF-8.
func TestJSONThatBeginsWithAByteOrderMark(t *testing.T) {
	status := http.StatusOK
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, "\ufeff"+`{"id":"1","exceptionType":"AType","exceptionMessage":"a message"}`)
	})
	if got, err := c.Languages.Get(t.Context(), "1"); err != nil || got.ID != "1" {
		t.Errorf("got %v, %v; want the language 1", got, err)
	}
	status = http.StatusConflict
	var e *client.Error
	if _, err := c.Languages.Get(t.Context(), "1"); !errors.As(err, &e) || e.Type != "AType" || e.Message != "a message" {
		t.Errorf("got %v, want the type and the message", err)
	}
}
