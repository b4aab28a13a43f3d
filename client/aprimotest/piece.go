package aprimotest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
)

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

// readForm reads a body that is a multipart form with one file in it. A form that
// is malformed has no part, which is no error; that the body ends early is one.
func readForm(r *http.Request) (requestBody, error) {
	var kept capped
	body := r.Body
	r.Body = io.NopCloser(io.TeeReader(body, &kept))
	p := readPart(r)
	_, err := io.Copy(&kept, body)
	r.Body = body
	return requestBody{kept: kept.Bytes(), part: p}, err
}

// maxParts is the most that a form can have.
const maxParts = 16

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
