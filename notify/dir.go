package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Dir is a [Store] that keeps the state of the alerts, and those that are not yet
// delivered, in files of a folder: so they outlive the program. All programs of
// one machine that use the same folder count together. It must be on a local
// disk; the folder is made if it does not exist, for nobody else to read.
type Dir string

// Load implements [Store].
func (d Dir) Load(ctx context.Context, key string) ([]byte, error) {
	b, err := os.ReadFile(d.file(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ctx.Err()
	}
	return b, err
}

// CompareAndSwap implements [Store]. A file stays until it is removed by hand,
// whatever ttl is.
func (d Dir) CompareAndSwap(ctx context.Context, key string, old, new []byte, _ time.Duration) (swapped bool, err error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return false, err
	}
	lock := flock.New(d.file(key) + ".lock")
	if ok, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil || !ok {
		return false, fmt.Errorf("notify.Dir: no lock: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	now, err := d.Load(ctx, key)
	if err != nil || !bytes.Equal(now, old) {
		return false, err
	}
	return true, d.write(key, new)
}

// write replaces a file in one step: after a crash it is the old or the new one. The
// caller has the lock.
func (d Dir) write(key string, b []byte) error {
	f, err := os.OpenFile(d.file(key)+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), d.file(key))
}

func (d Dir) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(string(d), "alerts-"+hex.EncodeToString(sum[:8])+".json")
}
