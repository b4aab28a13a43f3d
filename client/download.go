package client

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/gofrs/flock"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// Downloads fetches files from signed links: files of orders, previews and thumbnails. It
// sends no token, and Aprimo's limit does not apply. It is safe for concurrent use.
type Downloads struct {
	http     *http.Client
	insecure bool
	tenant   origin
}

func newDownloads(c *http.Client, insecure bool, tenant origin) *Downloads {
	copied := http.Client{Transport: transport.Base()}
	if c != nil {
		copied = *c
		copied.Transport = transport.Timeouts{}.Over(c.Transport)
	}
	policy := copied.CheckRedirect
	copied.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		err := redirect(req, via)
		if err == nil && policy != nil {
			err = policy(req, via)
		}
		return err
	}
	return &Downloads{&copied, insecure, tenant}
}

// ErrLinkExpired means that a signed link is no longer valid. Repeat the order, or read
// the record again, to get a new link.
var ErrLinkExpired = errors.New("aprimo: the link has expired or is invalid")

var (
	errChecksum = errors.New("aprimo: download: the checksum of the file is wrong: download it again")
	errShort    = errors.New("the response ended early")
)

const (
	// downloadTries is the number of attempts without progress after which a download ends, if
	// nothing of the file has arrived: the link may be wrong.
	downloadTries = 6

	// downloadPatience is for how long it is continued otherwise: longer than a storage needs to
	// restart, or a network to come back.
	downloadPatience = 10 * time.Minute

	// maxDownloadWait is the longest wait that a storage can ask for.
	maxDownloadWait = time.Minute
)

// A DownloadOption configures a download.
type DownloadOption func(*download)

// DownloadProgress calls f with the number of bytes downloaded and the size of the file;
// total is -1 if unknown. [Orders.Download] passes the sums of all files of the order. Calls
// do not overlap. An [ETA] predicts from both when the download is done.
func DownloadProgress(f func(done, total int64)) DownloadOption {
	return func(d *download) { d.progress = f }
}

// Fetch downloads the file at a signed link to path and returns its path. If path is a
// directory, the file gets the name that the storage sends. An existing file is replaced
// when the new one is complete.
//
// An incomplete file is named path.part. After a lost connection Fetch resumes from it, until
// nothing has arrived for 10 minutes or the context ends; if nothing has arrived at all, it gives
// up after 6 attempts. A later call resumes, too, even after a crash, if the link leads to the
// same file (by its ETag). Of several downloads to the same path, in whatever process, one runs at
// a time. Fetch checks the length and, if the storage sends one, the MD5 sum. Without both, and
// for a web page that is not known to be the file, it returns an error. A file that the storage
// keeps compressed with gzip is decompressed then; another compression is an error. Errors never contain the link.
//
// The link must use https and not lead into a private network, unless the tenant is there
// itself, and so must its redirects. A loopback address is accepted, for tests, since the
// caller gives the link; [Orders.Download], which gets its links from the server, refuses it.
func (d *Downloads) Fetch(ctx context.Context, link, path string, opts ...DownloadOption) (string, error) {
	from := d.tenant
	if u, err := url.Parse(link); err == nil && loopback(u.Hostname()) {
		from = originOf(u)
	}
	from.plain = from.plain || d.insecure
	return d.fetch(ctx, from, link, path, opts)
}

// fetch downloads a file from a link that is acceptable for its origin.
func (d *Downloads) fetch(ctx context.Context, from origin, link, path string, opts []DownloadOption) (string, error) {
	u, err := from.judgeLink(link)
	if err != nil {
		return "", fmt.Errorf("aprimo: download: %w", err)
	}
	if reserved(path) {
		return "", fmt.Errorf("aprimo: download: the path %q ends like those of incomplete files: choose another name", path)
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
	defer f.unlock()
	if err := f.run(ctx); err != nil {
		return "", printable(err)
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
	lock      *flock.Flock // of path; nil while it is not held
	state     partState
	done      int64         // bytes in the part
	sum       uint32        // of these bytes; see checksum
	asked     time.Duration // the wait that the storage has asked for; 0: none
}

// run downloads the file, in as many attempts as needed.
func (d *download) run(ctx context.Context) error {
	if d.path != "" {
		if err := d.takePath(ctx); err != nil {
			return err
		}
	}
	wait := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(20*time.Second))
	most, progress := d.done, time.Now()
	for tries := 1; ; tries++ {
		d.asked = 0
		err := d.attempt(ctx)
		switch {
		case err == nil:
			return d.finish(ctx)
		case ctx.Err() != nil:
			return d.failed(endOf(ctx))
		case errors.As(err, new(permanent)) || errors.Is(err, ErrLinkExpired):
			return err
		case d.done > most:
			most, progress, tries = d.done, time.Now(), 0
			wait.Reset()
		case tries >= downloadTries && (most == 0 || time.Since(progress) > downloadPatience):
			return d.failed(fmt.Errorf("gave up after %d attempts: %w", tries, err))
		}
		if err := sleep(ctx, max(wait.NextBackOff(), min(d.asked, maxDownloadWait))); err != nil {
			return d.failed(err)
		}
	}
}

func (d *download) failed(err error) error {
	return fmt.Errorf("aprimo: download from %s: %w", clean(d.link.Host), err)
}

// permanent is an error that a retry does not remedy.
type permanent struct{ error }

func (e permanent) Error() string { return "aprimo: download: " + e.error.Error() }
func (e permanent) Unwrap() error { return e.error }

// attempt requests the missing part of the file and stores it.
func (d *download) attempt(ctx context.Context) error {
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
		free, err := d.tryLock()
		if err != nil {
			return permanent{err}
		}
		if free {
			d.resume()
		}
		if !free || d.done > 0 && d.state.ETag == resp.Header.Get("ETag") { // ask again, later or for less
			resp.Body.Close()
			if err := d.takePath(ctx); err != nil {
				return err
			}
			return d.attempt(ctx)
		}
		d.done = 0
	}
	if resp.StatusCode != http.StatusPartialContent {
		d.done = 0
		if err := d.begin(resp); err != nil {
			return permanent{err}
		}
	} else if d.state.Size < 0 { // the first response did not say it
		d.state.Size = sizeIn(resp.Header.Get("Content-Range"))
	}
	return d.write(resp.Body)
}

// ask sends the request and checks the status of the response.
func (d *download) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.link.String(), nil)
	if err != nil {
		return nil, permanent{d.foreign(err)}
	}
	req.Header.Set("Accept-Encoding", "identity") // length and checksum are those of the file itself
	if d.state.ETag == "" || d.state.Size >= 0 && d.done > d.state.Size {
		d.done = 0 // it may be another file
	}
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
		req.Header.Set("If-Range", d.state.ETag)
	}
	resp, err := d.http.Do(req)
	switch {
	case err != nil && (!retryable(err) || d.done == 0 && lasting(req, err)): // a network that is down may know no host
		return nil, permanent{d.foreign(err)}
	case err != nil:
		return nil, d.foreign(err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent && d.continues(resp.Header) {
		return resp, nil
	}
	d.asked = retry.After(resp.Header, time.Now())
	discard(resp.Body)
	return nil, d.refused(resp.StatusCode)
}

// lasting reports whether an error without a response is the same at the next attempt.
func lasting(req *http.Request, err error) bool {
	call := new(retry.Policy).Call(req.WithContext(context.WithoutCancel(req.Context())))
	defer call.Close()
	return !call.Judge(nil, err).Again
}

// refused returns the error for a status that is of no use.
func (d *download) refused(status int) error {
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return ErrLinkExpired
	case http.StatusRequestedRangeNotSatisfiable, http.StatusPartialContent:
		d.done = 0 // it is another file, or nothing is missing: restart
	default:
		if !failing(status) && status != http.StatusTooManyRequests {
			return permanent{fmt.Errorf("%s responded with status %d", clean(d.link.Host), status)}
		}
	}
	return fmt.Errorf("status %d", status)
}

// continues reports whether a partial response is the requested part of the same file. One without
// an ETag may be of another file, by a storage that ignores If-Range: then the MD5 sum must tell.
func (d *download) continues(h http.Header) bool {
	tag, span := h.Get("ETag"), h.Get("Content-Range")
	return d.done > 0 && strings.HasPrefix(span, fmt.Sprintf("bytes %d-", d.done)) && (tag == d.state.ETag || tag == "" && d.state.MD5 != nil) &&
		(strings.HasSuffix(span, "/*") || d.state.Size < 0 || sizeIn(span) == d.state.Size)
}

// sizeIn returns the size of the whole file by a Content-Range, or -1 if that does not say it.
func sizeIn(span string) int64 {
	_, text, _ := strings.Cut(span, "/")
	size, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return -1
	}
	return int64(size)
}

// foreign returns an error of the HTTP client without the link, which is a secret.
func (d *download) foreign(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return withText(err, clean(hideQuery(err.Error(), d.link)))
}

// begin sets the state from the response that starts the file. It returns an error if that may not
// be the file, or is not known to be all of it.
func (d *download) begin(resp *http.Response) error {
	d.state = partState{Version: partStateVersion, ETag: resp.Header.Get("ETag"), Size: resp.ContentLength, Link: d.identity(), Gzip: d.gzipped(resp.Header)}
	if strings.HasPrefix(d.state.ETag, "W/") || len(d.state.ETag) > maxETag {
		d.state.ETag = "" // a weak ETag does not guarantee the same bytes
	}
	for _, name := range []string{"Content-MD5", "x-ms-blob-content-md5"} {
		if sum, err := base64.StdEncoding.DecodeString(resp.Header.Get(name)); err == nil && len(sum) == md5.Size {
			d.state.MD5 = sum
		}
	}
	switch {
	case isPage(resp) && resp.Header.Get("ETag") == "" && resp.Header.Get("Content-Disposition") == "" && !strings.HasPrefix(path.Ext(d.link.Path), ".htm"):
		return fmt.Errorf("%s responded with a web page and not with the file: perhaps a proxy wants a login", clean(d.link.Host))
	case resp.Close && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && d.state.MD5 == nil:
		return fmt.Errorf("%s did not send the length of the file, so that a lost connection would look like its end", clean(d.link.Host))
	case d.packed(resp.Header):
		return fmt.Errorf("%s keeps the file compressed as %q, which this package cannot decompress", clean(d.link.Host), clean(resp.Header.Get("Content-Encoding")))
	}
	return nil
}

// maxETag is in bytes, far more than storages use.
const maxETag = 1 << 10

// write appends the body to the part.
func (d *download) write(body io.Reader) error {
	file, err := d.openPart()
	if err != nil {
		return permanent{err}
	}
	defer file.Close()
	if err := d.seek(file); err != nil {
		return permanent{err}
	}
	w := &partWriter{file: file, d: d}
	_, err = io.Copy(w, body)
	if w.err == nil {
		w.err = d.saveState()
	}
	switch {
	case w.err != nil: // for example a full disk
		return permanent{w.err}
	case err != nil:
		return d.foreign(err)
	case d.state.Size >= 0 && d.done != d.state.Size:
		return errShort
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return permanent{err}
	}
	return nil
}

// seek truncates the part to the bytes that belong to the file, and stores the state.
func (d *download) seek(part *os.File) error {
	if d.done == 0 {
		d.sum = 0
	}
	if err := part.Truncate(d.done); err != nil {
		return err
	}
	if _, err := part.Seek(d.done, io.SeekStart); err != nil {
		return err
	}
	return d.saveState()
}

// saveEvery is the number of bytes after which the state is stored: what a crash costs.
const saveEvery = 16 << 20

// A partWriter writes to the part, and counts and reports the bytes.
type partWriter struct {
	file  *os.File
	d     *download
	saved int64
	err   error // of writing
}

func (w *partWriter) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	w.d.done += int64(n)
	w.d.sum = crc32.Update(w.d.sum, castagnoli, b[:n])
	if w.saved += int64(n); err == nil && w.saved >= saveEvery {
		w.saved = 0
		err = w.d.saveState()
	}
	w.err = err
	if w.d.progress != nil {
		w.d.progress(w.d.done, w.d.state.Size)
	}
	return n, err
}

// finish verifies the file and renames it.
func (d *download) finish(ctx context.Context) error {
	if d.state.MD5 != nil {
		sum, err := d.md5()
		if err != nil {
			return permanent{err}
		}
		if string(sum) != string(d.state.MD5) {
			return d.damaged(errChecksum)
		}
	}
	if d.state.Gzip {
		switch err := d.decompress(ctx); {
		case err == errGzip:
			return d.damaged(err)
		case ctx.Err() != nil:
			return d.failed(err)
		case err != nil:
			return permanent{err}
		}
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return permanent{err}
	}
	os.Remove(d.statePath())
	return nil
}

// damaged removes a part that must not be resumed.
func (d *download) damaged(err error) error {
	os.Remove(d.part())
	os.Remove(d.statePath())
	return err
}
