package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

const (
	// parallel is the number of files that are read and sent at once, or fewer if the
	// Transport sends fewer.
	parallel = 16

	// inProgress is the number of files in progress at once. Most may wait, because it is
	// unknown whether they have a record: they share a search, and do not hold up others.
	inProgress = 500

	maxFailed = 100 // files; then no more are tried

	// minExpiry is less than the days after which Aprimo removes an upload that is in no
	// record.
	minExpiry = 24 * time.Hour
)

var errGaveUp = errors.New("too many files have failed")

// An uploader brings files into records.
type uploader struct {
	c       *client.Client
	flags   flags
	journal *journal
	field   *client.FieldDefinition // for the keys
	bar     *progress.Bar
	sending chan struct{} // has a place for each file that is read and sent

	mu       sync.Mutex
	out      io.Writer
	uploaded int
	failed   []error
}

func newUploader(ctx context.Context, c *client.Client, f flags, j *journal, out io.Writer) (*uploader, error) {
	for field, err := range c.FieldDefinitions.List(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the field definitions: %w", err)
		}
		if field.Name == f.keyField {
			return &uploader{c: c, flags: f, journal: j, field: field, sending: make(chan struct{}, parallel), out: out}, nil
		}
	}
	return nil, fmt.Errorf("the tenant has no field %q: choose another -key-field", f.keyField)
}

// all uploads files until the context ends, and returns how many are uploaded now.
func (u *uploader) all(ctx context.Context, files []string) (uploaded int, err error) {
	u.bar = progress.New(u.left(files), "uploading", progressbar.OptionShowBytes(true), progressbar.OptionShowCount())
	defer u.bar.Finish()
	var group errgroup.Group
	group.SetLimit(inProgress)
	for _, file := range files {
		if ctx.Err() != nil || u.gaveUp() {
			break
		}
		group.Go(func() error {
			u.count(ctx, file, u.one(ctx, file))
			return nil
		})
	}
	group.Wait()
	if u.gaveUp() {
		u.failed = append(u.failed, fmt.Errorf("%d files failed, the others are not tried: correct the cause and run the same command again", len(u.failed)))
	}
	return u.uploaded, errors.Join(u.failed...)
}

// left returns the number of bytes that are still to be uploaded.
func (u *uploader) left(files []string) (bytes int64) {
	for _, file := range files {
		now, err := stat(u.journal.name(file))
		e := u.journal.of(file)
		if err != nil || e.Sent != nil || e.done(now) {
			continue
		}
		bytes += now.Size - e.arrived(now)
	}
	return bytes
}

func (u *uploader) gaveUp() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.failed) >= maxFailed
}

func (u *uploader) count(ctx context.Context, file string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		u.uploaded++
	case ctx.Err() == nil && err != errGaveUp:
		u.failed = append(u.failed, fmt.Errorf("%s: %w", program.Clean(file), err))
	}
}

// one brings a file into its record, if it is not there as it is now.
func (u *uploader) one(ctx context.Context, file string) error {
	if !utf8.ValidString(file) {
		return errors.New("the path is not UTF-8: rename it")
	}
	e := u.journal.of(file)
	if e.Sent != nil { // by a run that was stopped
		err := u.store(ctx, file, e, true)
		expired := errors.Is(err, client.ErrUploadExpired)
		switch {
		case expired && time.Since(e.Sent.At) < minExpiry:
			return fmt.Errorf("it is in a record that searches do not find yet: run the same command again in some minutes: %w", err)
		case expired:
			u.bar.Extend(e.Sent.Source.Size) // it is sent again
		case err != nil:
			return err
		}
		e = u.journal.of(file)
	}
	e, err := u.transfer(ctx, file, e)
	if err != nil || e.Sent == nil {
		return err
	}
	return u.store(ctx, file, e, false)
}

// transfer sends a file that is not in its record as it is now. In the entry that it returns,
// Sent is nil if there was nothing to send.
func (u *uploader) transfer(ctx context.Context, file string, e entry) (entry, error) {
	u.sending <- struct{}{}
	defer func() { <-u.sending }()
	now, err := stat(u.journal.name(file))
	switch {
	case err == nil && e.done(now) && !e.Unverified:
		return e, nil
	case u.gaveUp():
		return e, errGaveUp
	case err != nil:
		return e, err
	}
	if e.done(now) {
		if _, err := u.c.Records.MasterFile(ctx, e.Record); err == nil {
			return e, u.journal.set(file, entry{Record: e.Record, Uploaded: now})
		} else if !errors.Is(err, client.ErrNotFound) {
			return e, err
		}
	}
	up, err := u.send(ctx, file, now)
	if err != nil {
		return e, err
	}
	e = entry{Record: e.Record, Uploaded: e.Uploaded, Sent: &sent{now, up.Token, rand.Text(), time.Now().UTC()}}
	return e, u.journal.set(file, e)
}

// send uploads a file, from where an earlier upload of it stopped.
func (u *uploader) send(ctx context.Context, file string, now source) (*client.Upload, error) {
	e := u.journal.of(file)
	before := e.arrived(now)
	opts := []client.UploadOption{
		client.UploadProgress(func(done, _ int64) { u.bar.Add(done - before); before = done }),
		client.UploadStates(func(s client.UploadState) {
			e.Begun = &transfer{now, &s}
			_ = u.journal.set(file, e) // without the state the file is uploaded from its start
		}),
	}
	resumed := e.resumable(now)
	if resumed != nil {
		opts = append(opts, client.UploadResume(*resumed))
	}
	up, err := u.c.Uploads.File(ctx, u.journal.name(file), opts...)
	if answer := (*client.Error)(nil); err != nil && resumed != nil && ctx.Err() == nil && !errors.As(err, &answer) {
		e.Begun = nil // it may not fit the file
		if err := u.journal.set(file, e); err != nil {
			return nil, err
		}
		u.bar.Extend(before) // what had arrived is sent again
		return u.send(ctx, file, now)
	}
	return up, err
}

// store makes what was sent the file of a new record, or a new version of the file of the
// record that exists. Again means that an earlier run may have done it. If the upload has
// been removed, the error is client.ErrUploadExpired.
func (u *uploader) store(ctx context.Context, file string, e entry, again bool) error {
	v := client.NewVersion{Token: e.Sent.Token, FileName: fileName(file), Comment: "upload " + e.Sent.Key}
	record, err := e.Record, client.ErrNotFound
	if record != "" {
		err = u.update(ctx, record, v)
	}
	if errors.Is(err, client.ErrNotFound) && !errors.Is(err, client.ErrUploadExpired) {
		record, err = u.create(ctx, v, e.Sent, again)
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.bar.Clear()
	fmt.Fprintf(u.out, "%s is record %s\n", program.Clean(file), program.Clean(record))
	u.mu.Unlock()
	return u.journal.set(file, entry{Record: record, Uploaded: e.Sent.Source})
}

// create creates the record of a file, unless it exists.
func (u *uploader) create(ctx context.Context, v client.NewVersion, s *sent, again bool) (id string, err error) {
	key := client.UniqueKey{FieldID: u.field.ID, FieldName: u.field.Name, Value: s.Key, IndexDelay: u.flags.indexDelay}
	if again {
		key.Since = time.Now() // the earlier run may have sent it until it ended
	}
	change := client.RecordChange{Files: client.MasterFile(v)}
	if u.flags.classification != "" {
		change.Classifications.AddOrUpdate = []client.Classification{{ID: u.flags.classification}}
	}
	created, err := u.c.Records.CreateOnce(ctx, key, change)
	if err != nil {
		return "", err
	}
	return created.ID, nil
}

// update adds a version to the file of a record. If its upload has been used before, the
// version's comment tells whether for this.
func (u *uploader) update(ctx context.Context, record string, v client.NewVersion) error {
	file, err := u.c.Records.MasterFile(ctx, record)
	if err != nil {
		return err
	}
	err = u.c.Records.Update(ctx, record, client.RecordChange{Files: client.NewFileVersion(file.ID, v)})
	if errors.Is(err, client.ErrUploadExpired) {
		if latest, e := u.c.Records.MasterFileLatestVersion(ctx, record); e == nil && latest.Comment == v.Comment {
			return nil
		}
	}
	return err
}

func fileName(file string) string { return file[strings.LastIndexByte(file, '/')+1:] }
