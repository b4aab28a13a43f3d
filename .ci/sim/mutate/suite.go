package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// A suite is the tests that may notice a change of a package.
type suite struct {
	flags
	pkg   string
	steps []step // the fast ones first: most changes are noticed by them
}

type step struct {
	pkg  string
	args []string
}

// took finds how long a test took, in seconds.
var took = regexp.MustCompile(`(?m)^--- PASS: (\w+) \((\S+)s\)$`)

// newSuite runs the tests of the package without a change, which must pass, to learn which
// of them are slow.
func newSuite(f flags, pkg string) (*suite, error) {
	s := &suite{flags: f, pkg: pkg}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	binary := filepath.Join(dir, "test")
	if out, err := s.command(ctx, f.root, "go", "test", "-c", "-ldflags=-w", "-o", binary, "./"+pkg).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	out, err := s.command(ctx, filepath.Join(f.root, pkg), binary, "-test.short", "-test.v").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("its tests fail without a change: %w\n%s", err, out)
	}
	slow := "^(-" // no test's name
	for _, test := range took.FindAllSubmatch(out, -1) {
		if seconds, _ := strconv.ParseFloat(string(test[2]), 64); seconds >= 0.3 {
			slow += "|" + string(test[1])
		}
	}
	slow += ")$"
	s.steps = []step{{pkg, []string{"-test.short", "-test.skip", slow}}, {pkg, []string{"-test.short", "-test.run", slow}}}
	if f.full {
		s.steps = append(s.steps, step{pkg, nil})
	}
	if above, _, ok := strings.Cut(pkg, "/internal/"); ok {
		s.steps = append(s.steps, step{above, []string{"-test.short"}})
	}
	return s, nil
}

// try runs the tests with one change.
func (s *suite) try(m mutation.Mutation) (result, error) {
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
	built := ""
	for _, step := range s.steps {
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		defer cancel()
		binary := filepath.Join(dir, "test")
		if step.pkg != built {
			if s.command(ctx, s.root, "go", "test", "-c", "-ldflags=-w", "-overlay", replace, "-o", binary, "./"+step.pkg).Run() != nil {
				return notGo, nil
			}
			built = step.pkg
		}
		args := append([]string{"-test.failfast", "-test.timeout", s.timeout.String()}, step.args...)
		if s.command(ctx, filepath.Join(s.root, step.pkg), binary, args...).Run() != nil {
			return noticed, nil
		}
	}
	return missed, nil
}

func (s *suite) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "RAPID_NOFAILFILE=1")
	c.WaitDelay = time.Second
	return c
}
