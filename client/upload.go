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
)

const (
	// uploadLimit is 20 MB, from which on the REST guide wants segments, none of
	// them larger. It does not say which megabyte: this is the smaller one.
	uploadLimit = 20_000_000

	// A broken connection costs at most half of what a segment may have, 2 GiB are
	// 215 requests, and a stream holds 30 MB in memory.
	defaultSegmentSize = 10_000_000
	defaultParallel    = 3
)

// Uploads sends files to the tenant. Their tokens then make them files of records.
// It is safe for concurrent use.
type Uploads struct {
	c    *Client
	blob *http.Client // neither token nor limit
}

func newUploads(c *Client) *Uploads { return &Uploads{c, newBlobClient(baseTransport())} }

// An Upload is a file that is on the server, and not yet in a record.
type Upload struct {
	// Token is what a [RecordChange] names the file by. It is good for one record,
	// and forgotten after a few days: then the answer is [ErrUploadExpired]. It is
	// a secret until it is used.
	Token string

	Name string
	Size int64 // in bytes
}

// File uploads a file. Its name is the last element of path, unless [UploadName]
// gives another one. A pipe is read as by [Uploads.Reader].
func (u *Uploads) File(ctx context.Context, path string, opts ...UploadOption) (*Upload, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("aprimo: upload: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("aprimo: upload: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("aprimo: upload: %s is a directory: upload its files one by one", path)
	case !info.Mode().IsRegular():
		return u.Reader(ctx, filepath.Base(path), f, opts...)
	}
	return u.at(ctx, newUploadSettings(filepath.Base(path), opts), f, info.Size(), info.ModTime())
}

// ReaderAt uploads size bytes of r, which is read in several places at once, and not
// after ReaderAt has returned. Nothing of it is kept in memory. It is an error if r
// has more or fewer bytes.
func (u *Uploads) ReaderAt(ctx context.Context, name string, r io.ReaderAt, size int64, opts ...UploadOption) (*Upload, error) {
	return u.at(ctx, newUploadSettings(name, opts), r, size, time.Time{})
}

// Reader uploads all that r has, whose size need not be known. It holds a segment in
// memory for each that is sent in parallel, 30 MB if no option says otherwise. It
// cannot be resumed. A Read that blocks is not ended by the context.
func (u *Uploads) Reader(ctx context.Context, name string, r io.Reader, opts ...UploadOption) (*Upload, error) {
	s := newUploadSettings(name, opts)
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.resume != nil {
		return nil, errors.New("aprimo: upload: a stream cannot be resumed: give a file or an io.ReaderAt")
	}
	s.states = nil
	first := make([]byte, s.segmentSize)
	n, err := io.ReadFull(r, first)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return u.at(ctx, s, bytes.NewReader(first[:n]), int64(n), time.Time{})
	case err != nil:
		return nil, fmt.Errorf("aprimo: upload of %q: the source failed after %d bytes: %w", s.name, n, err)
	}
	t := &transfer{uploads: u, settings: s, total: -1, parts: stream(r, first, s.parallel)}
	return t.run(ctx)
}

// at uploads what has a size.
func (u *Uploads) at(ctx context.Context, s uploadSettings, r io.ReaderAt, size int64, modified time.Time) (*Upload, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := checkSize(r, size); err != nil {
		return nil, fmt.Errorf("aprimo: upload of %q: %w", s.name, err)
	}
	if size == 0 || size < uploadLimit && !s.direct && s.resume == nil { // Azure takes no empty block
		return u.small(ctx, s, r, size)
	}
	state, err := newUploadState(s, r, size, modified)
	if err != nil {
		return nil, fmt.Errorf("aprimo: upload of %q: %w", s.name, err)
	}
	if s.resume != nil {
		if err := s.resume.matches(state); err != nil {
			return nil, fmt.Errorf("aprimo: upload of %q cannot be resumed: %w", s.name, err)
		}
		resumed := s.resume.clone()
		t := &transfer{uploads: u, settings: s, total: size, state: resumed, parts: sections(r, resumed)}
		up, err := t.run(ctx)
		if !t.expired(err) {
			return up, err
		}
	}
	t := &transfer{uploads: u, settings: s, total: size, state: state, parts: sections(r, state)}
	return t.run(ctx)
}

// small uploads a file in one request.
func (u *Uploads) small(ctx context.Context, s uploadSettings, r io.ReaderAt, size int64) (*Upload, error) {
	p := part{size: size, open: func() io.Reader { return io.NewSectionReader(r, 0, size) }}
	var answer uploadAnswer
	body, done := p.form("file1", s.name)
	_, err := u.c.do(ctx, call{
		method: http.MethodPost, base: u.c.core, path: []string{"uploads"}, header: repeatable(), body: body, out: &answer,
	}.with(nil))
	done()
	if err != nil {
		return nil, err
	}
	token, err := u.awaitUpload(ctx, answer)
	if err != nil {
		return nil, err
	}
	if s.progress != nil {
		s.progress(size, size)
	}
	return &Upload{Token: token, Name: s.name, Size: size}, nil
}

// repeatable marks a POST that may be sent twice: a segment has an index, and what
// nobody uses is removed by the server. The header itself is not sent.
func repeatable() http.Header { return http.Header{"Idempotency-Key": nil} }

// An UploadOption changes how a file is uploaded.
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

// UploadName sets the name that the file has in Aprimo.
func UploadName(name string) UploadOption {
	return func(s *uploadSettings) { s.name = name }
}

// UploadSegmentSize sets how many bytes are sent in one request, at most 20 MB. The
// default is 10 MB. Files below 20 MB are sent in one request all the same.
func UploadSegmentSize(bytes int64) UploadOption {
	return func(s *uploadSettings) { s.segmentSize = bytes }
}

// UploadParallel sets how many segments are sent at once. The default is 3: Aprimo's
// guide counts uploads of large files among the heaviest operations.
func UploadParallel(n int) UploadOption {
	return func(s *uploadSettings) { s.parallel = n }
}

// UploadToBlob sends the file straight to Aprimo's blob storage, which costs one
// call of the API for a file of any size. It is sent by c, which must add no token;
// nil is a client of the package's own.
func UploadToBlob(c *http.Client) UploadOption {
	return func(s *uploadSettings) {
		s.direct = true
		if c != nil {
			s.blob = newBlobClient(c.Transport)
		}
	}
}

// UploadProgress has f told how many bytes have arrived, after each segment; total is
// -1 for a stream. Calls come one at a time and done never falls. The upload waits
// for f.
func UploadProgress(f func(done, total int64)) UploadOption {
	return func(s *uploadSettings) {
		told := int64(-1)
		s.progress = func(done, total int64) {
			if done > told { // an upload may begin anew
				told = done
				f(done, total)
			}
		}
	}
}

// UploadStates has f told, one call at a time, when the upload has begun on the
// server and after each segment, what is needed to go on from there; see
// [UploadResume]. An upload that fails or is cancelled is then left on the server,
// where it would be removed otherwise. Files that are sent in one request, and
// streams, have no state.
func UploadStates(f func(UploadState)) UploadOption {
	return func(s *uploadSettings) { s.states = f }
}

// UploadResume goes on with an upload: no segment that has arrived is sent again. The
// source must be the same. If the server has removed the upload meanwhile, it begins
// anew. SegmentSize and whether it goes to the blob storage are those of the state.
func UploadResume(state UploadState) UploadOption {
	return func(s *uploadSettings) { s.resume = &state }
}

// check returns what is wrong before anything is sent.
func (s *uploadSettings) check() error {
	if err := checkFileName(s.name); err != nil {
		return fmt.Errorf("aprimo: upload: %w", err)
	}
	if s.segmentSize < 1 || s.segmentSize > uploadLimit {
		return fmt.Errorf("aprimo: upload: segments of %d bytes: they have from 1 to %d", s.segmentSize, uploadLimit)
	}
	if s.parallel < 1 {
		return fmt.Errorf("aprimo: upload: %d segments in parallel: give 1 or more", s.parallel)
	}
	return nil
}

// An uploadAnswer is what the server says of an upload: that it is complete, or
// where to ask again.
type uploadAnswer struct {
	Token  string `json:"token"`
	URI    string `json:"uri"`
	SasURL string `json:"sasUrl"`
}

const (
	firstPoll = 500 * time.Millisecond
	maxPoll   = 10 * time.Second
	maxPolls  = 60 // some ten minutes
)

// awaitUpload asks until the server has a token for the upload.
func (u *Uploads) awaitUpload(ctx context.Context, answer uploadAnswer) (string, error) {
	uri, delay := answer.URI, firstPoll
	for range maxPolls {
		if answer.Token != "" {
			return answer.Token, nil
		}
		if answer.URI != "" {
			uri = answer.URI
		}
		if uri == "" {
			return "", errors.New("aprimo: upload: the server gave neither a token nor a link to one")
		}
		if err := sleep(ctx, delay); err != nil {
			return "", err
		}
		delay = min(2*delay, maxPoll)
		answer = uploadAnswer{}
		if _, err := u.c.do(ctx, call{method: http.MethodGet, base: u.c.core, link: uri, out: &answer}.with(nil)); err != nil {
			return "", err
		}
	}
	return "", errors.New("aprimo: upload: the server has all of the file, but after ten minutes no token for it")
}
