package client

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Endings of the names next to a file while it is downloaded.
const (
	partEnd  = ".part"
	stateEnd = ".part.json"
	newEnd   = ".part.json.new" // the state while it is written
	lockEnd  = ".part.lock"
)

// reserved reports whether a name ends like one of ours, which another download would
// overwrite.
func reserved(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{partEnd, stateEnd, newEnd, lockEnd} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func (d *download) part() string      { return d.path + partEnd }
func (d *download) statePath() string { return d.path + stateEnd }

// lockPoll is how often a download looks whether another one to the same path has ended.
const lockPoll = 50 * time.Millisecond

// takePath waits until no other download, of this process or another, writes to the path, and
// resumes from what an earlier one has left.
func (d *download) takePath(ctx context.Context) error {
	for d.lock == nil {
		free, err := d.tryLock()
		if err != nil {
			return permanent{err}
		}
		if free {
			break
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return d.failed(fmt.Errorf("waiting for another download to the same path: %w", err))
		}
	}
	d.resume()
	return nil
}

// tryLock locks the path unless another download has.
func (d *download) tryLock() (bool, error) {
	name := d.path + lockEnd
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		file.Close()
	case !errors.Is(err, os.ErrExist):
		return false, err
	}
	before, err := regular(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // another download has just ended
	}
	if err != nil {
		return false, err
	}
	lock := flock.New(name, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryLock()
	after, err2 := os.Lstat(name)
	if free && err2 == nil && os.SameFile(before, after) { // else another download has removed it meanwhile
		d.lock = lock
		return true, nil
	}
	lock.Close()
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return false, err
}

func (d *download) unlock() {
	if d.lock == nil {
		return
	}
	name := d.lock.Path()
	removed := os.Remove(name)
	d.lock.Close()
	if removed != nil && runtime.GOOS == "windows" { // there a file that anybody has open stays
		os.Remove(name)
	}
	d.lock = nil
}

// regular returns an error unless a name is a regular file: it may be a link that somebody
// has put there.
func regular(name string) (os.FileInfo, error) {
	info, err := os.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: remove it, or choose another path", name)
	}
	return info, err
}

// fileMode is that of a file that a program creates: its umask says who may read it.
const fileMode = 0o666

// openPart opens the part, or creates it. It follows no link.
func (d *download) openPart() (*os.File, error) {
	file, err := os.OpenFile(d.part(), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if !errors.Is(err, os.ErrExist) {
		return file, err
	}
	return openRegular(d.part(), os.O_RDWR)
}

// openRegular opens an existing file that is no link.
func openRegular(name string, flag int) (*os.File, error) {
	named, err := regular(name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !os.SameFile(info, named) {
		file.Close()
		return nil, fmt.Errorf("%s was replaced while it was opened", name)
	}
	return file, nil
}

// partStateVersion is the version of the stored form of a partState. Increase it when a
// release before the change would misread the new form.
const partStateVersion = 1

// A partState identifies the file of which a part has been downloaded. It is stored next
// to the part, to resume only if the file is still the same.
type partState struct {
	Version int    `json:"version"` // 0 if written before states had one
	ETag    string `json:"etag,omitempty"`
	MD5     []byte `json:"md5,omitempty"`
	Size    int64  `json:"size"` // bytes; -1 if unknown

	// The following are absent in states of earlier releases.
	Link string `json:"link,omitempty"` // identifies the link, without its query
	Done *int64 `json:"done,omitempty"` // bytes in the part when the state was stored
	Sum  uint32 `json:"sum,omitempty"`  // CRC-32C of these bytes
	Gzip bool   `json:"gzip,omitempty"` // the storage has compressed the file; size, MD5 and sum are of that
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// identity identifies the link. It contains no secret: the signature is in the query.
func (d *download) identity() string {
	sum := sha256.Sum256([]byte(d.link.Scheme + "://" + d.link.Host + d.link.EscapedPath()))
	return hex.EncodeToString(sum[:])
}

// resume sets the state from an earlier, incomplete download. If it is missing, damaged, of
// another link or of a newer version, the download starts anew.
func (d *download) resume() {
	d.state, d.done, d.sum = partState{}, 0, 0
	state, err := d.readState()
	if err != nil || state.Version > partStateVersion || state.ETag == "" || state.Link != "" && state.Link != d.identity() {
		return
	}
	d.state = state
	part, err := openRegular(d.part(), os.O_RDONLY)
	if err != nil {
		return
	}
	defer part.Close()
	done := state.trusted(part)
	if done > 0 && done == state.Size {
		done-- // request a byte, so that the server confirms that it is the same file
	}
	if sum, err := crcOf(part, done); err == nil {
		d.done, d.sum = done, sum
	}
}

// trusted returns how many bytes of a part certainly are those of the file. After a crash of
// the machine a file can have its length but not its bytes.
func (s *partState) trusted(part *os.File) int64 {
	info, err := part.Stat()
	switch {
	case err != nil || s.Size >= 0 && info.Size() > s.Size || s.Done != nil && *s.Done < 0:
		return 0
	case s.Done == nil: // from an earlier release
		return beforeZeros(part, info.Size())
	}
	if sum, err := crcOf(part, *s.Done); err != nil || sum != s.Sum {
		return 0
	}
	return *s.Done
}

func (d *download) readState() (state partState, err error) {
	file, err := openRegular(d.statePath(), os.O_RDONLY)
	if err != nil {
		return state, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err != nil {
		return state, err
	}
	return state, json.Unmarshal(data, &state)
}

// saveState stores the state. It replaces the old one at once, and writes to no file that
// was there.
func (d *download) saveState() error {
	d.state.Done, d.state.Sum = &d.done, d.sum
	data, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	name := d.path + newEnd
	os.Remove(name) // of a crash
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(name, d.statePath())
}

// beforeZeros returns the size without the zeros at the end: in a part without a sum, they
// may be bytes that have not reached the disk.
func beforeZeros(part io.ReaderAt, size int64) int64 {
	block := make([]byte, 64<<10)
	for size > 0 {
		from := max(0, size-int64(len(block)))
		n, err := part.ReadAt(block[:size-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0
		}
		if last := strings.TrimRight(string(block[:n]), "\x00"); last != "" {
			return from + int64(len(last))
		}
		size = from
	}
	return 0
}

// crcOf returns the checksum of the first bytes of a part.
func crcOf(part io.ReaderAt, size int64) (uint32, error) {
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, io.NewSectionReader(part, 0, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return sum.Sum32(), err
}

// md5 returns the MD5 sum of the part.
func (d *download) md5() ([]byte, error) {
	part, err := openRegular(d.part(), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	sum := md5.New()
	_, err = io.Copy(sum, part)
	return sum.Sum(nil), err
}
