//go:build unix

package notify_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// A pipe in place of any of Dir's files would block whoever opens it.
func TestDirDoesNotBlockAtAPipe(t *testing.T) {
	for _, end := range []string{"", ".lock", ".new"} {
		folder := t.TempDir()
		d := notify.Dir(folder)
		if _, err := d.CompareAndSwap(t.Context(), "k", nil, []byte("1"), time.Hour); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil || len(files) != 1 {
			t.Fatalf("got %v, %v, want one file", files, err)
		}
		os.Remove(files[0] + end)
		if err := syscall.Mkfifo(files[0]+end, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if _, err := d.CompareAndSwap(ctx, "k", []byte("1"), []byte("2"), time.Hour); err == nil || !strings.Contains(err.Error(), "is not a regular file: remove it") {
			t.Errorf("%q: got %v, want an error that names the pipe", end, err)
		}
		if _, err := d.Load(ctx, "k"); (err != nil) != (end != ".new") || time.Since(begin) > 30*time.Second {
			t.Errorf("%q: Load: got %v after %v", end, err, time.Since(begin))
		}
	}
}
