// Mutate breaks the code on purpose, one place at a time, and reports what no test notices.
//
//	go run ./mutate -n 40 transport/redislimit notify
//	go run ./mutate -only slot.lua transport/redislimit
//
// It changes no file: go test -overlay sees the broken copy. It builds the tests once, with a
// switch for each change, and runs those that reach it. A change in a constant or of a script
// cannot have a switch and is built alone. One that does not compile doesn't count, nor one
// that equivalent.txt lists with the reason. Which places are taken depends on -seed alone.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/.ci/sim/mutation"
)

type flags struct {
	n       int
	seed    uint64
	only    *regexp.Regexp // nil: all
	root    string
	timeout time.Duration
	full    bool
	verbose bool
}

func main() {
	var f flags
	flag.IntVar(&f.n, "n", 50, "`number` of changes to try in each package; 0: all")
	flag.Uint64Var(&f.seed, "seed", 1, "`seed` that chooses them")
	flag.Func("only", "regular `expression` for the changes, such as slot.lua or 'clock.go: see:'", func(s string) (err error) {
		f.only, err = regexp.Compile(s)
		return err
	})
	flag.StringVar(&f.root, "root", "../..", "`folder` of the module")
	flag.DurationVar(&f.timeout, "timeout", 30*time.Second, "`time` for the tests of one change, on top of ten times what they take without; one that hangs them is noticed")
	flag.BoolVar(&f.full, "full", false, "run the tests without -short")
	flag.BoolVar(&f.verbose, "v", false, "print the changes that are noticed too")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "mutate: name one or more packages, such as transport/redislimit")
		os.Exit(2)
	}
	for _, pkg := range flag.Args() {
		if err := run(f, pkg); err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pkg, err)
			os.Exit(1)
		}
	}
}

func run(f flags, pkg string) error {
	all, err := mutations(f, pkg)
	if err != nil {
		return err
	}
	rand.New(rand.NewPCG(f.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if f.n > 0 {
		all = all[:min(f.n, len(all))]
	}
	switches, err := mutation.Load(filepath.Join(f.root, pkg))
	if err != nil {
		return err
	}
	numbers := make([]int, len(all)) // 0: no switch
	for i, m := range all {
		if !isEquivalent(pkg, m) {
			numbers[i], _ = switches.Add(m)
		}
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	replace, err := switches.Write(dir)
	if err != nil {
		return err
	}
	s, err := newSuite(f, pkg, dir, replace)
	if err != nil {
		return err
	}
	count := map[result]int{}
	for i, m := range all {
		result := equivalent
		switch {
		case isEquivalent(pkg, m):
		case numbers[i] > 0:
			result = s.try(numbers[i])
		default:
			result = s.tryAlone(m)
		}
		count[result]++
		if result == missed || f.verbose {
			fmt.Printf("%-12s %s/%s:%d: %v\n", result, pkg, filepath.Base(m.File), m.Line(), m)
		}
	}
	fmt.Printf("%s, seed %d: %d of %d changes noticed, %d equivalent, %d open; %d not compiled\n", pkg, f.seed,
		count[noticed], count[noticed]+count[missed]+count[equivalent], count[equivalent], count[missed], count[notGo])
	return nil
}

// mutations returns all changes of a package's files that are no tests. A line of
// equivalent.txt that is none of them is an error.
func mutations(f flags, pkg string) ([]mutation.Mutation, error) {
	files, err := filepath.Glob(filepath.Join(f.root, pkg, "*"))
	if err != nil {
		return nil, err
	}
	var all []mutation.Mutation
	for _, file := range files {
		find := map[string]func(string, string) ([]mutation.Mutation, error){".go": mutation.OfGo, ".lua": mutation.OfLua}[filepath.Ext(file)]
		if find == nil || strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := find(file, string(source))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if err := checkEquivalents(pkg, all); err != nil {
		return nil, err
	}
	if f.only != nil {
		all = slices.DeleteFunc(all, func(m mutation.Mutation) bool { return !f.only.MatchString(name(pkg, m)) })
	}
	if len(all) == 0 {
		return nil, errors.New("there is nothing to change")
	}
	return all, nil
}
