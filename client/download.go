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

	"github.com/aprimo-go/aprimo/transport"
)

// Downloads fetches files from signed links: files of orders, previews and thumbnails. It
// sends no token, and Aprimo's limit does not apply. It is safe for concurrent use.
type Downloads struct {
	http     *http.Client
	insecure bool
}

func newDownloads(c *http.Client, insecure bool) *Downloads {
	if c == nil {
		return &Downloads{&http.Client{Transport: transport.Base(), CheckRedirect: keepHTTPS}, insecure}
	}
	bounded := *c
	bounded.Transport = transport.Timeouts{}.Over(c.Transport)
	return &Downloads{&bounded, insecure}
}

// keepHTTPS follows redirects, for example of a CDN, but not from https to http.
func keepHTTPS(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	case req.URL.Scheme != "https" && via[0].URL.Scheme == "https":
		return errors.New("redirect from https to http")
	}
	return nil
}

// ErrLinkExpired means that a signed link is no longer valid. Repeat the order, or read
// the record again, to get a new link.
var ErrLinkExpired = errors.New("aprimo: the link has expired or is invalid")

var (
	errChecksum = errors.New("aprimo: download: the checksum of the file is wrong: download it again")
	errShort    = errors.New("the response ended early")
)

// downloadTries is the maximum number of consecutive attempts without progress.
const downloadTries = 6

// A DownloadOption configures a download.
type DownloadOption func(*download)

// DownloadProgress calls f with the number of bytes downloaded and the size of the file;
// total is -1 if unknown. Calls for one file do not overlap.
func DownloadProgress(f func(done, total int64)) DownloadOption {
	return func(d *download) { d.progress = f }
}

// Fetch downloads the file at a signed link to path and returns its path. If path is a
// directory, the file gets the name that the storage sends. An existing file is replaced
// when the new one is complete.
//
// An incomplete file is named path.part. After a lost connection Fetch resumes from it, and
// so does a later call, even after a crash, if the file has not changed (by its ETag). Fetch
// checks the length and, if the storage sends one, the MD5 sum. Errors never contain the
// link.
func (d *Downloads) Fetch(ctx context.Context, link, path string, opts ...DownloadOption) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return "", errors.New("aprimo: download: the link is not a URL with a host")
	}
	if u.Scheme != "https" && !d.insecure && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return "", fmt.Errorf("aprimo: download from %s: the link uses %s: use https, or WithInsecureHTTP in a test environment", clean(u.Host), clean(u.Scheme))
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

// A download is the download of one file.
type download struct {
	http      *http.Client
	link      *url.URL
	dir, path string              // path is empty while the name in dir is unknown
	name      func(string) string // changes the name of the file; may be nil
	progress  func(done, total int64)
	state     partState
	done      int64
}

// run downloads the file, in as many attempts as needed.
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
			return fmt.Errorf("aprimo: download from %s: gave up after %d attempts: %w", clean(d.link.Host), tries, err)
		}
		if err := sleep(ctx, wait.NextBackOff()); err != nil {
			return fmt.Errorf("aprimo: download from %s: %w", clean(d.link.Host), err)
		}
	}
}

// permanent is an error that a retry does not remedy.
type permanent struct{ error }

func (e permanent) Error() string { return "aprimo: download: " + e.error.Error() }
func (e permanent) Unwrap() error { return e.error }

// attempt requests the missing part of the file and stores it.
func (d *download) attempt(ctx context.Context) error {
	if d.done > 0 && d.done == d.state.Size {
		return nil
	}
	resp, err := d.ask(ctx)
	if err != nil {
		return err
	}
	defer discard(resp.Body)
	if d.path == "" {
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

// ask sends the request and checks the status of the response.
func (d *download) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.link.String(), nil)
	if err != nil {
		return nil, permanent{withoutURL(err)}
	}
	req.Header.Set("Accept-Encoding", "identity") // length and checksum are those of the file itself
	if d.state.ETag == "" {
		d.done = 0 // without an ETag, it may be another file
	}
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
		req.Header.Set("If-Range", d.state.ETag)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent && d.continues(resp.Header) {
		return resp, nil
	}
	discard(resp.Body)
	return nil, d.refused(resp.StatusCode)
}

// refused returns the error for a status that is of no use.
func (d *download) refused(status int) error {
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return ErrLinkExpired
	case http.StatusRequestedRangeNotSatisfiable, http.StatusPartialContent:
		d.done = 0 // it is another file, or nothing is missing: restart
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
	default:
		if status < 500 {
			return permanent{fmt.Errorf("%s responded with status %d", clean(d.link.Host), status)}
		}
	}
	return fmt.Errorf("status %d", status)
}

// continues reports whether a partial response is the requested part of the same file.
func (d *download) continues(h http.Header) bool {
	tag := h.Get("ETag")
	return d.done > 0 && strings.HasPrefix(h.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.done)) && (tag == "" || tag == d.state.ETag)
}

// withoutURL removes the link, which is a secret, from an error of net/http.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return err
}

// partStateVersion is the version of the stored form of a partState. Increase it when a
// release before the change would misread the new form.
const partStateVersion = 1

// A partState identifies the file of which a part has been downloaded. It is stored next
// to the part, to resume only if the file is still the same.
type partState struct {
	Version int    `json:"version"` // 0 if written before states had one
	ETag    string `json:"etag,omitempty"`
	MD5     []byte `json:"md5,omitempty"`
	Size    int64  `json:"size"` // bytes; -1 if unknown
}

func (d *download) part() string { return d.path + ".part" }

// resume sets the state from an earlier, incomplete download. If it is missing, damaged or
// of a newer version, the download starts anew.
func (d *download) resume() {
	d.state, d.done = partState{}, 0
	data, err := os.ReadFile(d.part() + ".json")
	if err != nil || json.Unmarshal(data, &d.state) != nil || d.state.Version > partStateVersion || d.state.ETag == "" {
		d.state = partState{}
		return
	}
	if info, err := os.Stat(d.part()); err == nil && (d.state.Size < 0 || info.Size() <= d.state.Size) {
		d.done = info.Size()
	}
}

// begin sets the state from the response that starts the file.
func (d *download) begin(resp *http.Response) {
	d.state = partState{Version: partStateVersion, ETag: resp.Header.Get("ETag"), Size: resp.ContentLength}
	if strings.HasPrefix(d.state.ETag, "W/") {
		d.state.ETag = "" // a weak ETag does not guarantee the same bytes
	}
	for _, name := range []string{"Content-MD5", "x-ms-blob-content-md5"} {
		if sum, err := base64.StdEncoding.DecodeString(resp.Header.Get(name)); err == nil && len(sum) == md5.Size {
			d.state.MD5 = sum
		}
	}
}

// write appends the body to the part.
func (d *download) write(body io.Reader) error {
	file, err := os.OpenFile(d.part(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return permanent{err}
	}
	defer file.Close()
	if err := d.save(file); err != nil {
		return permanent{err}
	}
	_, err = io.Copy(&progressWriter{file, d}, body)
	switch {
	case errors.As(err, new(*os.PathError)): // for example a full disk
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

// save stores the state and truncates the part to the bytes that belong to it.
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

// A progressWriter counts and reports the bytes written.
type progressWriter struct {
	file *os.File
	d    *download
}

func (c *progressWriter) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	c.d.done += int64(n)
	if c.d.progress != nil {
		c.d.progress(c.d.done, c.d.state.Size)
	}
	return n, err
}

// finish verifies the file and renames it.
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
