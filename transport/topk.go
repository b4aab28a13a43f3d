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
// name takes the place of the rarest one and inherits its count. So a name was
// counted Count times at most, and Count-Error times at least. The zero value
// is ready for use. It is not safe for concurrent use.
type TopK struct {
	Most int // names that are counted at once; 0 means 200

	tallies []Tally
	index   map[string]int // of name in tallies
	missed  int            // a name that is not in tallies may have been counted so often by one that was merged
	least   int            // no count is lower
	cursor  int            // where to look next for one that low
}

// Add counts name once.
func (k *TopK) Add(name string) { k.AddTally(Tally{Name: name, Count: 1}) }

// AddTally counts a name as often as somebody else has. To add all that another
// TopK has counted, use Merge.
func (k *TopK) AddTally(more Tally) {
	if i, ok := k.index[more.Name]; ok {
		k.tallies[i].Count += more.Count
		k.tallies[i].Error += more.Error
		return
	}
	// A copy: name may be a small part of a large string.
	more.Name = strings.Clone(more.Name)
	if !k.full() {
		if k.index == nil {
			k.index = make(map[string]int)
		}
		k.index[more.Name] = len(k.tallies)
		k.tallies = append(k.tallies, more.raised(k.missed))
		return
	}
	i := k.rarest()
	t := &k.tallies[i]
	delete(k.index, t.Name)
	k.index[more.Name] = i
	*t = more.raised(t.Count)
}

// Merge adds what o has counted, and leaves o as it is. A name that o has no room for
// may have been counted there as often as the rarest that it has; so much is added to
// Count and Error, as in the mergeable Space-Saving of Agarwal et al. (2012). Thus
// Count-Error and Count bound the true number of both together, which the sum of what
// Top returns does not.
func (k *TopK) Merge(o *TopK) {
	here, there := k.unseen(), o.unseen()
	all := make([]Tally, 0, len(k.tallies)+len(o.tallies))
	for _, t := range k.tallies {
		if i, ok := o.index[t.Name]; ok {
			t.Count += o.tallies[i].Count
			t.Error += o.tallies[i].Error
			all = append(all, t)
		} else {
			all = append(all, t.raised(there))
		}
	}
	for _, t := range o.tallies {
		if _, ok := k.index[t.Name]; !ok {
			all = append(all, t.raised(here))
		}
	}
	// Those with the highest Count stay: a name that is left out was not counted
	// more often than any of them.
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or(b.Count-a.Count, a.Error-b.Error, strings.Compare(a.Name, b.Name))
	})
	k.tallies = slices.Clone(all[:min(len(all), k.most())])
	k.missed, k.least, k.cursor = here+there, 0, 0
	k.index = make(map[string]int, len(k.tallies))
	for i, t := range k.tallies {
		k.index[t.Name] = i
	}
}

// raised returns a tally that may have been counted n times more.
func (t Tally) raised(n int) Tally { return Tally{t.Name, t.Count + n, t.Error + n} }

func (k *TopK) most() int { return cmp.Or(k.Most, topNames) }

func (k *TopK) full() bool { return len(k.tallies) >= k.most() }

// unseen returns how often a name may have been counted that is not in tallies.
func (k *TopK) unseen() int {
	if !k.full() {
		return k.missed
	}
	return k.tallies[k.lowest()].Count
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
	i := k.lowest()
	k.least = k.tallies[i].Count
	return i
}

// lowest looks at all for one with the lowest count.
func (k *TopK) lowest() (i int) {
	for j, t := range k.tallies {
		if t.Count < k.tallies[i].Count {
			i = j
		}
	}
	return i
}

// Top returns the n names that were counted most often for certain: the order is that
// of Count-Error, then of Count. So a rare name that inherited the count of others is
// not before one that is known to be frequent.
func (k *TopK) Top(n int) []Tally {
	all := slices.Clone(k.tallies)
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or((b.Count-b.Error)-(a.Count-a.Error), b.Count-a.Count, strings.Compare(a.Name, b.Name))
	})
	return slices.Clip(all[:min(max(n, 0), len(all))])
}
