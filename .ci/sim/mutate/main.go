// Mutate breaks the code on purpose, one place at a time, and reports what no test notices.
//
//	go run ./mutate -n 40 transport/redislimit notify
//	go run ./mutate -only slot.lua transport/redislimit
//
// It changes no file: go test -overlay sees the broken copy. A change that does not
// compile doesn't count. Which places are taken depends on -seed alone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/.ci/sim/mutation"
)

type flags struct {
	n       int
	seed    uint64
	only    string
	root    string
	timeout time.Duration
	verbose bool
}

func main() {
	var f flags
	flag.IntVar(&f.n, "n", 50, "`number` of changes to try in each package; 0: all")
	flag.Uint64Var(&f.seed, "seed", 1, "`seed` that chooses them")
	flag.StringVar(&f.only, "only", "", "`file` to change, by its name; empty: all of the package")
	flag.StringVar(&f.root, "root", "../..", "`folder` of the module")
	flag.DurationVar(&f.timeout, "timeout", 3*time.Minute, "`time` for the tests of one change; one that hangs them is noticed")
	flag.BoolVar(&f.verbose, "v", false, "print the changes that are noticed too")
	flag.Parse()
	if err := run(f, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(f flags, packages []string) error {
	if len(packages) == 0 {
		return errors.New("name one or more packages, such as transport/redislimit")
	}
	for _, pkg := range packages {
		all, err := mutations(filepath.Join(f.root, pkg), f.only)
		if err != nil {
			return err
		}
		rand.New(rand.NewPCG(f.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		noticed, survived := 0, 0
		for _, m := range all {
			if f.n > 0 && noticed+survived == f.n {
				break
			}
			result, err := try(f, pkg, m)
			if err != nil {
				return err
			}
			switch result {
			case noticedIt:
				noticed++
			case missedIt:
				survived++
			}
			if result == missedIt || f.verbose {
				fmt.Printf("%-14s %s/%s\n", result, pkg, m)
			}
		}
		fmt.Printf("%s: %d of %d changes noticed\n", pkg, noticed, noticed+survived)
	}
	return nil
}

type result string

const (
	noticedIt result = "noticed"
	missedIt  result = "NOT NOTICED"
	notGo     result = "not compiled"
)

// try runs the package's tests with one change.
func try(f flags, pkg string, m mutation.Mutation) (result, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	changed := filepath.Join(dir, filepath.Base(m.File))
	original, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	replace := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(changed, m.Apply(), 0o600), os.WriteFile(replace, overlay, 0o600)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	binary := filepath.Join(dir, "test")
	if inPackage(f, ctx, "go", "test", "-c", "-overlay", replace, "-o", binary, "./"+pkg).Run() != nil {
		return notGo, nil
	}
	for _, length := range []string{"-test.short", "-test.short=false"} { // most are noticed by the short ones
		test := inPackage(f, ctx, binary, length, "-test.failfast", "-test.timeout", f.timeout.String())
		test.Dir = filepath.Join(f.root, pkg)
		if test.Run() != nil {
			return noticedIt, nil
		}
	}
	return missedIt, nil
}

func inPackage(f flags, ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = f.root
	c.WaitDelay = time.Second
	return c
}

// mutations returns all changes of the files in a folder that are no tests.
func mutations(dir, only string) ([]mutation.Mutation, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(file string) bool {
		ext := filepath.Ext(file)
		return ext != ".go" && ext != ".lua" || strings.HasSuffix(file, "_test.go") || only != "" && filepath.Base(file) != only
	})
	var all []mutation.Mutation
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		find := mutation.OfGo
		if filepath.Ext(file) == ".lua" {
			find = mutation.OfLua
		}
		found, err := find(file, string(source))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has nothing to change", dir)
	}
	return all, nil
}
