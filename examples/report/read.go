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
	"sync"
	"sync/atomic"
)

const (
	blockSize = 1 << 20 // of whole lines, for one worker; a longer line is broken
)

// A source is a log.
type source struct {
	name string
	r    io.Reader
	size int64 // 0 if it is not known
}

// A block is some whole lines of a source.
type block struct {
	source int
	name   string
	first  int // the number of its first line
	text   []byte
}

// readFiles reads files, gzipped ones too.
func readFiles(ctx context.Context, want filter, names []string) (report, error) {
	var sources []source
	for _, name := range names {
		if name == "-" {
			sources = append(sources, source{name: "standard input", r: os.Stdin})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return report{}, err
		}
		defer f.Close()
		s := source{name: name, r: f}
		if info, err := f.Stat(); err == nil {
			s.size = info.Size()
		}
		sources = append(sources, s)
	}
	return readAll(ctx, want, sources)
}

// readAll cuts the sources into blocks, and lets a worker for each CPU count what is
// in them.
func readAll(ctx context.Context, want filter, sources []source) (report, error) {
	var read atomic.Int64
	total := int64(0)
	for _, s := range sources {
		total += s.size
	}
	done := progress(&read, total)
	defer done()

	n := max(1, runtime.GOMAXPROCS(0))
	blocks, free := make(chan block, n), make(chan []byte, 2*n+1)
	for range cap(free) {
		free <- nil
	}
	tallies := make([]*tally, n)
	var workers sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally(want)
		workers.Go(func() {
			for b := range blocks {
				tallies[i].block(b)
				free <- b.text[:0]
			}
		})
	}
	var err error
	for i, s := range sources {
		s.r = &counter{s.r, &read}
		if err = s.cut(ctx, i, blocks, free); err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
			break
		}
	}
	close(blocks)
	workers.Wait()
	if err != nil {
		return report{}, err
	}
	for _, t := range tallies[1:] {
		tallies[0].add(t)
	}
	return tallies[0].report(), nil
}

// cut sends a source's lines on, in blocks of whole ones.
func (s source) cut(ctx context.Context, number int, blocks chan<- block, free <-chan []byte) error {
	r := bufio.NewReaderSize(s.r, 64<<10)
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		r = bufio.NewReaderSize(z, 64<<10)
	}
	var rest []byte
	for line := 1; ; {
		var text []byte
		select {
		case text = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		if cap(text) < blockSize {
			text = make([]byte, 0, blockSize)
		}
		text = append(text, rest...)
		n, err := io.ReadFull(r, text[len(text):blockSize])
		text = text[:len(text)+n]
		end := bytes.LastIndexByte(text, '\n') + 1
		over := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if over || end == 0 { // the last line, or one that is too long: what there is of it
			end = len(text)
		}
		rest = append(rest[:0], text[end:]...)
		text = text[:end]
		lines := bytes.Count(text, []byte{'\n'})
		blocks <- block{number, s.name, line, text}
		line += lines
		switch {
		case over:
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				fmt.Fprintf(os.Stderr, "report: %s ends too early; what there is of it is counted\n", s.name)
			}
			return nil
		case err != nil:
			return err
		}
	}
}

// A counter counts what is read, for the progress bar.
type counter struct {
	io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
