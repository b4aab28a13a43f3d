// Order orders the files of the records that a search finds, or of a collection, waits
// for them and downloads them. Run again after Ctrl-C, it orders again and resumes
// incomplete downloads.
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
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

// maxFiles is the number of files in one order.
const maxFiles = 100

type flags struct{ tenant, find, collection, dir string }

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.find, "find", "", "search `expression`; empty: all records")
	flag.StringVar(&f.collection, "collection", "", "`id` of a collection, instead of a search")
	flag.StringVar(&f.dir, "dir", "files", "`directory` for the files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "order:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, out io.Writer) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -help", flag.Arg(0))
	case f.find != "" && f.collection != "":
		return errors.New("-find and -collection: choose one")
	}
	c, err := connect.Client(f.tenant, &aprimotest.Tenant{Records: 12})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	records := c.Records.List(ctx)
	switch {
	case f.collection != "":
		records = c.Collections.Records(ctx, f.collection)
	case f.find != "":
		records = c.Records.Search(ctx, client.Expression{Text: f.find})
	}
	failed := 0
	for targets, err := range batches(records) {
		if err != nil {
			return err
		}
		n, err := download(ctx, c, targets, f.dir, out)
		if err != nil {
			return err
		}
		failed += n
	}
	if failed > 0 {
		return fmt.Errorf("%d files failed: see above", failed)
	}
	return nil
}

// batches groups records into orders.
func batches(records iter.Seq2[*client.Record, error]) iter.Seq2[[]client.OrderTarget, error] {
	return func(yield func([]client.OrderTarget, error) bool) {
		var targets []client.OrderTarget
		for r, err := range records {
			if err != nil {
				yield(nil, err)
				return
			}
			if targets = append(targets, client.OrderTarget{RecordID: r.ID}); len(targets) == maxFiles {
				if !yield(targets, nil) {
					return
				}
				targets = nil
			}
		}
		if len(targets) > 0 {
			yield(targets, nil)
		}
	}
}

// download orders and downloads files, and returns how many failed.
func download(ctx context.Context, c *client.Client, targets []client.OrderTarget, dir string, out io.Writer) (failed int, err error) {
	bar := progress.New(-1, fmt.Sprintf("%d files", len(targets)), progressbar.OptionSpinnerType(14), progressbar.OptionClearOnFinish())
	defer bar.Finish()
	tick := client.DownloadProgress(func(done, total int64) { bar.Add(1) })
	files, err := c.Orders.Download(ctx, &client.OrderRequest{Targets: targets}, dir, tick)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	bar.Finish()
	var incomplete *client.OrderError
	if errors.As(err, &incomplete) {
		fmt.Fprintln(out, incomplete)
		failed += incomplete.Order.FailedTargetsCount
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
