package main

import (
	"path"
	"strings"
	"testing"
)

// Each line of the list is a change of the code as it is, or a renamed function has made it
// stale.
func TestEquivalentsAreChangesOfTheCode(t *testing.T) {
	packages := map[string]bool{}
	for line := range strings.Lines(list) {
		if file, _, found := strings.Cut(line, ": "); found && !strings.HasPrefix(line, "#") {
			packages[path.Dir(file)] = true
		}
	}
	if len(packages) == 0 {
		t.Fatal("the list is empty")
	}
	for pkg := range packages {
		if _, err := mutations(flags{root: "../../.."}, pkg); err != nil {
			t.Errorf("%s: %v", pkg, err)
		}
	}
}
