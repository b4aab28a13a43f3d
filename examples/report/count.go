package main

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// maxNames is the number of names that are counted at once. Up to it counts are exact;
// beyond, none is wrong by more than a two-thousandth of all.
const maxNames = 2000

// A filter selects what counts. The zero value selects everything.
type filter struct {
	user         string // as clean returns it
	since, until time.Time
}

// covers reports whether a time is selected. No time is, unless times are asked for.
func (f *filter) covers(at time.Time) bool {
	return !at.Before(f.since) && (f.until.IsZero() || !at.IsZero() && at.Before(f.until))
}

// Counts are the numbers of a log.
type counts struct {
	Lines   int `json:"lines"`
	NotJSON int `json:"not_json"`
	Broken  int `json:"broken"`

	Total   int `json:"total"`
	GivenUp int `json:"given_up"`
	Others  int `json:"left_out,omitempty"` // by the flags
	NoTime  int `json:"no_time,omitempty"`

	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// A tally is what was counted, in constant memory.
type tally struct {
	mu sync.Mutex
	counts
	problems            []string // of sources that could not be read to their end
	want                filter
	rateSum, rateWeight float64 // of the requests of others, weighted by 429s
	tables              [3]table
	spans               spans
}

// Each 429 is counted in three tables.
const (
	users = iota
	operations
	pairs // of a user and an operation
)

// names returns the names of a 429 in each table.
func names(user, operation string) [3]string {
	return [3]string{user, operation, user + "\n" + operation} // a name has no line break
}

// A table counts names.
type table struct {
	topk.Counter
	unnamed int // 429s whose name is not in the log
}

func newTally(want filter) *tally {
	t := &tally{want: want}
	for i := range t.tables {
		t.tables[i].Most = maxNames
	}
	return t
}

func (t *tally) line(text []byte) {
	t.Lines++
	switch l, k := parse(text); k {
	case plain:
		t.NotJSON++
	case broken:
		t.Broken++
	case limited:
		t.limited(&l)
	case summed:
		t.summed(&l)
	}
}

// limited counts a 429 that has a line of its own.
func (t *tally) limited(l *line) {
	user := clean(l.User)
	if t.want.user != "" && user != t.want.user || !t.want.covers(l.Time.Time) {
		t.Others++
		return
	}
	operation := clean(cmp.Or(l.Op, transport.Operation(l.Method, l.URL)))
	t.Total++
	if !l.Again {
		t.GivenUp++
	}
	t.at(l.Time.Time, 1)
	for i, name := range names(user, operation) {
		t.tables[i].Add(name)
	}
}

// summed counts the 429s of a summary at the time of the first of them: the summary is
// written up to a minute later, and most floods are shorter.
func (t *tally) summed(l *line) {
	at := cmp.Or(l.Since, l.Time).Time
	f, all := l.flood(t.want.user), l.flood("").total
	if !t.want.covers(at) {
		t.Others += all
		return
	}
	if l.OthersRate != nil {
		t.rateSum += *l.OthersRate * float64(l.All)
		t.rateWeight += float64(l.All)
	}
	t.Others += max(0, all-f.total)
	t.GivenUp += f.givenUp
	t.Total += f.total
	t.at(at, f.total)
	for i, list := range f.tables {
		for _, x := range list {
			if x.Count > 0 {
				t.tables[i].AddTally(x)
			}
		}
		t.tables[i].unnamed += max(0, f.total-sum(list))
	}
}

// at counts 429s by time.
func (t *tally) at(at time.Time, n int) {
	switch {
	case n == 0:
	case at.IsZero():
		t.NoTime += n
	default:
		t.spans.add(at, n)
		t.First = slices.MinFunc([]time.Time{cmp.Or(t.First, at), at}, time.Time.Compare)
		t.Last = slices.MaxFunc([]time.Time{t.Last, at}, time.Time.Compare)
	}
}

// A flood is the content of a summary.
type flood struct {
	total, givenUp int
	tables         [3][]named
}

// flood returns the content of a summary: all of it, or what is certain of one user. It
// is not known how many of the given up are of that user.
func (l *line) flood(user string) flood {
	f := flood{total: l.Other, givenUp: l.GivenUp}
	var rest [3][]named
	for _, c := range l.Rest {
		f.total += c.Count
		if of := clean(c.User); user == "" || of == user {
			for i, name := range names(of, clean(c.Operation)) {
				rest[i] = append(rest[i], named{Name: name, Count: c.Count, Error: c.Error})
			}
		}
	}
	f.tables = [3][]named{only(l.RestUsers, user), nil, rest[pairs]}
	if user == "" {
		f.tables[operations] = only(l.RestOperations, "")
	}
	for i := range f.tables {
		if len(f.tables[i]) == 0 { // older logs have only pairs
			f.tables[i] = rest[i]
		}
	}
	if l.Suppressed != nil {
		f.total = *l.Suppressed
	}
	if user != "" {
		f.total, f.givenUp = max(sum(f.tables[users]), sum(f.tables[pairs])), 0
	}
	return f
}

// only returns the counts with clean names: all, or those of one user.
func only(list []named, user string) (all []named) {
	for _, t := range list {
		if t.Name = clean(t.Name); user == "" || t.Name == user {
			all = append(all, t)
		}
	}
	return all
}

func sum(list []named) (n int) {
	for _, t := range list {
		n += t.Count
	}
	return n
}
