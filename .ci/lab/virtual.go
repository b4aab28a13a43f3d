package main

import (
	"errors"
	"flag"
	"os"
	"testing"
	"testing/synctest"
)

// inVirtualTime calls f in a bubble of testing/synctest, where waiting takes no time.
func inVirtualTime(t *testing.T, f func()) {
	synctest.Test(t, func(*testing.T) { f() })
}

// withT calls f with a *testing.T, which synctest requires, and exits with the status that
// f returns.
//
// In a command only testing.Main provides a working T. It must not parse our flags, so
// the command line is marked as parsed, and it must not print "PASS", so the program
// exits before.
func withT(f func(*testing.T) int) {
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err)
	}
	all := func(string, string) (bool, error) { return true, nil }
	test := testing.InternalTest{Name: "lab", F: func(t *testing.T) { os.Exit(f(t)) }}
	testing.Main(all, []testing.InternalTest{test}, nil, nil)
	panic(errors.New("testing.Main returned"))
}
