package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/transport"
)

// A storage is what a signed link leads to, with its faults.
type storage struct {
	content []byte
	etag    string
	sum     bool // tells the MD5 sum
	ignore  bool // Range
	cuts    int  // so many answers break off half-way
	fails   int  // so many are 503
	status  int  // of all answers, if not 0
	name    string
	coding  string   // of the content
	asked   []string // the Range of each request
	sent    int
}

func (s *storage) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, req.Header.Get("Range"))
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: req, Body: http.NoBody}
	switch {
	case req.Header.Get("Authorization") != "":
		resp.StatusCode = 400
		return resp, nil
	case s.status != 0:
		resp.StatusCode = s.status
		return resp, nil
	case s.fails > 0:
		s.fails--
		resp.StatusCode = 503
		return resp, nil
	}
	from := 0
	if _, err := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from); err == nil && !s.ignore && req.Header.Get("If-Range") == s.etag {
		resp.StatusCode = 206
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.content)-1, len(s.content)))
	} else {
		from = 0
	}
	resp.Header.Set("ETag", s.etag)
	if s.name != "" {
		resp.Header.Set("Content-Disposition", s.name)
	}
	if s.coding != "" {
		resp.Header.Set("Content-Encoding", s.coding)
	}
	if s.sum {
		sum := md5.Sum(s.content)
		resp.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	body := s.content[from:]
	resp.ContentLength = int64(len(body))
	var r io.Reader = bytes.NewReader(body)
	if s.cuts > 0 {
		s.cuts--
		r = cut{bytes.NewReader(body[:len(body)/2])}
	}
	s.sent += len(body)
	resp.Body = io.NopCloser(r)
	return resp, nil
}

const signed = "https://acme.blob.core.windows.net/files/film.mov?sig=c2VjcmV0&se=2026"

func fetch(t *testing.T, s *storage, to string, opts ...client.DownloadOption) (string, error) {
	t.Helper()
	return fetchAs(t.Context(), t, s, to, opts...)
}

func fetchAs(ctx context.Context, t *testing.T, s *storage, to string, opts ...client.DownloadOption) (string, error) {
	t.Helper()
	c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: s}))
	return c.Downloads.Fetch(ctx, signed, to, opts...)
}

func content(n int) []byte { return bytes.Repeat([]byte("0123456789abcdef"), n/16) }

func TestDownloadComesThrough(t *testing.T) {
	for name, s := range map[string]*storage{
		"at once":             {etag: `"1"`},
		"in pieces":           {etag: `"1"`, cuts: 5, sum: true},
		"Range is ignored":    {etag: `"1"`, cuts: 2, ignore: true},
		"without an ETag":     {cuts: 2},
		"with a weak one":     {etag: `W/"1"`, cuts: 2},
		"errors of the store": {etag: `"1"`, fails: 4, cuts: 1, sum: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.content = content(1 << 20)
				dir := t.TempDir()
				var last, total int64
				path, err := fetch(t, s, dir, client.DownloadProgress(func(done, all int64) { last, total = done, all }))
				if err != nil || path != filepath.Join(dir, "film.mov") {
					t.Fatalf("got %q, %v, want film.mov in %s", path, err, dir)
				}
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.content) {
					t.Errorf("%d bytes, %v; want the content", len(got), err)
				}
				if last != 1<<20 || total != 1<<20 {
					t.Errorf("got %d of %d as the last progress, want %d of %d", last, total, 1<<20, 1<<20)
				}
				if files, _ := os.ReadDir(dir); len(files) != 1 {
					t.Errorf("got the files %v in the directory, want one", files)
				}
			})
		})
	}
}

// A file that the storage keeps compressed arrives as it is; length and checksum are of what is kept.
func TestACompressedFileIsDecompressed(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content(1 << 20))
	z.Close()
	plain, packed := content(1<<20), b.Bytes()
	damaged := append(bytes.Clone(packed[:len(packed)-8]), 1, 2, 3, 4, 5, 6, 7, 8)
	for name, c := range map[string]struct {
		storage storage
		want    []byte // nil: an error
	}{
		"at once":             {storage{content: packed, coding: "gzip"}, plain},
		"in pieces":           {storage{content: packed, coding: " X-GZIP", etag: `"1"`, cuts: 5, sum: true}, plain},
		"an archive":          {storage{content: packed, coding: "gzip", name: `attachment; filename="film.mov.GZ"`}, packed},
		"no compression":      {storage{content: plain, coding: "gzip"}, plain},
		"an empty file":       {storage{content: []byte{}, coding: "gzip"}, []byte{}},
		"another word":        {storage{content: plain, coding: "utf-8"}, plain},
		"of another kind":     {storage{content: packed, coding: "br"}, nil},
		"its own kind":        {storage{content: packed, coding: "Zstd", name: `attachment; filename="film.ZST"`}, packed},
		"damaged when kept":   {storage{content: damaged, coding: "gzip", sum: true}, nil},
		"kept not to the end": {storage{content: packed[:len(packed)/2], coding: "gzip"}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			path, err := fetch(t, &c.storage, dir)
			got, _ := os.ReadFile(path)
			if (err == nil) != (c.want != nil) || !bytes.Equal(got, c.want) {
				t.Errorf("%s: got %d bytes, %v; want %d", name, len(got), err, len(c.want))
			}
			if files, _ := os.ReadDir(dir); err == nil && len(files) != 1 || err != nil && len(files) != 0 {
				t.Errorf("%s: got the files %v, want the file alone or none", name, files)
			}
		})
	}
}

// A program that was stopped goes on where it was, if it is the same file still.
func TestDownloadGoesOnLater(t *testing.T) {
	for _, test := range []struct {
		name  string
		later func(*storage)
		from  string
	}{
		{"the same file", func(*storage) {}, "bytes=524288-"},
		{"another file", func(s *storage) { s.etag, s.content = `"2"`, content(900_000) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &storage{content: content(1 << 20), etag: `"1"`, sum: true, cuts: 1}
				ctx, cancel := context.WithCancel(t.Context())
				path := filepath.Join(t.TempDir(), "a.mov")
				_, err := fetchAs(ctx, t, s, path, client.DownloadProgress(func(done, _ int64) {
					if done == 1<<19 {
						cancel() // Ctrl-C
					}
				}))
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("error %v; want context.Canceled", err)
				}
				test.later(s)
				s.asked = nil
				if _, err := fetch(t, s, path); err != nil {
					t.Fatal(err)
				}
				if got, _ := os.ReadFile(path); !bytes.Equal(got, s.content) {
					t.Errorf("%d bytes; want the content", len(got))
				}
				if test.from != "" && s.asked[0] != test.from {
					t.Errorf("asked for %q; want %q", s.asked[0], test.from)
				}
			})
		})
	}
}

func TestDownloadErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		s    *storage
		want string
		is   error
	}{
		{"expired", &storage{status: 403}, "has expired", client.ErrLinkExpired},
		{"gone", &storage{status: 410}, "has expired", client.ErrLinkExpired},
		{"refused", &storage{status: 400}, "status 400", nil},
		{"broken for good", &storage{status: 500}, "gave up after 6 attempts: status 500", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := fetch(t, test.s, t.TempDir())
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "sig") || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("error %v; want %q and no signature", err, test.want)
				}
			})
		})
	}
	t.Run("damaged", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &storage{content: content(1000), etag: `"1"`, sum: true}
			dir := t.TempDir()
			damaged := transportFunc(func(req *http.Request) (*http.Response, error) {
				resp, err := s.RoundTrip(req)
				resp.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", len(s.content))))
				return resp, err
			})
			c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: damaged}))
			if _, err := c.Downloads.Fetch(t.Context(), signed, dir); err == nil || !strings.Contains(err.Error(), "checksum") {
				t.Errorf("error %v; want one about the checksum", err)
			}
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("got the files %v in the directory, want none", files)
			}
		})
	})
	c := newClient(t, nil)
	for _, link := range []string{"", "film.mov", "http://example.com/film.mov?sig=x", "https://a b/?sig=x"} {
		if _, err := c.Downloads.Fetch(t.Context(), link, t.TempDir()); err == nil || strings.Contains(err.Error(), "sig=") {
			t.Errorf("%q: error %v; want one without the link", link, err)
		}
	}
}

// What has arrived of a file is worth an outage of some minutes, and not one without end.
func TestADownloadOutlastsAnOutage(t *testing.T) {
	for name, test := range map[string]struct {
		outage time.Duration
		after  string // the Retry-After of the storage
		most   int    // requests
		fails  bool
	}{
		"some minutes":          {outage: 8 * time.Minute, most: 60},
		"an hour":               {outage: time.Hour, most: 60, fails: true},
		"with a Retry-After":    {outage: 8 * time.Minute, after: "45", most: 13},
		"one that is very long": {outage: time.Hour, after: "86400", most: 13, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &storage{content: content(1 << 20), etag: `"1"`, cuts: 1}
				began, requests := time.Now(), 0
				c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
					if requests++; requests > 1 && time.Since(began) < test.outage {
						return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {test.after}}, Body: http.NoBody, Request: req}, nil
					}
					return s.RoundTrip(req)
				})}))
				path := filepath.Join(t.TempDir(), "a.mov")
				_, err := c.Downloads.Fetch(t.Context(), signed, path)
				if (err != nil) != test.fails || requests > test.most {
					t.Errorf("error %v after %d requests; want one: %v, at most %d requests", err, requests, test.fails, test.most)
				}
				if took := time.Since(began); test.fails && (took < 10*time.Minute || took > 12*time.Minute) {
					t.Errorf("gave up after %v, want some 10 min", took)
				}
				if got, _ := os.ReadFile(path); !test.fails && !bytes.Equal(got, s.content) {
					t.Errorf("%d bytes, want the content", len(got))
				}
			})
		})
	}
}

// What is the same at each attempt ends a download at once.
func TestErrorsThatStayEndADownload(t *testing.T) {
	for name, fail := range map[string]error{
		"no such host": &net.DNSError{Err: "no such host", Name: "blob.example.com", IsNotFound: true},
		"certificate":  &tls.CertificateVerificationError{Err: errors.New("it has expired")},
		"our own":      &transport.QueueError{Err: transport.ErrShutdown},
		"501":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
					requests++
					if fail != nil {
						return nil, fail
					}
					return &http.Response{StatusCode: 501, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
				})}))
				if _, err := c.Downloads.Fetch(t.Context(), signed, t.TempDir()); err == nil || requests != 1 || fail != nil && !errors.Is(err, fail) {
					t.Errorf("error %v after %d requests, want %v after one", err, requests, fail)
				}
			})
		})
	}
}

// A storage that ignores If-Range sends a part of whatever is there now. Without an ETag only the
// sum of the whole tells whether it belongs to what has arrived.
func TestAPartWithoutAnETag(t *testing.T) {
	for name, test := range map[string]struct{ changes, sum bool }{
		"the file has changed": {changes: true},
		"it has not":           {},
		"it has an MD5 sum":    {sum: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &storage{content: content(1 << 20), etag: `"1"`, cuts: 1, sum: test.sum}
				c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
					if test.changes && s.cuts == 0 {
						s.content = bytes.Repeat([]byte("x"), 1<<20)
					}
					resp, err := s.RoundTrip(req)
					if resp.StatusCode == 206 {
						resp.Header.Del("ETag")
					}
					return resp, err
				})}))
				path := filepath.Join(t.TempDir(), "a.mov")
				if _, err := c.Downloads.Fetch(t.Context(), signed, path); err != nil {
					t.Fatal(err)
				}
				if got, _ := os.ReadFile(path); !bytes.Equal(got, s.content) {
					t.Error("the file is not what the storage has")
				}
				if resumed := len(s.asked) == 2; resumed != test.sum {
					t.Errorf("resumed with the ranges %q: %v, want %v", s.asked, resumed, test.sum)
				}
			})
		})
	}
}

// The partial download in testdata was written before states had a version.
func TestAnEarlierPartIsResumedIfItsVersionIsKnown(t *testing.T) {
	for _, test := range []struct {
		name  string
		state func(string) string
		want  string // the first Range
	}{
		{"unversioned", func(s string) string { return s }, "bytes=32-"},
		{"version 1", func(s string) string { return strings.Replace(s, "{", `{"version":1,`, 1) }, "bytes=32-"},
		{"newer", func(s string) string { return strings.Replace(s, "{", `{"version":2,`, 1) }, ""},
		{"damaged", func(s string) string { return s[:9] }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "film.mov")
			for _, suffix := range []string{".part", ".part.json"} {
				data, err := os.ReadFile("testdata/download-unversioned" + suffix)
				if err != nil {
					t.Fatal(err)
				}
				if suffix == ".part.json" {
					data = []byte(test.state(string(data)))
				}
				if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := &storage{content: content(64), etag: `"1"`, sum: true}
			if _, err := fetch(t, s, path); err != nil {
				t.Fatal(err)
			}
			if len(s.asked) != 1 || s.asked[0] != test.want {
				t.Errorf("got the ranges %q, want %q", s.asked, test.want)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, s.content) {
				t.Errorf("got %q, want %q", got, s.content)
			}
		})
	}
}

func TestTheStoredStateOfAPartHasAVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storage{content: content(64), etag: `"1"`, cuts: 1}
		ctx, cancel := context.WithCancel(t.Context())
		path := filepath.Join(t.TempDir(), "film.mov")
		fetchAs(ctx, t, s, path, client.DownloadProgress(func(int64, int64) { cancel() }))
		got, err := os.ReadFile(path + ".part.json")
		if want := `{"version":1,"etag":"\"1\"","size":64,`; !strings.HasPrefix(string(got), want) || err != nil {
			t.Errorf("got %s, %v, want %s at its start", got, err, want)
		}
	})
}

func TestAPathThatCannotBeWrittenIsNotRetried(t *testing.T) {
	s := &storage{content: content(64), etag: `"1"`}
	_, err := fetch(t, s, filepath.Join(t.TempDir(), "missing", "film.mov"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "aprimo: download: ") || len(s.asked) != 0 {
		t.Errorf("got error %v after %d requests, want %v after none", err, len(s.asked), fs.ErrNotExist)
	}
}

// What is left of an interrupted download of 64 bytes.
func interrupted(t *testing.T, s *storage) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "film.mov")
	synctest.Test(t, func(t *testing.T) {
		s.cuts = 1
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := fetchAs(ctx, t, s, path, client.DownloadProgress(func(int64, int64) { cancel() })); err == nil {
			t.Fatal("got no error, want the download to be interrupted")
		}
		s.asked = nil
	})
	return path
}

// A part is resumed only if it certainly is the start of the file at the link.
func TestAPartIsNotTrusted(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, part string, s *storage)
		ranges string // of the requests
	}{
		"as it was":              {func(*testing.T, string, *storage) {}, "bytes=32-"},
		"it has a hole":          {func(t *testing.T, part string, _ *storage) { rewrite(t, part, make([]byte, 32)) }, ""},
		"other bytes":            {func(t *testing.T, part string, _ *storage) { rewrite(t, part, content(32)[1:]) }, ""},
		"longer than its state":  {func(t *testing.T, part string, _ *storage) { rewrite(t, part, append(content(32), 0, 0)) }, "bytes=32-"},
		"shorter than its state": {func(t *testing.T, part string, _ *storage) { rewrite(t, part, content(16)) }, ""},
		"another file now":       {func(_ *testing.T, _ string, s *storage) { s.etag, s.content = `"2"`, bytes.Repeat([]byte("x"), 64) }, "bytes=32-"},
		"gone":                   {func(t *testing.T, part string, _ *storage) { os.Remove(part) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &storage{content: content(64), etag: `"1"`}
			path := interrupted(t, s)
			test.change(t, path+".part", s)
			if _, err := fetch(t, s, path); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, s.content) || strings.Join(s.asked, " ") != test.ranges {
				t.Errorf("got %q after the ranges %q, want %q after %q", got, s.asked, s.content, test.ranges)
			}
			if left, _ := filepath.Glob(path + ".*"); left != nil {
				t.Errorf("got the files %q beside it, want none", left)
			}
		})
	}
}

func rewrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A complete part, left by a crash before it was renamed, is of one link only.
func TestACompletePartOfAnotherLinkIsNotDelivered(t *testing.T) {
	for name, link := range map[string]string{"another link": "https://acme.blob.core.windows.net/files/other.mov?sig=1", "the same link": signed} {
		t.Run(name, func(t *testing.T) {
			s := &storage{content: content(64), etag: `"1"`}
			path := interrupted(t, s)
			state, _ := os.ReadFile(path + ".part.json")
			rewrite(t, path+".part", content(64))
			rewrite(t, path+".part.json", bytes.Replace(bytes.Replace(state, []byte(`,"done":32`), nil, 1), []byte(`"sum"`), []byte(`"old"`), 1))
			want := s.content
			if link != signed {
				s.content = bytes.Repeat([]byte("y"), 64)
				want = s.content
			}
			c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: s}))
			if _, err := c.Downloads.Fetch(t.Context(), link, path); err != nil || len(s.asked) != 1 {
				t.Fatalf("got error %v after %d requests, want none after 1", err, len(s.asked))
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Links that somebody has put where the files of a download are do not lead it elsewhere.
func TestADownloadFollowsNoLinks(t *testing.T) {
	for _, end := range []string{".part", ".part.json", ".part.json.new", ".part.lock"} {
		t.Run(end, func(t *testing.T) {
			dir := t.TempDir()
			victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "film.mov")
			rewrite(t, victim, []byte("precious"))
			if err := os.Symlink(victim, path+end); err != nil {
				t.Skip(err)
			}
			s := &storage{content: content(64), etag: `"1"`}
			_, err := fetch(t, s, path)
			got, _ := os.ReadFile(path)
			if err == nil && !bytes.Equal(got, s.content) {
				t.Errorf("got %q without an error, want the file or an error", got)
			}
			if err != nil && !strings.Contains(err.Error(), "is no regular file: remove it") {
				t.Errorf("got error %v, want one that says what to do", err)
			}
			if got, _ := os.ReadFile(victim); string(got) != "precious" {
				t.Errorf("got %q in the file that the link leads to, want it unchanged", got)
			}
		})
	}
}

// The program's client may refuse a redirect, and allow none that this package refuses.
func TestADownloadObeysThePolicyOfItsClient(t *testing.T) {
	refusal := errors.New("no redirects")
	for name, test := range map[string]struct {
		to     string
		policy error
		want   string
	}{
		"allowed":              {"https://b.blob.core.windows.net/film.mov", nil, ""},
		"refused by its own":   {"https://b.blob.core.windows.net/film.mov", refusal, "no redirects"},
		"refused, but allowed": {"http://b.blob.core.windows.net/film.mov", nil, "http"},
	} {
		storage := transportFunc(func(r *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 302, Header: http.Header{"Location": {test.to}}, Request: r, Body: http.NoBody}
			if r.URL.Host != "acme.blob.core.windows.net" {
				resp.StatusCode = 200
			}
			return resp, nil
		})
		policy := func(*http.Request, []*http.Request) error { return test.policy }
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: storage, CheckRedirect: policy}))
			_, err := c.Downloads.Fetch(t.Context(), signed, t.TempDir())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got error %v, want %q", name, err, test.want)
			}
		})
	}
}

// Who may read a file is up to the program's umask, as with any file that it creates.
func TestWhoMayReadADownload(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Close()
	for name, s := range map[string]*storage{"as it is": {content: content(16)}, "decompressed": {content: packed.Bytes(), coding: "gzip"}} {
		dir := t.TempDir()
		other, err := os.Create(filepath.Join(dir, "other"))
		if err != nil {
			t.Fatal(err)
		}
		other.Close()
		want, _ := os.Stat(other.Name())
		path, err := fetch(t, s, dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := os.Stat(path); got.Mode() != want.Mode() {
			t.Errorf("%s: got mode %v, want %v", name, got.Mode(), want.Mode())
		}
	}
}

// A signed link is a secret, which a redirect must not tell the other host.
func TestARedirectDoesNotTellTheLink(t *testing.T) {
	s := &storage{content: content(16)}
	c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "acme.blob.core.windows.net" {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://cdn.example/film.mov"}}, Request: r, Body: http.NoBody}, nil
		}
		if said := fmt.Sprint(r.Header, r.URL); strings.Contains(said, "c2VjcmV0") {
			t.Errorf("got the signature in %s", said)
		}
		return s.RoundTrip(r)
	})}))
	if _, err := c.Downloads.Fetch(t.Context(), signed, t.TempDir()); err != nil || len(s.asked) != 1 {
		t.Errorf("got error %v and %d requests at the other host, want none and one", err, len(s.asked))
	}
}

// The first response does not say how long the file is, and the next ones have only pieces of the
// rest: then their Content-Range tells whether anything is missing.
func TestASizeThatOnlyAPieceTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storage{content: content(1 << 12), etag: `"1"`, cuts: 1}
		c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			resp, err := s.RoundTrip(r)
			if resp.ContentLength = -1; resp.StatusCode == 206 {
				resp.Body = io.NopCloser(io.LimitReader(resp.Body, 1<<10))
			}
			return resp, err
		})}))
		path := filepath.Join(t.TempDir(), "film.mov")
		if _, err := c.Downloads.Fetch(t.Context(), signed, path); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, s.content) {
			t.Errorf("got %d bytes after the ranges %q, want %d", len(got), s.asked, len(s.content))
		}
	})
}

// Of several downloads to one path, one runs at a time, and each delivers its whole file.
func TestDownloadsToOnePathWaitForEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.mov")
	var running, most atomic.Int64
	var downloads sync.WaitGroup
	for i := range 8 {
		s := &storage{content: bytes.Repeat([]byte{byte('a' + i)}, 64<<10), etag: fmt.Sprintf(`"%d"`, i)}
		downloads.Go(func() {
			begin := sync.OnceFunc(func() { most.Store(max(most.Load(), running.Add(1))) })
			_, err := fetch(t, s, path, client.DownloadProgress(func(done, total int64) {
				if begin(); done == total {
					running.Add(-1)
				}
			}))
			if err != nil {
				t.Error(err)
			}
		})
	}
	downloads.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 64<<10 || len(bytes.Trim(got, string(got[:1]))) != 0 || most.Load() != 1 {
		t.Errorf("got %d bytes, error %v, %d downloads at once, want one of the files, one at a time", len(got), err, most.Load())
	}
	if left, _ := filepath.Glob(path + ".*"); left != nil {
		t.Errorf("got the files %q beside it, want none", left)
	}
}

// A download waits for another one only as long as its context.
func TestADownloadLeavesNoFileOpen(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if _, err := fetch(t, &storage{content: content(64), etag: `"1"`}, dir); err != nil {
		t.Fatal(err)
	}
	open, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range open {
		if name, _ := os.Readlink(fd); strings.HasPrefix(name, dir) {
			t.Errorf("got %s open after the download, want it closed", name)
		}
	}
}

func TestADownloadThatWaitsEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.mov")
	s := &storage{content: content(64), etag: `"1"`}
	_, err := fetch(t, s, path, client.DownloadProgress(func(int64, int64) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := fetchAs(ctx, t, s, path); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	}))
	if err != nil {
		t.Error(err)
	}
}

// The caller's paths and the names that a storage sends do not meet those of incomplete files.
func TestNamesOfIncompleteFilesAreReserved(t *testing.T) {
	s := &storage{content: content(64), etag: `"1"`, name: `attachment; filename="film.mov.PART"`}
	if path, err := fetch(t, s, t.TempDir()); err != nil || filepath.Base(path) != "film.mov.PART_" {
		t.Errorf("got %s, error %v, want film.mov.PART_", path, err)
	}
	if _, err := fetch(t, s, filepath.Join(t.TempDir(), "a.part.json")); err == nil || !strings.Contains(err.Error(), "choose another name") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

// A link into a private network is refused, and no request is made.
func TestALinkIntoAPrivateNetworkIsRefused(t *testing.T) {
	s := &storage{content: content(64), etag: `"1"`}
	c := newClient(t, nil, client.WithDownloadClient(&http.Client{Transport: s}))
	for _, link := range []string{
		"http://169.254.169.254/latest", "https://10.0.0.1/", "https://u:p@a.example/", "http://a.example/", "https://2130706433/",
		"https://①②⑦.⓪.⓪.①/", "https://10。0。0。1/", "https://Ⓛocalhost/", // net/http writes them in ASCII
		"https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://[::10.0.0.1]/", "https://[fec0::1]/",
		"https://198.18.0.1/", "https://240.0.0.1/", "https://[fe80::1%25eth0]/", "https://intranet/", "https://metadata.google.internal/",
	} {
		if _, err := c.Downloads.Fetch(t.Context(), link, t.TempDir()); err == nil || len(s.asked) != 0 {
			t.Errorf("%s: got error %v after %d requests, want one after none", link, err, len(s.asked))
		}
	}
}

// What may be only a part of the file, or another one, is not delivered.
func TestADownloadThatMayNotBeTheFile(t *testing.T) {
	sum := md5.Sum([]byte("whole"))
	withSum := "HTTP/1.0 200 OK\r\nContent-MD5: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
	for _, test := range []struct{ name, answer, want string }{
		{"a.jpg", "HTTP/1.0 200 OK\r\nETag: \"1\"\r\n\r\nhal", "did not send the length"},
		{"a.jpg", withSum + "whole", ""},
		{"a.jpg", withSum + "who", "checksum"},
		{"a.jpg", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nlogin", "web page"},
		{"a.html", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nwhole", ""},
		{"a", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\nwhole", ""},
		{"a", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n", ""},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			defer conn.Close()
			io.WriteString(conn, test.answer)
		}))
		path := filepath.Join(t.TempDir(), "file")
		_, err := newClient(t, nil, client.WithDownloadClient(s.Client())).Downloads.Fetch(t.Context(), s.URL+"/"+test.name, path)
		got, _ := os.ReadFile(path)
		if test.want == "" && (err != nil || string(got) != "whole") || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || got != nil) {
			t.Errorf("%s, %q: got %q, %v; want the error %q, or the file", test.name, test.answer, got, err, test.want)
		}
		s.Close()
	}
}

func TestAPathWithControlCharactersIsCleanInErrors(t *testing.T) {
	c := newClient(t, nil)
	for _, path := range []string{"/none/\x1b[31m", "/none/\u009b31m", "/none/\u202egpj.exe"} {
		_, err := c.Downloads.Fetch(t.Context(), signed, path)
		_, err2 := c.Uploads.File(t.Context(), path)
		for _, err := range []error{err, err2} {
			if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %q, want a printable error", err)
			}
		}
	}
}

// A caller that gives up does not wait until a large file is decompressed.
func TestDecompressionEndsWithItsContext(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content(1 << 20))
	z.Close()
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "film.mov")
	_, err := fetchAs(ctx, t, &storage{content: b.Bytes(), coding: "gzip"}, path, client.DownloadProgress(func(done, total int64) {
		if done == total {
			cancel()
		}
	}))
	if _, missing := os.Stat(path); !errors.Is(err, context.Canceled) || missing == nil {
		t.Errorf("got %v, and a file: %v; want context.Canceled and none", err, missing == nil)
	}
}
