package aprimotest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
)

// maxBody is how much of the body of a request is kept. A longer one is read to
// its end all the same.
const maxBody = 1 << 20

// readBody reads the body before the request waits, as a gateway does. A server
// would not notice otherwise that the client hangs up. It returns at most one byte more than
// maxBody. A form that is malformed has no part, which is no error; that the body ends early
// is one.
func readBody(r *http.Request) ([]byte, error) {
	var kept capped
	r.Body = io.NopCloser(io.TeeReader(r.Body, &kept))
	if isForm(r) {
		*r = *r.WithContext(context.WithValue(r.Context(), partKey{}, readPart(r)))
	}
	_, err := io.Copy(io.Discard, r.Body)
	return kept.Bytes(), err
}

type partKey struct{}

// partOf returns the part of the multipart form that a request has; nil if there is none, or
// not one alone.
func partOf(r *http.Request) *formPart {
	p, _ := r.Context().Value(partKey{}).(*formPart)
	return p
}

// withBody gives the request its body again, from the first byte: it is read by
// each of the functions of the Tenant that wants to.
func withBody(r *http.Request, kept []byte) *http.Request {
	r.Body = io.NopCloser(bytes.NewReader(kept))
	return r
}

// A piece is what is known of bytes that came in: all of a small file, but only
// the size and the hash of a large one. Two gigabytes are not kept.
type piece struct {
	size int64
	sum  [sha256.Size]byte
	data []byte // nil if larger than maxBody
}

// readPiece reads all there is.
func readPiece(r io.Reader) (piece, error) {
	var kept capped
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, &kept), r)
	p := piece{size: n}
	hash.Sum(p.sum[:0])
	if n <= maxBody {
		p.data = kept.Bytes()
	}
	return p, err
}

// capped keeps the beginning of what is written to it: at most one byte more
// than maxBody, by which can be seen that it was cut.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), maxBody+1-c.Len())])
	return len(p), nil
}

// A formPart is the file of a multipart form that an upload has, with the other fields
// of the form.
type formPart struct {
	piece
	name, fileName string
	fields         map[string]string
}

// maxParts is the most that a form can have.
const maxParts = 16

// readPart reads a multipart form with one file in it.
func readPart(r *http.Request) *formPart {
	form, err := r.MultipartReader()
	if err != nil {
		return nil
	}
	file, files := &formPart{fields: make(map[string]string)}, 0
	for range maxParts {
		p, err := form.NextPart()
		if err == io.EOF && files == 1 {
			return file
		}
		if err != nil {
			return nil
		}
		content, err := readPiece(p)
		if err != nil {
			return nil
		}
		if p.FileName() == "" {
			file.fields[p.FormName()] = string(content.data)
			continue
		}
		files++
		file.piece, file.name, file.fileName = content, p.FormName(), p.FileName()
	}
	return nil
}

func isForm(r *http.Request) bool {
	_, ok := cutFold(r.Header.Get("Content-Type"), "multipart/form-data")
	return ok
}
