package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

// An export that is interrupted and resumed writes each record once.
func TestExportResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	f := flags{out: path, tenant: "acme"}
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	c, err := connect.Client("", &aprimotest.Tenant{Records: 2500, Fault: func(*http.Request) aprimotest.Fault {
		if requests++; requests == 2 {
			cancel() // Ctrl-C
		}
		return aprimotest.Fault{}
	}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := export(ctx, c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "to resume") {
		t.Fatalf("got error %v, want one that says how to resume", err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, changed := range map[string][]byte{"another end": append(bytes.Clone(whole[:len(whole)-2]), '!', '\n'), "a line more": append([]byte("{}\n"), whole...)} {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := export(t.Context(), c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "was changed since the export stopped") {
			t.Errorf("%s: got error %v, want one that says that the file was changed", what, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, changed) {
			t.Errorf("%s: the file has %d bytes, error %v; want the %d that it had", what, len(now), err, len(changed))
		}
	}
	if err := os.WriteFile(path, append(whole, "a line that a crash cut off"...), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := export(t.Context(), c, f, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "resuming after") || !strings.Contains(out.String(), "2500 records are in") {
		t.Errorf("got output %q, want that it resumes and has 2500 records", out.String())
	}
	wantRecordsOnce(t, path, 2500)
	if err := export(t.Context(), c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a complete file: got error %v, want a refusal", err)
	}
}

func wantRecordsOnce(t *testing.T, path string, want int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		var record struct{ ID string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || seen[record.ID] {
			t.Fatalf("%s: got error %v, seen before: %v; want each record once", line, err, seen[record.ID])
		}
		seen[record.ID] = true
	}
	if len(seen) != want {
		t.Errorf("got %d records, want %d", len(seen), want)
	}
}

func TestExportAsCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.csv")
	if err := run(t.Context(), flags{out: path, records: 3}, io.Discard); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if lines := strings.Split(string(data), "\n"); err != nil || len(lines) != 5 || !strings.HasPrefix(lines[0], "id,title,") || strings.Contains(string(data), ",,") {
		t.Errorf("got %q, %v; want a head and 3 lines without an empty cell", data, err)
	}
}

func TestExportOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.jsonl")
	if err := run(t.Context(), flags{out: path}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || len(got) != 0 {
		t.Errorf("-records 0: got %q, %v; want an empty file", got, err)
	}
}

func TestExportNames(t *testing.T) {
	if err := run(t.Context(), flags{out: "records.xml"}, io.Discard); err == nil || !strings.Contains(err.Error(), ".jsonl or .csv") {
		t.Errorf("got error %v, want the two kinds of names", err)
	}
}

// testdata has exports that were interrupted after 5 of 12 records, as the program
// wrote them before its state had a version.
func TestExportResumesUnversionedState(t *testing.T) {
	for _, name := range []string{"unversioned.csv", "unversioned.jsonl"} {
		synctest.Test(t, func(t *testing.T) { // the records have the dates of then
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, name)
			var out bytes.Buffer
			if err := run(t.Context(), flags{out: path, records: 12}, &out); err != nil {
				t.Fatal(err)
			}
			if got, want := out.String(), "Simulated tenant: nothing is sent to Aprimo. Choose a real tenant with -tenant.\n"+path+".state does not say of which tenant and -find it is: it is taken for those of this command\nresuming after 5 records\n12 records are in "+path+"\n"; got != want {
				t.Errorf("got output %q, want %q", got, want)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 12 {
				if id := fmt.Sprintf("%032x", i+1); strings.Count(string(data), id) != 1 {
					t.Errorf("got the record %s %d times, want it once:\n%s", id, strings.Count(string(data), id), data)
				}
			}
		})
	}
}

// A state that is not valid for this command is refused with what to do.
func TestExportRefusesState(t *testing.T) {
	c, err := connect.Client("", &aprimotest.Tenant{Records: 3}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		`{"version":1,"tenant":"other","expression":"","count":1,"bytes":4}`:                  `an export of the tenant "other", not of "acme": choose that -tenant`,
		`{"version":1,"tenant":"simulated","expression":"","count":1,"bytes":4}`:              "a simulated tenant, which is gone: remove it",
		`{"version":1,"tenant":"acme","expression":"Title = 'a'","count":1,"bytes":4}`:        `an export of -find "Title = 'a'", not of "": choose that -find`,
		`{"version":2,"tenant":"acme"}`:                                                       "has version 2 and this program reads up to 1: use a newer one",
		`{"version":1,"tenant":"acme","expression":"","checkpoint":{},"count":10,"bytes":50}`: "has 4 bytes and should have at least 50: remove it",
		`{`:               "is damaged: remove it",
		``:                "is damaged: remove it",
		`{"status":"ok"}`: "is not the state of an export: remove it",
		`null`:            "is not the state of an export: remove it",
	} {
		path := filepath.Join(t.TempDir(), "records.jsonl")
		if err := errors.Join(os.WriteFile(path, []byte("{ }\n"), 0o600), os.WriteFile(path+".state", []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := export(t.Context(), c, flags{out: path, tenant: "acme"}, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", content, err, want)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != "{ }\n" {
			t.Errorf("%s: got the file %q, %v; want it untouched", content, data, err)
		}
	}
}

func TestExportStateIsOfItsTenant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	c, err := connect.Client("", &aprimotest.Tenant{Records: 3}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	file, err := openExport(flags{out: path, tenant: "acme", find: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openExport(flags{out: path, tenant: "acme", find: "a"}); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("got error %v, want that another run is active", err)
	}
	err = file.save(c.Records.Export(client.Expression{}, client.Checkpoint{}))
	file.close()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path + ".state")
	if err != nil {
		t.Fatal(err)
	}
	// The checkpoint is the client's own, and says whose it is itself.
	begin, end := `{"version":1,"tenant":"acme","expression":"a","checkpoint":{`, `},"count":0,"bytes":0}`
	if text := string(data); !strings.HasPrefix(text, begin) || !strings.HasSuffix(text, end) {
		t.Errorf("got  %s\nwant %s…%s", text, begin, end)
	}
}

// An export that failed before its first record can be begun again, with another expression
// too.
func TestExportBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.csv")
	c, err := connect.Client("", &aprimotest.Tenant{Records: 3}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := export(t.Context(), c, flags{out: path, tenant: "acme", find: "("}, io.Discard); err == nil || !strings.Contains(err.Error(), "failed after 0 records") {
		t.Fatalf("got error %v, want that it failed", err)
	}
	if err := export(t.Context(), c, flags{out: path, tenant: "acme"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || strings.Count(string(data), "\n") != 4 {
		t.Errorf("got %q, %v; want a head and 3 records", data, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("got %q beside the complete file, want none", left)
	}
}
