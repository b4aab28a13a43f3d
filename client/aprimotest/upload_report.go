package aprimotest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// An UploadState is how far an upload is.
type UploadState int

const (
	UploadOpen      UploadState = iota // begun, and not yet complete
	UploadComplete                     // its token can be used, once
	UploadUsed                         // its token was used for a record
	UploadCancelled                    // the client cancelled it
	UploadPurged                       // the tenant forgot it, see [Tenant.PurgeUploads]
)

// String returns the state in a word.
func (s UploadState) String() string {
	names := []string{"open", "complete", "used", "cancelled", "purged"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("UploadState(%d)", int(s))
	}
	return names[s]
}

// An Upload describes an uploaded file: not the bytes of a large one, but enough to
// check them, see [Upload.Same].
type Upload struct {
	Token    string
	FileName string
	State    UploadState
	Size     int64
	Segments []Segment // in the order of the file; one, if it came in one request
}

// A Segment is one part of an upload: of a form, or a block of a blob.
type Segment struct {
	Index  int
	Size   int64
	SHA256 [sha256.Size]byte
	Sent   int // how often it arrived whole; the last is the one that counts
}

// Uploads returns all uploads, in the order in which they started.
func (t *Tenant) Uploads() []Upload {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	var all []Upload
	for _, u := range t.store.uploads {
		report := Upload{Token: u.token, FileName: u.name, State: u.state}
		for _, i := range slices.Sorted(maps.Keys(u.pieces)) {
			p := u.pieces[i]
			report.Size += p.size
			report.Segments = append(report.Segments, Segment{i, p.size, p.sum, p.times})
		}
		all = append(all, report)
	}
	return all
}

// PurgeUploads removes all uploads that no record has used, as Aprimo does after
// a few days. Their tokens are answered 404 afterwards.
func (t *Tenant) PurgeUploads() {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	for _, u := range t.store.uploads {
		if u.state == UploadOpen || u.state == UploadComplete {
			u.state = UploadPurged
		}
	}
}

// Same reports whether the upload has exactly the bytes of r, which it reads
// once, in constant memory. The error is that of r.
func (u Upload) Same(r io.Reader) (bool, error) {
	for _, segment := range u.Segments {
		hash := sha256.New()
		if _, err := io.CopyN(hash, r, segment.Size); err != nil {
			if errors.Is(err, io.EOF) {
				return false, nil
			}
			return false, err
		}
		if [sha256.Size]byte(hash.Sum(nil)) != segment.SHA256 {
			return false, nil
		}
	}
	n, err := io.CopyN(io.Discard, r, 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n == 0 && err == nil, err
}
