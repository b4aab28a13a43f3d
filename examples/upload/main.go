// Upload makes a record of each file in a folder and what is below it. Files of any
// size go up in segments. After Ctrl-C or a crash the same command goes on: what is a
// record already is left out, and a large file continues where it was.
//
//	go run ./examples/upload -dir photos                            to a simulated tenant
//	go run ./examples/upload -tenant acme -classification 0a1b… -dir photos
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a
// client-credentials registration. How far it is, is kept in the folder, in
// .aprimo-upload.json: it names uploads that are not finished, so it is readable by
// its owner alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

type flags struct{ tenant, classification, dir string }

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.classification, "classification", "", "`id` of the classification for the new records")
	flag.StringVar(&f.dir, "dir", ".", "`directory` whose files are uploaded")
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

// upload makes the records that are not there yet.
func upload(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	files, err := filesBelow(f.dir)
	if err != nil {
		return err
	}
	done, err := openJournal(f.dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range files {
		if done.Records[name] != "" {
			continue
		}
		id, err := one(ctx, c, f, name, done)
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after %d of %d files, the same command goes on: %w", len(done.Records), len(files), ctx.Err())
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Fprintf(out, "%s is record %s\n", name, id)
	}
	fmt.Fprintf(out, "%d of %d files are records\n", len(done.Records), len(files))
	return errors.Join(failed...)
}

// one uploads a file and makes its record.
func one(ctx context.Context, c *client.Client, f flags, name string, done *journal) (id string, err error) {
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetDescription(name),
		progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(),
	)
	defer bar.Finish()
	opts := []client.UploadOption{
		client.UploadProgress(func(sent, total int64) { bar.ChangeMax64(total); bar.Set64(sent) }),
		client.UploadStates(func(s client.UploadState) { done.begun(name, s) }),
	}
	if s := done.Begun[name]; s != nil {
		opts = append(opts, client.UploadResume(*s))
	}
	u, err := c.Uploads.File(ctx, filepath.Join(f.dir, filepath.FromSlash(name)), opts...)
	if err != nil {
		return "", err
	}
	change := client.RecordChange{Files: client.MasterFile(client.NewVersion{Token: u.Token, FileName: u.Name})}
	if f.classification != "" {
		change.Classifications.AddOrUpdate = []client.Classification{{ID: f.classification}}
	}
	record, err := c.Records.Create(ctx, change)
	if err != nil {
		return "", err
	}
	return record.ID, done.made(name, record.ID)
}
