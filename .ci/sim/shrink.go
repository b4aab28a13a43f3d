package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// String returns the plan for people.
func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d processes for %v, alone %v, proxy %v, release %d, tokens %v, strangers %+v\n",
		p.Seed, p.Processes, p.Length, p.Alone, p.Proxy, p.Release, p.TokenLife, p.Strangers)
	for _, f := range p.steps() {
		fmt.Fprintln(&b, " ", f)
	}
	return b.String()
}

// shrink cuts a plan down to a short one that still breaks the same invariant, and prints it.
func shrink(t *testing.T, p plan) error {
	r, err := simulate(t, p, nil)
	if err != nil {
		return err
	}
	if len(r.broken) == 0 {
		return fmt.Errorf("seed %d does not fail", p.Seed)
	}
	want := invariantOf(r.broken[0])
	fails := func(q plan) bool {
		r, err := simulate(t, q, nil)
		return err == nil && slices.ContainsFunc(r.broken, func(b string) bool { return invariantOf(b) == want })
	}
	for size := max(1, len(p.steps())/2); size >= 1; size /= 2 {
		p.Faults = fewer(p.Faults, size, func(fs []*fault) bool { q := p; q.Faults = fs; return fails(q) })
		p.Work = fewer(p.Work, size, func(fs []*fault) bool { q := p; q.Work = fs; return fails(q) })
		p.Strangers = fewer(p.Strangers, size, func(s []stranger) bool { q := p; q.Strangers = s; return fails(q) })
	}
	for _, f := range slices.Concat(p.Faults, p.Work) { // and make what is left smaller
		for f.N > 1 || f.For > 2*time.Second {
			was := *f
			f.N, f.For = max(1, f.N/2), f.For/2
			if !fails(p) {
				*f = was
				break
			}
		}
	}
	fmt.Print(p)
	_, err = simulate(t, p, func(line string) { fmt.Println(line) })
	return err
}

// fewer leaves out what is not needed, size steps at a time.
func fewer[T any](all []T, size int, fails func([]T) bool) []T {
	for i := 0; i < len(all); {
		less := slices.Delete(slices.Clone(all), i, min(i+size, len(all)))
		if fails(less) {
			all = less
		} else {
			i += size
		}
	}
	return all
}

// invariantOf returns the name of what did not hold.
func invariantOf(broken string) string {
	fields := strings.Fields(broken)
	return fields[1]
}
