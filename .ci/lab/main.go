// Lab measures how a client shares a tenant with strangers: integrations that use the
// same 15 requests a second and that the client cannot see. It measures how much of the
// remaining capacity the client uses, the 429s on both sides, and how long the strangers
// wait. It compares our transport with a static rate, AIMD, AWS's SDKs, failsafe-go and two
// token buckets from a paper, and with an oracle that sees the server's queue.
//
//	go run .
//	go run . -only 'steady8.*,square' -client ours -seeds 8
//	go run . -only square -client ours,aws -svg square.svg
//	go run . -only 'steady8.*,square' -client ours,aws,failsafe -harm harm.svg
//	go run . -mixes 100 # random scenarios; those from 1001 on were never tuned on
//
// It has a module of its own, so that the SDK does not depend on failsafe-go.
//
// The tenant is that of client/aprimotest. Ten minutes take well under a second, in the
// virtual time of testing/synctest. Strangers are open loops, Poisson processes that do not
// react to us, or closed ones: scripts whose workers each wait for an answer before the next
// request. Rivals are greedy clients. The first two minutes do not count. Each run is made a
// second time without us: the difference is the harm that we do.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

type flags struct {
	only, client string
	seeds        int
	minutes      int
	mixes, first int
	svg, harm    string
}

func main() {
	var f flags
	own := flag.NewFlagSet("lab", flag.ContinueOnError)
	own.StringVar(&f.only, "only", "", "`scenarios` to run: names or regular expressions, separated by commas; empty: all")
	own.StringVar(&f.client, "client", "", "`clients` to run, separated by commas; empty: all")
	own.IntVar(&f.seeds, "seeds", 3, "`number` of seeds; each figure is the mean of them")
	own.IntVar(&f.minutes, "minutes", 10, "simulated `minutes` of each run; the first two do not count")
	own.IntVar(&f.mixes, "mixes", 0, "`number` of random scenarios to run instead, each with one seed")
	own.IntVar(&f.first, "first", 1, "`number` of the first of them")
	own.StringVar(&f.svg, "svg", "", "`file` for a picture of one scenario with two clients; square, ours and aws if they are run")
	own.StringVar(&f.harm, "harm", "", "`file` for a picture of how long the others wait in each scenario; ours, aws and failsafe if they are run")
	if err := own.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		os.Exit(2)
	}
	withT(func(t *testing.T) int {
		if err := run(t, f); err != nil {
			fmt.Fprintln(os.Stderr, "lab:", err)
			return 1
		}
		return 0
	})
}

func run(t *testing.T, f flags) error {
	m, err := f.matrix()
	if err != nil {
		return err
	}
	bar := newBar(m.runs())
	cells := m.run(t, func() { bar.Add(1) })
	bar.Finish()
	if f.mixes > 0 {
		writeMixes(os.Stdout, m, cells)
		return nil
	}
	if err := writeTable(os.Stdout, m, cells); err != nil {
		return err
	}
	if f.svg != "" {
		if err := os.WriteFile(f.svg, []byte(picture(toShow(m, cells))), 0o644); err != nil {
			return err
		}
	}
	if f.harm == "" {
		return nil
	}
	return os.WriteFile(f.harm, []byte(harmPicture(m, cells)), 0o644)
}

// toShow returns the cells for the picture: one scenario with ours and a baseline.
func toShow(m matrix, cells []cell) []cell {
	row := max(0, slices.IndexFunc(m.scenarios, func(s scenario) bool { return s.name == "square" }))
	cells = cells[row*len(m.clients) : (row+1)*len(m.clients)]
	if len(cells) <= 2 {
		return cells
	}
	baseline := slices.IndexFunc(cells, func(c cell) bool { return c.client.name == "aws" })
	if baseline < 1 {
		baseline = 1
	}
	return []cell{cells[0], cells[baseline]}
}

func (f flags) matrix() (matrix, error) {
	m := matrix{seeds: f.seeds, length: time.Duration(f.minutes) * time.Minute}
	if f.seeds < 1 {
		return m, fmt.Errorf("-seeds %d: choose at least 1", f.seeds)
	}
	if m.length <= warmup || m.length > longest {
		return m, fmt.Errorf("-minutes %d: choose 3 to %g", f.minutes, longest.Minutes())
	}
	var err error
	if m.clients, err = choose(clients, f.client, func(c client) string { return c.name }); err != nil {
		return m, fmt.Errorf("-client: %w", err)
	}
	if f.mixes > 0 {
		m.seeds = 1
		for i := range f.mixes {
			m.scenarios = append(m.scenarios, mixOf(f.first+i))
		}
		return m, nil
	}
	if m.scenarios, err = choose(scenarios, f.only, func(s scenario) string { return s.name }); err != nil {
		return m, fmt.Errorf("-only: %w", err)
	}
	return m, nil
}

// choose returns the items whose whole name matches one of the patterns; all without a
// pattern.
func choose[T any](all []T, patterns string, name func(T) string) ([]T, error) {
	if patterns == "" {
		return all, nil
	}
	matches, err := regexp.Compile("^(" + strings.ReplaceAll(patterns, ",", "|") + ")$")
	if err != nil {
		return nil, err
	}
	var chosen []T
	var names []string
	for _, x := range all {
		names = append(names, name(x))
		if matches.MatchString(name(x)) {
			chosen = append(chosen, x)
		}
	}
	if chosen == nil {
		return nil, fmt.Errorf("nothing matches %q; there are %s", patterns, strings.Join(names, ", "))
	}
	return chosen, nil
}

func newBar(n int) *progressbar.ProgressBar {
	return progressbar.NewOptions(n,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetDescription("runs"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
}
