package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/.ci/sim/mutation"
)

type result string

const (
	noticed    result = "noticed"
	missed     result = "NOT NOTICED"
	equivalent result = "equivalent"
	notGo      result = "not compiled"
)

// A suite is the tests of a package, built with a switch for each change.
type suite struct {
	flags
	dir   string // its files
	tests []*test
}

// A test is one that passes without a change.
type test struct {
	binary  string
	pkg     string
	name    string
	took    time.Duration
	reaches map[int]bool // the numbers of changes
}

// newSuite builds the tests, of the package above an internal one too, and runs each without a
// change, to learn which changes it reaches.
func newSuite(f flags, pkg, dir string, replace map[string]string) (*suite, error) {
	s := &suite{flags: f, dir: dir}
	packages := []string{pkg}
	if above, _, ok := strings.Cut(pkg, "/internal/"); ok {
		packages = append(packages, above)
	}
	for _, p := range packages {
		binary := filepath.Join(dir, strings.ReplaceAll(p, "/", "-"))
		if out, err := s.build(p, binary, replace); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, out)
		}
		list, err := s.command(p, binary, "-test.list", ".").Output()
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(string(list)) {
			s.add(&test{binary: binary, pkg: p, name: name, reaches: map[int]bool{}})
		}
	}
	slices.SortStableFunc(s.tests, func(a, b *test) int {
		return cmp.Or(strings.Compare(b.pkg, a.pkg), cmp.Compare(a.took, b.took)) // the internal package first
	})
	return s, nil
}

// add runs a test without a change.
func (s *suite) add(t *test) {
	log := filepath.Join(s.dir, "reached")
	os.Remove(log)
	c := s.command(t.pkg, t.binary, s.args(t)...)
	c.Env = append(c.Env, mutation.Log+"="+log)
	begin := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		fmt.Printf("%s fails without a change and is left out: %v\n%s", t.name, err, out)
		return
	}
	t.took = time.Since(begin)
	data, _ := os.ReadFile(log) // none if it reaches nothing
	for line := range strings.Lines(string(data)) {
		number, _ := strconv.Atoi(strings.TrimSpace(line))
		t.reaches[number] = true
	}
	s.tests = append(s.tests, t)
}

func (s *suite) args(list ...*test) []string {
	var names []string
	for _, t := range list {
		names = append(names, t.name)
	}
	args := []string{"-test.failfast", "-test.run", "^(" + strings.Join(names, "|") + ")$"}
	if !s.full {
		args = append(args, "-test.short")
	}
	return args
}

// try runs the tests that reach a change, a second's worth at once, the fast ones first.
func (s *suite) try(number int) result {
	var some []*test
	took := time.Duration(0)
	for i, t := range s.tests {
		if t.reaches[number] {
			some, took = append(some, t), took+t.took
		}
		last := i == len(s.tests)-1 || s.tests[i+1].pkg != t.pkg
		if len(some) == 0 || took < time.Second && !last {
			continue
		}
		if !s.pass(some[0].binary, some, number) {
			return noticed
		}
		some, took = nil, 0
	}
	return missed
}

// tryAlone builds the tests for a change that has no switch, and runs them all.
func (s *suite) tryAlone(m mutation.Mutation) result {
	changed := filepath.Join(s.dir, "alone"+filepath.Ext(m.File))
	original, err := filepath.Abs(m.File)
	if err != nil || os.WriteFile(changed, m.Apply(), 0o600) != nil {
		return notGo
	}
	tests := map[string][]*test{}
	for _, t := range s.tests {
		tests[t.pkg] = append(tests[t.pkg], t)
	}
	for pkg, list := range tests {
		binary := filepath.Join(s.dir, "alone")
		if _, err := s.build(pkg, binary, map[string]string{original: changed}); err != nil {
			return notGo
		}
		if !s.pass(binary, list, 0) {
			return noticed
		}
	}
	return missed
}

// pass reports whether some tests of a package pass with a change.
func (s *suite) pass(binary string, list []*test, number int) bool {
	patience := s.timeout
	for _, t := range list {
		patience += 10 * t.took
	}
	c := s.command(list[0].pkg, binary, append(s.args(list...), "-test.timeout", patience.String())...)
	c.Env = append(c.Env, fmt.Sprint(mutation.Active, "=", number))
	return c.Run() == nil
}

// build builds the tests of a package with some files replaced.
func (s *suite) build(pkg, binary string, replace map[string]string) (out []byte, err error) {
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return nil, err
	}
	return s.command("", "go", "test", "-c", "-vet=off", "-ldflags=-w", "-overlay", file, "-o", binary, "./"+pkg).CombinedOutput()
}

// command returns a command in the folder of a package.
func (s *suite) command(pkg, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = filepath.Join(s.root, pkg)
	c.Env = append(os.Environ(), "RAPID_NOFAILFILE=1")
	c.WaitDelay = time.Second
	return c
}
