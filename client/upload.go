package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	// uploadLimit is 20 MB. The REST guide requires segments from this size on, and
	// allows none larger. It does not define MB: this is the smaller reading.
	uploadLimit = 20_000_000

	// With these, a broken connection wastes at most 10 MB, 2 GiB take 215 requests,
	// and a stream needs 30 MB of memory.
	defaultSegmentSize = 10_000_000
	defaultParallel    = 3
)

// Uploads sends files to the tenant. The returned tokens then attach the files to records.
// It is safe for concurrent use.
type Uploads struct {
	c    *Client
	blob *http.Client // sends no token and has no limit
}

// An Upload is a file that has been uploaded, but is not yet attached to a record.
type Upload struct {
	// Token identifies the file in a [RecordChange]. It can be used for one record and
	// expires after a few days; then the error is [ErrUploadExpired]. Keep it secret
	// until it is used.
	Token string

	Name string
	Size int64 // bytes
}

// File uploads a file. Its name in Aprimo is the last element of path, unless
// [UploadName] sets another. A pipe is uploaded as with [Uploads.Reader]. It is an error if
// the file changes meanwhile, by its size or the time of its modification.
func (u *Uploads) File(ctx context.Context, path string, opts ...UploadOption) (*Upload, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, printable(fmt.Errorf("aprimo: upload: %w", err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, printable(fmt.Errorf("aprimo: upload: %w", err))
	case info.IsDir():
		return nil, fmt.Errorf("aprimo: upload: %q is a directory: upload its files one by one", path)
	case !info.Mode().IsRegular():
		return u.Reader(ctx, filepath.Base(path), f, opts...)
	}
	return u.at(ctx, newUploadSettings(filepath.Base(path), opts), source{f, info.Size(), info.ModTime(), watch(f)})
}

// ReaderAt uploads r, which must contain exactly size bytes. It reads r from several
// goroutines, buffers nothing, and does not read r after it has returned, unless the context
// has ended during a ReadAt that does not return. A file must not change; see File.
func (u *Uploads) ReaderAt(ctx context.Context, name string, r io.ReaderAt, size int64, opts ...UploadOption) (*Upload, error) {
	src := source{r: r, size: size, unchanged: watch(r)}
	if info := fileInfo(r); info != nil {
		src.modified = info.ModTime()
	}
	return u.at(ctx, newUploadSettings(name, opts), src)
}

// Reader uploads r to its end. It buffers as many segments as are sent in parallel, by
// default 30 MB. The upload cannot be resumed. The context does not interrupt a blocked
// Read. A file must not change; see File.
func (u *Uploads) Reader(ctx context.Context, name string, r io.Reader, opts ...UploadOption) (*Upload, error) {
	s := newUploadSettings(name, opts)
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.resume != nil {
		return nil, errors.New("aprimo: upload: a stream cannot be resumed: use File or ReaderAt")
	}
	s.states = nil
	unchanged := watch(r)
	first := make([]byte, s.segmentSize)
	n, end, err := fill(r, first)
	switch {
	case err != nil:
		return nil, fmt.Errorf("aprimo: upload of %q: reading the source after %d bytes: %w", s.name, n, err)
	case end:
		return u.at(ctx, s, source{r: bytes.NewReader(first[:n]), size: int64(n), unchanged: unchanged})
	}
	t := &transfer{uploads: u, settings: s, total: -1, source: source{unchanged: unchanged}, parts: stream(r, first, s.parallel)}
	return t.run(ctx)
}

// at uploads a source of known size.
func (u *Uploads) at(ctx context.Context, s uploadSettings, src source) (*Upload, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := src.checkSize(); err != nil {
		return nil, fmt.Errorf("aprimo: upload of %q: %w", s.name, err)
	}
	if src.size == 0 || src.size < uploadLimit && !s.direct && s.resume == nil { // Azure accepts no empty block
		return u.small(ctx, s, src)
	}
	state, err := u.newState(s, src)
	if err != nil {
		return nil, fmt.Errorf("aprimo: upload of %q: %w", s.name, err)
	}
	if s.resume != nil {
		if err := s.resume.matches(state); err != nil {
			return nil, fmt.Errorf("aprimo: upload of %q cannot be resumed: %w", s.name, err)
		}
		resumed := s.resume.clone()
		t := &transfer{uploads: u, settings: s, total: src.size, state: resumed, source: src, parts: sections(src, resumed)}
		up, err := t.run(ctx)
		if !t.expired(err) {
			return up, err
		}
	}
	t := &transfer{uploads: u, settings: s, total: src.size, state: state, source: src, parts: sections(src, state)}
	return t.run(ctx)
}

// small uploads a file in one request.
func (u *Uploads) small(ctx context.Context, s uploadSettings, src source) (*Upload, error) {
	p := part{size: src.size, unchanged: src.unchanged, open: func() io.Reader { return io.NewSectionReader(src.r, 0, src.size) }}
	var answer uploadResponse
	body, end := p.form("file1", s.name)
	_, err := u.c.do(ctx, call{
		method: http.MethodPost, base: u.c.core, path: []string{"uploads"}, header: repeatable(), body: body, out: &answer,
	}.with(nil))
	if sourceErr := end(ctx); sourceErr != nil {
		err = fmt.Errorf("aprimo: upload of %q: %w", s.name, sourceErr)
	}
	if err != nil {
		return nil, err
	}
	token, err := u.awaitUpload(ctx, answer)
	if err != nil {
		return nil, err
	}
	if s.progress != nil {
		s.progress(src.size, src.size)
	}
	return &Upload{Token: token, Name: s.name, Size: src.size}, nil
}

// repeatable marks a POST as safe to repeat: a search changes nothing, a repeated segment has
// the same index, and the server removes unused uploads. net/http does not send the header.
func repeatable() http.Header { return http.Header{"Idempotency-Key": nil} }

// An UploadOption configures an upload.
type UploadOption func(*uploadSettings)

type uploadSettings struct {
	name        string
	segmentSize int64
	parallel    int
	direct      bool
	blob        *http.Client
	progress    func(done, total int64)
	states      func(UploadState)
	resume      *UploadState
}

func newUploadSettings(name string, opts []UploadOption) uploadSettings {
	s := uploadSettings{name: name, segmentSize: defaultSegmentSize, parallel: defaultParallel}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	if s.resume != nil {
		s.segmentSize, s.direct = s.resume.SegmentSize, s.resume.Blob
	}
	return s
}

// UploadName sets the file's name in Aprimo.
func UploadName(name string) UploadOption {
	return func(s *uploadSettings) { s.name = name }
}

// UploadSegmentSize sets the number of bytes sent in one request, at most 20,000,000. The
// default is 10,000,000. Files below 20 MB are sent in one request regardless.
func UploadSegmentSize(bytes int64) UploadOption {
	return func(s *uploadSettings) { s.segmentSize = bytes }
}

// UploadParallel sets the number of segments sent at once. The default is only 3, because
// Aprimo's guide lists uploads of large files among the heaviest operations.
func UploadParallel(n int) UploadOption {
	return func(s *uploadSettings) { s.parallel = n }
}

// UploadToBlob sends the file directly to Aprimo's blob storage, which takes one API call
// for a file of any size. c sends it and must not add a token; nil means a default
// client.
func UploadToBlob(c *http.Client) UploadOption {
	return func(s *uploadSettings) {
		s.direct = true
		if c != nil {
			s.blob = newBlobClient(transport.Timeouts{}.Over(c.Transport))
		}
	}
}

// UploadProgress calls f after each segment with the number of bytes uploaded; total is -1
// for a stream. Calls do not overlap, and done never decreases. The upload waits for f to
// return. An [ETA] predicts from both when the upload is done.
func UploadProgress(f func(done, total int64)) UploadOption {
	return func(s *uploadSettings) {
		reported := int64(-1)
		s.progress = func(done, total int64) {
			if done > reported { // an upload may start anew
				reported = done
				f(done, total)
			}
		}
	}
}

// UploadStates calls f with the state of the upload when it has started on the server and
// after each segment. Store the latest state to resume with [UploadResume]. Calls do not
// overlap. A failed or cancelled upload then stays on the server; otherwise it is removed.
// Files sent in one request, and streams, have no state.
func UploadStates(f func(UploadState)) UploadOption {
	return func(s *uploadSettings) { s.states = f }
}

// UploadResume resumes an upload: segments that have arrived are not sent again. The
// segment size and whether the file is sent to the blob storage are taken from the state.
// If the server has removed the upload, or refuses to end it, it starts anew. It is an error if the state belongs
// to another tenant or source, or was written by a newer, incompatible release.
func UploadResume(state UploadState) UploadOption {
	return func(s *uploadSettings) { s.resume = &state }
}

// check validates the settings.
func (s *uploadSettings) check() error {
	if err := checkFileName(s.name); err != nil {
		return fmt.Errorf("aprimo: upload: %w", err)
	}
	if s.resume != nil && s.resume.Session == "" {
		return fmt.Errorf("aprimo: upload of %q cannot be resumed: the state has no session: upload the file without UploadResume", s.name)
	}
	if s.segmentSize < 1 || s.segmentSize > uploadLimit {
		return fmt.Errorf("aprimo: upload: UploadSegmentSize(%d): use 1 to %d bytes", s.segmentSize, uploadLimit)
	}
	if s.parallel < 1 {
		return fmt.Errorf("aprimo: upload: UploadParallel(%d): use 1 or more", s.parallel)
	}
	return nil
}

// An uploadResponse has the token of a complete upload, or where to poll for it or send it.
type uploadResponse struct {
	Token  string `json:"token"`
	URI    string `json:"uri"`
	SasURL string `json:"sasUrl"`
}

const (
	firstPoll = 500 * time.Millisecond
	maxPoll   = 10 * time.Second
	maxPolls  = 60 // about ten minutes
)

// awaitUpload polls until the server returns a token for the upload. It outlasts failures that
// pass: the server has the file, and nobody else will ask for its token.
func (u *Uploads) awaitUpload(ctx context.Context, answer uploadResponse) (string, error) {
	uri, delay := answer.URI, firstPoll
	var err error
	for range maxPolls {
		if answer.Token != "" {
			return answer.Token, nil
		}
		if answer.URI != "" {
			uri = answer.URI
		}
		if uri == "" {
			return "", errors.New("aprimo: upload: the server returned neither a token nor a link to one")
		}
		if err := sleep(ctx, delay); err != nil {
			return "", err
		}
		delay = min(2*delay, maxPoll)
		answer = uploadResponse{}
		_, err = u.c.do(ctx, call{method: http.MethodGet, base: u.c.core, link: uri, upload: true, out: &answer}.with(nil))
		if err != nil && !passes(ctx, err) {
			return "", err
		}
	}
	if err != nil {
		return "", err
	}
	return "", errors.New("aprimo: upload: the server received the file, but returned no token within ten minutes")
}
