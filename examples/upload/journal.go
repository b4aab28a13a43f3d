package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/client"
)

const (
	journalName    = ".aprimo-upload.json"
	journalVersion = 1
)

// A journal records which files of its folder are uploaded, and how far the others
// are. It is stored in the folder and is valid for one tenant and one classification.
type journal struct {
	Version        int              `json:"version"`
	Tenant         string           `json:"tenant"`
	Classification string           `json:"classification,omitempty"`
	Files          map[string]entry `json:"files"` // by path in the folder, with slashes

	path string
	mu   sync.Mutex
}

// An entry is what became of one file.
type entry struct {
	Record   string    `json:"record,omitempty"`  // the id; empty: the file has none yet
	Uploaded source    `json:"uploaded,omitzero"` // the file as it is in the record
	Begun    *transfer `json:"begun,omitempty"`   // an upload that is not complete
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

// openJournal reads the journal of a folder, or begins one.
func openJournal(f flags) (*journal, error) {
	j := &journal{
		Version: journalVersion, Tenant: f.tenantName(), Classification: f.classification,
		Files: map[string]entry{}, path: filepath.Join(f.dir, journalName),
	}
	data, err := os.ReadFile(j.path)
	if errors.Is(err, os.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	return j, j.read(data)
}

// read takes over what is stored, if it is of the same tenant and classification.
func (j *journal) read(data []byte) error {
	var stored journal
	if err := json.Unmarshal(data, &stored); err != nil {
		return fmt.Errorf("%s is damaged: remove it to upload all files again, as new records: %w", j.path, err)
	}
	switch {
	case stored.Version == 0:
		return j.readUnversioned(data)
	case stored.Version > journalVersion:
		return fmt.Errorf("%s has version %d and this program reads up to %d: use a newer one, or remove the file to upload all files again, as new records", j.path, stored.Version, journalVersion)
	case stored.Tenant != j.Tenant:
		return fmt.Errorf("%s is of the tenant %q, not of %q: choose that -tenant, or remove the file to upload all files to this one", j.path, stored.Tenant, j.Tenant)
	case stored.Classification != j.Classification:
		return fmt.Errorf("%s is of the classification %q, not of %q: choose that -classification, or remove the file to upload all files again, as new records", j.path, stored.Classification, j.Classification)
	}
	if stored.Files != nil {
		j.Files = stored.Files
	}
	return nil
}

// readUnversioned reads a journal from before there were versions. It does not say
// whose it is, nor how the files were: they are taken for unchanged.
func (j *journal) readUnversioned(data []byte) error {
	var old struct {
		Records map[string]string              `json:"records"`
		Begun   map[string]*client.UploadState `json:"begun"`
	}
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("%s is damaged: remove it to upload all files again, as new records: %w", j.path, err)
	}
	for name, record := range old.Records {
		now, err := stat(j.file(name))
		if errors.Is(err, os.ErrNotExist) {
			err = nil // the record is kept in case the file returns
		}
		if err != nil {
			return err
		}
		j.Files[name] = entry{Record: record, Uploaded: now}
	}
	for name, s := range old.Begun {
		if s != nil {
			j.Files[name] = entry{Begun: &transfer{source{s.Size, s.Modified}, s}}
		}
	}
	return j.save()
}

// file returns the path of a file of the folder.
func (j *journal) file(name string) string {
	return filepath.Join(filepath.Dir(j.path), filepath.FromSlash(name))
}

// begun stores how far the upload of a file is.
func (j *journal) begun(name string, of source, s client.UploadState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.Files[name]
	e.Begun = &transfer{of, &s}
	j.Files[name] = e
	j.save() // best effort: without the state the file is uploaded from its start
}

// made stores that a record has a file.
func (j *journal) made(name string, of source, record string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Files[name] = entry{Record: record, Uploaded: of}
	return j.save()
}

func (j *journal) save() error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := os.WriteFile(j.path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(j.path+".new", j.path)
}

// filesBelow returns the paths of a folder's files, relative to it and with slashes.
// Hidden ones are left out.
func filesBelow(dir string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".":
		case strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), "."):
		case d.Type().IsRegular():
			names = append(names, path)
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no file in %s", dir)
	}
	return names, err
}
