package aprimotest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxSegment is the most that Aprimo takes in one request: a larger file is sent
// in segments, or straight to blob storage.
const MaxSegment = 20 << 20

// An upload is a file on its way into the DAM.
type upload struct {
	token, name string
	state       UploadState
	pieces      map[int]*sentPiece    // by index; of a blob in the order of its list
	staged      map[string]*sentPiece // blocks of a blob, by their id
	kept        int                   // bytes, of all pieces together
}

type sentPiece struct {
	piece
	times int
}

func (u *upload) put(index int, p piece) { u.pieces[index] = u.again(u.pieces[index], p) }

// again returns a piece that was sent, counting how often it was before. What is
// kept of one upload is no more than maxBody, in however many pieces it comes.
func (u *upload) again(old *sentPiece, p piece) *sentPiece {
	if u.kept += len(p.data); u.kept > maxBody {
		p.data = nil
	}
	if old == nil {
		return &sentPiece{p, 1}
	}
	return &sentPiece{p, old.times + 1}
}

// content returns the bytes of the upload, if they were kept.
func (u *upload) content() content {
	c := content{name: u.name}
	data := []byte{}
	for _, i := range slices.Sorted(maps.Keys(u.pieces)) {
		p := u.pieces[i]
		c.size += p.size
		c.seed = c.seed*31 + binary.LittleEndian.Uint64(p.sum[:])
		data = append(data, p.data...)
	}
	if int64(len(data)) == c.size {
		c.data = data
	}
	return c
}

func (s *store) newUpload(name string) *upload {
	u := &upload{token: base64.StdEncoding.EncodeToString([]byte(s.newID())), name: name, pieces: make(map[int]*sentPiece)}
	s.uploads = append(s.uploads, u)
	return u
}

// sas is what an upload that was accepted is answered with.
func (s *store) sas(u *upload, r *http.Request) document {
	id, _ := base64.StdEncoding.DecodeString(u.token)
	s.blobs[string(id)] = &blob{upload: u, expires: time.Now().Add(s.signedFor)}
	return document{"token": u.token, "sasUrl": blobURL(r, string(id), cmp.Or(u.name, "file"), s.blobs[string(id)].expires)}
}

func (s *store) findUpload(token string) *upload {
	i := slices.IndexFunc(s.uploads, func(u *upload) bool { return u.token == token })
	if i < 0 {
		return nil
	}
	return s.uploads[i]
}

// spend returns the upload of a token, if it can be used for a record.
func (s *store) spend(token string) (*upload, error) {
	if u := s.findUpload(token); u != nil && u.state == UploadComplete {
		return u, nil
	}
	return nil, noUpload(token)
}

func noUpload(token string) error {
	return missing("No uploaded file was found, specified with the token '%s'.", token)
}

func checkName(name string) error {
	if strings.TrimSpace(name) == "" {
		return invalid("There is no file name.")
	}
	if i := strings.IndexAny(name, `<>:"/\|?*`); i >= 0 {
		return invalid("The file name '%s' has a '%c', which is not allowed: < > : \" / \\ | ? *", name, name[i])
	}
	return nil
}

// postUpload takes a small file in a form, or a name alone: then the file goes
// straight to blob storage.
func (s *store) postUpload(w http.ResponseWriter, r *http.Request) error {
	if !isForm(r) {
		var in struct{ FileName string }
		if err := readJSON(r, &in); err != nil {
			return err
		}
		if err := checkName(in.FileName); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, s.sas(s.newUpload(in.FileName), r))
		return nil
	}
	p, err := s.formFile(r, "file1")
	if err != nil {
		return err
	}
	if err := checkName(p.fileName); err != nil {
		return err
	}
	if p.size >= MaxSegment {
		return invalid("A file of %d bytes must be sent in segments.", p.size)
	}
	u := s.newUpload(p.fileName)
	u.put(0, p.piece)
	u.state = UploadComplete
	writeJSON(w, http.StatusOK, s.sas(u, r))
	return nil
}

// formFile returns the file of a form, whose part has the given name in the guide.
func (s *store) formFile(r *http.Request, name string) (*formPart, error) {
	p := partOf(r)
	if p == nil {
		return nil, invalid("The request must be a multipart/form-data with one part, '%s'.", name)
	}
	if s.strict.PartNames && p.name != name {
		return nil, invalid("The part of the form is '%s', not '%s'.", p.name, name)
	}
	return p, nil
}

func (s *store) openSegments(w http.ResponseWriter, r *http.Request, in struct{ FileName string }) error {
	if err := checkName(in.FileName); err != nil {
		return err
	}
	u := s.newUpload(in.FileName)
	writeJSON(w, http.StatusOK, document{"uri": baseURL(r) + segmentsPath + "/" + url.QueryEscape(u.token), "token": u.token})
	return nil
}

// session returns the upload in segments that a request is about.
func (s *store) session(r *http.Request) (*upload, error) {
	u := s.findUpload(r.PathValue("token"))
	if u == nil || u.state != UploadOpen {
		return nil, noUpload(r.PathValue("token"))
	}
	return u, nil
}

func (s *store) putSegment(w http.ResponseWriter, r *http.Request) error {
	u, err := s.session(r)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(inQuery(r, "index"))
	if err != nil || index < 0 {
		return invalid("'%s' is not an index of a segment.", inQuery(r, "index"))
	}
	p, err := s.formFile(r, fmt.Sprintf("segment%d", index))
	if err != nil {
		return err
	}
	if p.size > MaxSegment {
		return invalid("The segment has %d bytes, more than %d.", p.size, MaxSegment)
	}
	u.put(index, p.piece)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

type commitRequest struct {
	FileName     string
	SegmentCount json.RawMessage // the guide shows a string, clients send a number
}

func (s *store) commitSegments(w http.ResponseWriter, r *http.Request, in commitRequest) error {
	u, err := s.session(r)
	if err != nil {
		return err
	}
	if err := checkName(in.FileName); err != nil {
		return err
	}
	count, err := strconv.Atoi(string(bytes.Trim(in.SegmentCount, `"`)))
	if err != nil || count < 1 || count != len(u.pieces) {
		return invalid("There are %d segments, not '%s'.", len(u.pieces), in.SegmentCount)
	}
	for i := range count {
		if u.pieces[i] == nil {
			return invalid("Segment %d is missing.", i)
		}
	}
	u.name = in.FileName
	u.state = UploadComplete
	writeJSON(w, http.StatusOK, s.sas(u, r))
	return nil
}

// getUpload answers with an upload that is complete, as it was answered before.
func (s *store) getUpload(w http.ResponseWriter, r *http.Request) error {
	u, err := s.spend(r.PathValue("token"))
	if err == nil {
		writeJSON(w, http.StatusOK, s.sas(u, r))
	}
	return err
}

func (s *store) cancelUpload(w http.ResponseWriter, r *http.Request) error {
	u := s.findUpload(r.PathValue("token"))
	if u == nil || u.state > UploadComplete {
		return noUpload(r.PathValue("token"))
	}
	u.state = UploadCancelled
	w.WriteHeader(http.StatusNoContent)
	return nil
}
