package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var out bytes.Buffer
		if err := run(t.Context(), flags{dir: dir}, &out); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 12 || strings.Count(out.String(), "\n") != 12 {
			t.Errorf("got %d files, %v; output %q; want 12 files and lines", len(files), err, out.String())
		}
	})
}

func TestOneSource(t *testing.T) {
	if err := run(t.Context(), flags{find: "a", collection: "b"}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "choose one") {
		t.Errorf("got error %v, want \"choose one\"", err)
	}
}
