package main

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// A source is a log.
type source struct {
	name string
	r    io.Reader
	size int64 // -1 if it is not known
	file *io.LimitedReader
}

// open opens files. A file is read as far as it goes now: else one that grows as fast
// as it is read would have no end. What cannot be opened is a problem, and the others
// are read all the same.
func open(names []string) (sources []source, problems, hints []string) {
	var seen []os.FileInfo
	for _, name := range names {
		s, info, err := openOne(name)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		if again(seen, info) {
			hints = append(hints, s.name+" is given twice, and read once")
			continue
		}
		seen = append(seen, info)
		sources = append(sources, s)
	}
	return sources, problems, hints
}

func again(seen []os.FileInfo, info os.FileInfo) bool {
	for _, other := range seen {
		if os.SameFile(other, info) {
			return true
		}
	}
	return false
}

func openOne(name string) (source, os.FileInfo, error) {
	s, f := source{name: name, size: -1}, os.Stdin
	if name == "-" {
		s.name = "standard input"
	} else {
		var err error
		if f, err = os.Open(name); err != nil {
			if strings.HasPrefix(name, "-") {
				err = fmt.Errorf("%w: write flags before the files", err)
			}
			return s, nil, err
		}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return s, nil, err
	case info.IsDir():
		return s, nil, fmt.Errorf("%s is a directory: give the files in it, such as %s/*.log*", name, strings.TrimSuffix(name, "/"))
	case info.Mode().IsRegular():
		s.size = info.Size()
		s.file = &io.LimitedReader{R: f, N: s.size}
		s.r = s.file
	default:
		s.r = f
	}
	return s, info, nil
}

// text returns what a source says, unzipped if it is zipped.
func (s source) text() (*bufio.Reader, error) {
	r := bufio.NewReaderSize(s.r, 64<<10)
	magic, _ := r.Peek(6)
	begins := func(with string) bool { return bytes.HasPrefix(magic, []byte(with)) }
	switch {
	case begins("\x1f\x8b"):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z, 64<<10), nil
	case begins("BZh"):
		return bufio.NewReaderSize(bzip2.NewReader(r), 64<<10), nil
	case begins("\x28\xb5\x2f\xfd"):
		return nil, packed("zstd")
	case begins("\xfd7zXZ\x00"):
		return nil, packed("xz")
	}
	return r, nil
}

// packed is the error of a file in a format that is not read here, and the program that
// does.
type packed string

func (p packed) Error() string { return "is compressed with " + string(p) }

// problem tells why a source could not be read to its end; everything before is
// counted.
func (s source) problem(err error) string {
	var format packed
	switch {
	case errors.As(err, &format):
		return fmt.Sprintf("%s: %v, and is left out: give what %[3]s -dc prints of it as -, the standard input", s.name, err, string(format))
	case errors.Is(err, gzip.ErrHeader):
		return s.name + ": it, or what follows its gzipped part, is not gzip, and is left out"
	case errors.Is(err, gzip.ErrChecksum):
		return s.name + ": its gzip checksum is wrong: it was damaged; what there is of it is counted"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return s.name + ": ends too early; what there is of it is counted"
	}
	return fmt.Sprintf("%s: %v; what was read before is counted", s.name, err)
}

// end tells whether all of a source is there.
func (s source) end() error {
	if s.file != nil && s.file.N > 0 {
		return errors.New("became shorter while it was read: it was rotated")
	}
	return nil
}
