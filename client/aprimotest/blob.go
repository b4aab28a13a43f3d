package aprimotest

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	blobPath = "/blob/"
	cdnPath  = "/cdn/"
)

// A blob is what a signed link leads to: an upload to write, or a file to read.
type blob struct {
	upload  *upload
	content *content
	name    string
	expires time.Time
}

// publish makes a content readable by a signed link.
func (s *store) publish(id, name string, c content, expires time.Time) string {
	s.blobs[id] = &blob{content: &c, name: name, expires: expires}
	return blobURL(s.request, id, name, expires)
}

// blobURL returns the signed address of a blob: at a host of its own, or at the
// same if the tenant has but one, behind a socket.
func blobURL(r *http.Request, id, name string, expires time.Time) string {
	base := baseURL(r)
	if strings.HasSuffix(r.Host, ".aprimo.com") {
		base = "https://" + tenantName(r.Host) + ".blob.core.windows.net"
	}
	query := url.Values{"sv": {"2023-11-03"}, "sr": {"b"}, "se": {expires.UTC().Format(time.RFC3339)}, "sig": {signature(id)}}
	return base + blobPath + id + "/" + url.PathEscape(name) + "?" + query.Encode()
}

// throughCDN returns the link that is answered with a redirect to the given one.
func throughCDN(link string) string { return strings.Replace(link, blobPath, cdnPath, 1) }

func signature(id string) string {
	sum := fnv.New64a()
	io.WriteString(sum, "signed:"+id)
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// handleBlob answers for the blob storage, which is not Aprimo: it has no limit
// and no tokens.
func (t *Tenant) handleBlob(r *http.Request) (*answer, error) {
	content, err := readPiece(r.Body)
	if err != nil {
		return nil, err
	}
	body := requestBody{kept: content.data}
	var fault Fault
	if t.Fault != nil {
		fault = t.Fault(body.attach(r))
	}
	return fault.apply(func(a *answer) {
		if !strings.HasPrefix(r.URL.Path, cdnPath) {
			t.store.serveBlob(a, body.attach(r), content)
			return
		}
		target := *r.URL
		target.Path, target.RawPath = blobPath+strings.TrimPrefix(r.URL.Path, cdnPath), ""
		http.Redirect(a, r, target.String(), http.StatusFound)
	})
}

func (s *store) serveBlob(w http.ResponseWriter, r *http.Request, content piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, blobPath), "/")
	b := s.blobs[id]
	switch {
	case r.Header.Get("Authorization") != "":
		writeBlobError(w, http.StatusForbidden, "AuthenticationFailed", "A signed link takes no Authorization header.")
	case b == nil || r.URL.Query().Get("sig") != signature(id):
		writeBlobError(w, http.StatusForbidden, "AuthenticationFailed", "The signature does not match.")
	case !time.Now().Before(b.expires):
		writeBlobError(w, http.StatusForbidden, "AuthenticationFailed", "The signature has expired.")
	case r.Method == http.MethodPut && b.upload != nil && b.upload.state <= UploadComplete:
		b.upload.putBlob(w, r, content)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && b.content != nil:
		w.Header().Set("ETag", fmt.Sprintf(`"0x%X"`, b.content.seed<<8|1))
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", b.name))
		setMD5(w, b.content)
		if strings.Contains(r.Header.Get("Range"), ",") {
			r.Header.Del("Range") // Azure takes one range alone
		}
		http.ServeContent(w, r, "", s.epoch, b.content.reader())
	default:
		writeBlobError(w, http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	}
}

func writeBlobError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("x-ms-error-code", code)
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

// putBlob takes a whole blob, a block of it, or the list of its blocks: what is
// needed of https://learn.microsoft.com/rest/api/storageservices/put-block.
func (u *upload) putBlob(w http.ResponseWriter, r *http.Request, content piece) {
	switch r.URL.Query().Get("comp") {
	case "":
		if r.Header.Get("x-ms-blob-type") != "BlockBlob" {
			writeBlobError(w, http.StatusBadRequest, "MissingRequiredHeader", "x-ms-blob-type must be BlockBlob.")
			return
		}
		u.pieces = map[int]*sentPiece{0: u.again(u.pieces[0], content)}
		u.state = UploadComplete
	case "block":
		u.stage(w, r.URL.Query().Get("blockid"), content)
		return
	case "blocklist":
		if !u.commitBlocks(content.data) {
			writeBlobError(w, http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid.")
			return
		}
	default:
		writeBlobError(w, http.StatusBadRequest, "InvalidQueryParameterValue", "comp is not known.")
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (u *upload) stage(w http.ResponseWriter, id string, content piece) {
	if _, err := base64.StdEncoding.DecodeString(id); err != nil || id == "" {
		writeBlobError(w, http.StatusBadRequest, "InvalidQueryParameterValue", "The blockid is not in base64.")
		return
	}
	for other := range u.staged {
		if len(other) != len(id) {
			writeBlobError(w, http.StatusBadRequest, "InvalidBlobOrBlock", "The ids of blocks differ in length.")
			return
		}
	}
	if u.staged == nil {
		u.staged = make(map[string]*sentPiece)
	}
	u.staged[id] = u.again(u.staged[id], content)
	w.WriteHeader(http.StatusCreated)
}

func (u *upload) commitBlocks(body []byte) bool {
	var in struct {
		Latest      []string
		Uncommitted []string
	}
	if xml.Unmarshal(body, &in) != nil || len(in.Latest)+len(in.Uncommitted) == 0 {
		return false
	}
	pieces := make(map[int]*sentPiece)
	for i, id := range append(in.Latest, in.Uncommitted...) {
		p := u.staged[strings.TrimSpace(id)]
		if p == nil {
			return false
		}
		pieces[i] = p
	}
	u.pieces = pieces
	u.state = UploadComplete
	return true
}
