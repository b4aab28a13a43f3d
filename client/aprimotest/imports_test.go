package aprimotest_test

import (
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The tests of every package of the module use this one, and so do its users:
// it must bring nothing along. Package httptest registers a flag, and testing
// even more of them; neither belongs into a program that shows the simulation.
func TestImportsStandardLibraryAlone(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") || path == "net/http/httptest" || first == "testing" {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
