package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

const (
	maxLine    = 1 << 20 // bytes; a longer line is not read
	bufferSize = 64 << 10
)

// A source is a log.
type source struct {
	name string
	r    io.Reader
}

// readFiles reads files, gzipped ones too, as far as they go now: a file that grows as
// fast as it is read would have no end. Those that cannot be opened are problems of
// the report.
func readFiles(ctx context.Context, want filter, names []string) report {
	var sources []source
	var problems []string
	var seen []os.FileInfo
	for _, name := range names {
		s, info, err := open(name)
		if err != nil {
			problems = append(problems, err.Error())
		} else if !slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(other, info) }) {
			seen, sources = append(seen, info), append(sources, s)
		}
	}
	r := readAll(ctx, want, sources)
	r.Problems = append(problems, r.Problems...)
	return r
}

func open(name string) (s source, info os.FileInfo, err error) {
	f := os.Stdin
	if name == "-" {
		name = "standard input"
	} else if f, err = os.Open(name); err != nil {
		if strings.HasPrefix(name, "-") {
			err = fmt.Errorf("%w: write flags before the files", err)
		}
		return s, nil, err
	}
	if info, err = f.Stat(); err != nil {
		return s, nil, err
	}
	s = source{name, f}
	if info.Mode().IsRegular() {
		s.r = io.LimitReader(f, info.Size())
	}
	return s, info, nil
}

// readAll reads the sources. When the context ends, it returns what was read until then,
// even if a source blocks.
func readAll(ctx context.Context, want filter, sources []source) report {
	t := newTally(want)
	finished := make(chan bool, 1)
	go func() { finished <- t.read(ctx, sources) }()
	all := false
	select {
	case all = <-finished:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.report()
	r.Stopped = !all
	return r
}

// size returns how many bytes the sources have, or -1 if that of one is not known.
func size(sources []source) (total int64) {
	for _, s := range sources {
		file, ok := s.r.(*io.LimitedReader)
		if !ok {
			return -1
		}
		total += file.N
	}
	return total
}

// read reads the sources one after the other, and reports whether it has read all.
func (t *tally) read(ctx context.Context, sources []source) bool {
	bar := progress.New(size(sources), "reading", progressbar.OptionShowBytes(true), progressbar.OptionShowCount(), progressbar.OptionUseIECUnits(true), progressbar.OptionClearOnFinish())
	defer bar.Finish()
	for _, s := range sources {
		err := t.lines(ctx, s, bar)
		if ctx.Err() != nil {
			return false
		}
		if !errors.Is(err, io.EOF) {
			t.mu.Lock()
			t.problems = append(t.problems, fmt.Sprintf("%s: %v; the lines before are counted", s.name, err))
			t.mu.Unlock()
		}
	}
	return true
}

// lines counts the lines of a source as they arrive, until an error, such as io.EOF, or
// until the context ends: then the report is made.
func (t *tally) lines(ctx context.Context, s source, bar io.Writer) error {
	text, err := s.text(bar)
	for err == nil && ctx.Err() == nil {
		var line []byte
		if line, err = text.ReadSlice('\n'); errors.Is(err, bufio.ErrBufferFull) {
			line = []byte("{") // counts as a broken one
			for errors.Is(err, bufio.ErrBufferFull) && ctx.Err() == nil {
				_, err = text.ReadSlice('\n')
			}
		}
		t.mu.Lock()
		if len(line) > 0 && ctx.Err() == nil {
			t.line(line)
		}
		t.mu.Unlock()
	}
	return err
}

// text returns a reader of the log, which moves the bar.
func (s source) text(bar io.Writer) (*bufio.Reader, error) {
	r := bufio.NewReaderSize(io.TeeReader(s.r, bar), bufferSize)
	if magic, _ := r.Peek(2); string(magic) != "\x1f\x8b" {
		return bufio.NewReaderSize(r, maxLine), nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(z, maxLine), nil
}
