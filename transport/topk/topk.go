// Package topk counts the most frequent of any number of names in constant memory.
package topk

import (
	"cmp"
	"slices"
	"strings"
)

// defaultMost is how many names a Counter keeps by default: more than the users of most
// tenants, so that counts are exact, in some 20 KiB.
const defaultMost = 200

// A Tally says how often a name was counted.
type Tally struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	// Error is the part of Count that may belong to other names. It is 0, and Count is
	// exact, unless there were more names than the Counter keeps.
	Error int `json:"error,omitempty"`
}

// plus returns a tally that may have been counted n times more.
func (t Tally) plus(n int) Tally { return Tally{t.Name, t.Count + n, t.Error + n} }

// A Counter counts names and keeps the most frequent ones. The zero value is ready to
// use and keeps 200 names. A Counter is not safe for concurrent use.
//
// It uses the Space-Saving algorithm (Metwally, Agrawal, El Abbadi 2005): a new name
// replaces the rarest one and inherits its count. So a name was counted at most Count
// times and at least Count-Error times, and Error is at most the number of all counts
// divided by the number of names kept.
type Counter struct {
	Most int // the number of names to keep; 0 means 200

	tallies []Tally
	index   map[string]int // of each name in tallies
	missed  int            // how often a Counter that was merged may have counted a name that is not in tallies
}

// Add counts name once.
func (c *Counter) Add(name string) { c.AddTally(Tally{Name: name, Count: 1}) }

// AddTally adds a count that was made elsewhere. To add all counts of another Counter
// use Merge.
func (c *Counter) AddTally(t Tally) {
	if i, ok := c.index[t.Name]; ok {
		c.tallies[i].Count += t.Count
		c.tallies[i].Error += t.Error
		return
	}
	t.Name = strings.Clone(t.Name) // it may be a small part of a large string
	if !c.full() {
		if c.index == nil {
			c.index = make(map[string]int)
		}
		c.index[t.Name] = len(c.tallies)
		c.tallies = append(c.tallies, t.plus(c.missed))
		return
	}
	i := c.lowest()
	old := c.tallies[i]
	delete(c.index, old.Name)
	c.index[t.Name] = i
	c.tallies[i] = t.plus(old.Count)
}

// Merge adds the counts of other, which does not change. Count-Error and Count still
// bound each name's true number in both together.
//
// As in the mergeable Space-Saving of Agarwal et al. (2012), a name that only one of
// them keeps may have been counted in the other as often as the rarest name there. That
// number is added to Count and Error, so the counts may add up to more than the total.
func (c *Counter) Merge(other *Counter) {
	here, there := c.unseen(), other.unseen()
	all := make([]Tally, 0, len(c.tallies)+len(other.tallies))
	for _, t := range c.tallies {
		if i, ok := other.index[t.Name]; ok {
			t.Count += other.tallies[i].Count
			t.Error += other.tallies[i].Error
			all = append(all, t)
		} else {
			all = append(all, t.plus(there))
		}
	}
	for _, t := range other.tallies {
		if _, ok := c.index[t.Name]; !ok {
			all = append(all, t.plus(here))
		}
	}
	// The highest counts stay: then no dropped name was counted more often than a kept one.
	// Of equal counts those with the smaller error stay.
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or(b.Count-a.Count, a.Error-b.Error, strings.Compare(a.Name, b.Name))
	})
	c.tallies = slices.Clone(all[:min(len(all), c.most())])
	c.missed = here + there
	c.index = make(map[string]int, len(c.tallies))
	for i, t := range c.tallies {
		c.index[t.Name] = i
	}
}

// Top returns the n names that were certainly counted most often, in descending order of
// Count-Error, then of Count. So a rare name that inherited a high count does not come
// before a name that is known to be frequent.
func (c *Counter) Top(n int) []Tally {
	all := slices.Clone(c.tallies)
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or((b.Count-b.Error)-(a.Count-a.Error), b.Count-a.Count, strings.Compare(a.Name, b.Name))
	})
	return slices.Clip(all[:min(max(n, 0), len(all))])
}

func (c *Counter) most() int { return cmp.Or(c.Most, defaultMost) }

func (c *Counter) full() bool { return len(c.tallies) >= c.most() }

// unseen returns how often a name that is not in tallies may have been counted.
func (c *Counter) unseen() int {
	if !c.full() {
		return c.missed
	}
	return c.tallies[c.lowest()].Count
}

// lowest returns the index of a name with the lowest count.
func (c *Counter) lowest() (i int) {
	for j, t := range c.tallies {
		if t.Count < c.tallies[i].Count {
			i = j
		}
	}
	return i
}
