package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// blockSize is that of a block of whole lines; a longer line is not looked at.
const blockSize = 1 << 20

// A block is some whole lines of a source.
type block struct {
	source int
	name   string
	first  int // the number of its first line
	text   []byte
	long   bool // it is a part of a line that is too long
}

// A cutter cuts sources into blocks.
type cutter struct {
	blocks chan block
	free   chan []byte // for their texts

	mu       sync.Mutex
	problems []string // of sources that could not be read to their end
	done     bool     // with all of them
}

// all cuts the sources one after the other.
func (c *cutter) all(ctx context.Context, sources []source, bar *progressbar.ProgressBar) {
	defer close(c.blocks)
	for i, s := range sources {
		s.r = &counter{s.r, bar}
		err := c.cut(ctx, i, s)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.mu.Lock()
			c.problems = append(c.problems, s.problem(err))
			c.mu.Unlock()
		}
	}
	c.mu.Lock()
	c.done = true
	c.mu.Unlock()
}

// cut sends a source's lines on. It waits for no more than there is, so that what has
// come through a pipe is counted even if the pipe stays open.
func (c *cutter) cut(ctx context.Context, number int, s source) error {
	r, err := s.text()
	if err != nil {
		return err
	}
	var rest []byte
	for line := 1; ; {
		text, err := c.buffer(ctx)
		if err != nil {
			return err
		}
		text, err = fill(r, append(text, rest...))
		over := err != nil
		end := bytes.LastIndexByte(text, '\n') + 1
		long := end == 0 && len(text) == blockSize
		if over || long {
			end = len(text)
		}
		rest = append(rest[:0], text[end:]...)
		lines := bytes.Count(text[:end], []byte{'\n'})
		if err := c.send(ctx, block{number, s.name, line, text[:end], long}); err != nil {
			return err
		}
		if long && !over {
			lines++
			err = skipLine(ctx, r)
		}
		line += lines
		switch {
		case errors.Is(err, io.EOF):
			return s.end()
		case err != nil:
			return err
		}
	}
}

func (c *cutter) buffer(ctx context.Context) ([]byte, error) {
	select {
	case text := <-c.free:
		if text == nil {
			text = make([]byte, 0, blockSize)
		}
		return text[:0], nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *cutter) send(ctx context.Context, b block) error {
	select {
	case c.blocks <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fill reads until there is the end of a line, or no more room.
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
