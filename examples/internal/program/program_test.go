package program

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExit(t *testing.T) {
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		code int
		out  string
	}{
		{t.Context(), nil, 0, ""},
		{interrupted, nil, 0, ""},
		{t.Context(), errors.Join(errors.New("a\x1b[31m"), errors.New("b")), 1, "upload: a\uFFFD[31m\nupload: b\n"},
		{t.Context(), errors.Join(errors.New("a"), Misuse("-n %d: choose 1", 0)), 2, "upload: a\nupload: -n 0: choose 1\n"},
		{interrupted, errors.New("stopped; run it again"), 130, "upload: stopped; run it again\n"},
	} {
		var out bytes.Buffer
		if code := exit(c.ctx, "upload", c.err, Printable(&out)); code != c.code || out.String() != c.out {
			t.Errorf("got code %d and %q, want %d and %q", code, &out, c.code, c.out)
		}
	}
}

// What controls a terminal reaches none: escape sequences in 7 and 8 bits, a new line in a
// name, characters that reverse the direction.
func TestTerminalIsNotControlled(t *testing.T) {
	const nasty = "ä\x1b[2J\u009b2J\x9b\r\b\u202egnp\u2066名\x07"
	var out bytes.Buffer
	if n, err := fmt.Fprintf(Printable(&out), "%s\n", nasty); n != len(nasty)+1 || err != nil {
		t.Errorf("got %d, %v; want %d bytes written", n, err, len(nasty)+1)
	}
	const want = "ä\uFFFD[2J\uFFFD2J\uFFFD\uFFFD\uFFFD\uFFFDgnp\uFFFD名\uFFFD"
	if out.String() != want+"\n" || Clean("a\n"+nasty) != "a\uFFFD"+want {
		t.Errorf("got %q and %q, want %q", &out, Clean("a\n"+nasty), want)
	}
}

// Help is what was asked for and goes to the output; a mistake is one line.
func TestParseArgs(t *testing.T) {
	const source = "// Upload uploads.\n//\n//\tgo run ./examples/upload\npackage main\n// no usage\n"
	const help = "Upload uploads.\n\n\tgo run ./examples/upload\n\nFlags:\n  -dir directory\n    \tdirectory with the files\n"
	var files []string
	for _, c := range []struct {
		args  []string
		files *[]string
		out   string
		err   string
		code  int
	}{
		{[]string{"-h"}, nil, help, flag.ErrHelp.Error(), 1},
		{[]string{"-dir", "a"}, nil, "", "", 0},
		{[]string{"-bogus"}, nil, "", "flag provided but not defined: -bogus; see -h", 2},
		{[]string{"-dir"}, nil, "", "flag needs an argument: -dir; see -h", 2},
		{[]string{"a"}, nil, "", `unexpected argument "a"; see -h`, 2},
		{[]string{"-dir", "b", "a", "-x"}, &files, "", "", 0},
	} {
		var out bytes.Buffer
		flags := flag.NewFlagSet("upload", flag.ExitOnError) // as flag.CommandLine
		flags.String("dir", "", "`directory` with the files")
		err := ParseArgs(flags, c.args, source, c.files, &out)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if code := exit(t.Context(), "upload", err, io.Discard); said != c.err || code != c.code || out.String() != c.out {
			t.Errorf("%q: got error %q, code %d and %q; want %q, %d and %q", c.args, said, code, &out, c.err, c.code, c.out)
		}
	}
	if want := []string{"a", "-x"}; !slices.Equal(files, want) {
		t.Errorf("got files %q, want %q", files, want)
	}
}

// A file is replaced as a whole, also after a crash in between; no link is followed.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "state"), filepath.Join(dir, "victim")
	if err := errors.Join(os.WriteFile(path, []byte("a long old text"), 0o644), os.WriteFile(victim, []byte("untouched"), 0o600), os.Symlink(victim, path+".new")); err != nil {
		t.Skip(err)
	}
	if err := Save(path, "new"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(data) != `"new"` || info.Mode().Perm() != 0o600 {
		t.Errorf("got %q, %v, %v; want the new value for its owner alone", data, err, info)
	}
	if data, _ := os.ReadFile(victim); string(data) != "untouched" {
		t.Errorf("got %q behind the link, want it untouched", data)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for range 2 {
		unlock, err := Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Lock(path); err == nil || !strings.Contains(err.Error(), "another run") {
			t.Errorf("got error %v, want that it is locked", err)
		}
		unlock()
	}
}
