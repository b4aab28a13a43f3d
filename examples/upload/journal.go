package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

const (
	journalName    = ".aprimo-upload.json"
	journalVersion = 2
)

// A journal records which files of its folder are uploaded, and how far the others are. It
// is stored in the folder: a line that says whose it is, then a line for each change of an
// entry. It is safe for concurrent use.
type journal struct {
	owner owner
	path  string

	mu    sync.Mutex
	file  *os.File
	err   error            // the first of writing
	files map[string]entry // by path in the folder, with slashes
}

// An owner is what a journal is valid for.
type owner struct {
	Version        int    `json:"version"`
	Tenant         string `json:"tenant"`
	Classification string `json:"classification,omitempty"`
	KeyField       string `json:"keyField,omitempty"`
}

// An entry is what became of one file.
type entry struct {
	Record   string    `json:"record,omitempty"`  // the id; empty: the file has none yet
	Uploaded source    `json:"uploaded,omitzero"` // the file as it is in the record
	Begun    *transfer `json:"begun,omitempty"`   // an upload that is not complete
	Sent     *sent     `json:"sent,omitempty"`    // an upload that may be in a record already

	// Unverified is set if the record may belong to another tenant.
	Unverified bool `json:"unverified,omitempty"`
}

// A source identifies the content of a file without reading it.
type source struct {
	Size     int64     `json:"size"` // in bytes
	Modified time.Time `json:"modified"`
}

// A transfer is an incomplete upload.
type transfer struct {
	Source source              `json:"source"`
	State  *client.UploadState `json:"state"`
}

// A sent is a complete upload. It is stored before the file is put into a record: after a
// crash the key tells whether it is there.
type sent struct {
	Source source    `json:"source"`
	Token  string    `json:"token"`
	Key    string    `json:"key"`
	At     time.Time `json:"at"`
}

// A change is a line of the journal: the new entry of a file.
type change struct {
	File string `json:"file"`
	entry
}

func stat(path string) (source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return source{}, err
	}
	return source{info.Size(), info.ModTime().UTC()}, nil
}

func (s source) equal(o source) bool { return s.Size == o.Size && s.Modified.Equal(o.Modified) }

// done reports whether a record has the file as it is now.
func (e entry) done(now source) bool { return e.Record != "" && e.Uploaded.equal(now) }

// resumable returns the state of an upload of the file as it is now, or nil.
func (e entry) resumable(now source) *client.UploadState {
	if e.Begun == nil || !e.Begun.Source.equal(now) {
		return nil
	}
	return e.Begun.State
}

// arrived returns how many bytes of the file as it is now an earlier run has uploaded.
func (e entry) arrived(now source) int64 {
	if s := e.resumable(now); s != nil {
		return min(now.Size, int64(len(s.Done))*s.SegmentSize)
	}
	return 0
}

// openJournal reads the journal of a folder, or begins one.
func openJournal(f flags) (*journal, error) {
	j := &journal{
		owner: owner{journalVersion, f.tenantName(), f.classification, f.keyField},
		path:  filepath.Join(f.dir, journalName), files: map[string]entry{},
	}
	data, err := os.ReadFile(j.path)
	if err == nil {
		err = j.read(data)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = j.rewrite()
	}
	if err == nil {
		j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	}
	return j, err
}

func (j *journal) close() { j.file.Close() }

// read takes over what is stored, if it is valid for this command.
func (j *journal) read(data []byte) error {
	first, lines, _ := bytes.Cut(data, []byte("\n"))
	var of owner
	if err := json.Unmarshal(first, &of); err != nil {
		return j.damaged(err)
	}
	switch {
	case of.Version > journalVersion:
		return fmt.Errorf("%s has version %d and this program reads up to %d: use a newer one, or remove the file to upload all files again, as new records", j.path, of.Version, journalVersion)
	case of.Version == 0:
		return j.readUnversioned(first)
	case connect.Gone(of.Tenant):
		return nil
	case of.Tenant != j.owner.Tenant:
		return fmt.Errorf("%s is of the tenant %q, not of %q: choose that -tenant, or remove the file to upload all files to this one", j.path, of.Tenant, j.owner.Tenant)
	case of.Classification != j.owner.Classification:
		return fmt.Errorf("%s is of the classification %q, not of %q: choose that -classification, or remove the file to upload all files again, as new records", j.path, of.Classification, j.owner.Classification)
	case of.Version == 1:
		return j.readSingle(first)
	case of.KeyField != j.owner.KeyField:
		return fmt.Errorf("%s is of the key field %q, not of %q: choose that -key-field, or remove the file to upload all files again, as new records", j.path, of.KeyField, j.owner.KeyField)
	}
	return j.readLines(lines)
}

func (j *journal) damaged(err error) error {
	return fmt.Errorf("%s is damaged: remove it to upload all files again, as new records: %w", j.path, err)
}

// readLines reads the changes. A crash may have cut the last one off.
func (j *journal) readLines(lines []byte) error {
	for text := range bytes.Lines(lines) {
		var c change
		err := json.Unmarshal(text, &c)
		if err == nil && c.File == "" {
			err = errors.New("a line names no file")
		}
		if err != nil {
			if text[len(text)-1] != '\n' {
				return nil
			}
			return j.damaged(err)
		}
		j.files[c.File] = c.entry
	}
	return nil
}

// readSingle reads a journal of version 1, which is one JSON object.
func (j *journal) readSingle(data []byte) error {
	var old struct {
		Files map[string]entry `json:"files"`
	}
	if err := json.Unmarshal(data, &old); err != nil {
		return j.damaged(err)
	}
	maps.Copy(j.files, old.Files)
	return nil
}

// readUnversioned reads a journal from before there were versions. It does not say whose it
// is, nor how the files were: they are taken for unchanged.
func (j *journal) readUnversioned(data []byte) error {
	var old struct {
		Records map[string]string              `json:"records"`
		Begun   map[string]*client.UploadState `json:"begun"`
	}
	err := json.Unmarshal(data, &old)
	if err == nil && old.Records == nil && old.Begun == nil {
		err = errors.New("it names neither records nor uploads")
	}
	if err != nil {
		return j.damaged(err)
	}
	for name, record := range old.Records {
		now, err := stat(j.name(name))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // if it is not there, it may return
			return err
		}
		j.files[name] = entry{Record: record, Uploaded: now, Unverified: true}
	}
	for name, s := range old.Begun {
		if s != nil {
			j.files[name] = entry{Begun: &transfer{source{s.Size, s.Modified}, s}}
		}
	}
	return nil
}

// name returns the path of a file of the folder.
func (j *journal) name(file string) string {
	return filepath.Join(filepath.Dir(j.path), filepath.FromSlash(file))
}

// rewrite stores the journal with one line for each file.
func (j *journal) rewrite() error {
	var all bytes.Buffer
	lines := json.NewEncoder(&all)
	err := lines.Encode(j.owner)
	for _, file := range slices.Sorted(maps.Keys(j.files)) {
		err = errors.Join(err, lines.Encode(change{file, j.files[file]}))
	}
	if err != nil {
		return err
	}
	return program.WriteFile(j.path, all.Bytes())
}

// of returns the entry of a file.
func (j *journal) of(file string) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.files[file]
}

// set stores the entry of a file. After an error nothing more is stored.
func (j *journal) set(file string, e entry) error {
	if err := j.write(file, e); err != nil || e.Sent == nil {
		return err
	}
	return j.file.Sync() // else a crash of the machine could lose the key of a record
}

func (j *journal) write(file string, e entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.files[file] = e
	line, err := json.Marshal(change{file, e})
	if j.err = errors.Join(j.err, err); j.err == nil {
		_, j.err = j.file.Write(append(line, '\n'))
	}
	return j.err
}
