package marketing_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/client/marketing"
)

// However a file is cut and wherever its upload breaks off, all of it arrives once resumed,
// and no chunk that had arrived is sent again.
func TestAnUploadIsResumed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "data")
		chunk := rapid.Int64Range(1, 100).Draw(r, "chunk")
		broken := rapid.IntRange(1, 10).Draw(r, "broken") // the request that fails
		u := marketing.Upload{
			Name: "a.bin", Content: bytes.NewReader(data), Size: int64(len(data)), ChunkSize: chunk, Attachment: rapid.Bool().Draw(r, "attachment"),
		}
		synctest.Test(t, func(t *testing.T) {
			tenant := fastTenant()
			n, posts := 0, 0
			base := tenant.Transport()
			mo := newOperations(t, transportFunc(func(req *http.Request) (*http.Response, error) {
				if n++; n == broken {
					return nil, errors.New("the line is down")
				}
				if req.Method == http.MethodPost && strings.HasPrefix(req.URL.Path, "/api/chunk/upload") {
					posts++
				}
				return base.RoundTrip(req)
			}))
			file, err := mo.Upload(t.Context(), u)
			if err != nil {
				u.FileID = file.ID
				if file, err = mo.Upload(t.Context(), u); err != nil || file.ID == "" || file.ID != u.FileID {
					r.Errorf("got %+v, %v, want the resumed file", file, err)
					return
				}
			}
			all := tenant.Uploads()
			chunks := max(1, (len(data)+int(chunk)-1)/int(chunk))
			if len(all) != 1 || all[0].State != aprimotest.UploadComplete || all[0].Size != int64(len(data)) || len(all[0].Segments) != chunks || posts != chunks {
				r.Errorf("got %+v in %d requests, want %d bytes in %d chunks", all, posts, len(data), chunks)
				return
			}
			for _, s := range all[0].Segments {
				at := int64(s.Index) * chunk
				if s.SHA256 != sha256.Sum256(data[at:at+s.Size]) {
					r.Errorf("chunk %d is not that of the file", s.Index)
				}
			}
		})
	})
}

func TestChunksOfTheDefaultSizeFitIntoARequest(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends 90 MB")
	}
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{}
		mo := newOperations(t, tenant.Transport())
		for _, chunk := range []int64{0, 24 << 20} {
			const size = 45 << 20
			file, err := mo.Upload(t.Context(), marketing.Upload{Name: "a.bin", Content: io.NewSectionReader(zeros{}, 0, size), Size: size, ChunkSize: chunk})
			if err != nil || len(file.ID) != 36 || file.Name != "a.bin" {
				t.Errorf("got %+v, %v, want a file", file, err)
			}
			all := tenant.Uploads()
			if got := all[len(all)-1]; got.Size != size {
				t.Errorf("got %d bytes, want %d", got.Size, size)
			}
		}
	})
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func TestWrongUploadsAreRefused(t *testing.T) {
	wire := &recorder{base: answering(200, `{}`)}
	mo := newOperations(t, wire)
	content := strings.NewReader("content")
	for want, u := range map[string]marketing.Upload{
		"the name or the content is missing":     {Content: content, Size: 7},
		"set Name, Content and Size":             {Name: "a", Size: 7},
		"the size is negative":                   {Name: "a", Content: content, Size: -1},
		"ChunkSize of -1 bytes is not between 1": {Name: "a", Content: content, Size: 7, ChunkSize: -1},
		"ChunkSize of 26214400 bytes":            {Name: "a", Content: content, Size: 7, ChunkSize: 25 << 20},
		"ended after 7 of 8 bytes":               {Name: "a", Content: content, Size: 8},
	} {
		if _, err := mo.Upload(t.Context(), u); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if sent := wire.take(); len(sent) > 0 {
		t.Errorf("got the requests %q, want none", sent)
	}
	if _, err := mo.Upload(t.Context(), marketing.Upload{Name: "a", Content: content, Size: 8}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// A check that fails for another reason than a missing chunk ends the upload.
func TestAResumedUploadReportsWhatItCannotCheck(t *testing.T) {
	mo := newOperations(t, answering(403, `{}`))
	u := marketing.Upload{Name: "a", Content: strings.NewReader("content"), Size: 7, FileID: "an-id"}
	if file, err := mo.Upload(t.Context(), u); err == nil || fmt.Sprint(file.ID) != "an-id" {
		t.Errorf("got %+v, %v, want the id and an error", file, err)
	}
}

// A file that changes while it is uploaded does not arrive torn with success, and neither does
// the beginning of one whose Size is wrong.
func TestAFileThatChangesWhileItIsUploaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := fastTenant()
		mo := newOperations(t, tenant.Transport())
		f, err := os.Create(filepath.Join(t.TempDir(), "a.bin"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := errors.Join(f.Truncate(1000), os.Chtimes(f.Name(), time.Unix(1, 0), time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
		u := marketing.Upload{Name: "a.bin", Content: f, Size: 1000, ChunkSize: 100}
		if _, err := mo.Upload(t.Context(), u); err != nil {
			t.Errorf("got %v, want that it is uploaded", err)
		}
		u.Progress = func(sent, _ int64) {
			if sent == 500 {
				f.WriteAt([]byte("new"), 0)
			}
		}
		if file, err := mo.Upload(t.Context(), u); err == nil || !strings.Contains(err.Error(), "the file changed") || file.ID != "" {
			t.Errorf("got %+v, %v; want an error that says so, and no ID to resume with", file, err)
		}
		u.Size = 999
		if _, err := mo.Upload(t.Context(), u); err == nil || !strings.Contains(err.Error(), "more than the Size of 999 bytes") {
			t.Errorf("got %v, want an error about the Size", err)
		}
		if all := tenant.Uploads(); len(all) != 2 || all[1].State == aprimotest.UploadComplete {
			t.Errorf("got %+v, want a complete upload and an incomplete one", all)
		}
	})
}

// If a chunk fails after the file has changed, there is no ID either: resumed, the upload would
// have parts of both.
func TestAnUploadThatFailsAfterAChangeIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, err := os.Create(filepath.Join(t.TempDir(), "a.bin"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(1000); err != nil {
			t.Fatal(err)
		}
		tenant := &aprimotest.Tenant{}
		inner := tenant.Transport()
		mo := newOperations(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/chunk/upload") {
				f.WriteAt([]byte("new"), 0)
				return nil, errors.New("the network is down")
			}
			return inner.RoundTrip(r)
		}))
		file, err := mo.Upload(t.Context(), marketing.Upload{Name: "a.bin", Content: f, Size: 1000, ChunkSize: 100})
		if err == nil || !strings.Contains(err.Error(), "the file changed") || file.ID != "" {
			t.Errorf("got %+v, %v; want an error that says that the file changed, and no ID", file, err)
		}
	})
}
