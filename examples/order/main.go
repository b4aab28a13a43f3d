// Order orders the files of a search, a collection or all records, waits for the orders and
// downloads the files. After Ctrl-C, run the same command again: it places the orders again
// and resumes incomplete downloads. An order has up to 100 records. If there are several
// orders, each gets its own folder, because files may have the same name.
//
//	go run ./examples/order -dir files                                 a simulated tenant
//	go run ./examples/order -tenant acme -find "ContentType = 'Photo'" -dir photos
//	go run ./examples/order -tenant acme -collection 0a1b… -dir summer
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a
// client-credentials registration, whose user has the role View Maintenance Jobs.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

const (
	maxFiles = 100 // in one order

	ownerName    = ".aprimo-order.json"
	ownerVersion = 1
)

type flags struct {
	tenant, find, collection, dir string
	all                           bool
}

//go:embed main.go
var mainGo string

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.find, "find", "", "search `expression`")
	flag.StringVar(&f.collection, "collection", "", "`id` of a collection, instead of a search")
	flag.BoolVar(&f.all, "all", false, "order the files of all records of the tenant")
	flag.StringVar(&f.dir, "dir", "files", "`directory` for the files")
	program.Parse("order", mainGo, nil)
	program.Main("order", func(ctx context.Context, out io.Writer) error { return run(ctx, f, out) })
}

func (f flags) check() error {
	sources := 0
	for _, given := range []bool{strings.TrimSpace(f.find) != "", f.collection != "", f.all} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return program.Misuse("-find, -collection and -all: choose one")
	case sources == 0 && f.tenant != "":
		return program.Misuse("-find, -collection or -all: choose what to order; -all orders the files of all records of the tenant")
	}
	return nil
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	c, err := connect.Client(f.tenant, &aprimotest.Tenant{Records: 12}, out)
	if err != nil {
		return err
	}
	return order(ctx, c, f, out)
}

// order orders and downloads the files that the flags select.
func order(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	unlock, err := program.Lock(filepath.Join(f.dir, ownerName))
	if err != nil {
		return err
	}
	defer unlock()
	if err := own(f); err != nil {
		return err
	}
	targets, err := targetsOf(f.records(ctx, c))
	if err != nil {
		return stopped(ctx, err)
	}
	failed, n := 0, 0
	for some := range slices.Chunk(targets, maxFiles) {
		dir := f.dir
		if n++; len(targets) > maxFiles {
			dir = filepath.Join(f.dir, fmt.Sprintf("order-%04d", n))
		}
		k, err := download(ctx, c, some, dir, out)
		if err != nil {
			return stopped(ctx, err)
		}
		failed += k
	}
	if failed > 0 {
		return fmt.Errorf("%s failed, see above: run the same command again to order and download again", program.Count(failed, "file", "files"))
	}
	return nil
}

func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped: run the same command again to order again and resume the downloads")
	}
	return err
}

// An owner says of which command the files in a folder are.
type owner struct {
	Version    int    `json:"version"`
	Tenant     string `json:"tenant"`
	Find       string `json:"find"`
	Collection string `json:"collection"`
}

// own makes the folder that of this command. That of another, or with files of somebody
// else, is refused: files of the same name would be replaced.
func own(f flags) error {
	path, now, was := filepath.Join(f.dir, ownerName), owner{ownerVersion, connect.TenantName(f.tenant), f.find, f.collection}, owner{}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		files, err := os.ReadDir(f.dir)
		if err == nil && slices.ContainsFunc(files, func(d os.DirEntry) bool { return !strings.HasPrefix(d.Name(), ownerName) }) {
			err = fmt.Errorf("%s is not empty, and an order would replace files of the same name: choose an empty -dir", f.dir)
		}
		if err != nil {
			return err
		}
		return program.Save(path, now)
	}
	if err != nil {
		return err
	}
	err = json.Unmarshal(data, &was)
	if f.tenant == "" && connect.Gone(was.Tenant) {
		was.Tenant = now.Tenant // one simulated tenant has the files of another
	}
	if err != nil || was != now {
		return fmt.Errorf("%s has the files of tenant %q, -find %q, -collection %q (see %s): choose another -dir", f.dir, was.Tenant, was.Find, was.Collection, path)
	}
	return program.Save(path, now)
}

// records yields what to order, from the oldest record to the newest where possible: then
// records that are added do not move others to another order.
func (f flags) records(ctx context.Context, c *client.Client) iter.Seq2[*client.Record, error] {
	if f.collection != "" {
		return c.Collections.Records(ctx, f.collection)
	}
	return c.Records.Export(client.Expression{Text: strings.TrimSpace(f.find)}, client.Checkpoint{}).All(ctx)
}

// targetsOf reads all before the first order: orders take long, and pages would change.
func targetsOf(records iter.Seq2[*client.Record, error]) (targets []client.OrderTarget, err error) {
	bar := progress.New(-1, "reading the records", progressbar.OptionShowCount())
	defer bar.Finish()
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		targets = append(targets, client.OrderTarget{RecordID: r.ID})
		bar.Add(1)
	}
	if len(targets) == 0 {
		return nil, errors.New("no record was found: nothing is ordered")
	}
	return targets, nil
}

// download orders and downloads files, and returns how many failed.
func download(ctx context.Context, c *client.Client, targets []client.OrderTarget, dir string, out io.Writer) (failed int, err error) {
	bar := progress.New(-1, filepath.Base(dir), progressbar.OptionSpinnerType(14), progressbar.OptionShowBytes(true), progressbar.OptionShowCount())
	defer bar.Finish()
	files, err := c.Orders.Download(ctx, &client.OrderRequest{Targets: targets}, dir, client.DownloadProgress(bar.Set))
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	bar.Finish()
	var incomplete *client.OrderError
	if errors.As(err, &incomplete) {
		fmt.Fprintln(out, incomplete)
		failed = max(1, incomplete.Order.FailedTargetsCount) // Aprimo may not count them
	} else if err != nil && len(files) == 0 {
		return 0, err
	}
	for _, f := range files {
		if f.Err != nil {
			failed++
			fmt.Fprintln(out, f.Err)
		} else {
			fmt.Fprintln(out, f.Path)
		}
	}
	return failed, nil
}
