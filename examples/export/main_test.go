package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

// An export that is interrupted, and goes on, writes each record once.
func TestExportGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	f := flags{out: path, records: 2500}
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	c, err := connect.Client("", &aprimotest.Tenant{Records: 2500, Fault: func(*http.Request) aprimotest.Fault {
		if requests++; requests == 2 {
			cancel() // Ctrl-C
		}
		return aprimotest.Fault{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := export(ctx, c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "goes on") {
		t.Fatalf("error %v; want one that says how to go on", err)
	}
	var out bytes.Buffer
	if err := export(t.Context(), c, f, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "going on after") || !strings.Contains(out.String(), "2500 records are in") {
		t.Errorf("output %q", out.String())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		var record struct{ ID string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || seen[record.ID] {
			t.Fatalf("%s: %v, seen %v", line, err, seen[record.ID])
		}
		seen[record.ID] = true
	}
	if len(seen) != 2500 {
		t.Errorf("%d records; want 2500", len(seen))
	}
	if err := export(t.Context(), c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a file that is complete: %v", err)
	}
}

func TestExportAsCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.csv")
	if err := run(t.Context(), flags{out: path, records: 3}, io.Discard); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if lines := strings.Split(string(data), "\n"); err != nil || len(lines) != 5 || !strings.HasPrefix(lines[0], "id,title,") {
		t.Errorf("%q, %v", data, err)
	}
}

func TestExportNames(t *testing.T) {
	if err := run(t.Context(), flags{out: "records.xml"}, io.Discard); err == nil || !strings.Contains(err.Error(), ".jsonl or .csv") {
		t.Errorf("error %v", err)
	}
}
