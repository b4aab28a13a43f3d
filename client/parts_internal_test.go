package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

// A partial response must be the requested part of the same file.
func TestPartialResponsesThatContinueAFile(t *testing.T) {
	for _, c := range []struct {
		what      string
		done      int64
		size      int64
		tag, span string
		want      bool
	}{
		{"the part", 5, 10, `"a"`, "bytes 5-9/10", true},
		{"without a tag", 5, 10, "", "bytes 5-9/10", false},
		{"without a tag, to be checked by its sum", 5, 10, "", "bytes 5-9/10", true},
		{"of an unknown size", 5, 10, `"a"`, "bytes 5-9/*", true},
		{"of a size that was unknown", 5, -1, `"a"`, "bytes 5-9/10", true},
		{"of nothing", 0, 10, `"a"`, "bytes 0-9/10", false},
		{"another part", 5, 10, `"a"`, "bytes 4-9/10", false},
		{"another part that begins alike", 5, 10, `"a"`, "bytes 50-59/10", false},
		{"another file", 5, 10, `"b"`, "bytes 5-9/10", false},
		{"another size", 5, 10, `"a"`, "bytes 5-9/11", false},
		{"no size", 5, 10, `"a"`, "bytes 5-9", false},
		{"an empty file of another size", 5, 0, `"a"`, "bytes 5-9/10", false},
	} {
		d := &download{done: c.done, state: partState{ETag: `"a"`, Size: c.size}}
		h := http.Header{"Content-Range": {c.span}}
		if c.tag != "" {
			h.Set("ETag", c.tag)
		} else if c.want {
			d.state.MD5 = make([]byte, 16)
		}
		if got := d.continues(h); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

// What a download does after a status that is of no use.
func TestStatusesOfDownloads(t *testing.T) {
	for status, want := range map[int]string{
		403: "expired", 404: "expired", 410: "expired", 416: "anew", 206: "anew", 429: "again", 408: "again", 500: "again", 599: "again", 499: "permanent", 401: "permanent", 304: "permanent", 204: "permanent",
	} {
		d := &download{done: 5, link: &url.URL{Host: "h"}}
		err := d.refused(status)
		got := "again"
		switch {
		case errors.Is(err, ErrLinkExpired):
			got = "expired"
		case errors.As(err, new(permanent)):
			got = "permanent"
		case d.done == 0:
			got = "anew"
		}
		if got != want {
			t.Errorf("%d: got %s (%v), want %s", status, got, err, want)
		}
	}
}

// The state of a file is that of its first response, which must be the whole file.
func TestTheFirstResponseOfADownload(t *testing.T) {
	sum := base64.StdEncoding.EncodeToString(make([]byte, 16))
	for _, c := range []struct {
		what   string
		resp   http.Response
		header http.Header
		path   string
		tag    string
		md5    bool
		fails  bool
	}{
		{"a file", http.Response{ContentLength: 5}, http.Header{"Etag": {`"a"`}}, "/x", `"a"`, false, false},
		{"a weak tag", http.Response{ContentLength: 5}, http.Header{"Etag": {`W/"a"`}}, "/x", "", false, false},
		{"the longest tag", http.Response{ContentLength: 5}, http.Header{"Etag": {strings.Repeat("a", 1024)}}, "/x", strings.Repeat("a", 1024), false, false},
		{"a longer tag", http.Response{ContentLength: 5}, http.Header{"Etag": {strings.Repeat("a", 1025)}}, "/x", "", false, false},
		{"a sum", http.Response{ContentLength: 5}, http.Header{"Content-Md5": {sum}}, "/x", "", true, false},
		{"a sum of Azure's", http.Response{ContentLength: 5}, http.Header{"X-Ms-Blob-Content-Md5": {sum}}, "/x", "", true, false},
		{"a sum of another length", http.Response{ContentLength: 5}, http.Header{"Content-Md5": {"AAAA"}}, "/x", "", false, false},
		{"a page", http.Response{ContentLength: 5}, http.Header{"Content-Type": {"text/html"}}, "/x", "", false, true},
		{"a page with a tag", http.Response{ContentLength: 5}, http.Header{"Content-Type": {"text/html"}, "Etag": {"a"}}, "/x", "a", false, false},
		{"a page with a name", http.Response{ContentLength: 5}, http.Header{"Content-Type": {"text/html"}, "Content-Disposition": {"x"}}, "/x", "", false, false},
		{"a page that was asked for", http.Response{ContentLength: 5}, http.Header{"Content-Type": {"text/html"}}, "/x.html", "", false, false},
		{"no length", http.Response{ContentLength: -1, Close: true}, http.Header{}, "/x", "", false, true},
		{"an empty file", http.Response{ContentLength: 0, Close: true}, http.Header{}, "/x", "", false, false},
		{"no length, but a sum", http.Response{ContentLength: -1, Close: true}, http.Header{"Content-Md5": {sum}}, "/x", "", true, false},
		{"chunks", http.Response{ContentLength: -1, Close: true, TransferEncoding: []string{"chunked"}}, http.Header{}, "/x", "", false, false},
		{"HTTP/2", http.Response{ContentLength: -1}, http.Header{}, "/x", "", false, false},
	} {
		d := &download{link: &url.URL{Scheme: "https", Host: "h", Path: c.path}}
		c.resp.Header = c.header
		err := d.begin(&c.resp)
		if (err != nil) != c.fails || d.state.ETag != c.tag || d.state.Size != c.resp.ContentLength || (d.state.MD5 != nil) != c.md5 || d.state.Version != 1 || d.state.Link != d.identity() {
			t.Errorf("%s: got %v, %+v; want an error: %v, the tag %.9q, a sum: %v", c.what, err, d.state, c.fails, c.tag, c.md5)
		}
	}
}

// How much of a part is certainly of the file.
func TestHowMuchOfAPartIsTrusted(t *testing.T) {
	crc := func(s string) uint32 { return crc32.Checksum([]byte(s), castagnoli) }
	n := func(i int64) *int64 { return &i }
	big := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		what, part string
		state      partState
		want       int64
	}{
		{"all", "hello", partState{Size: 9, Done: n(5), Sum: crc("hello")}, 5},
		{"the first bytes", "hello", partState{Size: 9, Done: n(4), Sum: crc("hell")}, 4},
		{"another sum", "hellO", partState{Size: 9, Done: n(5), Sum: crc("hello")}, 0},
		{"too short", "hell", partState{Size: 9, Done: n(5), Sum: crc("hello")}, 0},
		{"longer than the file", "hello", partState{Size: 4, Done: n(4), Sum: crc("hell")}, 0},
		{"as long as the file", "hello", partState{Size: 5, Done: n(5), Sum: crc("hello")}, 5},
		{"of unknown size", "hello", partState{Size: -1, Done: n(5), Sum: crc("hello")}, 5},
		{"a negative number", "hello", partState{Size: 9, Done: n(-1)}, 0},
		{"nothing", "", partState{Size: 0, Done: n(0)}, 0},
		{"of an earlier release", "hello", partState{Size: 9}, 5},
		{"zeros of an earlier release", "he\x00llo\x00\x00", partState{Size: 9}, 6},
		{"zeros of more than a block", big + strings.Repeat("\x00", 200_000), partState{Size: -1}, 100_000},
		{"zeros only", strings.Repeat("\x00", 200_000), partState{Size: -1}, 0},
		{"a longer one of an earlier release", "hello", partState{Size: 4}, 0},
	} {
		name := filepath.Join(t.TempDir(), "part")
		if err := os.WriteFile(name, []byte(c.part), 0o600); err != nil {
			t.Fatal(err)
		}
		part, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.state.trusted(part); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
		part.Close()
	}
}

// A brokenDisk cannot be read.
type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errors.New("broken") }

// Nothing of a part that cannot be read is trusted.
func TestAPartThatCannotBeRead(t *testing.T) {
	if n := beforeZeros(brokenDisk{}, 9); n != 0 {
		t.Errorf("got %d bytes, want 0", n)
	}
	if _, err := crcOf(brokenDisk{}, 9); err == nil {
		t.Error("got a sum, want an error")
	}
}

// An earlier part is resumed if its state is known and of this link; of a complete one a byte is
// requested again.
func TestWhichPartsAreResumed(t *testing.T) {
	d := &download{path: filepath.Join(t.TempDir(), "f"), link: &url.URL{Scheme: "https", Host: "h", Path: "/x"}}
	if err := os.WriteFile(d.part(), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		change func(*partState)
		want   int64
	}{
		{"a part", func(*partState) {}, 5},
		{"a complete one", func(s *partState) { s.Size = 5 }, 4},
		{"of an earlier release", func(s *partState) { s.Version, s.Link = 0, "" }, 5},
		{"of a later release", func(s *partState) { s.Version = 2 }, 0},
		{"of another link", func(s *partState) { s.Link = "x" }, 0},
		{"without a tag", func(s *partState) { s.ETag = "" }, 0},
	} {
		d.state, d.done, d.sum = partState{Version: 1, ETag: "a", Size: 9, Link: d.identity()}, 5, crc32.Checksum([]byte("hello"), castagnoli)
		c.change(&d.state)
		if err := d.saveState(); err != nil {
			t.Fatal(err)
		}
		d.done, d.sum = 99, 99
		d.resume()
		if want := crc32.Checksum([]byte("hello")[:c.want], castagnoli); d.done != c.want || c.want > 0 && d.sum != want || c.want == 0 && d.sum != 0 {
			t.Errorf("%s: got %d bytes with the sum %d, want %d with %d", c.what, d.done, d.sum, c.want, want)
		}
	}
	for name, want := range map[string]bool{"a.part": true, "A.PART.JSON": true, "a.part.json.new": true, "a.part.lock": true, "a.partly": false, "part": false, "a.json": false} {
		if got := reserved(name); got != want {
			t.Errorf("%s: got reserved %v, want %v", name, got, want)
		}
	}
}

// A part of an empty file, or one longer than its file, is requested from the beginning.
func TestWhichPartIsRequested(t *testing.T) {
	for _, c := range []struct {
		what       string
		done, size int64
		tag        string
		want       string
	}{
		{"a part", 5, 9, "a", "bytes=5-"}, {"as long as the file", 9, 9, "a", "bytes=9-"}, {"longer than the file", 10, 9, "a", ""}, {"of an empty file", 1, 0, "a", ""},
		{"of an unknown size", 5, -1, "a", "bytes=5-"}, {"without a tag", 5, 9, "", ""}, {"nothing", 0, 9, "a", ""},
	} {
		var got http.Header
		base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			got = r.Header
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		d := &download{http: &http.Client{Transport: base}, link: &url.URL{Scheme: "https", Host: "h"}, done: c.done, state: partState{ETag: c.tag, Size: c.size}}
		wantIf := ""
		if c.want != "" {
			wantIf = c.tag
		}
		if _, err := d.ask(t.Context()); err != nil || got.Get("Range") != c.want || got.Get("If-Range") != wantIf || got.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: got %v, %v; want the range %q", c.what, err, got, c.want)
		}
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A download that makes no progress is tried six times, after growing pauses.
func TestPausesOfADownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		base := roundTripFunc(func(*http.Request) (*http.Response, error) {
			times = append(times, time.Now())
			return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
		})
		d := &download{http: &http.Client{Transport: base}, link: &url.URL{Scheme: "https", Host: "h"}, path: filepath.Join(t.TempDir(), "f")}
		defer d.unlock()
		err := d.run(t.Context())
		if took := time.Since(times[0]); len(times) != 6 || took < 3*time.Second || took > 10*time.Second || !strings.Contains(err.Error(), "gave up after 6 attempts") {
			t.Errorf("got %v after %d attempts and %v, want 6 in 3 to 10 s", err, len(times), took)
		}
	})
}

// answering returns a Client whose every call is answered with a status and a body.
func answering(t *testing.T, status int, body string, seen func()) *Client {
	t.Helper()
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		seen()
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	c, err := New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"}), WithHTTPClient(&http.Client{Transport: base}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The token of an upload is asked for after 0.5, 1, 2 … s, each 10 s in the end, 60 times.
func TestPollsForAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var times []time.Duration
		c := answering(t, 202, "{}", func() { times = append(times, time.Since(begin).Round(100*time.Millisecond)) })
		_, err := c.Uploads.awaitUpload(t.Context(), uploadResponse{URI: "https://acme.aprimo.com/uploads/x"})
		want := []time.Duration{500, 1500, 3500, 7500, 15500, 25500}
		if len(times) != 60 || err == nil || !strings.Contains(err.Error(), "no token within ten minutes") {
			t.Fatalf("got %v after %d polls, want no token after 60", err, len(times))
		}
		for i, at := range want {
			if times[i] != at*time.Millisecond {
				t.Errorf("poll %d: got it after %v, want %v", i, times[i], at*time.Millisecond)
			}
		}
		if token, err := c.Uploads.awaitUpload(t.Context(), uploadResponse{Token: "t"}); token != "t" || err != nil {
			t.Errorf("got %q, %v; want the token at once", token, err)
		}
		if _, err := c.Uploads.awaitUpload(t.Context(), uploadResponse{}); err == nil || !strings.Contains(err.Error(), "neither a token nor a link") {
			t.Errorf("got %v of neither a token nor a link, want an error", err)
		}
	})
}

// A login waits 0.2 s for a show that is about to return.
func TestALoginWaitsForItsShow(t *testing.T) {
	for returns, want := range map[time.Duration]time.Duration{199 * time.Millisecond: 199 * time.Millisecond, time.Minute: 200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			r := &receiver{result: make(chan received, 1)}
			r.result <- received{code: "c"}
			shown := make(chan error, 1)
			time.AfterFunc(returns, func() { shown <- nil })
			begin := time.Now()
			if code, err := r.wait(t.Context(), shown); code != "c" || err != nil || time.Since(begin) != want {
				t.Errorf("a show that returns after %v: got %q, %v after %v, want the code after %v", returns, code, err, time.Since(begin), want)
			}
			time.Sleep(time.Hour)
		})
	}
}

// The cost of a list in which each page repeats some items.
func TestPlansOfPages(t *testing.T) {
	for _, c := range []struct{ total, size, served, repeated, items, requests int }{
		{0, 10, 10, 0, 0, 1}, {10, 10, 10, 0, 10, 1}, {11, 10, 10, 0, 11, 2}, {20, 10, 10, 0, 20, 2}, {21, 10, 10, 0, 21, 3},
		{11, 10, 10, 1, 11, 2}, {19, 10, 10, 1, 19, 2}, {20, 10, 10, 1, 20, 3}, {10, 10, 5, 0, 10, 2}, {10, 10, 0, 0, 10, 1}, {3, 1, 1, 1, 3, 3},
	} {
		client := answering(t, 200, fmt.Sprintf(`{"items":[],"totalCount":%d,"pageSize":%d}`, c.total, c.served), func() {})
		k := searching("records", SearchRequest{}, []CallOption{PageSize(c.size)})
		if p, err := planning(t.Context(), client, k, c.repeated); err != nil || p.Items != c.items || p.Requests != c.requests {
			t.Errorf("%+v: got %+v, %v; want %d items, %d requests", c, p, err, c.items, c.requests)
		}
	}
}

// A file is complete if it has its length.
func TestTheLengthOfADownload(t *testing.T) {
	for _, c := range []struct {
		size int64
		body string
		want error
	}{{0, "", nil}, {0, "x", errShort}, {2, "x", errShort}, {1, "x", nil}, {-1, "x", nil}} {
		d := &download{link: &url.URL{Host: "h"}, path: filepath.Join(t.TempDir(), "f"), state: partState{Size: c.size}}
		if err := d.write(strings.NewReader(c.body)); err != c.want {
			t.Errorf("%q of %d bytes: got %v, want %v", c.body, c.size, err, c.want)
		}
	}
}

// A redirect that is not followed is said to be one, unless its body says more.
func TestRedirectsThatAreNotFollowed(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{{302, "", notFollowed}, {399, "", notFollowed}, {302, "moved", "moved"}, {302, `{"exceptionType":"T"}`, ""}, {400, "", ""}, {500, "", ""}} {
		var e Error
		e.describe(&http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body))})
		if e.Message != c.want || e.Status != c.status {
			t.Errorf("%d with %q: got %d %q, want %q", c.status, c.body, e.Status, e.Message, c.want)
		}
	}
}

// A slowTarget takes no part, and its cancel ends with its context.
type slowTarget struct{ target }

func (slowTarget) cancel(ctx context.Context) { <-ctx.Done() }

// The removal of a cancelled upload has 15 s, whatever became of the upload's context.
func TestHowLongARemovalTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begin := time.Now()
		if (&transfer{to: slowTarget{}}).remove(ctx); time.Since(begin) != 15*time.Second {
			t.Errorf("got %v, want 15 s", time.Since(begin))
		}
	})
}

// The text of an error has all that is known, on one line.
func TestTheTextOfAnError(t *testing.T) {
	for want, e := range map[string]*Error{
		"aprimo: GET /a: 404 Not Found: T: m (user u, attempt 2, request r)": {Method: "GET", Path: "/a", Status: 404, Type: "T", Message: "m", User: "u", Attempt: 2, RequestID: "r"},
		"aprimo: GET /a: m":          {Method: "GET", Path: "/a", Message: "m", Attempt: 1},
		"aprimo: GET /a: 599":        {Method: "GET", Path: "/a", Status: 599},
		"aprimo: GET /a: T (user u)": {Method: "GET", Path: "/a", Type: "T", User: "u"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, c := range []struct {
		e      *Error
		target error
		want   bool
	}{
		{&Error{Status: 404}, ErrNotFound, true}, {&Error{Status: 404}, ErrConflict, false}, {&Error{Status: 400, Method: "POST", Type: "invalid_grant"}, ErrUnauthorized, true},
		{&Error{Status: 400, Method: "GET", Type: "invalid_grant"}, ErrUnauthorized, false}, {&Error{Status: 400, Method: "POST", Type: "x"}, ErrUnauthorized, false},
		{&Error{Status: 404, Type: noDataFound, Message: "The Token is unknown"}, ErrUploadExpired, true}, {&Error{Status: 404, Type: noDataFound, Message: "record"}, ErrUploadExpired, false},
		{&Error{Status: 404, Type: "x", Message: "token"}, ErrUploadExpired, false}, {&Error{Status: 400, Type: noDataFound, Message: "token"}, ErrUploadExpired, false},
	} {
		if got := errors.Is(c.e, c.target); got != c.want {
			t.Errorf("%v is %v: got %v, want %v", c.e, c.target, got, c.want)
		}
	}
}

// What an error response says, in the forms of Aprimo, OAuth and web servers.
func TestWhatAnErrorResponseSays(t *testing.T) {
	for _, c := range []struct{ body, kind, message string }{
		{`{"exceptionType":"T","exceptionMessage":"m"}`, "T", "m"}, {`{"error":"e","error_description":"d"}`, "e", "d"}, {`{"message":"m"}`, "", "m"}, {`{"exceptionType":"T","message":"m"}`, "T", "m"},
		{`{"error_description":"d"}`, "", `{"error_description":"d"}`}, {`{}`, "", `{}`}, {`plain`, "", "plain"}, {"<html><TITLE>t</TITLE>x", "", "t"}, {"x<title>t</title>", "", "t"},
		{"  <p>a</p><script>b</script>", "", "   a  "}, {"a <b>", "", "a <b>"}, {"", "", ""},
	} {
		if kind, message := explain([]byte(c.body)); kind != c.kind || message != c.message {
			t.Errorf("%s: got %q, %q; want %q, %q", c.body, kind, message, c.kind, c.message)
		}
	}
	if got := readable(bytes.Repeat([]byte("x"), maxErrorBody+1)); len(got) != 64<<10 {
		t.Errorf("got %d bytes of a body, want 64 KiB", len(got))
	}
	for in, want := range map[string]string{
		strings.Repeat("x", 300): strings.Repeat("x", 300), strings.Repeat("x", 301): strings.Repeat("x", 300) + "...", strings.Repeat("é", 151): strings.Repeat("é", 150) + "...", "x" + strings.Repeat("é", 150): "x" + strings.Repeat("é", 149) + "...",
		" a \n b\x00": "a b\ufffd", "\xff": "\ufffd",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	for _, c := range []struct{ text, secret, want string }{
		{"a s3cr b", "s3cr", "a REDACTED b"}, {"a s3c b", "s3c", "a s3c b"}, {"a%2Fb+c a%2Fb%20c", "a/b c", "REDACTED REDACTED"}, {"a&lt;&#34;b", `a<"b`, "REDACTED"}, {`a\u003c\"b`, `a<"b`, "REDACTED"},
	} {
		if got := hide(c.text, c.secret); got != c.want {
			t.Errorf("hide(%q, %q) = %q, want %q", c.text, c.secret, got, c.want)
		}
	}
	if got := hideQuery("a=1&b=v%2Flue v/lue b=1 flag99", &url.URL{RawQuery: "b=v%2Flue&flag99"}); got != "a=1&b=REDACTED REDACTED b=1 REDACTED" {
		t.Errorf("got %q, want no value of the query", got)
	}
}

// After which failures a call may pass later, and of which its outcome is unknown.
func TestFailuresOfCalls(t *testing.T) {
	broken := brokenBody{io.ErrUnexpectedEOF, nil}
	for _, c := range []struct {
		what    string
		err     error
		passes  bool
		unknown bool
	}{
		{"429", &Error{Status: 429}, true, false}, {"408", &Error{Status: 408}, true, true}, {"500", &Error{Status: 500}, true, true}, {"501", &Error{Status: 501}, false, false},
		{"503", &Error{Status: 503}, true, true}, {"400", &Error{Status: 400}, false, false}, {"a broken 200", &Error{Status: 200, cause: broken}, true, true}, {"a bad 200", &Error{Status: 200}, false, true},
		{"a page", &Error{Status: 200, page: true}, false, true}, {"a queue that is full", &Error{cause: &transport.QueueError{Err: transport.ErrQueueFull}}, true, false},
		{"a token that is late", &Error{cause: &Error{cause: errSilent}}, true, true}, {"a refused address", &Error{cause: refusedAddress{errors.New("x")}}, false, false},
		{"a connection", &Error{cause: io.ErrUnexpectedEOF}, true, true}, {"a token that was refused", &Error{cause: &Error{Status: 400}}, false, true},
	} {
		var e *Error
		errors.As(c.err, &e)
		e.Attempt = 1
		if got := passes(t.Context(), c.err); got != c.passes {
			t.Errorf("%s: got passes %v, want %v", c.what, got, c.passes)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if passes(ctx, c.err) {
			t.Errorf("%s: got passes after the context's end, want not", c.what)
		}
		for _, k := range []struct {
			call    call
			attempt int
			may     bool
		}{
			{call{method: "POST"}, 1, true}, {call{method: "PATCH"}, 1, true}, {call{method: "PUT"}, 1, false}, {call{method: "DELETE"}, 1, false}, {call{method: "GET"}, 1, false},
			{call{method: "POST", header: repeatable()}, 1, false}, {call{method: "POST"}, 0, false},
		} {
			e.Attempt = k.attempt
			var unknown *UnknownOutcomeError
			if got := errors.As(k.call.outcome(e), &unknown); got != (c.unknown && k.may) {
				t.Errorf("%s after %s, attempt %d: got unknown %v, want %v", c.what, k.call.method, k.attempt, got, c.unknown && k.may)
			}
			if unknown != nil && unknown.created != (e.Status == 200 && !e.page) {
				t.Errorf("%s: got created %v, want it after a 200 of Aprimo's", c.what, unknown.created)
			}
		}
	}
	if passes(t.Context(), errors.New("x")) {
		t.Error("another error: got passes, want not")
	}
}

// An id stays one part of a path, in the form of the API.
func TestIDsInPaths(t *testing.T) {
	for in, want := range map[string]string{
		"0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
		"0A1B2C3D4E5F60718293A4B5C6D7E8F9": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F": "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F", "A-B": "A-B",
	} {
		if got := normalizeID(in); got != want {
			t.Errorf("normalizeID(%s) = %s, want %s", in, got, want)
		}
	}
	base := &url.URL{Scheme: "https", Host: "h", Path: "/api/core"}
	for in, want := range map[string]string{"record a/b?c": "https://h/api/core/record/a%2Fb%3Fc", "record ": "error", "record .": "error", "record ..": "error", "record \t\n": "error", "record ...": "https://h/api/core/record/..."} {
		got := "error"
		if u, err := joinPath(base, strings.Split(in, " ")); err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// The settings of an upload have bounds; its progress never decreases.
func TestSettingsOfAnUpload(t *testing.T) {
	for _, c := range []struct {
		what string
		opt  UploadOption
		ok   bool
	}{
		{"the default", nil, true}, {"a byte", UploadSegmentSize(1), true}, {"none", UploadSegmentSize(0), false}, {"20 MB", UploadSegmentSize(20_000_000), true}, {"more", UploadSegmentSize(20_000_001), false},
		{"one at a time", UploadParallel(1), true}, {"none at a time", UploadParallel(0), false}, {"no name", UploadName(""), false}, {"an empty state", UploadResume(UploadState{SegmentSize: 1}), false},
		{"a state", UploadResume(UploadState{SegmentSize: 1, Session: "s"}), true},
	} {
		s := newUploadSettings("name", []UploadOption{c.opt})
		if err := s.check(); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted: %v", c.what, err, c.ok)
		}
	}
	s := newUploadSettings("name", nil)
	if s.segmentSize != 10_000_000 || s.parallel != 3 {
		t.Errorf("got %d bytes, %d at a time; want 10,000,000, 3", s.segmentSize, s.parallel)
	}
	var got []int64
	UploadProgress(func(done, _ int64) { got = append(got, done) })(&s)
	for _, done := range []int64{0, 5, 5, 3, 6} {
		s.progress(done, 9)
	}
	if diff := cmp.Diff([]int64{0, 5, 6}, got); diff != "" {
		t.Errorf("got other progress than wanted (-want +got):\n%s", diff)
	}
}

// The progress of an order is the sum of its files; its total is unknown if it cannot be right.
func TestTheSumOfAnOrdersProgress(t *testing.T) {
	for _, c := range []struct {
		total, want int64
	}{{10, 10}, {9, -1}, {0, -1}} {
		var done, total int64
		p := orderProgress{total: c.total}
		a, b := &download{progress: func(d, t int64) { done, total = d, t }}, &download{}
		b.progress = a.progress
		p.add(a)
		p.add(b)
		a.progress(4, 99)
		b.progress(3, 99)
		b.progress(2, 99) // it starts anew
		if a.progress(8, 99); done != 10 || total != c.want {
			t.Errorf("a total of %d: got %d of %d, want 10 of %d", c.total, done, total, c.want)
		}
	}
	d := &download{}
	if new(orderProgress).add(d); d.progress != nil {
		t.Error("without DownloadProgress: got a function, want none")
	}
	for want, o := range map[string]*Order{
		"aprimo: order 1: Failed": {ID: "1", Status: OrderFailed}, "aprimo: order 1: PartiallyFailed, targets failed: 1: m": {ID: "1", Status: OrderPartiallyFailed, FailedTargetsCount: 1, Message: "m"},
	} {
		if got := o.err().Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for status, want := range map[OrderStatus]bool{OrderSuccess: true, OrderPartiallyFailed: true, OrderFailed: true, OrderCancelled: true, OrderPending: false, OrderAsyncExecuting: false} {
		if got := status.Final(); got != want {
			t.Errorf("%s: got final %v, want %v", status, got, want)
		}
	}
}

// An ETA is known a tenth of a second after the first progress.
func TestWhenAnETAIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ETA
		e.At(0, 100)
		time.Sleep(time.Second)
		if at := e.At(10, 100); !at.IsZero() {
			t.Errorf("at the first progress: got %v, want unknown", at)
		}
		if time.Sleep(100*time.Millisecond - 1); !e.At(10, 100).IsZero() {
			t.Error("just before 100 ms: got a time, want unknown")
		}
		if time.Sleep(time.Nanosecond); e.At(10, 100).IsZero() {
			t.Error("after 100 ms: got unknown, want a time")
		}
		if got := time.Until(e.At(100, 100)); got != 0 {
			t.Errorf("when it is done: got %v, want now", got)
		}
		if got := time.Until(e.At(0, 1<<62)); got < 99*365*24*time.Hour || got > 101*365*24*time.Hour {
			t.Errorf("of endless work: got %v, want 100 years", got)
		}
	})
}

// Wait polls after a second, then ever less often, each half minute in the end, and gives a server
// that is away half an hour.
func TestPollsOfAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		c := answering(t, 200, `{"id":"1","status":"Executing"}`, func() { times = append(times, time.Now()) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		times = append(times, time.Now())
		if _, err := c.Orders.Wait(ctx, "1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
		want := firstPollDelay.Seconds()
		for i := range times[1:] {
			if got := times[i+1].Sub(times[i]).Seconds(); got < want*0.89 || got > want*1.13 {
				t.Errorf("poll %d: got it %.1f s after the one before, want %.1f ± 10 %%", i, got, want)
			}
			want = min(30, want*pollDelayGrowth)
		}
		if want != 30 || firstPollDelay != time.Second {
			t.Errorf("got pauses from %v to %v s, want 1 s to 30 s", firstPollDelay, want)
		}
		down := answering(t, 503, "", func() {})
		begin := time.Now()
		_, err := down.Orders.Wait(t.Context(), "1")
		if took := time.Since(begin); took < 30*time.Minute || took >= 31*time.Minute || !errors.As(err, new(*UnknownOutcomeError)) {
			t.Errorf("got %v after %v, want an unknown outcome after half an hour", err, took)
		}
	})
	for range 1000 {
		if d := jitter(time.Second); d < 900*time.Millisecond || d > 1100*time.Millisecond {
			t.Fatalf("got %v of a second, want 0.9 to 1.1 s", d)
		}
	}
}

// However often a path is locked and unlocked at the same time, that is no error.
func TestOnePathIsLockedByMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			d := &download{path: path}
			for range 300 {
				if _, err := d.tryLock(); err != nil {
					t.Errorf("got %v, want the lock or not", err)
				}
				d.unlock()
			}
		})
	}
	all.Wait()
}

// The total of an export is what was read before, and what the server says, less what is known.
func TestTheTotalOfAnExport(t *testing.T) {
	for _, c := range []struct {
		seen, items, total int
		want               int64
	}{{0, 2, 9, 109}, {3, 2, 9, 106}, {3, 2, 3, 100}, {3, 2, 2, 100}, {0, 2, 2, 102}, {0, 2, 1, -1}} {
		x := &Export{read: 100, seen: map[string]struct{}{}}
		for i := range c.seen {
			x.seen[fmt.Sprint(i)] = struct{}{}
		}
		if got := x.totalAfter(&Page[Record]{Items: make([]*Record, c.items), TotalCount: c.total}); got != c.want {
			t.Errorf("%+v: got %d, want %d", c, got, c.want)
		}
	}
}

// A search for keys outlasts failures that pass, gathers for its time, and ends when nobody waits.
func TestSearchesForKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var first time.Duration
		base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			status := 200
			if first == 0 {
				first = time.Since(begin)
			}
			if time.Since(begin) < 5*time.Minute {
				status = 503
			}
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"items":[]}`)), Request: r}, nil
		})
		c, err := New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"}), WithHTTPClient(&http.Client{Transport: base}))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := c.Records.find(t.Context(), UniqueKey{FieldName: "Key", Value: "k"}, time.Second)
		if took := time.Since(begin); rec != nil || err != nil || first != time.Second || took < 5*time.Minute || took > 6*time.Minute || len(c.Records.searches.open) != 0 {
			t.Errorf("got %v, %v after %v, the first search after %v; want none after 5 min, the first after 1 s", rec, err, took, first)
		}
		begin = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Records.find(ctx, UniqueKey{FieldName: "Key", Value: "k"}, time.Second); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, new(*UnknownOutcomeError)) {
			t.Errorf("got %v at the context's end, want an unknown outcome", err)
		}
		synctest.Wait()
		if len(c.Records.searches.open) != 0 {
			t.Error("got a search that is still open, want none")
		}
	})
}

// The error of a token request has none of what it contained, whatever the flow.
func TestSecretsOfTokenRequests(t *testing.T) {
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		data, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(data))
		user, secret, _ := r.BasicAuth()
		said := fmt.Sprintf("I know %s, %s, %s, %s, %s", user, secret, form.Get("client_secret"), form.Get("password"), form.Get("refresh_token"))
		return &http.Response{StatusCode: 400, Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader(said)), Request: r}, nil
	})
	via := TokenHTTPClient(&http.Client{Transport: base})
	for name, tokens := range map[string]*Tokens{
		"client credentials": ClientCredentials("acme", "id", "plainwordone", via), "password": Password("acme", "id", "plainwordone", "anna", "plainwordtwo", via),
		"refresh": Refresh("acme", "id", "plainwordone", "plainwordtwo", via),
	} {
		if _, err := tokens.Token(); err == nil || !strings.Contains(err.Error(), "I know") || strings.Contains(err.Error(), "plainword") {
			t.Errorf("%s: got %v, want what the server said without secrets", name, err)
		}
	}
	for name, tokens := range map[string]*Tokens{
		"no secret": ClientCredentials("acme", "id", ""), "no user": Password("acme", "id", "s", "", "t"), "no user token": Password("acme", "id", "s", "u", ""), "no refresh token": Refresh("acme", "id", "s", ""),
	} {
		if _, err := tokens.Token(); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%s: got %v, want that it is empty", name, err)
		}
	}
}
