package transport

import (
	"cmp"
	"slices"
	"strings"
)

// topNames is how many names a TopK counts at once. A name's number is too high
// by at most the total divided by this.
const topNames = 200

// A Tally is how often something was counted.
type Tally struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	// Error is how much of Count may belong to other names. It is 0, and Count
	// exact, unless there were very many different names.
	Error int `json:"error,omitempty"`
}

// A TopK finds the most frequent of any number of names in constant memory,
// with the Space-Saving algorithm (Metwally, Agrawal, El Abbadi 2005): a new
// name takes the place of the rarest one and inherits its count. The zero value
// is ready for use. It is not safe for concurrent use.
type TopK struct {
	Most int // names that are counted at once; 0 means 200

	tallies []Tally
	index   map[string]int // of name in tallies
	least   int            // no count is lower
	cursor  int            // where to look next for one that low
}

// Add counts name once.
func (k *TopK) Add(name string) { k.AddTally(Tally{Name: name, Count: 1}) }

// AddTally counts a name as often as somebody else has.
func (k *TopK) AddTally(more Tally) {
	if i, ok := k.index[more.Name]; ok {
		k.tallies[i].Count += more.Count
		k.tallies[i].Error += more.Error
		return
	}
	// A copy: name may be a small part of a large string.
	name := strings.Clone(more.Name)
	if len(k.tallies) < cmp.Or(k.Most, topNames) {
		if k.index == nil {
			k.index = make(map[string]int)
		}
		k.index[name] = len(k.tallies)
		k.tallies = append(k.tallies, Tally{name, more.Count, more.Error})
		return
	}
	i := k.rarest()
	t := &k.tallies[i]
	delete(k.index, t.Name)
	k.index[name] = i
	*t = Tally{name, t.Count + more.Count, t.Count + more.Error}
}

// rarest returns the index of a name with the lowest count. As counts only
// grow, it goes on where it found the last one, and rarely looks at all.
func (k *TopK) rarest() int {
	for range k.tallies {
		i := k.cursor
		k.cursor = (k.cursor + 1) % len(k.tallies)
		if k.tallies[i].Count == k.least {
			return i
		}
	}
	i := 0
	for j, t := range k.tallies {
		if t.Count < k.tallies[i].Count {
			i = j
		}
	}
	k.least = k.tallies[i].Count
	return i
}

// Top returns the n most frequent names, the most frequent first.
func (k *TopK) Top(n int) []Tally {
	all := slices.Clone(k.tallies)
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name))
	})
	return slices.Clip(all[:min(n, len(all))])
}
