package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

const (
	forbiddenInNames = `<>:"/\|?*` // the REST guide
	maxFileName      = 255         // of the common file systems, in bytes
)

func checkFileName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the file name is empty: give it with UploadName")
	case len(name) > maxFileName:
		return fmt.Errorf("the file name has %d bytes, more than %d: give a shorter one with UploadName", len(name), maxFileName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the file name %q is not UTF-8: give another with UploadName", name)
	}
	for _, r := range name {
		if forbidden(r) {
			return fmt.Errorf("the file name %q has a %q, which Aprimo forbids: give another with UploadName, such as %q", name, r, allowedName(name))
		}
	}
	return nil
}

func forbidden(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(forbiddenInNames, r) }

func allowedName(name string) string {
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return '_'
		}
		return r
	}, name)
}
