package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

const (
	maxWorkers = 4       // each takes memory for its own counts
	blockSize  = 1 << 20 // bytes; a longer line is not read
	bufferSize = 64 << 10
)

// A source is a log.
type source struct {
	name string
	r    io.Reader
}

// A block is some whole lines of a source.
type block struct {
	text []byte
	long bool // it is a part of a line that is too long
}

// A cutter cuts sources into blocks.
type cutter struct {
	blocks chan block
	texts  sync.Pool // of *[]byte, for their texts
	bar    *progressbar.ProgressBar

	mu       sync.Mutex
	problems []string // of sources that could not be read to their end
	done     bool     // all sources are read
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
		switch {
		case err != nil:
			problems = append(problems, err.Error())
		case slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(other, info) }):
			// is given twice
		default:
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

// readAll reads the sources and counts in some workers. When the context ends, it
// returns what was read until then, even if a source blocks.
func readAll(ctx context.Context, want filter, sources []source) report {
	n := min(runtime.GOMAXPROCS(0), maxWorkers)
	c := &cutter{blocks: make(chan block, 1)}
	c.bar = progress.New(-1, "reading", progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true), progressbar.OptionClearOnFinish())
	c.texts.New = func() any { text := make([]byte, 0, blockSize); return &text }
	go c.all(ctx, sources)
	tallies := make([]*tally, n)
	var workers sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally(want)
		workers.Go(func() { c.work(ctx, tallies[i]) })
	}
	workers.Wait()
	_ = c.bar.Finish()
	for _, t := range tallies[1:] {
		tallies[0].add(t)
	}
	r := tallies[0].report()
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Problems, r.Stopped = slices.Clone(c.problems), !c.done
	return r
}

// work counts blocks, until there are no more or the context ends.
func (c *cutter) work(ctx context.Context, t *tally) {
	for {
		select {
		case b, ok := <-c.blocks:
			if !ok {
				return
			}
			t.block(b)
			c.texts.Put(&b.text)
		case <-ctx.Done():
			select {
			case b := <-c.blocks: // was read before
				t.block(b)
			default:
			}
			return
		}
	}
}

// all cuts the sources one after the other.
func (c *cutter) all(ctx context.Context, sources []source) {
	defer close(c.blocks)
	for _, s := range sources {
		err := c.cut(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.mu.Lock()
			c.problems = append(c.problems, fmt.Sprintf("%s: %v; the lines before are counted", s.name, err))
			c.mu.Unlock()
		}
	}
	c.mu.Lock()
	c.done = true
	c.mu.Unlock()
}

// cut sends the lines of a source as they arrive, so that those that have come through
// a pipe are counted even if the pipe stays open.
func (c *cutter) cut(ctx context.Context, s source) error {
	r, err := s.text(c.bar)
	if err != nil {
		return err
	}
	var rest []byte
	for {
		text, err := fill(r, append((*c.texts.Get().(*[]byte))[:0], rest...))
		over := err != nil
		end := bytes.LastIndexByte(text, '\n') + 1
		long := end == 0 && len(text) == blockSize
		if over || long {
			end = len(text)
		}
		rest = append(rest[:0], text[end:]...)
		select {
		case c.blocks <- block{text[:end], long}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if long && !over {
			err = skipLine(ctx, r)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until there is the end of a line, or the block is full.
func fill(r io.Reader, text []byte) ([]byte, error) {
	for len(text) < blockSize {
		n, err := r.Read(text[len(text):blockSize])
		text = text[:len(text)+n]
		if err != nil || bytes.IndexByte(text[len(text)-n:], '\n') >= 0 {
			return text, err
		}
	}
	return text, nil
}

// skipLine reads to the end of a line.
func skipLine(ctx context.Context, r *bufio.Reader) error {
	for ctx.Err() == nil {
		if _, err := r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	return ctx.Err()
}

// text returns a reader of the log, which moves the bar.
func (s source) text(bar *progressbar.ProgressBar) (*bufio.Reader, error) {
	r := bufio.NewReaderSize(io.TeeReader(s.r, bar), bufferSize)
	if magic, _ := r.Peek(2); string(magic) != "\x1f\x8b" {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(z, bufferSize), nil
}
