package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// uploadStateVersion is the version of the stored form of an [UploadState]. Increase it
// when a release before the change would misread the new form.
const uploadStateVersion = 1

// An UploadState is the progress of an upload. It can be stored as JSON. Keep it secret: it
// allows writing to the upload.
type UploadState struct {
	Version int    `json:"version"` // of the stored form; 0 if written before states had one
	Tenant  string `json:"tenant"`  // its name or host; empty in version 0

	Name        string    `json:"name"`
	Size        int64     `json:"size"`        // bytes
	SegmentSize int64     `json:"segmentSize"` // bytes; the last segment may be smaller
	Modified    time.Time `json:"modified"`    // of the file; zero for other sources
	Fingerprint string    `json:"fingerprint"` // SHA-256 of the start and the end of the source
	Blob        bool      `json:"blob"`        // sent directly to the blob storage
	Session     string    `json:"session"`     // URL to which the segments are sent
	Token       string    `json:"token"`       // of an upload to the blob storage
	Done        []int     `json:"done"`        // uploaded segments, in ascending order
}

// fingerprintSize is the number of bytes hashed at the start and at the end of a source,
// enough for the headers and indexes in which files of one format differ.
const fingerprintSize = 64 << 10

func (u *Uploads) newState(s uploadSettings, src source) (*UploadState, error) {
	hash := sha256.New()
	for _, from := range []int64{0, max(0, src.size-fingerprintSize)} {
		if _, err := io.Copy(hash, io.NewSectionReader(src.r, from, min(fingerprintSize, src.size))); err != nil {
			return nil, fmt.Errorf("reading the source: %w", err)
		}
	}
	return &UploadState{
		Version: uploadStateVersion, Tenant: u.c.tenant,
		Name: s.name, Size: src.size, SegmentSize: s.segmentSize, Modified: src.modified.UTC(),
		Fingerprint: hex.EncodeToString(hash.Sum(nil)), Blob: s.direct,
	}, nil
}

func (s *UploadState) clone() *UploadState {
	c := *s
	c.Done = slices.Clone(s.Done)
	return &c
}

// segments returns the number of segments. An empty file has one, which is empty.
func (s *UploadState) segments() int {
	return int(max(1, (s.Size-1)/s.SegmentSize+1))
}

// length returns the size of a segment in bytes.
func (s *UploadState) length(index int) int64 {
	return min(s.SegmentSize, s.Size-int64(index)*s.SegmentSize)
}

func (s *UploadState) arrived() (bytes int64) {
	for _, index := range s.Done {
		bytes += s.length(index)
	}
	return bytes
}

func (s *UploadState) add(index int) {
	at, _ := slices.BinarySearch(s.Done, index)
	s.Done = slices.Insert(s.Done, at, index)
}

// matches returns an error if the state belongs to another source than now, or is damaged.
func (s *UploadState) matches(now *UploadState) error {
	switch {
	case s.Version > now.Version:
		return fmt.Errorf("the state has version %d, this release reads up to %d: update the module, or upload the file without UploadResume", s.Version, now.Version)
	case s.Version > 0 && s.Tenant != now.Tenant:
		return fmt.Errorf("the state belongs to the tenant %q, not %q: use a client of that tenant, or upload the file without UploadResume", s.Tenant, now.Tenant)
	case s.Blob && s.Token == "":
		return errors.New("the state has no token: upload the file without UploadResume")
	case s.Name != now.Name:
		return fmt.Errorf("the state belongs to the file name %q", s.Name)
	case s.Size != now.Size:
		return fmt.Errorf("the source has %d bytes, but had %d", now.Size, s.Size)
	case !s.Modified.IsZero() && !s.Modified.Equal(now.Modified): // earlier releases stored it for File only
		return fmt.Errorf("the file was modified at %v, but the state belongs to that of %v", now.Modified, s.Modified)
	case s.Fingerprint != now.Fingerprint:
		return errors.New("the content of the source has changed")
	}
	last := -1
	for _, index := range s.Done {
		if index <= last || index >= s.segments() {
			return fmt.Errorf("the state is damaged: segment %d follows %d, of %d segments", index, last, s.segments())
		}
		last = index
	}
	return nil
}
