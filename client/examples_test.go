package client_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

// Each resource of the client is in an Example that runs.
func TestEveryResourceHasAnExample(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range regexp.MustCompile(`(?s)\nfunc Example\w*\(\) \{.*?\n\}`).FindAllString(string(source), -1) {
			if strings.Contains(body, "Output:") {
				examples.WriteString(body)
			}
		}
	}
	for i := range reflect.TypeFor[client.Client]().NumField() {
		f := reflect.TypeFor[client.Client]().Field(i)
		if f.IsExported() && !strings.Contains(examples.String(), "c."+f.Name+".") {
			t.Errorf("no Example uses c.%s", f.Name)
		}
	}
}
