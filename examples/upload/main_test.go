package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

// A folder that is interrupted becomes one record for each file all the same.
func TestUploadGoesOn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "b/c.txt", "b/d.txt", ".hidden"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	made := 0
	tenant := &aprimotest.Tenant{Records: -1, Fault: func(r *http.Request) aprimotest.Fault {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/uploads") {
			if made++; made == 2 {
				cancel() // Ctrl-C
			}
		}
		return aprimotest.Fault{}
	}}
	c, err := connect.Client("", tenant)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := upload(ctx, c, flags{dir: dir}, &out); err == nil || !strings.Contains(err.Error(), "stopped after 1 of 3 files") {
		t.Fatalf("error %v; want one that says how far it is", err)
	}
	if err := upload(t.Context(), c, flags{dir: dir}, &out); err != nil {
		t.Fatal(err)
	}
	page, err := c.Records.Page(t.Context())
	if err != nil || page.TotalCount != 3 {
		t.Errorf("%+v, %v; want 3 records", page, err)
	}
	if !strings.HasSuffix(out.String(), "3 of 3 files are records\n") {
		t.Errorf("output %q", out.String())
	}
	info, err := os.Stat(filepath.Join(dir, journalName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the journal: %v, %v; want it for its owner alone", info, err)
	}
}

func TestUploadOfNothing(t *testing.T) {
	if err := run(t.Context(), flags{dir: t.TempDir()}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("error %v", err)
	}
}
