package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A damaged file is reported; what is before the damage and the other files are counted.
func TestReportOfDamagedFiles(t *testing.T) {
	whole := zipped(t, logOf(300))
	badSum := bytes.Clone(whole)
	badSum[len(badSum)-6] ^= 0xff
	good := write(t, "good.log", []byte(logOf(10)))
	for name, c := range map[string]struct {
		content []byte
		least   int
		problem string
	}{
		"checksum": {badSum, 300, "checksum"},
		"garbage":  {append(bytes.Clone(whole), "garbage garbage"...), 300, "invalid header"},
		"padding":  {append(bytes.Clone(whole), make([]byte, 512)...), 300, "invalid header"},
		"header":   {whole[:5], 0, "unexpected EOF"},
		"cut":      {whole[:len(whole)/2], 1, "unexpected EOF"},
	} {
		var out bytes.Buffer
		file := write(t, name+".gz", c.content)
		err := run(t.Context(), &out, options{files: []string{file, good}})
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: got error %v, want %q of %s", name, err, c.problem, file)
		}
		if r := readFiles(t.Context(), filter{}, []string{file, good}); r.Total < c.least+10 || len(r.Problems) != 1 {
			t.Errorf("%s: got %+v, want at least %d and one problem", name, r, c.least+10)
		}
		if !strings.Contains(out.String(), "user 0") || !strings.Contains(out.String(), "Incomplete: "+file) {
			t.Errorf("%s: got no user 0 or no problem in\n%s", name, &out)
		}
	}
}

func TestReportOfWhatIsNoFile(t *testing.T) {
	good := write(t, "good.log", []byte(logOf(10)))
	r := readFiles(t.Context(), filter{}, []string{filepath.Dir(good), "-no-such.log", good})
	if r.Total != 10 || len(r.Problems) != 2 || !strings.Contains(r.Problems[0], "flags before") || !strings.Contains(r.Problems[1], "is a directory") {
		t.Errorf("got %+v, want 10 in total and the two problems", r)
	}
}

// A file that is given twice is counted once, under whatever name.
func TestReportCountsAFileOnce(t *testing.T) {
	file := write(t, "app.log", []byte(logOf(10)))
	link := filepath.Join(t.TempDir(), "link.log")
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	r := readFiles(t.Context(), filter{}, []string{file, file, link})
	if r.Total != 10 || len(r.Problems) != 0 {
		t.Errorf("got %+v, want 10 in total", r)
	}
}

// A file is read as far as it went at first.
func TestReportOfAFileThatGrows(t *testing.T) {
	file := write(t, "app.log", []byte(logOf(10)))
	s, _, err := open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(logOf(20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := readAll(t.Context(), filter{}, []source{s}); r.Total != 10 || len(r.Problems) != 0 {
		t.Errorf("got %+v, want 10 in total", r)
	}
}

// After Ctrl-C what has come through a pipe is counted, even if the pipe stays open.
func TestReportWhenStopped(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan report)
	go func() { done <- readAll(ctx, filter{}, []source{{name: "pipe", r: r}}) }()
	for range 5 {
		if _, err := io.WriteString(w, logOf(10)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, `{"half`); err != nil { // so all before it was read
		t.Fatal(err)
	}
	stop()
	select {
	case r := <-done:
		if r.Total != 50 || !r.Stopped || r.Broken != 0 {
			t.Errorf("got %+v, want 50 in total, stopped", r)
		}
		if out := tableOf(t, r); !strings.Contains(out, "Incomplete: ") {
			t.Errorf("got %s\nwant that the report is incomplete", out)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("got no report within 10 s")
	}
	if err := run(ctx, io.Discard, options{files: []string{write(t, "app.log", []byte(logOf(1)))}}); !errors.Is(err, errStopped) {
		t.Errorf("got error %v, want %v", err, errStopped)
	}
}

// A line without an end is one broken line, and takes no more memory than a short one, also
// if it comes out of a small gzipped file.
func TestReportOfALineWithoutEnd(t *testing.T) {
	const size = 256 << 20
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	for range size >> 20 {
		if _, err := z.Write(bytes.Repeat([]byte("{"), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := write(t, "bomb.gz", bomb.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := readFiles(t.Context(), filter{}, []string{file})
	runtime.ReadMemStats(&after)
	if r.Lines != 1 || r.Broken != 1 || len(r.Problems) != 0 {
		t.Errorf("got %+v, want one broken line", r)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
		t.Errorf("got %d bytes allocated, want 8 MiB at most", got)
	}
}
