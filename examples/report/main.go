// Report reads the logs of programs that use package transport and says which users and
// operations caused the 429s, when, and what to change.
//
//	go run ./examples/report                         reports on a sample log
//	go run ./examples/report app.log app.log.1.gz    reads these; - is the standard input
//	go run ./examples/report -html report.html *.log one page with charts, for a browser
//
// It understands lines with prefixes of syslog and container runtimes, lines inside the JSON
// of docker and journald (journalctl --all -o json: without --all it omits long lines), and
// groups of slog. Other lines are skipped, and broken lines are counted. A file that is given
// twice is read once. Memory use does not depend on the size of the files.
//
// Ctrl-C stops reading and reports on what was read. The exit status is 1 if a file could
// not be read to its end, and 130 after Ctrl-C.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

type options struct {
	want   filter
	asJSON bool
	page   string
	files  []string
}

var errStopped = errors.New("stopped: the report covers what was read; run the same command again to read all")

var (
	//go:embed main.go
	mainGo string
	//go:embed sample.log
	sample string // of package transport, with a simulated tenant
)

func main() {
	debug.SetMemoryLimit(40 << 20) // bytes; it needs half of that
	var o options
	flag.BoolVar(&o.asJSON, "json", false, "write JSON")
	flag.StringVar(&o.page, "html", "", "write a page for a browser into this `file`")
	flag.Func("user", "report only this `user`; (unknown): calls without a user", func(name string) error {
		o.want.user = clean(name)
		return nil
	})
	flag.Func("since", "report only from this `time` on, such as 2026-11-24T10:00:00Z", timeInto(&o.want.since))
	flag.Func("until", "report only up to this `time`", timeInto(&o.want.until))
	program.Parse("report", mainGo, &o.files)
	program.Main("report", func(ctx context.Context, out io.Writer) error { return run(ctx, out, o) })
}

func timeInto(t *time.Time) func(string) error {
	return func(value string) (err error) {
		if *t, err = time.Parse(time.RFC3339, value); err != nil {
			return errors.New("write it as 2026-11-24T10:00:00Z")
		}
		return nil
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	if !o.want.until.IsZero() && !o.want.since.Before(o.want.until) {
		return program.Misuse("-until is not after -since: choose a later time")
	}
	if o.page != "" && filepath.Ext(o.page) != ".html" && filepath.Ext(o.page) != ".htm" { // as in -html *.log
		return program.Misuse("bad -html %q: the page's name must end with .html, so that no log is overwritten", o.page)
	}
	var r report
	if len(o.files) > 0 {
		r = readFiles(ctx, o.want, o.files)
	} else {
		fmt.Fprintln(os.Stderr, "No file is given (- is the standard input): this is the report on a sample log.")
		r = readAll(ctx, o.want, []source{{"the sample log", strings.NewReader(sample)}})
	}
	err := r.write(out, o)
	if len(r.Problems) > 0 {
		err = errors.Join(errors.New(strings.Join(r.Problems, "\n")), err)
	}
	if r.Stopped {
		err = errors.Join(err, errStopped)
	}
	return err
}
