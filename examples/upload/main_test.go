package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

// folderOf makes a folder with these files, each modified at the time of the fixture.
func folderOf(t *testing.T, sizes map[string]int64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	at := time.Date(2026, 11, 24, 10, 0, 0, 123456789, time.UTC)
	for name, size := range sizes {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600), os.Truncate(path, size), os.Chtimes(path, at, at))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func connectTo(t *testing.T, tenant *aprimotest.Tenant) *client.Client {
	t.Helper()
	c, err := connect.Client("", tenant)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantRecords(t *testing.T, c *client.Client, want int) {
	t.Helper()
	page, err := c.Records.Page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if page.TotalCount != want {
		t.Errorf("got %d records, want %d", page.TotalCount, want)
	}
}

// An interrupted upload of a folder still creates one record for each file.
func TestUploadResumes(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5, "b/c.txt": 7, "b/d.txt": 8, ".hidden": 3})
	ctx, cancel := context.WithCancel(t.Context())
	made := 0
	c := connectTo(t, &aprimotest.Tenant{Records: -1, Fault: func(r *http.Request) aprimotest.Fault {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/uploads") {
			if made++; made == 2 {
				cancel() // Ctrl-C
			}
		}
		return aprimotest.Fault{}
	}})
	var out bytes.Buffer
	if err := upload(ctx, c, flags{dir: dir}, &out); err == nil || !strings.Contains(err.Error(), "stopped after 1 of 3 files") {
		t.Fatalf("got error %v, want one with the progress", err)
	}
	if err := upload(t.Context(), c, flags{dir: dir}, &out); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, c, 3)
	if want := "3 of 3 files uploaded\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got output %q, want %q at its end", out.String(), want)
	}
	info, err := os.Stat(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("got a journal with mode %o, want 600", got)
	}
}

// A changed file becomes a new version in the same record, an unchanged one is skipped.
func TestUploadOfAChangedFile(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5, "b.txt": 7})
	c := connectTo(t, &aprimotest.Tenant{Records: -1})
	if err := upload(t.Context(), c, flags{dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 1} { // lines: the changed file and the sum, then the sum alone
		var out bytes.Buffer
		if err := upload(t.Context(), c, flags{dir: dir}, &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("got output %q, want %d lines", out.String(), want)
		}
	}
	wantRecords(t, c, 2)
	j, err := openJournal(flags{dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	version, err := c.Records.MasterFileLatestVersion(t.Context(), j.Files["a.txt"].Record)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len("longer than before")); version.FileSize != want {
		t.Errorf("got a version of %d bytes, want %d", version.FileSize, want)
	}
}

// A file whose record was removed becomes a new record.
func TestUploadOfAFileWithoutItsRecord(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5})
	if err := upload(t.Context(), connectTo(t, &aprimotest.Tenant{Records: -1}), flags{dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "a.txt"), 6); err != nil {
		t.Fatal(err)
	}
	c := connectTo(t, &aprimotest.Tenant{Records: -1})
	if err := upload(t.Context(), c, flags{dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, c, 1)
}

// testdata/unversioned.json is a journal as the program wrote it before it had versions.
func TestUploadReadsUnversionedJournal(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5, "b/c.txt": 7, "film.mov": 50_000_000, "z.txt": 1})
	old, err := os.ReadFile("testdata/unversioned.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, journalName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(flags{dir: dir, tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	film, err := stat(j.file("film.mov"))
	if err != nil {
		t.Fatal(err)
	}
	if s := j.Files["film.mov"].resumable(film); s == nil || len(s.Done) != 3 {
		t.Errorf("got the state %+v, want one with 3 segments", s)
	}
	if _, err := openJournal(flags{dir: dir, tenant: "other"}); err == nil || !strings.Contains(err.Error(), "choose that -tenant") {
		t.Errorf("got error %v, want the journal to be of the first tenant from now on", err)
	}
	var out bytes.Buffer
	c := connectTo(t, &aprimotest.Tenant{Records: -1})
	if err := upload(t.Context(), c, flags{dir: dir, tenant: "acme"}, &out); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, c, 2) // film.mov and z.txt; the others were uploaded
	if got := out.String(); !strings.HasPrefix(got, "film.mov is record ") || !strings.HasSuffix(got, "4 of 4 files uploaded\n") {
		t.Errorf("got output %q, want film.mov and z.txt uploaded", got)
	}
}

// A journal that is not valid for this command is refused with what to do.
func TestUploadRefusesJournal(t *testing.T) {
	for content, want := range map[string]string{
		`{"version":1,"tenant":"other","files":{}}`:                             `is of the tenant "other", not of "simulated": choose that -tenant`,
		`{"version":1,"tenant":"simulated","classification":"0a1b","files":{}}`: `is of the classification "0a1b", not of "": choose that -classification`,
		`{"version":2}`: "has version 2 and this program reads up to 1: use a newer one",
		`{`:             "is damaged: remove it",
	} {
		dir := folderOf(t, map[string]int64{"a.txt": 5})
		if err := os.WriteFile(filepath.Join(dir, journalName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), flags{dir: dir}, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", content, err, want)
		}
	}
}

// The upload of a file that has changed since begins anew.
func TestTransferOfAChangedFile(t *testing.T) {
	was := source{5, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	e := entry{Begun: &transfer{was, new(client.UploadState)}}
	if e.resumable(was) == nil {
		t.Error("got no state of an unchanged file, want it")
	}
	for _, now := range []source{{6, was.Modified}, {5, was.Modified.Add(1)}} {
		if e.resumable(now) != nil {
			t.Errorf("got the state for %+v, want none", now)
		}
	}
}

func TestUploadOfNothing(t *testing.T) {
	if err := run(t.Context(), flags{dir: t.TempDir()}, io.Discard); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("got error %v, want \"no file\"", err)
	}
}
