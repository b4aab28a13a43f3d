package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
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
	c, err := connect.Client("", tenant, io.Discard)
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
	var made atomic.Int64
	c := connectTo(t, &aprimotest.Tenant{Records: -1, Fault: func(r *http.Request) aprimotest.Fault {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/uploads") {
			if made.Add(1) == 2 {
				cancel() // Ctrl-C
			}
		}
		return aprimotest.Fault{}
	}})
	var out bytes.Buffer
	if err := upload(ctx, c, flags{keyField: "Description", dir: dir}, &out); err == nil || !strings.Contains(err.Error(), " of 3 files; run the same command again to resume") {
		t.Fatalf("got error %v, want one with the progress", err)
	}
	if err := upload(t.Context(), c, flags{keyField: "Description", dir: dir}, &out); err != nil {
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
	if err := upload(t.Context(), c, flags{keyField: "Description", dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 1} { // lines: the changed file and the sum, then the sum alone
		var out bytes.Buffer
		if err := upload(t.Context(), c, flags{keyField: "Description", dir: dir}, &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("got output %q, want %d lines", out.String(), want)
		}
	}
	wantRecords(t, c, 2)
	j := openOf(t, flags{keyField: "Description", dir: dir})
	defer j.close()
	version, err := c.Records.MasterFileLatestVersion(t.Context(), j.of("a.txt").Record)
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
	if err := upload(t.Context(), connectTo(t, &aprimotest.Tenant{Records: -1}), flags{keyField: "Description", dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "a.txt"), 6); err != nil {
		t.Fatal(err)
	}
	c := connectTo(t, &aprimotest.Tenant{Records: -1})
	if err := upload(t.Context(), c, flags{keyField: "Description", dir: dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, c, 1)
}

// testdata/unversioned.json is a journal as the program wrote it before it had versions. It
// does not say whose it is: what it has counts only where its records exist.
func TestUploadReadsUnversionedJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for records, want := range map[int][]string{2: {"film.mov", "z.txt"}, -1: {"a.txt", "b/c.txt", "film.mov", "z.txt"}} {
			dir := folderOf(t, map[string]int64{"a.txt": 5, "b/c.txt": 7, "film.mov": 50_000_000, "z.txt": 1})
			old, err := os.ReadFile("testdata/unversioned.json")
			if err != nil {
				t.Fatal(err)
			}
			if records < 0 {
				old = bytes.ReplaceAll(old, []byte("000000000000000000000000000000"), []byte("a00000000000000000000000000000"))
			}
			writeJournal(t, dir, string(old))
			f := flags{keyField: "Description", dir: dir, tenant: "acme"}
			j := openOf(t, f)
			film, err := stat(j.name("film.mov"))
			if err != nil {
				t.Fatal(err)
			}
			if s := j.of("film.mov").resumable(film); s == nil || len(s.Done) != 3 {
				t.Errorf("got the state %+v, want one with 3 segments", s)
			}
			j.close()
			if _, err := openJournal(flags{dir: dir, tenant: "other"}); err == nil || !strings.Contains(err.Error(), "choose that -tenant") {
				t.Errorf("got error %v, want the journal to be of the first tenant from now on", err)
			}
			var out bytes.Buffer
			c := connectTo(t, &aprimotest.Tenant{Records: records})
			if err := upload(t.Context(), c, f, &out); err != nil {
				t.Fatal(err)
			}
			wantRecords(t, c, 4)
			lines := strings.Split(out.String(), "\n")
			slices.Sort(lines)
			if len(lines) != len(want)+2 {
				t.Fatalf("got output %q, want these uploaded: %q", lines, want)
			}
			for i, name := range want {
				if !strings.HasPrefix(lines[i+2], name+" is record ") {
					t.Errorf("got the line %q, want one of %s", lines[i+2], name)
				}
			}
		}
	})
}

func writeJournal(t *testing.T, dir, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, journalName), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func openOf(t *testing.T, f flags) *journal {
	t.Helper()
	j, err := openJournal(f)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// A journal of version 1 was one JSON object.
func TestUploadReadsJournalOfVersion1(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5, "b.txt": 7})
	writeJournal(t, dir, `{"version":1,"tenant":"acme","files":{"a.txt":{"record":"01","uploaded":{"size":5,"modified":"2026-11-24T10:00:00.123456789Z"}},"c.txt":null}}`)
	c := connectTo(t, &aprimotest.Tenant{Records: -1})
	if err := upload(t.Context(), c, flags{keyField: "Description", dir: dir, tenant: "acme"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, c, 1) // b.txt
}

// A journal that is not valid for this command is refused with what to do.
func TestUploadRefusesJournal(t *testing.T) {
	for content, want := range map[string]string{
		`{"version":1,"tenant":"other","files":{}}`:                        `is of the tenant "other", not of "acme": choose that -tenant`,
		`{"version":1,"tenant":"acme","classification":"0a1b","files":{}}`: `is of the classification "0a1b", not of "": choose that -classification`,
		`{"version":2,"tenant":"acme","keyField":"a"}`:                     `is of the key field "a", not of "Description": choose that -key-field`,
		`{"version":3}`:   "has version 3 and this program reads up to 2: use a newer one",
		`{`:               "is damaged: remove it",
		``:                "is damaged: remove it",
		`null`:            "is damaged: remove it",
		`{"status":"ok"}`: "is damaged: remove it",
		`{"version":2,"tenant":"acme","keyField":"Description"}` + "\nnull\n":  "is damaged: remove it",
		`{"version":2,"tenant":"acme","keyField":"Description"}` + "\n{\n{}\n": "is damaged: remove it",
	} {
		dir := folderOf(t, map[string]int64{"a.txt": 5})
		writeJournal(t, dir, content)
		f := flags{keyField: "Description", tenant: "acme", dir: dir}
		if err := upload(t.Context(), connectTo(t, new(aprimotest.Tenant)), f, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", content, err, want)
		}
	}
}

// After a try on the simulator, which ends with its process, all files are uploaded.
func TestUploadAfterATry(t *testing.T) {
	for _, tenant := range []string{"simulated", "simulated 1-1"} {
		dir := folderOf(t, map[string]int64{"a.txt": 5, "b.txt": 7})
		at := `{"size":5,"modified":"2026-11-24T10:00:00.123456789Z"}`
		writeJournal(t, dir, `{"version":2,"tenant":"`+tenant+`","keyField":"Description"}`+"\n"+`{"file":"a.txt","record":"01","uploaded":`+at+"}\n")
		c := connectTo(t, &aprimotest.Tenant{Records: -1})
		if err := upload(t.Context(), c, flags{keyField: "Description", tenant: "acme", dir: dir}, io.Discard); err != nil {
			t.Fatal(err)
		}
		wantRecords(t, c, 2)
	}
}

// A crash may cut off the last line of the journal.
func TestUploadAfterACrashWhileTheJournalIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := folderOf(t, map[string]int64{"a.txt": 5, "b.txt": 7})
		f := flags{keyField: "Description", tenant: "acme", dir: dir}
		c := connectTo(t, &aprimotest.Tenant{Records: -1})
		if err := upload(t.Context(), c, f, io.Discard); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(filepath.Join(dir, journalName))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(whole, []byte("\n"))
		for cut := 1; bytes.Count(whole[:len(whole)-cut], []byte("\n")) == lines-1; cut += 7 {
			writeJournal(t, dir, string(whole[:len(whole)-cut]))
			if err := upload(t.Context(), c, f, io.Discard); err != nil {
				t.Fatal(err)
			}
			wantRecords(t, c, 2)
		}
	})
}

func TestUploadOncePerFolder(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5})
	unlock, err := program.Lock(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := run(t.Context(), flags{dir: dir}, io.Discard); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("got error %v, want that another run is active", err)
	}
}

// Links and names that are not UTF-8 are not passed over in silence.
func TestUploadOfOddFiles(t *testing.T) {
	dir := folderOf(t, map[string]int64{"a.txt": 5, ".hidden": 1})
	if err := errors.Join(os.Symlink("a.txt", filepath.Join(dir, "link")), os.MkdirAll(filepath.Join(dir, "\xff\x1b[31m"), 0o755), os.WriteFile(filepath.Join(dir, "\xff\x1b[31m", "b.txt"), nil, 0o600)); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	err := run(t.Context(), flags{dir: dir}, &out)
	if err == nil || !strings.Contains(err.Error(), "not UTF-8") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("got error %q, want that the path is not UTF-8, printable", err)
	}
	if !strings.HasPrefix(out.String(), "Simulated tenant") || !strings.HasSuffix(out.String(), "2 hidden files, links and special files are left out\n1 of 2 files uploaded\n") {
		t.Errorf("got output %q, want the tenant first, and that two are left out", &out)
	}
}

// A real tenant needs a field for the keys and a folder.
func TestUploadFlags(t *testing.T) {
	for want, f := range map[string]flags{"no -dir": {}, "no -key-field": {tenant: "acme", dir: "."}} {
		if err := run(t.Context(), f, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	if err := upload(t.Context(), connectTo(t, new(aprimotest.Tenant)), flags{keyField: "None", dir: folderOf(t, map[string]int64{"a": 1})}, io.Discard); err == nil || !strings.Contains(err.Error(), `no field "None"`) {
		t.Errorf("got error %v, want that there is no such field", err)
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
