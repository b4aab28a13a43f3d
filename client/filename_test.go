package client_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the storage says, the file lands in the directory.
func FuzzDownloadName(f *testing.F) {
	for _, s := range []string{`attachment; filename="a.mov"`, `attachment; filename="../../etc/passwd"`, `attachment; filename*=UTF-8''%2e%2e%2fx`,
		`attachment; filename="C:\\x\\nul.txt"`, `attachment; filename=".bashrc"`, `attachment; filename="` + strings.Repeat("ä", 300) + `.mov"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, disposition string) {
		dir := t.TempDir()
		path, err := fetch(t, &storage{content: []byte("x"), name: disposition}, dir)
		if err != nil {
			t.Fatalf("%q: got error %v, want none", disposition, err)
		}
		name := filepath.Base(path)
		if filepath.Dir(path) != dir || strings.HasPrefix(name, ".") || len(name) > 200 || strings.EqualFold(name, "nul.txt") {
			t.Errorf("%q: got %q, want a safe name in %s", disposition, path, dir)
		}
	})
}
