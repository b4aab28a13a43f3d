package client

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Downloads fetches files from where signed links lead to: the files of orders,
// previews and thumbnails. It sends no token there and does not use the tenant's
// limit, which does not hold there.
type Downloads struct {
	http     *http.Client
	insecure bool
}

func newDownloads(c *http.Client, insecure bool) *Downloads {
	if c == nil {
		c = &http.Client{Transport: baseTransport(), CheckRedirect: encrypted}
	}
	return &Downloads{c, insecure}
}

// encrypted follows a redirect, of a CDN for example, but not away from https.
func encrypted(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("10 redirects, one after the other")
	case req.URL.Scheme != "https" && via[0].URL.Scheme == "https":
		return errors.New("a redirect away from https")
	}
	return nil
}

// ErrLinkExpired is the error of a signed link that does not lead to a file any
// more. Order again, or read the record again, for another one.
var ErrLinkExpired = errors.New("aprimo: the link has expired, or is not for this file")

var (
	errChecksum = errors.New("aprimo: the file that came is not the one that was sent: its checksum differs")
	errShort    = errors.New("the answer ended too early")
)

// downloadTries is how often in a row a download may break without a byte more.
const downloadTries = 6

// A DownloadOption changes how a file is fetched.
type DownloadOption func(*download)

// DownloadProgress tells how many bytes there are, of how many: -1 if that is not
// known. It is called by one goroutine for each file.
func DownloadProgress(f func(done, total int64)) DownloadOption {
	return func(d *download) { d.progress = f }
}

// Fetch writes the file behind a signed link to a path, or into a directory that
// exists, under the name that the storage gives it, and returns the path. A file
// that is there already is replaced when the new one is complete.
//
// What has come is in path.part. If the connection breaks it goes on from there, and
// so does a later call, after a crash too, if the file is still the same (by its
// ETag). The length and, where the storage tells it, the MD5 sum are checked. An
// error never shows the link.
func (d *Downloads) Fetch(ctx context.Context, link, path string, opts ...DownloadOption) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return "", errors.New("aprimo: download: this is no link to a file")
	}
	if u.Scheme != "https" && !d.insecure && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return "", fmt.Errorf("aprimo: download from %s: not over %s", clean(u.Host), clean(u.Scheme))
	}
	f := &download{http: d.http, link: u, path: path}
	for _, opt := range opts {
		if opt != nil {
			opt(f)
		}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		f.dir, f.path = path, ""
	}
	if err := f.run(ctx); err != nil {
		return "", err
	}
	return f.path, nil
}

// A download is one file on its way.
type download struct {
	http      *http.Client
	link      *url.URL
	dir, path string              // the directory, as long as the name is not known
	name      func(string) string // makes a name another one; nil: does not
	progress  func(done, total int64)
	state     partState
	done      int64
}

// run fetches the file, as often as it takes.
func (d *download) run(ctx context.Context) error {
	if d.path != "" {
		d.resume()
	}
	wait := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(20*time.Second))
	for tries := 1; ; tries++ {
		before := d.done
		err := d.attempt(ctx)
		switch {
		case err == nil:
			return d.finish()
		case ctx.Err() != nil:
			return fmt.Errorf("aprimo: download from %s: %w", clean(d.link.Host), ctx.Err())
		case errors.As(err, new(permanent)) || errors.Is(err, ErrLinkExpired):
			return err
		case d.done > before:
			tries = 0
			wait.Reset()
		case tries >= downloadTries:
			return fmt.Errorf("aprimo: download from %s: given up after %d tries: %w", clean(d.link.Host), tries, err)
		}
		if err := sleep(ctx, wait.NextBackOff()); err != nil {
			return fmt.Errorf("aprimo: download from %s: %w", clean(d.link.Host), err)
		}
	}
}

// permanent is an error that would come again in the same way.
type permanent struct{ error }

func (e permanent) Error() string { return "aprimo: download: " + e.error.Error() }
func (e permanent) Unwrap() error { return e.error }

// attempt asks for what is missing and writes it down.
func (d *download) attempt(ctx context.Context) error {
	if d.done > 0 && d.done == d.state.Size {
		return nil
	}
	resp, err := d.ask(ctx)
	if err != nil {
		return err
	}
	defer discard(resp.Body)
	named := d.path == ""
	if named {
		name := fileName(resp.Header.Get("Content-Disposition"), d.link)
		if d.name != nil {
			name = d.name(name)
		}
		d.path = filepath.Join(d.dir, name)
		if d.resume(); d.done > 0 && d.state.ETag == resp.Header.Get("ETag") {
			resp.Body.Close()
			return d.attempt(ctx)
		}
		d.done = 0
	}
	if resp.StatusCode != http.StatusPartialContent {
		d.done = 0
		d.begin(resp)
	}
	return d.write(resp.Body)
}

// ask sends the request and judges the answer's head.
func (d *download) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.link.String(), nil)
	if err != nil {
		return nil, permanent{withoutURL(err)}
	}
	req.Header.Set("Accept-Encoding", "identity") // as the length and the sum are those of the file
	if d.state.ETag == "" {
		d.done = 0 // it may be another file
	}
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
		req.Header.Set("If-Range", d.state.ETag)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	status := resp.StatusCode
	switch {
	case status == http.StatusOK:
		return resp, nil
	case status == http.StatusPartialContent && d.continues(resp.Header):
		return resp, nil
	}
	discard(resp.Body)
	switch {
	case status == http.StatusForbidden || status == http.StatusNotFound || status == http.StatusGone:
		return nil, ErrLinkExpired
	case status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusPartialContent:
		d.done = 0 // it is another file, or nothing is missing: from the start
	case status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return nil, permanent{fmt.Errorf("%s answers with status %d", clean(d.link.Host), status)}
	}
	return nil, fmt.Errorf("status %d", status)
}

// continues tells whether a partial answer is what was asked for, of the same file.
func (d *download) continues(h http.Header) bool {
	tag := h.Get("ETag")
	return d.done > 0 && strings.HasPrefix(h.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.done)) && (tag == "" || tag == d.state.ETag)
}

// withoutURL takes the link out of an error of net/http: it is a secret.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return err
}

// partState is kept beside the part of a file, to go on with the same one.
type partState struct {
	ETag string `json:"etag,omitempty"`
	MD5  []byte `json:"md5,omitempty"`
	Size int64  `json:"size"` // -1 if not known
}

func (d *download) part() string { return d.path + ".part" }

// resume finds out how much is there of a file that was begun before.
func (d *download) resume() {
	d.state, d.done = partState{}, 0
	data, err := os.ReadFile(d.part() + ".json")
	if err != nil || json.Unmarshal(data, &d.state) != nil || d.state.ETag == "" {
		d.state = partState{}
		return
	}
	if info, err := os.Stat(d.part()); err == nil && (d.state.Size < 0 || info.Size() <= d.state.Size) {
		d.done = info.Size()
	}
}

// begin notes which file it is that comes from its start.
func (d *download) begin(resp *http.Response) {
	d.state = partState{ETag: resp.Header.Get("ETag"), Size: resp.ContentLength}
	if strings.HasPrefix(d.state.ETag, "W/") {
		d.state.ETag = "" // it may be the same for other bytes
	}
	for _, name := range []string{"Content-MD5", "x-ms-blob-content-md5"} {
		if sum, err := base64.StdEncoding.DecodeString(resp.Header.Get(name)); err == nil && len(sum) == md5.Size {
			d.state.MD5 = sum
		}
	}
}

// write appends what comes to the part.
func (d *download) write(body io.Reader) error {
	file, err := os.OpenFile(d.part(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return permanent{err}
	}
	defer file.Close()
	if err := d.save(file); err != nil {
		return permanent{err}
	}
	_, err = io.Copy(&counted{file, d}, body)
	switch {
	case errors.As(err, new(*os.PathError)): // the disk is full
		return permanent{err}
	case err != nil:
		return withoutURL(err)
	case d.state.Size >= 0 && d.done != d.state.Size:
		return errShort
	}
	if err := file.Close(); err != nil {
		return permanent{err}
	}
	return nil
}

// save writes down which file it is, and cuts off what is not of it.
func (d *download) save(part *os.File) error {
	data, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.part()+".json", data, 0o600); err != nil {
		return err
	}
	if err := part.Truncate(d.done); err != nil {
		return err
	}
	_, err = part.Seek(d.done, io.SeekStart)
	return err
}

// counted counts what is written.
type counted struct {
	file *os.File
	d    *download
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	c.d.done += int64(n)
	if c.d.progress != nil {
		c.d.progress(c.d.done, c.d.state.Size)
	}
	return n, err
}

// finish checks the file and gives it its name.
func (d *download) finish() error {
	if d.state.MD5 != nil {
		sum, err := sumOf(d.part())
		if err != nil {
			return permanent{err}
		}
		if string(sum) != string(d.state.MD5) {
			os.Remove(d.part())
			os.Remove(d.part() + ".json")
			return errChecksum
		}
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return permanent{err}
	}
	os.Remove(d.part() + ".json")
	return nil
}

func sumOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
