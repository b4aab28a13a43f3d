package main

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// maxNames is the number of names that a worker counts at once. Up to it counts are
// exact; beyond, none is wrong by more than a two-thousandth of all.
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

// A tally is what one worker has counted, in constant memory.
type tally struct {
	want                         filter
	lines, plain, broken, noTime int
	total, givenUp, others       int     // others are excluded by the filter
	rateSum, rateWeight          float64 // of the requests of others, weighted by 429s
	users, operations, pairs     table
	spans                        spans
	first, last                  time.Time
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

// block counts the lines of a block.
func (t *tally) block(b block) {
	if b.long {
		t.lines++
		t.broken++
		return
	}
	for text := range bytes.Lines(b.text) {
		t.line(text)
	}
}

func (t *tally) line(text []byte) {
	t.lines++
	switch l, k := parse(text); k {
	case plain:
		t.plain++
	case broken:
		t.broken++
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
		t.others++
		return
	}
	operation := clean(cmp.Or(l.Op, transport.Operation(l.Method, l.URL)))
	t.total++
	if !l.Again {
		t.givenUp++
	}
	t.at(l.Time.Time, 1)
	t.users.Add(user)
	t.operations.Add(operation)
	t.pairs.Add(pair(user, operation))
}

// summed counts the 429s of a summary at the time of the first of them: the summary is
// written up to a minute later, and most floods are shorter.
func (t *tally) summed(l *line) {
	at := l.Since.Time
	if at.IsZero() {
		at = l.Time.Time
	}
	f, all := l.flood(t.want.user), l.flood("").total
	if !t.want.covers(at) {
		t.others += all
		return
	}
	if l.OthersRate != nil {
		t.rateSum += *l.OthersRate * float64(l.All)
		t.rateWeight += float64(l.All)
	}
	t.others += max(0, all-f.total)
	t.givenUp += f.givenUp
	t.total += f.total
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

func (t *tally) at(at time.Time, n int) {
	switch {
	case n == 0:
	case at.IsZero():
		t.noTime += n
	default:
		t.spans.add(at, n)
		t.between(at, at)
	}
}

// between extends the time that the 429s cover.
func (t *tally) between(first, last time.Time) {
	if t.first.IsZero() || !first.IsZero() && first.Before(t.first) {
		t.first = first
	}
	if last.After(t.last) {
		t.last = last
	}
}

// add adds the counts of another worker, which must not be used afterwards.
func (t *tally) add(o *tally) {
	t.lines, t.plain, t.broken, t.noTime = t.lines+o.lines, t.plain+o.plain, t.broken+o.broken, t.noTime+o.noTime
	t.total, t.givenUp, t.others = t.total+o.total, t.givenUp+o.givenUp, t.others+o.others
	t.rateSum, t.rateWeight = t.rateSum+o.rateSum, t.rateWeight+o.rateWeight
	for _, m := range []struct{ to, from *table }{{&t.users, &o.users}, {&t.operations, &o.operations}, {&t.pairs, &o.pairs}} {
		m.to.Merge(&m.from.Counter)
		m.to.unnamed += m.from.unnamed
	}
	t.spans.merge(&o.spans)
	t.between(o.first, o.last)
}

// A flood is the content of a summary.
type flood struct {
	total, givenUp           int
	users, operations, pairs []named
}

// flood returns the content of a summary: all of it, or what is certain of one user.
func (l *line) flood(user string) flood {
	f := flood{total: l.Other, givenUp: l.GivenUp}
	for _, c := range l.Rest {
		f.total += c.Count
		f.pairs = append(f.pairs, named{Name: pair(clean(c.User), clean(c.Operation)), Count: c.Count, Error: c.Error})
	}
	if l.Suppressed != nil {
		f.total = *l.Suppressed
	}
	f.users, f.operations = cleaned(l.RestUsers), cleaned(l.RestOperations)
	if l.RestUsers == nil { // older logs have only pairs
		f.users = f.each(0)
	}
	if l.RestOperations == nil {
		f.operations = f.each(1)
	}
	if user != "" {
		return f.of(user)
	}
	return f
}

// of returns what is certain of one user. It is not known how many of the given up are
// of that user.
func (f flood) of(user string) (mine flood) {
	for _, t := range f.pairs {
		if split(t.Name)[0] == user {
			mine.pairs = append(mine.pairs, t)
		}
	}
	for _, t := range f.users {
		if t.Name == user {
			mine.users = append(mine.users, t)
		}
	}
	if len(mine.users) == 0 {
		mine.users = mine.each(0)
	}
	mine.operations = mine.each(1)
	mine.total = max(sum(mine.users), sum(mine.pairs))
	return mine
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

const (
	maxSpans = 20_000 // counted at once
	maxShown = 1500   // in a report

	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
	year   = 52 * week

	monday = 4 * day // 1970-01-05: weeks begin on Mondays
)

// A step is the length of a span of time.
type step struct {
	name    string
	seconds int64
}

// steps are what 429s are counted by: the longer the time that they cover, the coarser.
// Each is a multiple of the one before.
var steps = []step{
	{"1 minute", minute}, {"5 minutes", 5 * minute}, {"10 minutes", 10 * minute}, {"30 minutes", 30 * minute},
	{"1 hour", hour}, {"3 hours", 3 * hour}, {"6 hours", 6 * hour}, {"12 hours", 12 * hour},
	{"1 day", day}, {"1 week", week}, {"4 weeks", 4 * week},
	{"52 weeks", year}, {"520 weeks", 10 * year}, {"52,000 weeks", 1000 * year},
}

// number returns the number of the span that a time is in.
func (s step) number(at time.Time) int64 {
	since := at.Unix() - monday
	return (since - ((since%s.seconds)+s.seconds)%s.seconds) / s.seconds
}

// begin returns the start of a span.
func (s step) begin(number int64) time.Time { return time.Unix(number*s.seconds+monday, 0).UTC() }

// spans count 429s by time.
type spans struct {
	step  int // in steps
	count map[int64]int
}

func (s *spans) add(at time.Time, n int) {
	if s.count == nil {
		s.count = map[int64]int{}
	}
	s.count[steps[s.step].number(at)] += n
	for len(s.count) > maxSpans && s.step < len(steps)-1 {
		s.widen()
	}
}

// widen changes to the next step.
func (s *spans) widen() {
	was, old := steps[s.step], s.count
	s.step++
	s.count = map[int64]int{}
	for number, n := range old {
		s.count[steps[s.step].number(was.begin(number))] += n
	}
}

// merge adds the counts of another worker, which must not be used afterwards.
func (s *spans) merge(o *spans) {
	for s.step < o.step {
		s.widen()
	}
	for number, n := range o.count {
		s.add(steps[o.step].begin(number), n)
	}
}

// fit widens until at most so many spans cover the time, and returns the numbers of the
// first and the last.
func (s *spans) fit(most int64) (first, last int64) {
	for len(s.count) > 0 {
		numbers := slices.Sorted(maps.Keys(s.count))
		first, last = numbers[0], numbers[len(numbers)-1]
		if last-first < most || s.step == len(steps)-1 {
			return first, last
		}
		s.widen()
	}
	return 0, -1
}

// A moment is a span of time.
type moment struct {
	Time  time.Time `json:"time"` // its start
	Count int       `json:"count"`
}

// moments returns the spans with 429s.
func (s *spans) moments() []moment {
	all := []moment{}
	for first, last := s.fit(maxShown); first <= last; first++ {
		if n := s.count[first]; n > 0 {
			all = append(all, moment{steps[s.step].begin(first), n})
		}
	}
	return all
}
