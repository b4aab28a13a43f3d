package topk

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every count is right within its error, and what is frequent is found.
func TestCounterAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Counter
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
			c.Add(name)
		}
		const most = 200
		top := c.Top(total)
		if want := min(len(exact), most); len(top) != want {
			t.Fatalf("got %d names, want %d", len(top), want)
		}
		if !slices.IsSortedFunc(top, func(a, b Tally) int { return cmp.Or(b.Count-b.Error-(a.Count-a.Error), b.Count-a.Count) }) {
			t.Fatalf("got %v, want descending order of Count-Error, then of Count", top)
		}
		sum := 0
		for _, got := range top {
			sum += got.Count
			if n := exact[got.Name]; n > got.Count || n < got.Count-got.Error || got.Error > total/most {
				t.Fatalf("got %+v, want bounds of %d with an error of at most %d", got, n, total/most)
			}
		}
		if sum != total {
			t.Fatalf("got counts with a sum of %d, want %d", sum, total)
		}
		if i := slices.IndexFunc(top, func(t Tally) bool { return t.Name == "often" }); exact["often"] > total/most && i < 0 {
			t.Fatalf("got no count of a frequent name, want it among %v", top)
		}
	})
}

// However a stream is split among several counters, of any size, and in whatever order
// they are merged and used again: each count is right within its error, and no frequent
// name is missing.
func TestMergeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := make([]Counter, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i := range parts {
			parts[i].Most = rapid.IntRange(1, 12).Draw(t, "most")
		}
		exact := map[string]int{}
		names := rapid.SampledFrom(strings.Split("a b c d e f g h i j k l m n o p q r s t u v w x y z", " "))
		count := func(c *Counter) {
			for range rapid.IntRange(0, 60).Draw(t, "n") {
				name := names.Draw(t, "name")
				exact[name]++
				c.Add(name)
			}
		}
		for i := range parts {
			count(&parts[i])
		}
		all := &parts[0]
		for i := 1; i < len(parts); i++ {
			before := fmt.Sprint(parts[i])
			all.Merge(&parts[i])
			if after := fmt.Sprint(parts[i]); after != before {
				t.Fatalf("got %s after it was merged into another, want %s", after, before)
			}
			if rapid.Bool().Draw(t, "used again") {
				count(all)
			}
		}
		top := all.Top(100)
		if len(top) > all.Most {
			t.Fatalf("got %d names, want at most %d", len(top), all.Most)
		}
		for _, got := range top {
			if n := exact[got.Name]; n > got.Count || n < got.Count-got.Error {
				t.Fatalf("got %+v, want bounds of %d", got, n)
			}
			delete(exact, got.Name)
		}
		for name, n := range exact {
			if n > all.unseen() {
				t.Fatalf("got no count of %s, which was counted %d times; want at most %d", name, n, all.unseen())
			}
		}
	})
}

// A few names that are certainly frequent come before many that inherited their counts.
func TestProvenNamesComeFirst(t *testing.T) {
	busy, quiet := Counter{Most: 10}, Counter{Most: 10}
	for i := range 10_000 {
		busy.Add(fmt.Sprint("rare ", i))
	}
	for range 50 {
		quiet.Add("proven")
	}
	for _, merge := range []func(a, b Counter) Counter{
		func(a, b Counter) Counter { a.Merge(&b); return a },
		func(a, b Counter) Counter { b.Merge(&a); return b },
	} {
		c := merge(busy, quiet)
		if got, want := c.Top(1)[0], (Tally{"proven", 1050, 1000}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if got := busy.Top(-1); len(got) != 0 {
		t.Errorf("got %v for a negative number, want none", got)
	}
}

// Counts that were made elsewhere come with their errors, and of two equal counts the surer
// one is kept.
func TestCountsWithErrors(t *testing.T) {
	a, b := Counter{Most: 2}, Counter{Most: 3}
	a.AddTally(Tally{"inherited", 3, 2})
	a.AddTally(Tally{"inherited", 2, 1})
	if got, want := a.Top(1)[0], (Tally{"inherited", 5, 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	b.AddTally(Tally{"sure", 5, 0})
	b.AddTally(Tally{"frequent", 9, 1})
	a.Merge(&b)
	if got, want := a.Top(2), []Tally{{"frequent", 9, 1}, {"sure", 5, 0}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A name may be a few bytes of a large request.
func TestANameKeepsNothingElseInMemory(t *testing.T) {
	const size = 16 << 20
	var c Counter
	heap := func() (m runtime.MemStats) { runtime.GC(); runtime.ReadMemStats(&m); return m }
	before := heap().HeapAlloc
	c.Add(strings.Repeat("x", size)[:4])
	if held := int64(heap().HeapAlloc - before); held > size/2 {
		t.Errorf("got %d bytes held for a name of 4, want few", held)
	}
	runtime.KeepAlive(&c)
}

// Each worker counts for itself; then the counts are merged.
func ExampleCounter_Merge() {
	var a, b Counter
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

// What two Counters keep is all that is kept, and a name that comes after may have been counted as often
// as the rarest ones that were merged.
func TestWhatMayHaveBeenMissed(t *testing.T) {
	add := func(c *Counter, name string, n int) {
		for range n {
			c.Add(name)
		}
	}
	c := &Counter{Most: 10}
	add(c, "a", 3)
	for _, rarest := range []int{2, 3} {
		full := &Counter{Most: 2}
		add(full, "b", 9)
		add(full, "c", rarest)
		c.Merge(full)
	}
	want := []Tally{{"b", 18, 0}, {"c", 5, 0}, {"a", 3 + 2 + 3, 2 + 3}}
	if got := c.Top(10); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.Add("x")
	want = []Tally{{"b", 18, 0}, {"c", 5, 0}, {"a", 8, 5}, {"x", 1 + 5, 5}}
	if got := c.Top(10); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// By default the 200 most frequent names are kept.
func TestDefaultMost(t *testing.T) {
	var c Counter
	for i := range 300 {
		c.Add(fmt.Sprint(i))
	}
	if n := len(c.Top(300)); n != 200 {
		t.Errorf("got %d names, want 200", n)
	}
}
