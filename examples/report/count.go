package main

import (
	"cmp"
	"slices"
	"strings"
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
	if at.IsZero() {
		return f.since.IsZero() && f.until.IsZero()
	}
	return !at.Before(f.since) && (f.until.IsZero() || at.Before(f.until))
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
	counts
	want                     filter
	rateSum, rateWeight      float64 // of the requests of others, weighted by 429s
	users, operations, pairs table
	spans                    spans
}

// A table counts names.
type table struct {
	topk.Counter
	unnamed int // 429s whose name is not in the log
}

func newTally(want filter) *tally {
	t := &tally{want: want}
	t.users.Most, t.operations.Most, t.pairs.Most = maxNames, maxNames, maxNames
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
	t.users.Add(user)
	t.operations.Add(operation)
	t.pairs.Add(pair(user, operation))
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
	t.users.names(f.users, f.total)
	t.operations.names(f.operations, f.total)
	t.pairs.names(f.pairs, f.total)
}

// names adds the names of a number of 429s.
func (t *table) names(list []named, of int) {
	for _, x := range list {
		if x.Count > 0 {
			t.AddTally(x)
		}
	}
	t.unnamed += max(0, of-sum(list))
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
	total, givenUp           int
	users, operations, pairs []named
}

// flood returns the content of a summary: all of it, or what is certain of one user. It
// is not known how many of the given up are of that user.
func (l *line) flood(user string) flood {
	f := flood{total: l.Other, givenUp: l.GivenUp, users: cleaned(l.RestUsers), operations: cleaned(l.RestOperations)}
	for _, c := range l.Rest {
		f.total += c.Count
		f.pairs = append(f.pairs, named{Name: pair(clean(c.User), clean(c.Operation)), Count: c.Count, Error: c.Error})
	}
	if l.Suppressed != nil {
		f.total = *l.Suppressed
	}
	if user != "" {
		f.users, f.operations, f.pairs = only(f.users, user), nil, only(f.pairs, user)
	}
	if len(f.users) == 0 { // older logs have only pairs
		f.users = f.each(0)
	}
	if len(f.operations) == 0 {
		f.operations = f.each(1)
	}
	if user != "" {
		f.total, f.givenUp = max(sum(f.users), sum(f.pairs)), 0
	}
	return f
}

// only returns the counts of one user, or of the pairs with that user.
func only(list []named, user string) []named {
	return slices.DeleteFunc(slices.Clone(list), func(t named) bool { return split(t.Name)[0] != user })
}

// each returns the counts of the users (part 0) or of the operations (1) of the pairs.
func (f flood) each(part int) (all []named) {
	for _, t := range f.pairs {
		all = append(all, named{Name: split(t.Name)[part], Count: t.Count, Error: t.Error})
	}
	return all
}

// pair joins a user and an operation to one name; neither has a line break.
func pair(user, operation string) string { return user + "\n" + operation }

func split(pair string) []string { return strings.SplitN(pair, "\n", 2) }

func cleaned(list []named) []named {
	for i := range list {
		list[i].Name = clean(list[i].Name)
	}
	return list
}

func sum(list []named) (n int) {
	for _, t := range list {
		n += t.Count
	}
	return n
}
