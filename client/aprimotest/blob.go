package aprimotest

import (
	"cmp"
	"crypto/md5"
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

	defaultSignedFor = 30 * time.Hour

	// maxMD5 is the size up to which a file has a Content-MD5. As at Azure, one that
	// was put together from blocks has none.
	maxMD5 = 16 << 20
)

// A blob is what a signed link leads to: an upload to write, or a file to read.
type blob struct {
	upload  *upload
	content *content
	name    string
	host    string // if it is not that of the tenant's storage
}

// signed returns a link to a file, which is valid for a while.
func (s *store) signed(p *part) string {
	return s.sign(p.id, &blob{content: &p.content, name: p.fileName()})
}

// sign returns a signed link to a blob: at a host of its own, or at the same if the tenant
// has but one, behind a socket.
func (s *store) sign(id string, b *blob) string {
	s.blobs[id] = b
	base := baseURL(s.request)
	if strings.HasSuffix(s.request.Host, ".aprimo.com") {
		base = "https://" + cmp.Or(b.host, tenantName(s.request.Host)+".blob.core.windows.net")
	}
	end := time.Now().Add(orDefault(max(0, s.tenant.SignedFor), defaultSignedFor)).UTC().Format(time.RFC3339)
	query := url.Values{"sv": {"2023-11-03"}, "sr": {"b"}, "se": {end}, "sig": {signature(id, end)}}
	return base + blobPath + id + "/" + url.PathEscape(b.name) + "?" + query.Encode()
}

// throughCDN returns the link that is answered with a redirect to the given one.
func throughCDN(link string) string { return strings.Replace(link, blobPath, cdnPath, 1) }

func signature(id, end string) string {
	sum := fnv.New64a()
	io.WriteString(sum, id+" until "+end)
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// handleBlob answers for the blob storage, which is not Aprimo: it has no limit
// and no tokens.
func (t *Tenant) handleBlob(r *http.Request) (*answer, error) {
	content, err := readPiece(r.Body)
	if err != nil {
		return nil, err
	}
	return t.fault(r, content.data).apply(t, r, func(a *answer) {
		if strings.HasPrefix(r.URL.Path, cdnPath) {
			http.Redirect(a, r, strings.Replace(r.URL.String(), cdnPath, blobPath, 1), http.StatusFound)
		} else {
			t.store.serveBlob(a, withBody(r, content.data), content)
		}
	})
}

// serveBlob answers as Azure does; content is the body of the request.
func (s *store) serveBlob(w http.ResponseWriter, r *http.Request, content piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := refusal(func() { s.blobAt(r).answer(w, r, content, s.epoch) }); f != nil {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("x-ms-error-code", f.kind)
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>", f.kind, f.message)
	}
}

// blobAt returns the blob that a request is about, if it is signed for it.
func (s *store) blobAt(r *http.Request) *blob {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, blobPath), "/")
	b, query, forbidden := s.blobs[id], r.URL.Query(), reason{http.StatusForbidden, "AuthenticationFailed"}
	end, _ := time.Parse(time.RFC3339, query.Get("se"))
	forbidden.when(r.Header.Get("Authorization") != "", "A signed link takes no Authorization header.")
	forbidden.when(b == nil || query.Get("sig") != signature(id, query.Get("se")), "The signature does not match.")
	forbidden.when(!time.Now().Before(end), "The signature has expired.")
	return b
}

func (b *blob) answer(w http.ResponseWriter, r *http.Request, content piece, modified time.Time) {
	switch {
	case r.Method == http.MethodPut && b.upload != nil && b.upload.state <= UploadComplete:
		b.upload.putBlob(r, content)
		w.WriteHeader(http.StatusCreated)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && b.content != nil:
		w.Header().Set("ETag", fmt.Sprintf(`"0x%X"`, b.content.seed<<8|1))
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", b.name))
		if b.content.size <= maxMD5 {
			hash := md5.New()
			io.Copy(hash, b.content.reader())
			w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(hash.Sum(nil)))
		}
		if strings.Contains(r.Header.Get("Range"), ",") {
			r.Header.Del("Range") // Azure takes one range alone
		}
		http.ServeContent(w, r, "", modified, b.content.reader())
	default:
		panic(reason{http.StatusNotFound, "BlobNotFound"}.because("The specified blob does not exist."))
	}
}

// putBlob takes a whole blob, a block of it, or the list of its blocks: what is
// needed of https://learn.microsoft.com/rest/api/storageservices/put-block.
func (u *upload) putBlob(r *http.Request, content piece) {
	bad, query := func(code string) reason { return reason{http.StatusBadRequest, code} }, r.URL.Query()
	switch query.Get("comp") {
	case "":
		bad("MissingRequiredHeader").when(r.Header.Get("x-ms-blob-type") != "BlockBlob", "x-ms-blob-type must be BlockBlob.")
		u.pieces = map[int]sentPiece{0: u.again(u.pieces[0], content)}
		u.state = UploadComplete
	case "block":
		id := query.Get("blockid")
		_, err := base64.StdEncoding.DecodeString(id)
		bad("InvalidQueryParameterValue").when(err != nil || id == "", "The blockid is not in base64.")
		for other := range u.staged {
			bad("InvalidBlobOrBlock").when(len(other) != len(id), "The ids of blocks differ in length.")
		}
		u.staged[id] = u.again(u.staged[id], content)
	case "blocklist":
		bad("InvalidBlockList").when(!u.commitBlocks(content.data), "The specified block list is invalid.")
	default:
		panic(bad("InvalidQueryParameterValue").because("comp is not known."))
	}
}

func (u *upload) commitBlocks(body []byte) bool {
	var in struct{ Latest, Uncommitted []string }
	if xml.Unmarshal(body, &in) != nil || len(in.Latest)+len(in.Uncommitted) == 0 {
		return false
	}
	pieces := make(map[int]sentPiece)
	for i, id := range append(in.Latest, in.Uncommitted...) {
		if pieces[i] = u.staged[strings.TrimSpace(id)]; pieces[i].times == 0 {
			return false
		}
	}
	u.pieces, u.state = pieces, UploadComplete
	return true
}
