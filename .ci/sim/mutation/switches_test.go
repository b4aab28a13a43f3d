package mutation

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// built returns a program with a switch for each change, and the changes in the order of their
// numbers, from 1.
func built(t *testing.T, source string) (program string, changes []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	write(t, file, source)
	write(t, filepath.Join(dir, "go.mod"), "module x\n\ngo 1.26\n")
	all, err := OfGo(file, source)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if _, ok := p.Add(m); ok {
			changes = append(changes, strings.TrimPrefix(m.String(), "main: "))
		}
	}
	if left := len(all) - len(changes); left != 2 {
		t.Errorf("%d changes have no switch; want 2: that of the constant, and that of i++, which must be simple", left)
	}
	replace, err := p.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), string(overlay))
	build := exec.Command("go", "build", "-overlay", "overlay.json", "-o", "program", ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "program"), changes
}

// One build has all changes, also those within others; the environment chooses one.
func TestOneBuildHasAllChanges(t *testing.T) {
	program, changes := built(t, `package main

import "os"

const two = 2

func main() {
	sum := 10
	for i := 0; i < two; i++ {
		a, b := i+3, i
		if a > b && b < 1 || b == 1 {
			sum += a * b
		}
	}
	os.Exit(sum)
}
`)
	want := map[string]int{ // the sum is 14 without a change
		"sum := 10 => sum := 11":           15,
		"sum += a * b => {}":               10,
		"sum += a * b => sum += a / b":     2, // a panic
		"a, b := i+3, i => a, b := i-3, i": 8,
		"if a > b && b < 1 || b == 1 { => if !(a > b && b < 1 || b == 1) {": 10,
		"if a > b && b < 1 || b == 1 { => if (a > b || b < 1) || b == 1 {":  14,
		"if a > b && b < 1 || b == 1 { => if (a > b && b < 1 && b == 1) {":  10,
		"if a > b && b < 1 || b == 1 { => if a > b && b < 1 || b == 2 {":    10,
		"os.Exit(sum) => {}": 0,
	}
	for i, name := range changes {
		status, ok := want[name]
		if !ok {
			continue
		}
		delete(want, name)
		c := exec.Command(program)
		c.Env = append(os.Environ(), fmt.Sprint(Active, "=", 1+i))
		if err := c.Run(); c.ProcessState.ExitCode() != status {
			t.Errorf("%s: got %v, want exit status %d", name, err, status)
		}
	}
	for name := range want {
		t.Errorf("%s: got no switch, want one", name)
	}
}
