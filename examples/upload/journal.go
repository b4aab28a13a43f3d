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

	"github.com/aprimo-go/aprimo/client"
)

const journalName = ".aprimo-upload.json"

// A journal is what is done of a folder.
type journal struct {
	Records map[string]string              `json:"records"` // the ids, by the names of the files
	Begun   map[string]*client.UploadState `json:"begun,omitempty"`

	path string
	mu   sync.Mutex
}

func openJournal(dir string) (*journal, error) {
	j := &journal{path: filepath.Join(dir, journalName), Records: map[string]string{}, Begun: map[string]*client.UploadState{}}
	data, err := os.ReadFile(j.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return j, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("%s cannot be read: remove it to begin anew, which makes records of all files again", j.path)
	}
	return j, nil
}

// begun notes how far a file is.
func (j *journal) begun(name string, s client.UploadState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Begun[name] = &s
	j.save() // a state that is lost costs no more than to begin the file anew
}

// made notes that a file is a record.
func (j *journal) made(name, id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.Begun, name)
	j.Records[name] = id
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

// filesBelow returns the files of a folder, but not hidden ones, by their names in it
// with slashes.
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
