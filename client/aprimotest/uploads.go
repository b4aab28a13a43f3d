package aprimotest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxSegment is the most that Aprimo takes in one request: a larger file is sent
// in segments, or straight to blob storage.
const MaxSegment = 20 << 20

// An upload is a file on its way into the DAM.
type upload struct {
	token, name string
	state       UploadState
	pieces      map[int]sentPiece    // by index; of a blob in the order of its list
	staged      map[string]sentPiece // blocks of a blob, by their id
	kept        int                  // bytes, of all pieces together
}

// A sentPiece was sent so many times; none, if it is missing.
type sentPiece struct {
	piece
	times int
}

func (u *upload) put(index int, p piece) { u.pieces[index] = u.again(u.pieces[index], p) }

// again returns a piece that was sent, counting how often it was before. What is
// kept of one upload is no more than maxBody, in however many pieces it comes.
func (u *upload) again(old sentPiece, p piece) sentPiece {
	if u.kept += len(p.data); u.kept > maxBody {
		p.data = nil
	}
	return sentPiece{p, old.times + 1}
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
	checkName(name)
	u := &upload{token: base64.StdEncoding.EncodeToString([]byte(s.newID())), name: name, pieces: make(map[int]sentPiece), staged: make(map[string]sentPiece)}
	s.uploads = append(s.uploads, u)
	return u
}

// sas is what an upload that was accepted is answered with.
func (s *store) sas(u *upload) document {
	id, _ := base64.StdEncoding.DecodeString(u.token)
	return document{"token": u.token, "sasUrl": s.sign(string(id), &blob{upload: u, name: u.name})}
}

func (s *store) findUpload(token string) *upload {
	return find(s.uploads, func(u *upload) bool { return u.token == token })
}

// uploadIn returns the upload of a token, which must be in one of the states.
func (s *store) uploadIn(token string, states ...UploadState) *upload {
	u := s.findUpload(token)
	noUpload(token, u == nil || !slices.Contains(states, u.state))
	return u
}

// noUpload refuses a token if no upload can be used with it.
func noUpload(token string, refused bool) {
	missing.when(refused, "No uploaded file was found, specified with the token '%s'.", token)
}

func checkName(name string) {
	invalid.when(strings.TrimSpace(name) == "", "There is no file name.")
	i := strings.IndexAny(name, `<>:"/\|?*`)
	invalid.when(i >= 0, "The file name '%s' has a '%c', which is not allowed: < > : \" / \\ | ? *", name, name[max(0, i)])
}

// postUpload takes a small file in a form, or a name alone: then the file goes
// straight to blob storage.
func (s *store) postUpload(_ http.ResponseWriter, r *http.Request) any {
	if !isForm(r) {
		return s.sas(s.newUpload(text(valueOf(readJSON(r), "fileName"))))
	}
	p := s.formFile(r, "file1")
	invalid.when(p.size >= MaxSegment, "A file of %d bytes must be sent in segments.", p.size)
	u := s.newUpload(p.fileName)
	u.put(0, p.piece)
	u.complete(p.fileName)
	return s.sas(u)
}

// formFile returns the file of a form, whose part has the given name in the guide.
func (s *store) formFile(r *http.Request, name string) *formPart {
	p := partOf(r)
	invalid.when(p == nil, "The request must be a multipart/form-data with one part, '%s'.", name)
	invalid.when(s.tenant.Strict.PartNames && p.name != name, "The part of the form is '%s', not '%s'.", p.name, name)
	return p
}

func (s *store) openSegments(_ http.ResponseWriter, r *http.Request, in struct{ FileName string }) any {
	u := s.newUpload(in.FileName)
	return document{"uri": baseURL(r) + "/uploads/segments/" + url.QueryEscape(u.token), "token": u.token}
}

func (s *store) putSegment(w http.ResponseWriter, r *http.Request) any {
	u := s.uploadIn(r.PathValue("token"), UploadOpen)
	index, err := strconv.Atoi(inQuery(r, "index"))
	invalid.when(err != nil || index < 0, "'%s' is not an index of a segment.", inQuery(r, "index"))
	p := s.formFile(r, fmt.Sprintf("segment%d", index))
	invalid.when(p.size > MaxSegment, "The segment has %d bytes, more than %d.", p.size, MaxSegment)
	u.put(index, p.piece)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

type commitRequest struct {
	FileName     string
	SegmentCount any // the guide shows a text, clients send a number
}

func (s *store) commitSegments(_ http.ResponseWriter, r *http.Request, in commitRequest) any {
	u, sent := s.uploadIn(r.PathValue("token"), UploadOpen), text(in.SegmentCount)
	count, err := strconv.Atoi(sent)
	invalid.when(err != nil || count < 1 || count != len(u.pieces), "There are %d segments, not '%s'.", len(u.pieces), sent)
	u.complete(in.FileName)
	return s.sas(u)
}

// complete ends an upload, which must have all pieces from the first on.
func (u *upload) complete(name string) {
	checkName(name)
	for i := range len(u.pieces) {
		invalid.when(u.pieces[i].times == 0, "The piece with index %d is missing.", i)
	}
	u.name, u.state = name, UploadComplete
}

// getUpload answers with an upload that is complete, as it was answered before.
func (s *store) getUpload(_ http.ResponseWriter, r *http.Request) any {
	return s.sas(s.uploadIn(r.PathValue("token"), UploadComplete))
}

func (s *store) cancelUpload(_ http.ResponseWriter, r *http.Request) any {
	s.uploadIn(r.PathValue("token"), UploadOpen, UploadComplete).state = UploadCancelled
	return nil
}

// An UploadState is the state of an upload.
type UploadState int

const (
	UploadOpen      UploadState = iota // begun, and not yet complete
	UploadComplete                     // its token can be used, once
	UploadUsed                         // its token was used for a record
	UploadCancelled                    // the client cancelled it
	UploadPurged                       // the tenant removed it, see [Tenant.PurgeUploads]
)

// String returns the state in a word.
func (s UploadState) String() string {
	return nameOf(s, "open", "complete", "used", "cancelled", "purged")
}

// An Upload describes an uploaded file. It has no bytes of a large one, but enough to
// compare it with a file, see [Upload.Same].
type Upload struct {
	Token    string
	FileName string
	State    UploadState
	Size     int64
	Segments []Segment // in the order of the file; one, if it came in one request
}

// A Segment is one part of an upload: of a form, or a block of a blob.
type Segment struct {
	Index  int
	Size   int64
	SHA256 [sha256.Size]byte
	Sent   int // how often it arrived whole; the last is the one that counts
}

// Uploads returns all uploads, in the order in which they started.
func (t *Tenant) Uploads() []Upload {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	var all []Upload
	for _, u := range t.store.uploads {
		report := Upload{Token: u.token, FileName: u.name, State: u.state}
		for _, i := range slices.Sorted(maps.Keys(u.pieces)) {
			p := u.pieces[i]
			report.Size += p.size
			report.Segments = append(report.Segments, Segment{i, p.size, p.sum, p.times})
		}
		all = append(all, report)
	}
	return all
}

// PurgeUploads removes all uploads that no record has used, as Aprimo does after
// a few days. Their tokens are answered 404 afterwards.
func (t *Tenant) PurgeUploads() {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	for _, u := range t.store.uploads {
		if u.state == UploadOpen || u.state == UploadComplete {
			u.state = UploadPurged
		}
	}
}

// Same reports whether the upload has exactly the bytes of r, which it reads
// once, in constant memory. The error is that of r.
func (u Upload) Same(r io.Reader) (same bool, err error) {
	same = true
	for i := 0; i < len(u.Segments) && same; i++ {
		hash := sha256.New()
		_, err = io.CopyN(hash, r, u.Segments[i].Size)
		same = err == nil && [sha256.Size]byte(hash.Sum(nil)) == u.Segments[i].SHA256
	}
	if same {
		_, err = io.CopyN(io.Discard, r, 1)
		same = errors.Is(err, io.EOF)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return same, err
}
