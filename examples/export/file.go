package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

const (
	// saveEvery is the number of records between two saves of the state.
	saveEvery = 500

	stateVersion = 1
)

// An exportFile is the file that is written, with the state from which to resume.
type exportFile struct {
	path  string
	csv   bool
	file  *os.File
	out   *bufio.Writer
	state state

	unversioned bool   // the state that was read
	unlock      func() // the export, for other runs
}

// state is stored next to the export file until the export is complete. It is valid
// for one tenant and one search expression.
type state struct {
	Version    int               `json:"version"`
	Tenant     string            `json:"tenant"`
	Expression string            `json:"expression"`
	Checkpoint client.Checkpoint `json:"checkpoint"`
	Count      int               `json:"count"`         // records
	Bytes      int64             `json:"bytes"`         // of the file that they take; the rest is discarded
	End        string            `json:"end,omitempty"` // SHA-256 of the last of these bytes; earlier states have none
}

// endSize is the number of bytes of which End is the hash: enough to notice that another program
// has rewritten the file, such as a spreadsheet.
const endSize = 64 << 10

// openExport opens the file of an export to begin it, or to resume it.
func openExport(f flags) (*exportFile, error) {
	e := &exportFile{path: f.out}
	switch strings.ToLower(filepath.Ext(f.out)) {
	case ".csv":
		e.csv = true
	case ".jsonl":
	default:
		return nil, program.Misuse("-out %s: the name must end with .jsonl or .csv", f.out)
	}
	unlock, err := program.Lock(e.statePath())
	if err != nil {
		return nil, err
	}
	e.unlock = unlock
	if err = e.readState(f); err == nil {
		err = e.open()
	}
	if err == nil && e.csv && e.state.Bytes == 0 {
		err = e.line("id", "title", "status", "contentType", "createdOn", "modifiedOn")
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// readState reads the state of an interrupted export. Without one the export file
// must not exist.
func (e *exportFile) readState(f flags) error {
	own := state{Version: stateVersion, Tenant: f.tenantName(), Expression: f.find}
	data, err := os.ReadFile(e.statePath())
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(e.path); err == nil {
			return fmt.Errorf("%s exists and no export of it is incomplete: remove it, or choose another -out", e.path)
		}
		e.state = own
		return program.Save(e.statePath(), own) // else a crash before the first save could not be resumed
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &e.state); err != nil {
		return fmt.Errorf("%s is damaged: remove it and %s to start again: %w", e.statePath(), e.path, err)
	}
	s := &e.state
	switch {
	case s.Version == 0 && s.Count == 0:
		return fmt.Errorf("%s is not the state of an export: remove it, or choose another -out", e.statePath())
	case s.Version == 0: // from before there were versions: it does not say whose it is
		s.Version, s.Tenant, s.Expression = own.Version, own.Tenant, own.Expression
		e.unversioned = true
	}
	switch {
	case s.Version == stateVersion && s.Count == 0:
		*s = own // there is nothing of another export in the file
	case s.Version > stateVersion:
		return fmt.Errorf("%s has version %d and this program reads up to %d: use a newer one, or remove it and %s to start again", e.statePath(), s.Version, stateVersion, e.path)
	case connect.Gone(s.Tenant):
		return fmt.Errorf("%s is an incomplete export of a simulated tenant, which is gone: remove it and %s to start again, or choose another -out", e.path, e.statePath())
	case s.Tenant != own.Tenant:
		return fmt.Errorf("%s is an export of the tenant %q, not of %q: choose that -tenant, or another -out", e.path, s.Tenant, own.Tenant)
	case s.Expression != own.Expression:
		return fmt.Errorf("%s is an export of -find %q, not of %q: choose that -find, or another -out", e.path, s.Expression, own.Expression)
	}
	return nil
}

// open opens the export file at the end of what the state covers.
func (e *exportFile) open() (err error) {
	if e.file, err = os.OpenFile(e.path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return err
	}
	size, err := e.file.Seek(0, io.SeekEnd)
	if err == nil && size < e.state.Bytes {
		err = fmt.Errorf("%s has %d bytes and should have at least %d: remove it and %s to start again", e.path, size, e.state.Bytes, e.statePath())
	}
	if err == nil && e.state.End != "" {
		err = e.unchanged()
	}
	if err == nil {
		err = e.file.Truncate(e.state.Bytes)
	}
	if err == nil {
		_, err = e.file.Seek(e.state.Bytes, io.SeekStart)
	}
	e.out = bufio.NewWriterSize(e.file, 1<<16)
	return err
}

// unchanged returns an error if the file is not as this program left it.
func (e *exportFile) unchanged() error {
	end, err := e.end(e.state.Bytes)
	if err == nil && end != e.state.End {
		err = fmt.Errorf("%s was changed since the export stopped: remove it and %s to start again", e.path, e.statePath())
	}
	return err
}

// end returns the hash of the end of so many bytes of the file; of none it is empty.
func (e *exportFile) end(size int64) (string, error) {
	if size == 0 {
		return "", nil
	}
	hash := sha256.New()
	from := max(0, size-endSize)
	if _, err := io.Copy(hash, io.NewSectionReader(e.file, from, size-from)); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (e *exportFile) statePath() string { return e.path + ".state" }

// add writes a record, and saves the state every saveEvery records.
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
			cells[i] = "'" + c // else a spreadsheet reads it as a formula
		}
	}
	w := csv.NewWriter(e.out)
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// save stores the state after the records that it covers, so that it never counts one
// that a crash has lost.
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
	end, err := e.end(at)
	if err != nil {
		return err
	}
	e.state.Bytes, e.state.End, e.state.Checkpoint = at, end, export.Checkpoint()
	return program.Save(e.statePath(), e.state)
}

// done completes the export.
func (e *exportFile) done() error {
	if err := errors.Join(e.out.Flush(), e.file.Sync(), e.file.Close()); err != nil {
		return err
	}
	for _, path := range []string{e.statePath(), e.statePath() + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (e *exportFile) close() {
	e.file.Close()
	e.unlock()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
