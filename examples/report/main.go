// Report reads the logs of programs that use package transport and says which users and
// operations caused the 429s, when, and what to change.
//
//	go run ./examples/report                         makes a log against a simulated tenant, and reports on it
//	go run ./examples/report app.log app.log.1.gz    reads these; - is the standard input
//	go run ./examples/report -html report.html *.log one page with charts, for a browser
//
// Lines of other kinds are passed over, broken ones are counted. It needs little memory
// however large the files are.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	asJSON := flag.Bool("json", false, "write JSON")
	page := flag.String("html", "", "write a page for a browser into this `file`")
	var want filter
	flag.StringVar(&want.user, "user", "", "only what this `user` caused")
	since := flag.String("since", "", "only from this `time` on, such as 2026-11-24T10:00:00Z")
	until := flag.String("until", "", "only before this `time`")
	flag.Parse()
	err := want.between(*since, *until)
	if err == nil {
		err = run(ctx, os.Stdout, want, *asJSON, *page, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func (f *filter) between(since, until string) (err error) {
	for _, t := range []struct {
		name, value string
		to          *time.Time
	}{{"-since", since, &f.since}, {"-until", until, &f.until}} {
		if t.value == "" {
			continue
		}
		if *t.to, err = time.Parse(time.RFC3339, t.value); err != nil {
			return fmt.Errorf("bad %s %q: write it as 2026-11-24T10:00:00Z", t.name, t.value)
		}
	}
	return nil
}

func run(ctx context.Context, out io.Writer, want filter, asJSON bool, page string, files []string) error {
	var r report
	var err error
	if len(files) == 0 {
		fmt.Fprintln(os.Stderr, "No file given: 300 calls to a simulated tenant that others use too, and their log.")
		r, err = readAll(ctx, want, []source{sample(ctx)})
	} else {
		r, err = readFiles(ctx, want, files)
	}
	if err != nil {
		return err
	}
	switch {
	case page != "":
		return writePage(page, r)
	case asJSON:
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.table(out)
}
