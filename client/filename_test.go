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

// Storages write names in many ways; browsers read all of these.
func TestDownloadName(t *testing.T) {
	for disposition, want := range map[string]string{
		`attachment; filename="summer 2026.jpg"`:                             "summer 2026.jpg",
		`attachment; filename=summer 2026.jpg; size=3`:                       "summer 2026.jpg",
		`attachment; filename=a,b;c.jpg`:                                     "a,b",
		`attachment; filename="a;b.jpg"; filename=c.jpg`:                     "a;b.jpg",
		`attachment; filename=Grüße (1).jpg`:                                 "Grüße (1).jpg",
		"attachment; filename=Gr\xfc\xdfe.jpg":                               "Grüße.jpg",
		"attachment; filename=\"Gr\xfc\xdfe.jpg\"":                           "Grüße.jpg",
		`attachment; filename="Gr%C3%BC%C3%9Fe.jpg"`:                         "Grüße.jpg",
		`attachment; filename="100%25.jpg"`:                                  "100%25.jpg",
		`attachment; filename="=?UTF-8?Q?Gr=C3=BC=C3=9Fe.jpg?="`:             "Grüße.jpg",
		`attachment; filename=a b.jpg; filename*=UTF-8''Gr%C3%BC%C3%9Fe.jpg`: "Grüße.jpg",
		`attachment; filename*=iso-8859-1'de'Gr%FC%DFe.jpg; filename=a b`:    "Grüße.jpg",
		`filename="a.jpg"`:                                                   "a.jpg",
		`=filename=a.jpg`:                                                    "film.mov",
		`attachment; FILENAME = "a \"b\".jpg"`:                               "a _b_.jpg",
		`attachment; filename="C:\pictures\a b.jpg"`:                         "a b.jpg",
		"attachment; filename=\"a\u202egpj.exe\"":                            "a_gpj.exe",
		`attachment; filename*=UTF-8''%1b%5b31m%c2%9b.jpg`:                   "_[31m_.jpg",
		`attachment; filename=`:                                              "film.mov",
		`attachment; filename="unfinished`:                                   "unfinished",
		`attachment; filename="unfinished\b`:                                 "b",
		`attachment; filename="a\"b.jpg`:                                     "a_b.jpg",
		"":                                                                   "film.mov",
	} {
		path, err := fetch(t, &storage{content: []byte("x"), name: disposition}, t.TempDir())
		if got := filepath.Base(path); err != nil || got != want {
			t.Errorf("%s: got %q, error %v, want %q", disposition, got, err, want)
		}
	}
}
