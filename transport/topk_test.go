package transport

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every count is right within its error, and what is frequent is found.
func TestTopKAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var k TopK
		exact := map[string]int{}
		total := rapid.IntRange(0, 3000).Draw(t, "total")
		spread := rapid.IntRange(1, 1000).Draw(t, "spread")
		seed := rapid.Uint32().Draw(t, "seed")
		for range total {
			seed = seed*1664525 + 1013904223
			name := fmt.Sprint(int(seed>>8) % spread)
			if seed>>30 == 0 {
				name = "often"
			}
			exact[name]++
			k.Add(name)
		}
		top := k.Top(topNames)
		if len(top) > topNames || len(top) != min(len(exact), topNames) {
			t.Fatalf("%d names of %d", len(top), len(exact))
		}
		if !slices.IsSortedFunc(top, func(a, b Tally) int { return b.Count - b.Error - (a.Count - a.Error) }) {
			t.Fatal("not sorted")
		}
		sum := 0
		for _, c := range top {
			sum += c.Count
			if low, e := c.Count-c.Error, exact[c.Name]; e > c.Count || e < low || c.Error > total/topNames {
				t.Fatalf("%s: %d, error %d, but really %d", c.Name, c.Count, c.Error, e)
			}
		}
		if sum != total {
			t.Fatalf("sum %d, want %d", sum, total)
		}
		if i := slices.IndexFunc(top, func(c Tally) bool { return c.Name == "often" }); exact["often"] > total/topNames && i < 0 {
			t.Fatal("a frequent name is missing")
		}
	})
}

// However a stream is split among several, of any size, and in whatever order they are
// merged and counted on: each count is right within its error, and a name that is
// missing is none of the frequent ones.
func TestTopKMergeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := make([]TopK, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i := range parts {
			parts[i].Most = rapid.IntRange(1, 12).Draw(t, "most")
		}
		exact := map[string]int{}
		names := rapid.SampledFrom(strings.Split("a b c d e f g h i j k l m n o p q r s t u v w x y z", " "))
		count := func(k *TopK) {
			for range rapid.IntRange(0, 60).Draw(t, "n") {
				name := names.Draw(t, "name")
				exact[name]++
				k.Add(name)
			}
		}
		for i := range parts {
			count(&parts[i])
		}
		all := &parts[0]
		for i := 1; i < len(parts); i++ {
			before := fmt.Sprint(parts[i])
			all.Merge(&parts[i])
			if fmt.Sprint(parts[i]) != before {
				t.Fatal("what was merged has changed")
			}
			if rapid.Bool().Draw(t, "goes on") {
				count(all)
			}
		}
		top := all.Top(100)
		if len(top) > all.Most {
			t.Fatalf("%d names, want %d at most", len(top), all.Most)
		}
		for _, c := range top {
			if e := exact[c.Name]; e > c.Count || e < c.Count-c.Error {
				t.Fatalf("%s: %d, error %d, but really %d", c.Name, c.Count, c.Error, e)
			}
			delete(exact, c.Name)
		}
		for name, n := range exact {
			if n > all.unseen() {
				t.Fatalf("%s is missing, though it was counted %d times; want %d at most", name, n, all.unseen())
			}
		}
	})
}

// Few that are certainly frequent come before many that have inherited their counts.
func TestTopKProvenNamesComeFirst(t *testing.T) {
	busy, quiet := TopK{Most: 10}, TopK{Most: 10}
	for i := range 10_000 {
		busy.Add(fmt.Sprint("rare ", i))
	}
	for range 50 {
		quiet.Add("proven")
	}
	for _, merge := range []func(a, b TopK) TopK{
		func(a, b TopK) TopK { a.Merge(&b); return a },
		func(a, b TopK) TopK { b.Merge(&a); return b },
	} {
		k := merge(busy, quiet)
		if got, want := k.Top(1)[0], (Tally{"proven", 1050, 1000}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := busy.Top(-1); len(got) != 0 {
		t.Error(got)
	}
}

// Workers count for themselves, and what they have is put together.
func ExampleTopK_Merge() {
	var a, b TopK
	for range 3 {
		a.Add("anna@example.com")
		b.Add("nightly-import")
	}
	b.Add("anna@example.com")
	a.Merge(&b)
	for _, t := range a.Top(2) {
		fmt.Println(t.Name, t.Count)
	}
	// Output:
	// anna@example.com 4
	// nightly-import 3
}
