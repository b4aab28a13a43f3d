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
func (s *store) chunked(identifier, name string) (*upload, error) {
	if identifier == "" || strings.ContainsAny(identifier, "{}") {
		return nil, invalid("'%s' is not an identifier of an upload: a GUID without braces.", identifier)
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	token := "chunks/" + strings.ToLower(identifier)
	if u := s.findUpload(token); u != nil {
		return u, nil
	}
	u := s.newUpload(name)
	u.token = token
	return u, nil
}

// chunk returns the upload and the number of the chunk that a request is about.
func (s *store) chunk(get func(string) string) (*upload, int, error) {
	n, err := strconv.Atoi(get("resumableChunkNumber"))
	if err != nil || n < 1 {
		return nil, 0, invalid("'%s' is not a number of a chunk, which begin at 1.", get("resumableChunkNumber"))
	}
	u, err := s.chunked(get("resumableIdentifier"), get("resumableFilename"))
	return u, n, err
}

// checkChunk answers 200 if a chunk is there, and 204 if not.
func (s *store) checkChunk(w http.ResponseWriter, r *http.Request) error {
	u, n, err := s.chunk(r.URL.Query().Get)
	if err != nil {
		return err
	}
	if u.pieces[n-1] == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	writeJSON(w, http.StatusOK, document{})
	return nil
}

func (s *store) putChunk(w http.ResponseWriter, r *http.Request) error {
	p := partOf(r)
	if p == nil {
		return invalid("The request must be a multipart/form-data with a file.")
	}
	if p.size > MaxChunk || r.ContentLength > MaxChunk {
		return &failure{http.StatusRequestEntityTooLarge, badRequest, "Maximum request length exceeded."}
	}
	u, n, err := s.chunk(func(name string) string { return p.fields[name] })
	if err != nil {
		return err
	}
	u.put(n-1, p.piece)
	writeJSON(w, http.StatusOK, document{})
	return nil
}

// completeChunks puts the chunks of a file together. One without any is empty.
func (s *store) completeChunks(w http.ResponseWriter, _ *http.Request, in struct{ FileID, FileName string }) error {
	u, err := s.chunked(in.FileID, in.FileName)
	if err != nil {
		return err
	}
	for i := range len(u.pieces) {
		if u.pieces[i] == nil {
			return invalid("Chunk %d is missing.", i+1)
		}
	}
	u.name, u.state = in.FileName, UploadComplete
	writeJSON(w, http.StatusOK, document{})
	return nil
}
