package marketing

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aprimo-go/aprimo/client"
)

const (
	defaultChunk = 20 << 20
	maxChunk     = 24 << 20 // Aprimo's 25 MB are for the whole form
)

// An Upload is a file to send in chunks; see [Operations.Upload].
type Upload struct {
	Name    string      // of the file, with its extension
	Content io.ReaderAt // for example an *os.File, which must not change meanwhile
	Size    int64       // in bytes: of all of the Content

	// Attachment is true for a version of an attachment, and false for one of a digital asset:
	// Aprimo keeps their files apart.
	Attachment bool

	// FileID resumes an upload: it is the FileID that Upload returned with an error. Chunks that
	// Aprimo has are not sent again. The file and ChunkSize must be the same. If empty, a new
	// upload begins.
	FileID string

	// ChunkSize is the number of bytes in a request, at most 24 MiB. If zero, it is 20 MiB.
	// Chunks are sent one after the other, each in memory.
	ChunkSize int64

	// Progress, if not nil, is called after each chunk.
	Progress func(sent, size int64)
}

// A File is an uploaded file, ready to become a version:
//
//	mo.Attachments.Create(ctx, &marketing.Object{"title": "Brief", "FileId": file.ID, "FileName": file.Name})
type File struct {
	ID   string `json:"FileId"`
	Name string `json:"FileName"`
}

// Upload sends a file. If it fails, the File has the ID with which to resume.
func (m *Operations) Upload(ctx context.Context, u Upload) (File, error) {
	if u.ChunkSize == 0 {
		u.ChunkSize = defaultChunk
	}
	switch {
	case u.Name == "" || u.Content == nil || u.Size < 0:
		return File{}, errors.New("marketing: upload: the name or the content is missing, or the size is negative: set Name, Content and Size")
	case u.ChunkSize < 1 || u.ChunkSize > maxChunk:
		return File{}, fmt.Errorf("marketing: upload: a ChunkSize of %d bytes is not between 1 and %d", u.ChunkSize, maxChunk)
	}
	if n, _ := u.Content.ReadAt(make([]byte, 1), u.Size); n > 0 {
		return File{}, fmt.Errorf("marketing: upload: the content has more than the Size of %d bytes", u.Size)
	}
	unchanged := u.watch()
	file := File{u.FileID, u.Name}
	resumed := file.ID != ""
	if !resumed {
		file.ID = newGUID()
	}
	for n, at := 1, int64(0); n == 1 || at < u.Size; n, at = n+1, at+u.ChunkSize {
		size := min(u.ChunkSize, u.Size-at)
		if err := m.sendChunk(ctx, u, file, n, at, size, resumed); err != nil {
			if changed := unchanged(); changed != nil {
				return File{}, changed // without the ID: resumed, it would have parts of both
			}
			return file, err
		}
		if u.Progress != nil {
			u.Progress(at+size, u.Size)
		}
	}
	if err := unchanged(); err != nil {
		return File{}, err
	}
	_, err := m.c.Do(ctx, http.MethodPost, u.path("complete"), file, nil, repeatable(file.ID+"-complete"))
	return file, err
}

// watch returns a function that returns an error if the Content is a regular file and has changed
// since, by its size or time: one that is written to while it is sent would arrive torn.
func (u Upload) watch() (unchanged func() error) {
	f, ok := u.Content.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return func() error { return nil }
	}
	begin, err := f.Stat()
	if err != nil || !begin.Mode().IsRegular() {
		return func() error { return nil }
	}
	return func() error {
		now, err := f.Stat()
		if err != nil {
			return fmt.Errorf("marketing: upload: %w", err)
		}
		if now.Size() != begin.Size() || !now.ModTime().Equal(begin.ModTime()) {
			return errors.New("marketing: upload: the file changed while it was uploaded: upload it again, as a new one, when it is no longer written to")
		}
		return nil
	}
}

func (u Upload) path(step string) string {
	if u.Attachment {
		return "/api/chunk/" + step + "/attachment"
	}
	return "/api/chunk/" + step
}

// repeatable makes a POST one that is retried after any failure: a search changes nothing, and a
// chunk that is sent again replaces itself.
func repeatable(key string) client.CallOption { return client.Header("Idempotency-Key", key) }

// sendChunk sends a chunk, unless it is there.
func (m *Operations) sendChunk(ctx context.Context, u Upload, file File, n int, at, size int64, check bool) error {
	fields := url.Values{
		"resumableFilename": {file.Name}, "resumableChunkNumber": {strconv.Itoa(n)}, "resumableIdentifier": {file.ID},
	}
	if check {
		resp, err := m.c.Do(ctx, http.MethodGet, u.path("upload")+"?"+fields.Encode(), nil, nil)
		if err == nil && resp.Status == http.StatusOK {
			return nil
		}
		if err != nil && !errors.Is(err, client.ErrNotFound) {
			return err
		}
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range fields {
		form.WriteField(name, values[0])
	}
	part, err := form.CreateFormFile("file", file.Name)
	if err != nil {
		return err
	}
	if copied, err := io.Copy(part, io.NewSectionReader(u.Content, at, size)); err != nil || copied < size {
		return fmt.Errorf("marketing: upload: the content ended after %d of %d bytes: %w", at+copied, u.Size, errors.Join(err, io.ErrUnexpectedEOF))
	}
	form.Close()
	_, err = m.c.Do(ctx, http.MethodPost, u.path("upload"), body.Bytes(), nil,
		client.Header("Content-Type", form.FormDataContentType()), repeatable(file.ID+"-"+strconv.Itoa(n)))
	return err
}

// newGUID returns a random GUID, by which Aprimo knows an upload.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
