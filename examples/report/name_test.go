package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Any name is harmless on the terminal and in the page.
func TestReportOfNastyNames(t *testing.T) {
	var log strings.Builder
	for _, name := range []string{"a\r\nBcc: x@y", "<script>alert(1)</script>", strings.Repeat("ü", 5000), strings.Repeat("名", 5000), "\x1b[31m", "abc\u202egnp", `{"http.response.status_code":429,"http.request.resend_count":0}`} {
		b, _ := json.Marshal(name)
		fmt.Fprintf(&log, `{"user.name":%s,"aprimo.operation":%s,"http.request.resend_count":0,"http.response.status_code":429}`+"\n", b, b)
		// A line of another kind with such a name does not count.
		fmt.Fprintf(&log, `{"user.name":%s,"http.request.resend_count":0,"http.response.status_code":503}`+"\n", b)
	}
	log.WriteString("{\"user.name\":\"\xff\xfe\",\"http.request.resend_count\":0,\"http.response.status_code\":429}\n")
	r := reportOf(t, filter{}, log.String())
	if r.Total != 8 {
		t.Errorf("got %+v, want 8 in total", r)
	}
	for line := range strings.Lines(tableOf(t, r)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) || utf8.RuneCountInString(line) > 400 {
			t.Errorf("got the line %q, want it printable and short", line)
		}
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := writePage(file, r); err != nil {
		t.Fatal(err)
	}
	page, _ := os.ReadFile(file)
	if bytes.Contains(page, []byte("<script")) || !utf8.Valid(page) {
		t.Errorf("got a page with a script or invalid UTF-8:\n%s", page)
	}
}

func TestCleanNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", unknown},
		{"anna@example.com", "anna@example.com"},
		{"Ägypten", "Ägypten"},
		{strings.Repeat("x", 120), strings.Repeat("x", 120)},
		{strings.Repeat("x", 121), strings.Repeat("x", 119) + "…"},
		{strings.Repeat("ü", 120), strings.Repeat("ü", 120)},
		{strings.Repeat("名", 121), strings.Repeat("名", 79) + "…"},
		{"a\nb", "a\uFFFDb"},
	} {
		if got := clean(c.name); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if got := clean(clean(c.name)); got != c.want {
			t.Errorf("twice: got %q, want %q: -user must accept the names of the report", got, c.want)
		}
	}
}
