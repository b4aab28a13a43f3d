package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client"
)

// saveEvery is how many records are written again at most after a crash.
const saveEvery = 500

// An exportFile is the file that is written and, beside it, how far it is.
type exportFile struct {
	path  string
	csv   bool
	file  *os.File
	out   *bufio.Writer
	state state
}

// state is what it takes to go on. What the file has beyond Bytes is not counted.
type state struct {
	Checkpoint client.Checkpoint `json:"checkpoint"`
	Count      int               `json:"count"`
	Bytes      int64             `json:"bytes"`
}

func openExport(path string) (*exportFile, error) {
	e := &exportFile{path: path}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		e.csv = true
	case ".jsonl":
	default:
		return nil, fmt.Errorf("-out %s: the name must end with .jsonl or .csv", path)
	}
	data, err := os.ReadFile(e.statePath())
	switch {
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(path); err == nil {
			return nil, fmt.Errorf("%s exists, and is complete or something else: remove it, or choose another -out", path)
		}
	case err != nil:
		return nil, err
	case json.Unmarshal(data, &e.state) != nil:
		return nil, fmt.Errorf("%s cannot be read: remove it and %s to begin anew", e.statePath(), path)
	}
	if e.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	_, seek := e.file.Seek(e.state.Bytes, io.SeekStart)
	if err := errors.Join(e.file.Truncate(e.state.Bytes), seek); err != nil {
		e.file.Close()
		return nil, err
	}
	e.out = bufio.NewWriterSize(e.file, 1<<16)
	if e.csv && e.state.Bytes == 0 {
		return e, e.line("id", "title", "status", "contentType", "createdOn", "modifiedOn")
	}
	return e, nil
}

func (e *exportFile) statePath() string { return e.path + ".state" }

// add writes a record and now and then how far the export is.
func (e *exportFile) add(r *client.Record, export *client.Export) error {
	var err error
	if e.csv {
		err = e.line(r.ID, r.Title, string(r.Status), r.ContentType, stamp(r.CreatedOn), stamp(r.ModifiedOn))
	} else {
		err = json.NewEncoder(e.out).Encode(r)
	}
	if err != nil {
		return err
	}
	if e.state.Count++; e.state.Count%saveEvery == 0 {
		return e.save(export)
	}
	return nil
}

func (e *exportFile) line(cells ...string) error {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			cells[i] = "'" + c // a spreadsheet would take it for a formula
		}
	}
	w := csv.NewWriter(e.out)
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// save makes sure that what is written is on the disk before it is counted.
func (e *exportFile) save(export *client.Export) error {
	if err := e.out.Flush(); err != nil {
		return err
	}
	if err := e.file.Sync(); err != nil {
		return err
	}
	at, err := e.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	e.state.Bytes, e.state.Checkpoint = at, export.Checkpoint()
	data, err := json.Marshal(e.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(e.statePath()+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(e.statePath()+".new", e.statePath())
}

// done ends the export.
func (e *exportFile) done() error {
	if err := errors.Join(e.out.Flush(), e.file.Close()); err != nil {
		return err
	}
	if err := os.Remove(e.statePath()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (e *exportFile) close() { e.file.Close() }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
