// Upload creates a record for each file in a folder and its subfolders. Large files are
// uploaded in segments. After Ctrl-C or a crash, run the same command again to resume:
// uploaded files are skipped, and a large file continues after its last segment. A file that
// has changed since becomes a new version of its record's file. Hidden files and links are
// left out.
//
//	go run ./examples/upload -dir photos                            to a simulated tenant
//	go run ./examples/upload -tenant acme -key-field ImportKey -classification 0a1b… -dir photos
//
// Each file becomes exactly one record, also if the program or the connection breaks while
// the record is created. For that, each record gets a key in the field of -key-field, and the
// program searches for the key before it creates the record again. The field must be an
// indexed text field of records that nothing else uses.
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a client-credentials
// registration. The progress is stored in the folder, in .aprimo-upload.json. The file
// contains upload addresses, which anybody who knows them can write to, so only its owner can
// read it.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

type flags struct {
	tenant, keyField, classification, dir string

	indexDelay time.Duration // see client.UniqueKey; no flag
}

// tenantName returns the tenant as the journal names it.
func (f flags) tenantName() string { return connect.TenantName(f.tenant) }

//go:embed main.go
var mainGo string

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.keyField, "key-field", "", "`name` of an indexed text field for the keys of the new records")
	flag.StringVar(&f.classification, "classification", "", "`id` of the classification for the new records")
	flag.StringVar(&f.dir, "dir", "", "`directory` with the files to upload")
	program.Parse("upload", mainGo, nil)
	program.Main("upload", func(ctx context.Context, out io.Writer) error { return run(ctx, f, out) })
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	c, err := connect.Client(f.tenant, new(aprimotest.Tenant), out)
	if err != nil {
		return err
	}
	if f.tenant == "" {
		f.keyField = "Description" // each simulated tenant has it
	}
	return upload(ctx, c, f, out)
}

func (f flags) check() error {
	switch {
	case f.dir == "":
		return program.Misuse("no -dir: name the directory with the files to upload")
	case f.tenant != "" && f.keyField == "":
		return program.Misuse("no -key-field: name an indexed text field of the tenant that nothing else uses; its values identify the new records, so that none is created twice")
	}
	return nil
}

// upload uploads the files that are not in a record yet.
func upload(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	files, skipped, err := filesBelow(f.dir)
	if err != nil {
		return err
	}
	unlock, err := program.Lock(filepath.Join(f.dir, journalName))
	if err != nil {
		return err
	}
	defer unlock()
	j, err := openJournal(f)
	if err != nil {
		return err
	}
	defer j.close()
	u, err := newUploader(ctx, c, f, j, out)
	if err != nil {
		return err
	}
	uploaded, err := u.all(ctx, files)
	if ctx.Err() != nil {
		return errors.Join(fmt.Errorf("stopped after %d of %s; run the same command again to resume", uploaded, program.Count(len(files), "file", "files")), err)
	}
	if skipped > 0 {
		fmt.Fprintf(out, "%s left out\n", program.Count(skipped, "hidden file, link or special file is", "hidden files, links and special files are"))
	}
	fmt.Fprintf(out, "%d of %s uploaded\n", uploaded, program.Count(len(files), "file", "files"))
	return err
}

// filesBelow returns the paths of a folder's files, relative to it and with slashes, and
// how many it leaves out.
func filesBelow(dir string) (names []string, skipped int, err error) {
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, 0, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".")
		switch {
		case strings.HasPrefix(d.Name(), journalName): // is ours
		case hidden && d.IsDir():
			skipped++
			return fs.SkipDir
		case d.IsDir():
		case hidden || !d.Type().IsRegular():
			skipped++
		default:
			name, err := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no file in %s", dir)
	}
	return names, skipped, err
}
