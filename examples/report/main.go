// Report reads the logs of programs that use package transport and says which users and
// operations caused the 429s, when, and what to change.
//
//	go run ./examples/report                         makes a log against a simulated tenant, and reports on it
//	go run ./examples/report app.log app.log.1.gz    reads these; - is the standard input
//	go run ./examples/report -html report.html *.log one page with charts, for a browser
//
// It finds the lines behind the prefixes of syslog and container runtimes, in those of
// docker and journald (journalctl --all -o json: without --all it leaves out long lines),
// and in groups of slog. Lines of other kinds are passed over, broken ones are counted.
// It needs little memory however large the files are.
//
// Ctrl-C ends the reading, not the report. The exit status is 1 if a file could not be
// read to its end, and 130 after Ctrl-C: the report is of what there was.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
)

// What is to be done.
type options struct {
	want   filter
	asJSON bool
	page   string
	files  []string
}

var errStopped = errors.New("stopped: the report is of what was read until then")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)                               // a second Ctrl-C ends the program at once
	runtime.GOMAXPROCS(min(runtime.GOMAXPROCS(0), maxWorkers)) // more would cost memory for each
	debug.SetMemoryLimit(40 << 20)                             // twice what it needs at once
	var o options
	flag.BoolVar(&o.asJSON, "json", false, "write JSON")
	flag.StringVar(&o.page, "html", "", "write a page for a browser into this `file`")
	flag.Func("user", "only what this `user` caused; (unknown) for calls without a name", func(name string) error {
		o.want.user = clean(name)
		return nil
	})
	since := flag.String("since", "", "only from this `time` on, such as 2026-11-24T10:00:00Z")
	until := flag.String("until", "", "only before this `time`")
	flag.Parse()
	o.files = flag.Args()
	err := o.want.between(*since, *until)
	if err == nil {
		err = run(ctx, os.Stdout, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
	switch {
	case errors.Is(err, errStopped):
		os.Exit(130)
	case err != nil:
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	if err := checkPage(o.page); err != nil {
		return err
	}
	var r report
	if len(o.files) == 0 {
		fmt.Fprintln(os.Stderr, "No file given (- is the standard input): 300 calls to a simulated tenant that others use too, and their log.")
		r = readAll(ctx, o.want, []source{sample(ctx)})
	} else {
		r = readFiles(ctx, o.want, o.files)
	}
	for _, h := range r.Hints {
		fmt.Fprintln(os.Stderr, "report:", h)
	}
	err := r.write(out, o)
	if len(r.Problems) > 0 {
		err = errors.Join(errors.New(strings.Join(r.Problems, "\nreport: ")), err)
	}
	if r.Stopped {
		err = errors.Join(err, errStopped)
	}
	return err
}

// write writes the report in the ways that are asked for.
func (r report) write(out io.Writer, o options) error {
	var err error
	if o.page != "" {
		if err = writePage(o.page, r); err == nil && !o.asJSON {
			_, err = fmt.Fprintln(out, "The report is in", o.page)
			return err
		}
	}
	if o.asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return errors.Join(err, e.Encode(r))
	}
	return errors.Join(err, r.table(out)) // also if there can be no page
}
