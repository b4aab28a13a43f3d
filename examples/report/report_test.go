package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// logOf returns n lines of 429s, with others between them.
func logOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"level":"warn","user.name":"user %d","http.request.method":"GET","url.full":"https://acme.dam.aprimo.com/api/core/record/%032x","http.request.resend_count":0,"http.response.status_code":429,"aprimo.rate_limit.will_retry":%v,"time":"%s","message":"Aprimo answered 429"}`+"\n",
			i%3, i, i%10 > 0, time.Date(2026, 11, 24, 10, 0, i, 0, time.UTC).Format(time.RFC3339))
		b.WriteString("plain text of another program\n" + `{"level":"info","message":"it costs 429 euros"}` + "\n\n")
	}
	return b.String()
}

const oldSummary = `{"level":"warn","event":"aprimo.429.summary","aprimo.429.total":60,"aprimo.429.suppressed":50,"aprimo.429.rest":[{"user":"user 0","operation":"GET /api/core/record/{id}","count":40,"error":0}],"aprimo.429.rest_other":10,"time":1795514400}` + "\n"

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reportOf returns the report on a log.
func reportOf(t *testing.T, f filter, log string) report {
	t.Helper()
	r := readFiles(t.Context(), f, []string{write(t, "app.log", []byte(log))})
	if len(r.Problems) > 0 || r.Stopped {
		t.Fatalf("got %+v, want a complete report", r)
	}
	return r
}

func tableOf(t *testing.T, r report) string {
	t.Helper()
	var b strings.Builder
	if err := r.table(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Plain and gzipped files are counted together, with summaries and broken lines.
func TestReportCountsEach429(t *testing.T) {
	long := `{"message":"` + strings.Repeat("x", 3<<20) + `"}` + "\n"
	wrong := `{"http.response.status_code":429,` + "\n" + `{"half` + "\n"
	files := []string{
		write(t, "app.log", []byte(logOf(1000)+long+wrong+oldSummary)),
		write(t, "app.log.1.gz", zipped(t, logOf(500))),
		write(t, "empty.log", nil),
		write(t, "no newline.log", []byte(strings.TrimSuffix(logOf(1), "\n\n"))),
	}
	r := readFiles(t.Context(), filter{}, files)
	if r.Total != 1000+500+1+50 || r.GivenUp != 100+50+1 || r.Unnamed != (unnamed{10, 10, 10}) || r.Users[0] != (named{Name: "user 0", Count: 334 + 167 + 1 + 40}) {
		t.Errorf("got %+v, want 1551 in total, 151 given up, 10 unnamed and user 0 with 542", r)
	}
	if o := r.Operations[0]; o != (named{Name: "GET /api/core/record/{id}", Count: 1541}) {
		t.Errorf("got the operation %+v, want 1541 of GET /api/core/record/{id}", o)
	}
	// The line that is too long is broken, too.
	if r.Broken != 3 || r.Lines != 4004+2000+3 || r.NotJSON != 1501 {
		t.Errorf("got %d broken and %d plain of %d lines, want 3 and 1501 of 6007", r.Broken, r.NotJSON, r.Lines)
	}
	when := 0
	for _, m := range r.When {
		when += m.Count
	}
	if when != r.Total {
		t.Errorf("got %d by time, want %d", when, r.Total)
	}
}

func TestReportOnlyOfWhatIsAskedFor(t *testing.T) {
	f := filter{"user 1", time.Date(2026, 11, 24, 10, 1, 0, 0, time.UTC), time.Date(2026, 11, 24, 10, 2, 0, 0, time.UTC)}
	if r := reportOf(t, f, logOf(600)); r.Total != 20 || len(r.Users) != 1 || len(r.When) != 1 || r.Others != 580 {
		t.Errorf("got %+v, want 20 of one user in one minute, and 580 excluded", r)
	}
	if err := timeInto(&f.since)("yesterday"); err == nil || !strings.Contains(err.Error(), "2026-11-24T10:00:00Z") {
		t.Errorf("got error %v, want one that says how to write a time", err)
	}
	if err := run(t.Context(), io.Discard, options{want: filter{since: f.until, until: f.until}}); err == nil || !strings.Contains(err.Error(), "-since") {
		t.Errorf("got error %v, want that nothing is between the times", err)
	}
	// -user accepts the name (unknown) of the report.
	log := strings.ReplaceAll(logOf(9), `"user 2"`, `""`)
	if r := reportOf(t, filter{user: unknown}, log); r.Total != 3 {
		t.Errorf("got %+v, want 3 in total", r)
	}
	if r := reportOf(t, filter{user: "nobody"}, log); !strings.Contains(tableOf(t, r), "No 429 matches") {
		t.Errorf("got %s\nwant that no 429 matches", tableOf(t, r))
	}
}

// The name of a log as that of the page, as in -html *.log, is refused before it is
// overwritten.
func TestReportOverwritesNoLog(t *testing.T) {
	file := write(t, "app.log", []byte(logOf(1)))
	if err := run(t.Context(), io.Discard, options{page: file}); err == nil || !strings.Contains(err.Error(), ".html") {
		t.Errorf("got error %v, want one about .html", err)
	}
	if text, _ := os.ReadFile(file); string(text) != logOf(1) {
		t.Errorf("got the log %q, want it untouched", text)
	}
	// If the page cannot be written, the table is.
	var out bytes.Buffer
	err := run(t.Context(), &out, options{page: filepath.Join(t.TempDir(), "no", "page.html"), files: []string{file}})
	if err == nil || !strings.Contains(out.String(), "user 0") {
		t.Errorf("got error %v and\n%s\nwant an error and the table", err, &out)
	}
}
