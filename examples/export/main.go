// Export writes all records of a tenant, or those that a search finds, to a file, one
// JSON object or CSV line each, any number of them in constant memory. After Ctrl-C or
// a crash, run the same command again to resume.
//
//	go run ./examples/export -out records.jsonl                            a simulated tenant with 2,500 records
//	go run ./examples/export -tenant acme -find "ContentType = 'Photo'" -out photos.csv
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a
// client-credentials registration. The simulated tenant is a new one each time: an export
// of it cannot be resumed.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

type flags struct {
	tenant, find, out string
	records           int
}

// tenantName returns the tenant as the state names it.
func (f flags) tenantName() string { return connect.TenantName(f.tenant) }

//go:embed main.go
var mainGo string

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.find, "find", "", "search `expression`; empty: all records")
	flag.StringVar(&f.out, "out", "records.jsonl", "`file` to write: .jsonl or .csv")
	flag.IntVar(&f.records, "records", 2500, "`number` of records of the simulated tenant")
	program.Parse("export", mainGo, nil)
	program.Main("export", func(ctx context.Context, out io.Writer) error { return run(ctx, f, out) })
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if f.records < 0 {
		return program.Misuse("-records %d: choose at least 0 records", f.records)
	}
	c, err := connect.Client(f.tenant, &aprimotest.Tenant{Records: cmp.Or(f.records, -1)}, out)
	if err != nil {
		return err
	}
	return export(ctx, c, f, out)
}

// export writes the records of a client's tenant.
func export(ctx context.Context, c *client.Client, f flags, out io.Writer) error {
	file, err := openExport(f)
	if err != nil {
		return err
	}
	defer file.close()
	if file.unversioned {
		fmt.Fprintf(out, "%s does not say of which tenant and -find it is: it is taken for those of this command\n", file.statePath())
	}
	if file.state.Count > 0 {
		fmt.Fprintf(out, "resuming after %s\n", program.Count(file.state.Count, "record", "records"))
	}
	bar := progress.New(-1, "records", progressbar.OptionShowCount())
	defer bar.Finish()
	records := c.Records.Export(client.Expression{Text: f.find}, file.state.Checkpoint, client.SelectRecord(client.RecordTitle))
	for record, err := range records.All(ctx) {
		if err == nil {
			err = file.add(record, records)
		}
		if err != nil {
			bar.Finish()
			return errors.Join(stopped(ctx, f, file.state.Count, err), file.save(records))
		}
		bar.Set(records.Progress())
	}
	if err := file.done(); err != nil {
		return err
	}
	bar.Finish()
	fmt.Fprintf(out, "%s in %s\n", program.Count(file.state.Count, "record is", "records are"), f.out)
	return nil
}

// stopped returns the error of an export that is not complete.
func stopped(ctx context.Context, f flags, count int, err error) error {
	next := "run the same command again to resume"
	if f.tenant == "" {
		next = fmt.Sprintf("the simulated tenant is gone: remove %s and %s.state to start again", f.out, f.out)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("stopped after %s; %s", program.Count(count, "record", "records"), next)
	}
	return fmt.Errorf("failed after %s; %s: %w", program.Count(count, "record", "records"), next, err)
}
