package main

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

// links makes the links in responses lead to the proxy. Only what leads to a host and path
// that the proxy would pass on to just there is changed: the header Location, and in JSON
// the values of keys named "href", as HAL has them. Texts that people have written stay as
// they are.
type links struct {
	to   string // the proxy's URL, without a slash at its end
	from hosts
	href *regexp.Regexp
}

// maxLink is how many bytes the beginning of a link in JSON may have, from "href" to the
// path that decides about it.
const maxLink = 512

// newLinks returns nil, which changes nothing, for an empty URL.
func newLinks(to string, from hosts) (*links, error) {
	if to == "" {
		return nil, nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(to, "?#@\"\\ ") {
		return nil, program.Misuse("-links %q: write the URL by which programs reach the proxy, such as http://proxy:8080", to)
	}
	const slash = `\\?/` // JSON may escape it
	return &links{
		to: strings.TrimRight(to, "/"), from: from,
		href: regexp.MustCompile(`("href"\s{0,8}:\s{0,8}")https:` + slash + slash +
			`(` + regexp.QuoteMeta(from.dam) + `|` + regexp.QuoteMeta(from.core) + `)(` + slash + `(?:api` + slash + `core` + slash + `)?)`),
	}, nil
}

// rewrite changes a response of Aprimo. Its body streams.
func (l *links) rewrite(resp *http.Response) error {
	if l == nil {
		return nil
	}
	if to, err := resp.Location(); err == nil && to.Scheme == "https" && to.Host == l.from.of(to.EscapedPath()) {
		resp.Header.Set("Location", l.to+to.RequestURI())
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil
	}
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return errors.New("Aprimo answered with Content-Encoding " + coding + ", which the proxy did not request")
	}
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
	resp.Body = readCloser{&linkReader{links: l, from: resp.Body}, resp.Body}
	return nil
}

// replace returns JSON with its links changed.
func (l *links) replace(text []byte) []byte {
	return l.href.ReplaceAllFunc(text, func(link []byte) []byte {
		m := l.href.FindSubmatch(link)
		path := strings.ReplaceAll(string(m[3]), `\`, "")
		if l.from.of(path) != string(m[2]) {
			return link
		}
		return bytes.Join([][]byte{m[1], []byte(l.to), []byte(path)}, nil)
	})
}

// A linkReader replaces the links of a JSON text while it is read. It keeps back the end of
// what it has, where a link may be that is not complete yet.
type linkReader struct {
	links *links
	from  io.Reader
	raw   []byte // not replaced yet
	ready []byte // replaced, not read yet
	err   error  // of from
}

func (r *linkReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *linkReader) fill() {
	buf := make([]byte, 32<<10)
	n, err := r.from.Read(buf)
	r.raw, r.err = append(r.raw, buf[:n]...), err
	end := len(r.raw)
	if err == nil {
		end = r.cut()
	}
	r.ready = r.links.replace(r.raw[:end])
	r.raw = append([]byte(nil), r.raw[end:]...)
}

// cut returns up to where the text can be replaced by itself: no link begins before that and
// ends after it.
func (r *linkReader) cut() int {
	const key = `"href`
	tail := max(0, len(r.raw)-maxLink)
	if i := bytes.Index(r.raw[tail:], []byte(key)); i >= 0 {
		return tail + i
	}
	for n := len(key) - 1; n > 0; n-- {
		if bytes.HasSuffix(r.raw, []byte(key[:n])) {
			return len(r.raw) - n
		}
	}
	return len(r.raw)
}
