package client

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
)

// partState is kept beside the part of a file, to go on with the same one.
type partState struct {
	ETag string `json:"etag,omitempty"`
	MD5  []byte `json:"md5,omitempty"`
	Size int64  `json:"size"` // -1 if not known
}

func (d *download) part() string { return d.path + ".part" }

// resume finds out how much is there of a file that was begun before.
func (d *download) resume() {
	d.state, d.done = partState{}, 0
	data, err := os.ReadFile(d.part() + ".json")
	if err != nil || json.Unmarshal(data, &d.state) != nil || d.state.ETag == "" {
		d.state = partState{}
		return
	}
	if info, err := os.Stat(d.part()); err == nil && (d.state.Size < 0 || info.Size() <= d.state.Size) {
		d.done = info.Size()
	}
}

// begin notes which file it is that comes from its start.
func (d *download) begin(resp *http.Response) {
	d.state = partState{ETag: resp.Header.Get("ETag"), Size: resp.ContentLength}
	if strings.HasPrefix(d.state.ETag, "W/") {
		d.state.ETag = "" // it may be the same for other bytes
	}
	for _, name := range []string{"Content-MD5", "x-ms-blob-content-md5"} {
		if sum, err := base64.StdEncoding.DecodeString(resp.Header.Get(name)); err == nil && len(sum) == md5.Size {
			d.state.MD5 = sum
		}
	}
}

// write appends what comes to the part.
func (d *download) write(body io.Reader) error {
	file, err := os.OpenFile(d.part(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return permanent{err}
	}
	defer file.Close()
	if err := d.save(file); err != nil {
		return permanent{err}
	}
	_, err = io.Copy(&counted{file, d}, body)
	switch {
	case errors.As(err, new(*os.PathError)): // the disk is full
		return permanent{err}
	case err != nil:
		return withoutURL(err)
	case d.state.Size >= 0 && d.done != d.state.Size:
		return errShort
	}
	if err := file.Close(); err != nil {
		return permanent{err}
	}
	return nil
}

// save writes down which file it is, and cuts off what is not of it.
func (d *download) save(part *os.File) error {
	data, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.part()+".json", data, 0o600); err != nil {
		return err
	}
	if err := part.Truncate(d.done); err != nil {
		return err
	}
	_, err = part.Seek(d.done, io.SeekStart)
	return err
}

// counted counts what is written.
type counted struct {
	file *os.File
	d    *download
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	c.d.done += int64(n)
	if c.d.progress != nil {
		c.d.progress(c.d.done, c.d.state.Size)
	}
	return n, err
}

// finish checks the file and gives it its name.
func (d *download) finish() error {
	if d.state.MD5 != nil {
		sum, err := sumOf(d.part())
		if err != nil {
			return permanent{err}
		}
		if string(sum) != string(d.state.MD5) {
			os.Remove(d.part())
			os.Remove(d.part() + ".json")
			return errChecksum
		}
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return permanent{err}
	}
	os.Remove(d.part() + ".json")
	return nil
}

func sumOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
