package main

import (
	"errors"
	"flag"
	"os"
	"testing"
	"testing/synctest"
)

// inVirtualTime calls f in a bubble of testing/synctest, where the ten minutes of
// a run pass in as long as the work in them takes.
func inVirtualTime(t *testing.T, f func()) {
	synctest.Test(t, func(*testing.T) { f() })
}

// withT calls f with a *testing.T, which a bubble of synctest cannot be had
// without, and ends the program with the status that f returns.
//
// In a command the one way to get a working one is testing.Main, which is there
// for programs that do what "go test" does. Its flags are not wanted: marking the
// command line as parsed keeps it from reading ours. Nor is its "PASS" at the end,
// so the program ends before that.
func withT(f func(*testing.T) int) {
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err)
	}
	all := func(string, string) (bool, error) { return true, nil }
	test := testing.InternalTest{Name: "lab", F: func(t *testing.T) { os.Exit(f(t)) }}
	testing.Main(all, []testing.InternalTest{test}, nil, nil)
	panic(errors.New("testing.Main returned"))
}
