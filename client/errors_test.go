package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
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
			t.Errorf("%d: got %#v, want %v with Retry-After 7s", status, err, want)
		}
		if errors.Is(err, client.ErrUploadExpired) {
			t.Errorf("%d: got a match with ErrUploadExpired, want none", status)
		}
	}
}

// An error has the message of a JSON body, whatever form it has.
func TestAnErrorHasTheMessage(t *testing.T) {
	for _, body := range []string{
		`{"exceptionType":"A","exceptionMessage":"no such thing"}`, `{"message":"no such thing"}`, `{"exceptionMessage":"no such thing"}`,
		`{"error":"a","error_description":"no such thing"}`, `no such thing`,
	} {
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, body)
		})
		_, err := c.Languages.Get(t.Context(), "1")
		if e := (*client.Error)(nil); !errors.As(err, &e) || e.Message != "no such thing" {
			t.Errorf("%s: got %v, want the message \"no such thing\"", body, err)
		}
	}
}

// Where only the end of the connection ends a body, JSON that is incomplete was cut on the way.
// Elsewhere the server has sent it so.
func TestIncompleteJSON(t *testing.T) {
	const body = `{"id":`
	for name, test := range map[string]struct {
		resp http.Response
		cut  bool
	}{
		"until the end":    {http.Response{ProtoMajor: 1, ContentLength: -1}, true},
		"of a stated size": {http.Response{ProtoMajor: 1, ContentLength: int64(len(body))}, false},
		"in chunks":        {http.Response{ProtoMajor: 1, ContentLength: -1, TransferEncoding: []string{"chunked"}}, false},
		"over HTTP/2":      {http.Response{ProtoMajor: 2, ContentLength: -1}, false},
	} {
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			resp := test.resp
			resp.StatusCode, resp.Request, resp.Header, resp.Body = 200, r, http.Header{}, io.NopCloser(strings.NewReader(body))
			return &resp, nil
		})}))
		_, err := c.Languages.Get(t.Context(), "1")
		if got := strings.Contains(fmt.Sprint(err), "ended after 6 bytes"); err == nil || got != test.cut {
			t.Errorf("%s: got error %v, want one that says that it was cut: %v", name, err, test.cut)
		}
	}
}

func TestAnErrorTellsNoSecrets(t *testing.T) {
	for _, body := range []string{
		`the token a-token is not valid`,
		`{"exceptionMessage":"see https://x.blob.core.windows.net/a?sv=1&sig=s3cret%2B"}`,
		`<p>Authorization: Bearer s3cret</p>`,
		`access_token=s3cret&x=1`, `{"refresh_token": "s3cret"}`, `client_secret: s3cret`,
		`eyJhbGciOiJub25lIn0.eyJzM2NyZXQiOjF9.s3cret`,
		`POST /uploads/segments/s3cret/commit`, `GET https://h/uploads/s3cret-token`,
		`proxyconnect anna:s3cret@proxy.corp:3128: refused`, `dial redis://default:s3cret@redis:6379/0`,
		`AccountKey=s3cret;EndpointSuffix=x`, `X-Api-Key: s3cret`, `Set-Cookie: .ASPXAUTH=s3cret`, `GET /p?api_key=s3cret&x=1`,
		`<Error><Code>SignatureDoesNotMatch</Code><SignatureProvided>s3cret=</SignatureProvided></Error>`,
		`<soap:Fault><wsse:Password Type="x">s3cret</wsse:Password></soap:Fault>`, `<input name="client_secret" value="s3cret">`,
		`{"detail":"access_token s3cret0abc has expired"}`, `{"code":"s3cret"}`, `redirect_uri=https%3A%2F%2Fh%2Fp%3Fcode%3Ds3cret`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, body)
		})
		_, err := c.Languages.Get(t.Context(), "1")
		if text := err.Error(); strings.Contains(text, "s3cret") || strings.Contains(text, "a-token") || strings.Contains(text, "eyJz") {
			t.Errorf("%s\ngot %s, want no secret in it", body, text)
		}
	}
}

// A base whose error repeats the request in any form tells nobody the values of its query: the
// signature of a link, or what is searched for.
func TestAnErrorOfTheBaseTellsNoQuery(t *testing.T) {
	repeats := map[string]func(*http.Request) error{
		"URL":    func(r *http.Request) error { return fmt.Errorf("fetching %s: reset", r.URL) },
		"quoted": func(r *http.Request) error { return fmt.Errorf("fetching %q: reset", r.URL.RequestURI()) },
		"error of net/http": func(r *http.Request) error {
			return fmt.Errorf("reset: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("fetching " + r.URL.RawQuery)})
		},
		"values":  func(r *http.Request) error { return fmt.Errorf("reset: %v", r.URL.Query()) },
		"struct":  func(r *http.Request) error { return fmt.Errorf("reset: %+v", *r.URL) },
		"escaped": func(r *http.Request) error { return fmt.Errorf("reset: to=%s", url.QueryEscape(r.URL.String())) },
	}
	for name, repeat := range repeats {
		synctest.Test(t, func(t *testing.T) {
			bad := &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) { return nil, repeat(r) })}
			c := newClient(t, nil, client.WithHTTPClient(bad), client.WithDownloadClient(bad))
			_, err := c.Downloads.Fetch(t.Context(), "https://x.blob.core.windows.net/a?sv=2021&Key=s3cret%2B1&sig=s3cret%2B2", t.TempDir())
			_, err2 := c.Do(t.Context(), "GET", "/records?filter=s3cret%20person", nil, nil)
			toBlob := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, `{"token":"t","sasUrl":"https://x.blob.core.windows.net/a?Key=s3cret%2B1&sig=s3cret%2B2"}`)
			})
			_, err3 := toBlob.Uploads.Reader(t.Context(), "a", strings.NewReader("a"), client.UploadToBlob(bad))
			for _, err := range []error{err, err2, err3} {
				if text := fmt.Sprint(err); strings.Contains(text, "s3cret") || !strings.Contains(text, "reset") && name != "error of net/http" {
					t.Errorf("%s: got %s, want the reason without a value of the query", name, text)
				}
				if outer := (*url.Error)(nil); errors.As(err, &outer) && name != "error of net/http" {
					t.Errorf("%s: got an error that wraps %v, want none of net/http, which has the URL", name, outer)
				}
			}
		})
	}
}

// Where a redirect leads is a signed link, too, although net/http cannot read it.
func TestAMalformedRedirectTellsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moved := &http.Client{Transport: base(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://x.example/%zz?sig=s3cret")
			w.WriteHeader(http.StatusFound)
		})}
		c := newClient(t, nil, client.WithHTTPClient(moved), client.WithDownloadClient(moved))
		_, err := c.Downloads.Fetch(t.Context(), "https://x.example/a", t.TempDir())
		_, err2 := c.Languages.Get(t.Context(), "1")
		for _, err := range []error{err, err2} {
			if text := fmt.Sprint(err); strings.Contains(text, "s3cret") || !strings.Contains(text, "Location") {
				t.Errorf("got %s, want an error about the Location without its secret", text)
			}
		}
	})
}

// What a person needs to know is not taken for a secret.
func TestAnErrorKeepsWhatIsNoSecret(t *testing.T) {
	for _, text := range []string{
		"error code: 1015", "Field Code: value 17 is not allowed", "The upload token: it was used already",
		"Error code: 0x80131904, state: 1", "password: must not be empty", "code 0001-Token: expired",
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, text)
		})
		if _, err := c.Languages.Get(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q in it", err, text)
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
			t.Fatalf("got no error, want one for status %d", status)
		}
		text := err.Error()
		if len(text) > 1200 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q, want one printable line of at most 1200 bytes", text)
		}
	})
}

func TestAnErrorSaysWhatAprimoSaid(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "r-1")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"exceptionType":"Adam.Rest.Common.NoDataFoundException","exceptionMessage":"No upload was found specified with the token 'x'"}`)
	})
	_, err := c.Languages.Get(t.Context(), "1")
	for _, want := range []error{client.ErrNotFound, client.ErrUploadExpired} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	var e *client.Error
	if !errors.As(err, &e) || e.RequestID != "r-1" || e.Attempt != 1 || e.Method != "GET" || e.Path != "/api/core/language/1" {
		t.Errorf("got %+v, want request r-1, attempt 1, GET /api/core/language/1", e)
	}
}
