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

// An UploadState is how far an upload is. It can be kept as JSON, and must be kept
// as a secret: whoever has it can write to the upload.
type UploadState struct {
	Name        string    `json:"name"`
	Size        int64     `json:"size"`        // in bytes
	SegmentSize int64     `json:"segmentSize"` // in bytes; the last may have fewer
	Modified    time.Time `json:"modified"`    // of a file; zero if it is none
	Fingerprint string    `json:"fingerprint"` // SHA-256 of both ends of the source
	Blob        bool      `json:"blob"`        // it goes straight to the blob storage
	Session     string    `json:"session"`     // where the segments are sent to
	Token       string    `json:"token"`       // of an upload to the blob storage
	Done        []int     `json:"done"`        // the segments that have arrived, rising
}

// fingerprinted is how much of each end is read: enough for the headers and indexes
// in which files of one format differ.
const fingerprinted = 64 << 10

func newUploadState(s uploadSettings, r io.ReaderAt, size int64, modified time.Time) (*UploadState, error) {
	hash := sha256.New()
	for _, from := range []int64{0, max(0, size-fingerprinted)} {
		if _, err := io.Copy(hash, io.NewSectionReader(r, from, min(fingerprinted, size))); err != nil {
			return nil, fmt.Errorf("the source cannot be read: %w", err)
		}
	}
	return &UploadState{
		Name: s.name, Size: size, SegmentSize: s.segmentSize, Modified: modified.UTC(),
		Fingerprint: hex.EncodeToString(hash.Sum(nil)), Blob: s.direct,
	}, nil
}

func (s *UploadState) clone() *UploadState {
	c := *s
	c.Done = slices.Clone(s.Done)
	return &c
}

// segments returns how many there are: of an empty file one, which is empty.
func (s *UploadState) segments() int {
	return int(max(1, (s.Size-1)/s.SegmentSize+1))
}

// length returns how many bytes a segment has.
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

// matches returns an error if the state is not of this source, or not whole.
func (s *UploadState) matches(now *UploadState) error {
	switch {
	case s.Session == "" || s.Blob && s.Token == "":
		return errors.New("the state has no session: upload the file without UploadResume")
	case s.Name != now.Name:
		return fmt.Errorf("the state is of %q", s.Name)
	case s.Size != now.Size:
		return fmt.Errorf("the source has %d bytes now, and had %d", now.Size, s.Size)
	case !s.Modified.Equal(now.Modified):
		return fmt.Errorf("the file was modified at %v, the state is of %v", now.Modified, s.Modified)
	case s.Fingerprint != now.Fingerprint:
		return errors.New("the source has another content now")
	}
	last := -1
	for _, index := range s.Done {
		if index <= last || index >= s.segments() {
			return fmt.Errorf("the state is damaged: segment %d after %d, of %d", index, last, s.segments())
		}
		last = index
	}
	return nil
}
