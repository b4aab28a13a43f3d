package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// Save writes a value as JSON into a file; see [WriteFile].
func Save(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return WriteFile(path, data)
}

// WriteFile replaces a file, which only its owner can read. After a crash it has the old
// content or the new one. Two calls for one file must not overlap: see [Lock].
func WriteFile(path string, data []byte) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) { // of a run that crashed
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// Lock locks what a program changes against other runs of it, until unlock is called or the
// process ends. The file path.lock stays.
func Lock(path string) (unlock func(), err error) {
	l := flock.New(path + ".lock")
	locked, err := l.TryLock()
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, fmt.Errorf("%s is in use by another run of this program: wait until that ends", path)
	}
	return func() { _ = l.Close() }, nil
}
