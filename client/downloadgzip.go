package client

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// gzipped reports whether a response is a file that the storage has compressed, and not one that
// is an archive itself, which some storages call so too.
func (d *download) gzipped(h http.Header) bool {
	archive := slices.Contains([]string{".gz", ".tgz", ".svgz"}, strings.ToLower(filepath.Ext(d.path))) ||
		strings.HasSuffix(h.Get("Content-Type"), "gzip")
	return coding(h) == "gzip" && !archive
}

func coding(h http.Header) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))), "x-")
}

// packed reports whether a response is a file that the storage has compressed in a way that only
// other programs know. The extensions are of archives of that kind.
func (d *download) packed(h http.Header) bool {
	ext, known := map[string]string{"br": ".br", "compress": ".z", "deflate": ".zz", "zstd": ".zst"}[coding(h)]
	return known && ext != strings.ToLower(filepath.Ext(d.path))
}

var errGzip = errors.New("aprimo: download: the storage has compressed the file, but not correctly: download it again")

// A ctxReader ends with its context: to decompress a large file takes minutes.
type ctxReader struct {
	ctx context.Context
	io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// decompress replaces a part that the storage has compressed with the file. A part that is not
// compressed, whatever the storage said, stays.
func (d *download) decompress(ctx context.Context) error {
	part, err := openRegular(d.part(), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer part.Close()
	file, err := gzip.NewReader(part)
	switch {
	case errors.As(err, new(*fs.PathError)): // of the disk
		return err
	case err != nil:
		return nil
	}
	name := d.path + newEnd
	os.Remove(name) // of a crash
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, ctxReader{ctx, file})
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		os.Remove(name)
		if ctx.Err() != nil {
			return endOf(ctx)
		}
		if errors.As(err, new(*fs.PathError)) { // for example a full disk
			return err
		}
		return errGzip
	}
	part.Close() // Windows replaces no open file
	return os.Rename(name, d.part())
}
