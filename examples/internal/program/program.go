// Package program has what the example programs share: how they read flags, how they end,
// how they write to a terminal, and how they store their state.
package program

import (
	"context"
	"errors"
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
// after Ctrl-C or SIGTERM, which end the context, with 2 after Misuse, and with 1 after any
// other error. A second Ctrl-C ends the program at once. All that is written is printable.
func Main(name string, run func(ctx context.Context, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	Exit(ctx, name, run(ctx, Printable(os.Stdout)))
}

// Exit ends a program as Main does, after run has returned err.
func Exit(ctx context.Context, name string, err error) {
	os.Exit(exit(ctx, name, err, Printable(os.Stderr)))
}

func exit(ctx context.Context, name string, err error, out io.Writer) (code int) {
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) { // more than one if errors are joined
		fmt.Fprintf(out, "%s: %s\n", name, strings.TrimRight(line, "\n"))
	}
	var wrong misuse
	switch {
	case errors.As(err, &wrong):
		return 2
	case ctx.Err() != nil:
		return 130
	}
	return 1
}

type misuse struct{ error }

// Misuse returns an error that says which flag or argument is wrong, and what to write.
func Misuse(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// Parse parses the command line. After -h it prints the comment of the program's package,
// at the start of its source, and the flags, and exits with 0. If the flags are wrong, it
// exits with 2. It puts the arguments that are no flags into files; if files is nil, there
// must be none.
func Parse(name, source string, files *[]string) {
	switch err := ParseArgs(flag.CommandLine, os.Args[1:], source, files, Printable(os.Stdout)); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		Exit(context.Background(), name, err)
	}
}

// ParseArgs does what Parse does, for any arguments, but returns the error. After -h it is
// flag.ErrHelp.
func ParseArgs(flags *flag.FlagSet, args []string, source string, files *[]string, out io.Writer) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard) // or it would print the usage after each mistake, and hide it
	flags.Usage = func() {}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		usage(flags, source, out)
		return err
	case err != nil:
		return Misuse("%w; see -h", err)
	case files != nil:
		*files = flags.Args()
	case flags.NArg() > 0:
		return Misuse("unexpected argument %q; see -h", flags.Arg(0))
	}
	return nil
}

func usage(flags *flag.FlagSet, source string, out io.Writer) {
	for line := range strings.Lines(source) {
		text, ok := strings.CutPrefix(line, "//")
		if !ok {
			break
		}
		fmt.Fprint(out, strings.TrimPrefix(text, " "))
	}
	fmt.Fprintln(out, "\nFlags:")
	flags.SetOutput(out)
	flags.PrintDefaults()
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
