package transport

import (
	"fmt"
	"slices"
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
		if !slices.IsSortedFunc(top, func(a, b Tally) int { return b.Count - a.Count }) {
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
