package main

import (
	_ "embed"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/aprimo-go/aprimo/.ci/sim/mutation"
)

//go:embed equivalent.txt
var list string

// name returns how equivalent.txt names a change.
func name(pkg string, m mutation.Mutation) string {
	return path.Join(pkg, filepath.Base(m.File)) + ": " + m.String()
}

func isEquivalent(pkg string, m mutation.Mutation) bool {
	return strings.Contains(list, "\n"+name(pkg, m)+"\n")
}

// checkEquivalents returns an error if the list has a change of the package that is none of all.
func checkEquivalents(pkg string, all []mutation.Mutation) error {
	known := map[string]bool{}
	for _, m := range all {
		known[name(pkg, m)] = true
	}
	for line := range strings.Lines(list) {
		line = strings.TrimSuffix(line, "\n")
		file, _, _ := strings.Cut(line, ": ")
		if path.Dir(file) == pkg && !strings.HasPrefix(line, "#") && !known[line] {
			return fmt.Errorf("equivalent.txt lists what is no change of the code: %s", line)
		}
	}
	return nil
}
