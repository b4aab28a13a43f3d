package aprimotest

import (
	"net/http"
	"strconv"
	"strings"
)

// MaxChunk is the most that marketing operations takes in one request, the other
// parts of the form included.
const MaxChunk = 25 << 20

// chunked returns the upload of an identifier, which its first chunk makes.
func (s *store) chunked(identifier, name string) *upload {
	if identifier == "" || strings.ContainsAny(identifier, "{}") {
		panic(invalid("'%s' is not an identifier of an upload: a GUID without braces.", identifier))
	}
	checkName(name)
	token := "chunks/" + strings.ToLower(identifier)
	u := s.findUpload(token)
	if u == nil {
		u = s.newUpload(name)
		u.token = token
	}
	return u
}

// chunk returns the upload and the number, from 0, of the chunk that a request is about.
func (s *store) chunk(get func(string) string) (*upload, int) {
	n, err := strconv.Atoi(get("resumableChunkNumber"))
	if err != nil || n < 1 {
		panic(invalid("'%s' is not a number of a chunk, which begin at 1.", get("resumableChunkNumber")))
	}
	return s.chunked(get("resumableIdentifier"), get("resumableFilename")), n - 1
}

// checkChunk answers 200 if a chunk is there, and 204 if not.
func (s *store) checkChunk(_ http.ResponseWriter, r *http.Request) any {
	if u, n := s.chunk(r.URL.Query().Get); u.pieces[n] == nil {
		return nil
	}
	return document{}
}

func (s *store) putChunk(_ http.ResponseWriter, r *http.Request) any {
	p := partOf(r)
	if p == nil {
		panic(invalid("The request must be a multipart/form-data with a file."))
	}
	if p.size > MaxChunk || r.ContentLength > MaxChunk {
		panic(&failure{http.StatusRequestEntityTooLarge, badRequest, "Maximum request length exceeded."})
	}
	u, n := s.chunk(func(name string) string { return p.fields[name] })
	u.put(n, p.piece)
	return document{}
}

// completeChunks puts the chunks of a file together. One without any is empty.
func (s *store) completeChunks(_ http.ResponseWriter, _ *http.Request, in struct{ FileID, FileName string }) any {
	u := s.chunked(in.FileID, in.FileName)
	if i := u.gap(); i >= 0 {
		panic(invalid("Chunk %d is missing.", i+1))
	}
	u.name, u.state = in.FileName, UploadComplete
	return document{}
}
