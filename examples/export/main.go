// Export writes all records of a tenant, or those that a search finds, to a file, one
// JSON object or one CSV line each, however many there are, in constant memory. After
// Ctrl-C or a crash the same command goes on where it was.
//
//	go run ./examples/export -out records.jsonl                            a simulated tenant with 2,500 records
//	go run ./examples/export -tenant acme -find "ContentType = 'Photo'" -out photos.csv
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a
// client-credentials registration. A simulated tenant is a new one each time: to go on,
// it has other dates.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

type flags struct {
	tenant, find, out string
	records           int
}

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.find, "find", "", "search `expression`; none: all records")
	flag.StringVar(&f.out, "out", "records.jsonl", "`file` to write: .jsonl or .csv")
	flag.IntVar(&f.records, "records", 2500, "how many records the simulated tenant has")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", flag.Arg(0))
	}
	c, err := connect.Client(f.tenant, &aprimotest.Tenant{Records: f.records})
	if err != nil {
		return err
	}
	return export(ctx, c, f, out)
}

// export writes the records of a client's tenant.
func export(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	file, err := openExport(f.out)
	if err != nil {
		return err
	}
	defer file.close()
	if file.state.Count > 0 {
		fmt.Fprintf(out, "going on after %d records\n", file.state.Count)
	}
	bar := newBar()
	defer bar.Finish()
	records := c.Records.Export(client.Expression{Text: f.find}, file.state.Checkpoint)
	for record, err := range records.All(ctx) {
		if err == nil {
			err = file.add(record, records)
		}
		if err != nil {
			bar.Finish()
			return errors.Join(fmt.Errorf("stopped after %d records, the same command goes on: %w", file.state.Count, err), file.save(records))
		}
		bar.Add(1)
	}
	if err := file.done(); err != nil {
		return err
	}
	bar.Finish()
	fmt.Fprintf(out, "%d records are in %s\n", file.state.Count, f.out)
	return nil
}

func newBar() *progressbar.ProgressBar {
	return progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetDescription("records"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionClearOnFinish(),
	)
}
