package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
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

const sum = `{"level":"warn","event":"aprimo.429.summary","aprimo.429.total":60,"aprimo.429.suppressed":50,"aprimo.429.rest":[{"user":"user 0","operation":"GET /api/core/record/{id}","count":40,"error":0}],"aprimo.429.rest_other":10,"time":1795514400}` + "\n"

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

// All files together, plain and zipped, summaries included; broken lines are counted
// and named.
func TestReportCountsEach429(t *testing.T) {
	broken := `{"http.response.status_code":429,` + "\n" + `{"half` + "\n"
	long := `{"message":"` + strings.Repeat("x", 3<<20) + `"}` + "\n"
	files := []string{
		write(t, "app.log", []byte(logOf(1000)+broken+sum+long)),
		write(t, "app.log.1.gz", zipped(t, logOf(500))),
		write(t, "empty.log", nil),
		write(t, "no newline.log", []byte(strings.TrimSuffix(logOf(1), "\n\n"))),
	}
	r, err := readFiles(t.Context(), filter{}, files)
	if err != nil {
		t.Fatal(err)
	}
	if r.Total != 1000+500+1+50 || r.GivenUp != 100+50+1 || r.Unnamed != 10 || r.Broken < 3 || r.Users[0].Name != "user 0" || r.Users[0].Count != 334+167+1+40 {
		t.Errorf("%+v", r)
	}
	if o := r.Operations[0]; o.Name != "GET /api/core/record/{id}" || o.Count != 1541 || o.Error != 0 {
		t.Errorf("%+v", o)
	}
	if want := files[0] + ":4001"; len(r.BrokenAt) != 3 || r.BrokenAt[0] != want {
		t.Errorf("broken at %v, want %s first", r.BrokenAt, want)
	}
	when := 0
	for _, m := range r.When {
		when += m.Count
	}
	if when != r.Total {
		t.Errorf("%d by time, want %d", when, r.Total)
	}
}

func TestReportOnlyOfWhatIsAskedFor(t *testing.T) {
	file := write(t, "app.log", []byte(logOf(600)))
	var f filter
	if err := f.between("2026-11-24T10:01:00Z", "2026-11-24T10:02:00Z"); err != nil {
		t.Fatal(err)
	}
	f.user = "user 1"
	r, err := readFiles(t.Context(), f, []string{file})
	if err != nil || r.Total != 20 || len(r.Users) != 1 || len(r.When) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := f.between("yesterday", ""); err == nil || !strings.Contains(err.Error(), "-since") {
		t.Error(err)
	}
	if _, err := readFiles(t.Context(), f, []string{"no such file"}); err == nil {
		t.Error("no error")
	}
}

// What somebody calls himself is harmless on the terminal and in the page.
func TestReportOfNastyNames(t *testing.T) {
	var log strings.Builder
	for _, name := range []string{"a\r\nBcc: x@y", "<script>alert(1)</script>", strings.Repeat("ü", 5000), "\x1b[31m", "abc\u202egnp"} {
		b, _ := json.Marshal(name)
		fmt.Fprintf(&log, `{"user.name":%s,"aprimo.operation":%s,"http.request.resend_count":0,"http.response.status_code":429}`+"\n", b, b)
	}
	log.WriteString("{\"user.name\":\"\xff\xfe\",\"http.request.resend_count\":0,\"http.response.status_code\":429}\n")
	r, err := readFiles(t.Context(), filter{}, []string{write(t, "app.log", []byte(log.String()))})
	if err != nil || r.Total != 6 {
		t.Fatalf("%+v, %v", r, err)
	}
	var out strings.Builder
	if err := r.table(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) || utf8.RuneCountInString(line) > 400 {
			t.Errorf("%q", line)
		}
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := writePage(file, r); err != nil {
		t.Fatal(err)
	}
	page, _ := os.ReadFile(file)
	if bytes.Contains(page, []byte("<script")) || !utf8.Valid(page) {
		t.Errorf("%s", page)
	}
}

// The log of the real transport is understood, and JSON comes out.
func TestReportOfTheSample(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, filter{}, true, "", nil); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Total == 0 || r.Broken != 0 || len(r.Users) == 0 || len(r.Advice) == 0 {
		t.Errorf("%s", &out)
	}
}

func FuzzParse(f *testing.F) {
	for line := range strings.Lines(logOf(1) + sum + `{"http.response.status_code":"429"}` + "\n" + `{"time":1e300,"http.response.status_code":429,"http.request.resend_count":1}`) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tally := newTally(filter{})
		tally.line(text, place{})
		r := tally.report()
		if r.Total < 0 || r.Lines != 1 {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(r); err != nil && r.Total < 1<<40 {
			t.Error(err)
		}
	})
}
