// Package program has what the example programs share: how they end, how they write to a
// terminal, and how they store their state.
package program

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// Main runs a program and exits: with 0 if run returns nil, with 130 if it returns an error
// after Ctrl-C or SIGTERM, which end the context, and with 1 after any other error. A second
// Ctrl-C ends the program at once. All that is written is printable.
func Main(name string, run func(ctx context.Context, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(exit(ctx, name, run(ctx, Printable(os.Stdout)), Printable(os.Stderr)))
}

func exit(ctx context.Context, name string, err error, out io.Writer) (code int) {
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) { // more than one if errors are joined
		fmt.Fprintf(out, "%s: %s\n", name, strings.TrimRight(line, "\n"))
	}
	if ctx.Err() != nil {
		return 130
	}
	return 1
}

// Usage returns what -h prints: the comment of a program's package, at the start of its
// source, and its flags.
func Usage(flags *flag.FlagSet, source string) func() {
	return func() {
		out := flags.Output()
		for line := range strings.Lines(source) {
			text, ok := strings.CutPrefix(line, "//")
			if !ok {
				break
			}
			fmt.Fprint(out, strings.TrimPrefix(text, " "))
		}
		fmt.Fprintln(out, "\nFlags:")
		flags.PrintDefaults()
	}
}

// Printable returns a writer that replaces what could control a terminal: names of files and
// answers of servers may contain escape sequences. Each Write must have whole characters.
func Printable(w io.Writer) io.Writer { return printable{w} }

type printable struct{ w io.Writer }

func (p printable) Write(text []byte) (int, error) {
	_, err := io.WriteString(p.w, replace(string(text), "\n\t"))
	return len(text), err
}

// Count returns a number with the words for one, or for many.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Clean returns a text from outside as one printable line.
func Clean(text string) string { return replace(text, "") }

// replace replaces all characters that are not printable, except those in keep.
func replace(text, keep string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || strings.ContainsRune(keep, r) {
			return r
		}
		return utf8.RuneError
	}, text)
}
