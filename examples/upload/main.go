// Upload creates a record for each file in a folder and its subfolders. Large files
// are uploaded in segments. After Ctrl-C or a crash, run the same command again to
// resume: uploaded files are skipped, and a large file continues after its last
// segment. A file that has changed since becomes a new version of its record's file.
//
//	go run ./examples/upload -dir photos                            to a simulated tenant
//	go run ./examples/upload -tenant acme -classification 0a1b… -dir photos
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a
// client-credentials registration. The progress is stored in the folder, in
// .aprimo-upload.json. It holds the addresses of incomplete uploads, to which whoever
// knows them can write; so only its owner can read it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

type flags struct{ tenant, classification, dir string }

// tenantName returns the tenant as the journal names it.
func (f flags) tenantName() string { return cmp.Or(f.tenant, "simulated") }

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.classification, "classification", "", "`id` of the classification for the new records")
	flag.StringVar(&f.dir, "dir", ".", "`directory` with the files to upload")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "upload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", flag.Arg(0))
	}
	c, err := connect.Client(f.tenant, new(aprimotest.Tenant))
	if err != nil {
		return err
	}
	return upload(ctx, c, f, out)
}

// upload uploads the files that are not in a record yet.
func upload(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	files, err := filesBelow(f.dir)
	if err != nil {
		return err
	}
	journal, err := openJournal(f)
	if err != nil {
		return err
	}
	uploaded := 0
	var failed []error
	for _, name := range files {
		err := uploadOne(ctx, c, journal, name, out)
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after %d of %d files; run the same command again to resume: %w", uploaded, len(files), ctx.Err())
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		uploaded++
	}
	fmt.Fprintf(out, "%d of %d files uploaded\n", uploaded, len(files))
	return errors.Join(failed...)
}

// uploadOne brings a file into its record, if it is not there as it is now.
func uploadOne(ctx context.Context, c *client.Client, j *journal, name string, out io.Writer) error {
	now, err := stat(j.file(name))
	if err != nil {
		return err
	}
	e := j.Files[name]
	if e.done(now) {
		return nil
	}
	u, err := send(ctx, c, j, name, now)
	if err != nil {
		return err
	}
	record, err := store(ctx, c, e.Record, j.Classification, client.NewVersion{Token: u.Token, FileName: u.Name})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is record %s\n", name, record)
	return j.made(name, now, record)
}

// send uploads a file, from where an earlier upload of it stopped.
func send(ctx context.Context, c *client.Client, j *journal, name string, now source) (*client.Upload, error) {
	bar := progress.New(-1, name, progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
	defer bar.Finish()
	opts := []client.UploadOption{
		client.UploadProgress(func(sent, total int64) { bar.ChangeMax64(total); bar.Set64(sent) }),
		client.UploadStates(func(s client.UploadState) { j.begun(name, now, s) }),
	}
	if s := j.Files[name].resumable(now); s != nil {
		opts = append(opts, client.UploadResume(*s))
	}
	return c.Uploads.File(ctx, j.file(name), opts...)
}

// store makes an upload the file of a new record, or a new version of the file of a
// record that exists, and returns the record's id.
func store(ctx context.Context, c *client.Client, record, classification string, v client.NewVersion) (id string, err error) {
	if record != "" {
		file, err := c.Records.MasterFile(ctx, record)
		if err == nil {
			return record, c.Records.Update(ctx, record, client.RecordChange{Files: client.NewFileVersion(file.ID, v)})
		}
		if !errors.Is(err, client.ErrNotFound) {
			return "", err
		}
	}
	change := client.RecordChange{Files: client.MasterFile(v)}
	if classification != "" {
		change.Classifications.AddOrUpdate = []client.Classification{{ID: classification}}
	}
	created, err := c.Records.Create(ctx, change)
	if err != nil {
		return "", err
	}
	return created.ID, nil
}
